"""Build the API server of the cluster tests, `kubectl`, `helm` or `daprd`, unless they were built before; print the
path.

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

HERE = Path(__file__).resolve().parent
NO_GO = 3
PACKAGES = {  # what is built, where that is not a file of ours
    "helm": "helm.sh/helm/v3/cmd/helm",
    "daprd": "github.com/dapr/dapr/cmd/daprd",
}
TAGS = {"daprd": ["-tags", "stablecomponents"]}  # without those that nobody has certified
VERSIONS = {  # where go.mod names the version, and where the program has it
    "apiserver": (r"^\s*k8s\.io/kubernetes (v\S+)", "k8s.io/component-base/version.gitVersion"),
    "kubectl": (r"^\s*k8s\.io/kubectl v0(\S+)", "k8s.io/component-base/version.gitVersion"),
    "helm": (r"^\s*helm\.sh/helm/v3 (v\S+)", "helm.sh/helm/v3/internal/version.version"),
    "daprd": (r"^\s*github\.com/dapr/dapr (v\S+)", "github.com/dapr/dapr/pkg/buildinfo.version"),
}


def main(name: str = "apiserver") -> int:
    module = HERE / name
    binary = cached_binary(module)
    if not binary.exists():
        if shutil.which("go") is None:
            print(f"Go is not on PATH and {name} has not been built before", file=sys.stderr)  # noqa: T201 (a command)
            return NO_GO
        build(module, binary)
    print(binary)  # noqa: T201 (a command)
    return 0


def cached_binary(module: Path) -> Path:
    """Where the binary of these sources is, or will be."""
    digest = hashlib.sha256()
    for path in sorted([*module.glob("*.go"), module / "go.mod", module / "go.sum"]):
        digest.update(path.name.encode() + b"\0" + path.read_bytes() + b"\0")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "kube-patrol" / f"{module.name}-{digest.hexdigest()[:16]}" / module.name


def build(module: Path, binary: Path) -> None:
    """Build next to the place and move it there whole, so that two builds at once do no harm."""
    binary.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=binary.parent) as folder:
        made = Path(folder) / binary.name
        options = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", link_flags(module), "-o", str(made)]
        options += TAGS.get(module.name, [])
        package = PACKAGES.get(module.name, ".")
        subprocess.run(["go", "build", *options, package], cwd=module, check=True, stdout=sys.stderr)
        made.rename(binary)


def link_flags(module: Path) -> str:
    """Strip the binary, and give it the version that go.mod names."""
    pattern, variable = VERSIONS[module.name]
    found = re.search(pattern, (module / "go.mod").read_text(), re.MULTILINE)
    if found is None:
        raise SystemExit(f"{module / 'go.mod'} does not name a version of {module.name}")
    version = f"v1{found[1]}" if module.name == "kubectl" else found[1]  # k8s.io/kubectl is v0 of each v1
    return f"-s -w -X {variable}={version}"


if __name__ == "__main__":
    sys.exit(main(*sys.argv[1:]))
