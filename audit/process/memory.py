"""How much memory this process may use: what its cgroup allows, else what the machine has."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

ROOT = Path("/")
_V2 = "sys/fs/cgroup"
_V1 = "sys/fs/cgroup/memory"


def available(root: Path = ROOT) -> int:
    """Bytes: the smallest limit of the cgroups that this process is in (v2 or v1), at most the machine's memory.

    0 where nothing tells. `root` is where `proc` and `sys` are.
    """
    return min((limit for limit in (*_limits(root), *_installed(root)) if limit > 0), default=0)


def share(total: int) -> int:
    """The part of `total` bytes that pages of the API server may take: a third, for what is made of them is larger."""
    return total // 3


def _limits(root: Path) -> Iterator[int]:
    """The limits of the cgroup that /proc names and of all above it, for both versions.

    Inside of a container the named path may be one of the host, while the mounted tree begins with the container's own
    cgroup: so the top of the tree is looked at, too, and what does not exist is passed over.
    """
    for line in _text(root / "proc/self/cgroup").splitlines():
        controllers, _, path = line.partition(":")[2].partition(":")
        if not controllers:
            yield from _upwards(root / _V2, path, "memory.max")
        elif "memory" in controllers.split(","):
            yield from _upwards(root / _V1, path, "memory.limit_in_bytes")


def _upwards(top: Path, path: str, name: str) -> Iterator[int]:
    parts = [part for part in path.split("/") if part not in ("", ".", "..")]
    for length in range(len(parts), -1, -1):
        yield _number(_text(top.joinpath(*parts[:length], name)))


def _installed(root: Path) -> Iterator[int]:
    for line in _text(root / "proc/meminfo").splitlines():
        if line.startswith("MemTotal:"):
            yield _number(line.split()[1]) * 1024


def _number(text: str) -> int:
    """0 for what is no number: `max` stands for no limit."""
    return int(text) if text.strip().isdecimal() else 0


def _text(path: Path) -> str:
    try:
        return path.read_text(encoding="ascii")
    except (OSError, UnicodeDecodeError):
        return ""
