"""The unit of `ru_maxrss`, which differs between systems."""

from __future__ import annotations

import sys


def mebibytes(maxrss: int) -> float:
    """What getrusage says of a process's peak memory, in MiB."""
    return maxrss / (1 << 20) if sys.platform == "darwin" else maxrss / (1 << 10)
