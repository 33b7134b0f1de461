"""What lies beside the checkout, in ../shared: recorded answers, policies and fleets that tests and benchmarks read.

A fresh clone has none of it: there, tests that are marked `beside(PATH)` are left out.
"""

from __future__ import annotations

from collections.abc import Iterable
from pathlib import Path
from typing import Final

SHARED: Final = Path(__file__).resolve().parents[2] / "shared"
CASES: Final = SHARED / "cases"
BENCH: Final = SHARED / "bench"
CEL: Final = SHARED / "conformance" / "cel"
GOLDEN: Final = SHARED / "conformance" / "golden"
LIBRARY: Final = SHARED / "conformance" / "library"
REGO: Final = SHARED / "conformance" / "rego"


def absent(paths: Iterable[Path]) -> str:
    """Which of these files and folders are not there, in one line that says where they belong; empty when all are."""
    names = ", ".join(str(path) for path in paths if not path.exists())
    return f"not there: {names}; recorded answers lie beside the checkout, in {SHARED}" if names else ""
