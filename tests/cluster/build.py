"""Build the API server of the cluster tests, unless the same sources were built before; print where the binary is.

The build takes some minutes and the module proxy; the binary is kept in the user's cache directory under the hash of
its sources. Ends with 3 when there is neither a binary nor Go to build it with.
"""

import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MODULE = Path(__file__).resolve().parent / "apiserver"
NO_GO = 3


def main() -> int:
    binary = cached_binary()
    if not binary.exists():
        if shutil.which("go") is None:
            print("Go is not on PATH and the API server has not been built before", file=sys.stderr)  # noqa: T201 (a command)
            return NO_GO
        build(binary)
    print(binary)  # noqa: T201 (a command)
    return 0


def cached_binary() -> Path:
    """Where the binary of these sources is, or will be."""
    digest = hashlib.sha256()
    for path in sorted([*MODULE.glob("*.go"), MODULE / "go.mod", MODULE / "go.sum"]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "kube-patrol" / f"apiserver-{digest.hexdigest()[:16]}" / "apiserver"


def build(binary: Path) -> None:
    """Build next to the place and move it there whole, so that two builds at once do no harm."""
    binary.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=binary.parent) as folder:
        made = Path(folder) / binary.name
        options = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", link_flags(), "-o", str(made)]
        subprocess.run(["go", "build", *options, "."], cwd=MODULE, check=True, stdout=sys.stderr)
        made.rename(binary)


def link_flags() -> str:
    """Strip the binary, and give it the version of Kubernetes that go.mod names."""
    version = re.search(r"^\s*k8s\.io/kubernetes (v\S+)", (MODULE / "go.mod").read_text(), re.MULTILINE)
    if version is None:
        raise SystemExit(f"{MODULE / 'go.mod'} does not name k8s.io/kubernetes")
    return f"-s -w -X k8s.io/component-base/version.gitVersion={version[1]}"


if __name__ == "__main__":
    sys.exit(main())
