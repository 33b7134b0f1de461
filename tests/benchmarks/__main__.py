"""What kube-patrol costs: `make bench`, or `make bench ARGS="review startup"` for some of it.

`audits` gives seconds and peak memory of audits of growing fleets, `exports` what it costs them to export. All others
give figures beside those of a peer that is measured in the same run: gator, built from the Go tools of tests/peers.
With `--against REV` the peer is this program as it was at that commit, for `audits`, too. Fleets and policies are those
of ../shared.
"""

from __future__ import annotations

import argparse
import sys
import tempfile
from collections.abc import Iterable, Iterator, Sequence
from pathlib import Path

from benchmarks import against, audits, exports, figures, fleets
from benchmarks.against import BEFORE, NOW, Pair, cloned
from benchmarks.audits import say
from benchmarks.figures import SIDES, Figure, Sides
from benchmarks.measurements import MEASUREMENTS, Bench
from benchmarks.places import Failed
from beside import BENCH, LIBRARY
from peers.build import NoGo, peer

AUDITS, EXPORTS = "audits", "exports"
NAMES = (*MEASUREMENTS, AUDITS, EXPORTS)


def main(arguments: Sequence[str]) -> int:
    """Measure what `arguments` ask for; gives the exit code: 2 when something could not be measured."""
    options = parser().parse_args(arguments)
    for folder in (BENCH, LIBRARY):
        if not folder.is_dir():
            return complain(f"needs the fleet, the policies and the library beside the repository, in {folder}")
    names = (*against.PAIRED, AUDITS) if options.against else NAMES
    wanted = options.what or names
    if unknown := sorted({*wanted} - {*names}):
        return complain(f"no measurement {', '.join(unknown)}; there are {', '.join(names)}")
    try:
        if options.against:
            compare(options, paired(options, wanted), (NOW, options.against))
            return 0
        compare(options, measured(options, [name for name in wanted if name in MEASUREMENTS]))
        if AUDITS in wanted:
            audits.run(options)
        if EXPORTS in wanted:
            exports.run(options)
    except Failed as error:
        return complain(str(error))
    return 0


def parser() -> argparse.ArgumentParser:
    """The command line."""
    result = argparse.ArgumentParser(
        prog="python -m benchmarks", description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter
    )
    result.add_argument("what", nargs="*", metavar="WHAT", help=f"of {', '.join(NAMES)}; all")
    of = result.add_argument_group("figures beside a peer's")
    of.add_argument("--markdown", action="store_true", help="the table as the README has it")
    of.add_argument("--rounds", type=int, default=3, help="runs of each command; medians count (%(default)s)")
    of.add_argument("--pods", type=int, default=4000, help="size of the fleet for `test` (%(default)s)")
    of.add_argument("--services", type=int, default=2000, help="Services for `referential` (%(default)s)")
    of.add_argument("--no-gator", action="store_true", help="measure ours alone")
    of.add_argument("--against", metavar="REV", default="", help="a commit to be measured in turn with what is here")
    audits.add_flags(result)
    return result


def compare(options: argparse.Namespace, rows: Iterable[Figure], sides: Sides = SIDES) -> None:
    """Print the table of these figures, also when one of them failed. Raises Failed."""
    found: list[Figure] = []
    try:
        for figure in rows:
            tell("  ".join(figures.cells(figure)))  # a whole table may take minutes
            found.append(figure)
    finally:
        if found:
            say((figures.markdown if options.markdown else figures.plain)(found, sides))


def measured(options: argparse.Namespace, names: Sequence[str]) -> Iterator[Figure]:
    """The figures of these measurements."""
    if not names:
        return
    gator = None if options.no_gator else found_gator()
    with tempfile.TemporaryDirectory(prefix="kube-patrol-bench-") as folder:
        bench = Bench(gator, options.rounds, options.pods, options.services, Path(folder), tell)
        for name in names:
            yield from MEASUREMENTS[name](bench)


def paired(options: argparse.Namespace, names: Sequence[str]) -> Iterator[Figure]:
    """The figures of these measurements beside those of the commit."""
    with tempfile.TemporaryDirectory(prefix="kube-patrol-bench-") as name:
        folder = Path(name)
        bench = Bench(None, options.rounds, options.pods, options.services, folder, tell)
        with cloned(options.against, folder) as tree:
            pair = Pair({NOW: fleets.ROOT, BEFORE: tree}, bench)
            for name in names:
                yield from against.audited(pair, options) if name == AUDITS else against.PAIRED[name](pair)


def found_gator() -> Path | None:
    """The peer, built when it has not been before; None, and a word on stderr, without Go."""
    try:
        return peer("gator")
    except NoGo as error:
        tell(f"{error}: what is compared with it is skipped")
        return None


def tell(text: str) -> None:
    """Say something that is no part of the result."""
    sys.stderr.write(f"{text}\n")
    sys.stderr.flush()


def complain(text: str) -> int:
    """Say what is wrong; gives the exit code."""
    tell(f"bench: {text}")
    return 2


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
