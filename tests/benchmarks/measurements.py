"""The measurements whose figures are ratios: which commands, how often, and what is claimed of them.

Each is a function of a Bench that yields figures as soon as they are there. Without gator they measure ours alone.
"""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass
from functools import partial
from pathlib import Path
from statistics import median

from benchmarks import fleets, gator
from benchmarks.figures import Figure, at_most, below, less, mebibytes, octets, seconds
from benchmarks.places import Failed, environment
from benchmarks.processes import PATROL, Command, Cost, alternating, as_installed, asked
from beside import BENCH, LIBRARY

REFERENTIAL = BENCH / "referential"
SAMPLE = [
    fleets.ROOT / "manifests" / "samples" / kind / "unique-service-selector.yaml"
    for kind in ("templates", "constraints")
]
SAMPLES = (
    "containerlimits/samples/container-must-have-limits",
    "requiredlabels/samples/all-must-have-owner",
    "allowedrepos/samples/repo-must-be-openpolicyagent",
)
OURS, PEER, HALF = "ours", "peer", "half"
REGO_ONLY = "--enable-k8s-native-validation=false"
SMALL_ROUNDS = 5  # times as many rounds for what takes a fraction of a second
Shower = Callable[[float], str]


@dataclass(frozen=True, slots=True)
class Bench:
    """How large the measurements are: the peer (None: without), how many rounds, Pods and Services, a folder for files.

    `say` tells what a reader of the table should know beside it.
    """

    gator: Path | None
    rounds: int
    pods: int
    services: int
    folder: Path
    say: Callable[[str], None]


def review(bench: Bench) -> Iterator[Figure]:
    """One review of a library template's samples in a warm process."""
    for sample in SAMPLES:
        files = samples_of(sample)
        ours, peer, found = [], [], set()
        for _ in range(bench.rounds):
            mine = json.loads(asked([*python("reviewed"), "3", *map(str, files)], as_installed(bench.folder)))
            ours.append(mine["review"])
            found.add(mine["violations"])
            if bench.gator:
                its = gator.bench(bench.gator, files)
                peer.append(its.review)
                found.add(its.violations)
        if len(found) > 1:
            raise Failed(f"{sample}: the numbers of violations differ: {sorted(found)}")
        yield figure(f"one review, {sample.split('/')[0]}", ours, peer, partial(Figure, claim=less(15), show=seconds))


def test(bench: Bench) -> Iterator[Figure]:
    """The fleet against the policies of ../shared/bench, as whole processes: first as both do it by themselves."""
    objects = fleet(bench.folder, bench.pods)
    for name, flags in (("defaults", ()), ("Rego only", (REGO_ONLY,))):
        arguments = ["test", "-f", str(BENCH / "policies"), "-f", str(objects), *flags]
        costs = alternating(commands(bench, arguments), bench.rounds, bench.folder)
        compare_answers(bench, f"{bench.pods:,} Pods, {name}")
        what = f"patrol test, {bench.pods:,} Pods, {name}"
        yield seconds_of(what, costs, 8)
        yield memory_of(what, costs)


def referential(bench: Bench) -> Iterator[Figure]:
    """Services against each other, by the policy of ../shared/bench and by the sample; gator runs once: it takes a
    minute.
    """
    many, few = (fleet(bench.folder, count, "--kind=Service") for count in (bench.services, bench.services // 2))
    whole = ["test", "-f", str(REFERENTIAL), "-f", str(many)]
    costs = alternating(grown([REFERENTIAL], many, few), bench.rounds, bench.folder)
    if bench.gator:
        costs |= alternating({PEER: [str(bench.gator), *whole]}, 1, bench.folder)
        compare_answers(bench, "referential")
    yield seconds_of(f"referential, {bench.services:,} Services", costs, 60)
    yield growth(bench, "referential", costs)
    yield growth(bench, "the sample", alternating(grown(SAMPLE, many, few), bench.rounds, bench.folder))


def grown(policy: Sequence[Path], many: Path, few: Path) -> dict[str, Command]:
    """Our commands for a fleet, and for one of half the size."""
    files = [argument for file in policy for argument in ("-f", str(file))]
    return {name: [*PATROL, "test", *files, "-f", str(objects)] for name, objects in ((OURS, many), (HALF, few))}


def growth(bench: Bench, what: str, costs: dict[str, Cost]) -> Figure:
    """Twice as many Services must not cost much more than twice as much."""
    numbers = f"{bench.services:,} against {bench.services // 2:,} Services"
    times = costs[OURS].seconds, costs[HALF].seconds
    return Figure(f"{what}, {numbers} (ours)", *times, at_most(2.3), seconds)


def compiling(bench: Bench) -> Iterator[Figure]:
    """All templates of the library, each with a constraint."""
    ours, peer = [], []
    templates = sorted(LIBRARY.glob("*/*/template.yaml"))
    constraints = [min(path.parent.glob("samples/*/constraint.yaml")) for path in templates]
    some_object = LIBRARY / "general" / SAMPLES[0] / "example_allowed.yaml"
    for _ in range(bench.rounds):
        mine = json.loads(asked([*python("compiled"), str(LIBRARY)], as_installed(bench.folder)))
        ours.append(mine["seconds"] / mine["templates"])
        if bench.gator:
            files = [*templates, *constraints, some_object]
            peer.append(gator.bench(bench.gator, files, 1).compiling / len(templates))
    milliseconds = partial(Figure, claim=below(0.015, seconds), show=seconds)
    yield figure(f"compiling a template (mean of {len(templates)})", ours, peer, milliseconds)


def startup(bench: Bench) -> Iterator[Figure]:
    """One template, constraint and Pod, beside a Python that only imports two of the modules that this needs."""
    named = [argument for file in smallest() for argument in ("-f", str(file))]
    imports = [sys.executable, "-c", "import yaml, orjson"]
    turns = {OURS: [*PATROL, "test", *named], PEER: imports}
    alternating(turns, 1, bench.folder)  # modules are compiled once
    rounds = bench.rounds * SMALL_ROUNDS if bench.rounds > 1 else 1  # a single one is to see that it works
    costs = alternating(turns, rounds, bench.folder)
    times = costs[OURS].seconds, costs[PEER].seconds
    yield Figure("patrol test, one Pod, against `import yaml, orjson`", *times, at_most(5), seconds)


def remembered(bench: Bench) -> Iterator[Figure]:
    """The memory that each violation takes which is remembered from run to run."""
    taken = float(asked(python("remembered"), environment()))
    yield Figure("a violation remembered, beside its texts", taken, None, below(250, octets), octets)


MEASUREMENTS: dict[str, Callable[[Bench], Iterator[Figure]]] = {
    "review": review,
    "test": test,
    "referential": referential,
    "compiling": compiling,
    "startup": startup,
    "remembered": remembered,
}


def samples_of(sample: str) -> list[Path]:
    """The template and the samples of one of SAMPLES."""
    samples = LIBRARY / "general" / sample
    return [samples.parents[1] / "template.yaml", samples]


def smallest() -> list[Path]:
    """One template, constraint and Pod."""
    template, samples = samples_of(SAMPLES[0])
    return [template, samples / "constraint.yaml", samples / "example_disallowed.yaml"]


def figure(what: str, ours: Sequence[float], peer: Sequence[float], of: Callable[..., Figure]) -> Figure:
    """The figure of the medians."""
    return of(what, median(ours), median(peer) if peer else None)


def seconds_of(what: str, costs: dict[str, Cost], times: float) -> Figure:
    """Ours must be that many times faster than the peer."""
    return Figure(what, costs[OURS].seconds, costs[PEER].seconds if PEER in costs else None, less(times), seconds)


def memory_of(what: str, costs: dict[str, Cost]) -> Figure:
    """Ours must take half of the peer's peak memory or less."""
    peak = costs[PEER].memory if PEER in costs else None
    return Figure(f"{what}, peak memory", costs[OURS].memory, peak, at_most(0.5), mebibytes)


def commands(bench: Bench, arguments: Sequence[str]) -> dict[str, Command]:
    """The same arguments for both programs."""
    ours: dict[str, Command] = {OURS: [*PATROL, *arguments]}
    return {**ours, PEER: [str(bench.gator), *arguments]} if bench.gator else ours


def compare_answers(bench: Bench, what: str) -> None:
    """Say whether both programs printed the same violations; a figure about different answers is worth nothing."""
    if bench.gator:
        ours, its = (sorted((bench.folder / name).read_text().splitlines()) for name in (OURS, PEER))
        same = len(its) if ours == its else 0
        bench.say(f"{what}: " + (f"the same {same:,} lines from both" if same else different(ours, its)))


def different(ours: Sequence[str], its: Sequence[str]) -> str:
    """How two outputs differ, in a line."""
    only, missing = sorted(set(ours) - set(its)), sorted(set(its) - set(ours))
    example = (only or missing or ["nothing but how often lines come"])[0]
    return (
        f"answers DIFFER: {len(only):,} lines only from ours, {len(missing):,} only from gator, such as {example[:300]}"
    )


def fleet(folder: Path, count: int, *flags: str) -> Path:
    """The fleet of that size in a file."""
    path = folder / f"fleet-{count}.yaml"
    with path.open("w") as file:
        subprocess.run([sys.executable, str(BENCH / "fleet.py"), str(count), *flags], stdout=file, check=True)
    return path


def python(module: str) -> list[str]:
    """The command of a module of this package."""
    return [sys.executable, "-m", f"benchmarks.{module}"]
