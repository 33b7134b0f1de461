"""Build the programs that ours is compared with, unless they were built before; print where they are.

They are opa, gator, gator's reader of files alone (reading/main.go), and what Go's library does to text
(golang/main.go). Each takes about a minute and the module proxy; they are kept in the user's cache directory under the
hash of go.mod and go.sum. `build.py opa` builds one of them. Ends with 3 when there is neither the program nor Go to
build it with.
"""

from __future__ import annotations

import hashlib
import os
import shutil
import subprocess
import sys
import tempfile
from pathlib import Path

MODULE = Path(__file__).resolve().parent
PACKAGES = {
    "opa": "github.com/open-policy-agent/opa",
    "gator": "github.com/open-policy-agent/gatekeeper/v3/cmd/gator",
    "golang": "./golang",
    "reading": "./reading",
}
NO_GO = 3


class NoGo(Exception):
    """A program has not been built before, and there is no Go to build it with."""


def main(names: list[str]) -> int:
    for name in names or PACKAGES:
        try:
            print(peer(name))  # noqa: T201 (a command)
        except NoGo as error:
            print(error, file=sys.stderr)  # noqa: T201 (a command)
            return NO_GO
    return 0


def peer(name: str) -> Path:
    """The program, built now when it has not been before. Raises NoGo, CalledProcessError."""
    binary = cached(name)
    if not binary.exists():
        if shutil.which("go") is None:
            raise NoGo(f"Go is not on PATH and {name} has not been built before")
        build(name, binary)
    return binary


def cached(name: str) -> Path:
    """Where the program is, or will be."""
    digest = hashlib.sha256()
    for file in ("go.mod", "go.sum", *sorted(str(path) for path in MODULE.glob(f"{name}/*.go"))):
        digest.update((MODULE / file).read_bytes() + b"\0")
    cache = Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache")
    return cache / "kube-patrol" / f"peers-{digest.hexdigest()[:16]}" / name


def build(name: str, binary: Path) -> None:
    """Build next to the place and move it there whole, so that two builds at once do no harm."""
    binary.parent.mkdir(parents=True, exist_ok=True)
    with tempfile.TemporaryDirectory(dir=binary.parent) as folder:
        made = Path(folder) / name
        options = ["-mod=readonly", "-trimpath", "-buildvcs=false", "-ldflags", "-s -w", "-o", str(made)]
        subprocess.run(["go", "build", *options, PACKAGES[name]], cwd=MODULE, check=True, stdout=sys.stderr)
        made.rename(binary)


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
