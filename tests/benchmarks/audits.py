"""Seconds and peak memory of one audit of fleets of several sizes.

Every audit and the embedded API server are processes of their own.
"""

from __future__ import annotations

import argparse
import json
import sys
import tempfile
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from pathlib import Path

from benchmarks import fleets, places
from benchmarks.measured import Measured

from audit.aggregate import PHASES

SIZES = "1000,10000,40000"
COLUMNS = ("pods", "objects", *PHASES, "total", "objects/s", "MiB", "violations", "gaps")
NOTE = """\
Seconds; listing goes on while pages are evaluated, so the phases add up to more than the total.
MiB is the peak of the auditing process (ru_maxrss)."""


def run(options: argparse.Namespace) -> None:
    """Measure and print a row for each size as soon as it is there. Raises Failed."""
    chosen = choice(options.policies)
    with tempfile.TemporaryDirectory(prefix="kube-patrol-bench-") as folder:
        say(f"{server_of(options)}; policies: {', '.join(chosen)}" if not options.kubeconfig else server_of(options))
        rows = list(measure(options, Path(folder), chosen))
    say(f"{NOTE}\n{growth(rows)}" if len(rows) > 1 else NOTE)


def add_flags(parser: argparse.ArgumentParser) -> None:
    """What can be said about the audits on the command line."""
    of = parser.add_argument_group("audits")
    of.add_argument("--sizes", default="", help=f"numbers of Pods, ascending ({SIZES})")
    of.add_argument(
        "--policies",
        default="few",
        help=f"few ({', '.join(fleets.FEW)}), all (40,000 Pods then take about half an hour) or names",
    )
    of.add_argument("--flags", default="", help="more flags of `patrol run`, separated by spaces")
    where = of.add_mutually_exclusive_group()
    where.add_argument("--real", action="store_true", help="on a real kube-apiserver instead of the embedded one")
    where.add_argument("--kubeconfig", type=Path, help="audit this cluster as it is; writes its constraints' statuses")


def choice(words: str) -> tuple[str, ...]:
    """The policies that the option names. Raises Failed."""
    chosen = {"few": fleets.FEW, "all": fleets.names()}.get(words) or tuple(words.split(","))
    if unknown := sorted(set(chosen) - set(fleets.names())):
        raise places.Failed(f"--policies: no policy {', '.join(unknown)}; there are {', '.join(fleets.names())}")
    return chosen


def measure(options: argparse.Namespace, folder: Path, chosen: Sequence[str]) -> Iterator[Measured]:
    """A row for each size, printed on the way."""
    say(line(COLUMNS))
    with place(options, folder, chosen) as fill:
        for pods in sizes(options, SIZES):
            with fill(pods) as kubeconfig:
                row = Measured(**json.loads(places.audit_once(kubeconfig, folder, *options.flags.split())))
            say(line(cells(row)))
            yield row


def sizes(options: argparse.Namespace, usual: str) -> list[int]:
    """The numbers of Pods; of a cluster that is there already it is not known."""
    return [0] if options.kubeconfig else sorted(int(size) for size in (options.sizes or usual).split(","))


def place(options: argparse.Namespace, folder: Path, chosen: Sequence[str]) -> AbstractContextManager[places.Fill]:
    """Where to measure."""
    if options.kubeconfig:
        return places.given(options.kubeconfig)
    return places.real(folder, chosen) if options.real else places.embedded(folder, chosen)


def server_of(options: argparse.Namespace) -> str:
    """What the objects are served by, in words."""
    if options.kubeconfig:
        return f"The cluster of {options.kubeconfig}"
    return "A real kube-apiserver" if options.real else "The embedded API server"


def cells(row: Measured) -> tuple[str, ...]:
    """A row of the table."""
    seconds = [*(row.phases[phase] for phase in PHASES), row.seconds]
    speed = row.objects / row.seconds
    counts = (f"{row.pods:,}", f"{row.objects:,}")
    return (
        *counts,
        *(f"{s:.2f}" for s in seconds),
        f"{speed:,.0f}",
        f"{row.memory:.0f}",
        f"{row.violations:,}",
        str(row.gaps),
    )


def line(texts: Sequence[str]) -> str:
    """Texts as the columns of a line."""
    return "  ".join(f"{text:>9}" for text in texts)


def growth(rows: Sequence[Measured]) -> str:
    """How peak memory grows between the two largest fleets."""
    small, large = rows[-2:]
    return f"Peak memory at {large.pods:,} Pods is {large.memory / small.memory:.2f} times that at {small.pods:,}."


def say(text: str) -> None:
    """Print at once: the next row may take minutes."""
    sys.stdout.write(f"{text}\n")
    sys.stdout.flush()
