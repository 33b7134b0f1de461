"""Run suites in gator's format.

    python tests/conformance/run_library.py DIR...

Runs every suite below each DIR; prints the failing cases and last `N passed, N failed`.
"""

from __future__ import annotations

import argparse
import sys
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

ROOT = Path(__file__).resolve().parents[2]
sys.path[:0] = [str(ROOT), str(ROOT / "tests")]  # so that it runs from a checkout that is not installed

from beside import absent  # noqa: E402

from audit.errors import InputError  # noqa: E402 - after the path above, here and below
from audit.gator import verify  # noqa: E402


def results(folders: Iterable[Path]) -> Iterator[verify.CaseResult]:
    """What became of each case; a test without one that runs counts as a case itself."""
    for folder in folders:
        for suite in verify.find(folder):
            yield from _counted(verify.verify(suite))


def _counted(found: Iterable[verify.CaseResult]) -> Iterator[verify.CaseResult]:
    """Leave out the results of whole tests that only say that their cases could run."""
    held: verify.CaseResult | None = None
    for result in found:
        if held and not result.case:
            yield held
        held = None
        if result.case or result.why:
            yield result
        else:
            held = result
    if held:
        yield held


def main(argv: Sequence[str]) -> int:
    """Run the suites; gives 1 when a case fails, 2 when a folder is not there."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    flags = parser.parse_args(argv)
    if lacking := absent(flags.folders):
        sys.stdout.write(f"{lacking}\n")
        return 2
    passed = failed = 0
    try:
        for result in results(flags.folders):
            passed, failed = passed + (not result.why), failed + bool(result.why)
            if result.why:
                sys.stdout.write(f"{result}\n")
    except InputError as error:
        sys.stdout.write(f"{error}\n")
        failed += 1
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
