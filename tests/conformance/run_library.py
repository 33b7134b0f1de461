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

from conformance import suites  # noqa: E402 - as above

from audit.errors import InputError  # noqa: E402 - after the path above


def verdicts(folders: Iterable[Path]) -> Iterator[suites.Verdict]:
    """What became of each case; a test without one that runs counts as a case itself."""
    for folder in folders:
        for suite in suites.find(folder):
            yield from _counted(suites.verify(suite))


def _counted(found: Iterable[suites.Verdict]) -> Iterator[suites.Verdict]:
    """Leave out the verdicts on whole tests that only say that their cases could run."""
    held: suites.Verdict | None = None
    for verdict in found:
        if held and not verdict.case:
            yield held
        held = None
        if verdict.case or verdict.why:
            yield verdict
        else:
            held = verdict
    if held:
        yield held


def main(argv: Sequence[str]) -> int:
    """Run the suites; gives 1 when a case fails."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("folders", type=Path, nargs="+", metavar="DIR")
    passed = failed = 0
    try:
        for verdict in verdicts(parser.parse_args(argv).folders):
            passed, failed = passed + (not verdict.why), failed + bool(verdict.why)
            if verdict.why:
                sys.stdout.write(f"{verdict}\n")
    except InputError as error:
        sys.stdout.write(f"{error}\n")
        failed += 1
    sys.stdout.write(f"{passed} passed, {failed} failed\n")
    return 1 if failed else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
