"""This tree beside an earlier commit: the same work in runs that take turns, for `--against REV`.

The commit is cloned into a folder that goes when all is measured. Both have the same Python and packages, the same
files and the same cluster. What whole processes take is told in seconds of the processor, for which it matters little
what else a machine does; the seconds on the wall stand beside it.
"""

from __future__ import annotations

import argparse
import json
import os
import re
import subprocess
import sys
from collections import Counter
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from statistics import median

from benchmarks import audits, fleets
from benchmarks.figures import Figure, at_most, mebibytes, seconds
from benchmarks.measurements import REFERENTIAL, SAMPLE, SAMPLES, Bench, fleet, samples_of, smallest
from benchmarks.places import Failed
from benchmarks.processes import PATROL, Command, Cost, as_installed, asked, middle, once
from beside import BENCH, LIBRARY

NOW, BEFORE = "now", "before"
SIZES = "10000"
SLOWER = at_most(1.03)
_MODULE = """\
import runpy, sys, time
time.perf_counter = time.process_time
del sys.argv[0]
runpy.run_module(sys.argv[0], run_name="__main__", alter_sys=True)
"""
_OF_A_RUN = re.compile(r'"(?:ts|audit_id)":(?:[\d.]+|"[^"]*"),')


@dataclass(frozen=True, slots=True)
class Pair:
    """Where the program is as it is now, and as it was before; `bench` says how much is measured, and how often."""

    trees: Mapping[str, Path]
    bench: Bench

    def each(self, command: Callable[[Path], Command]) -> dict[str, Command]:
        """The command of each program."""
        return {name: command(tree) for name, tree in self.trees.items()}


@contextmanager
def cloned(revision: str, folder: Path) -> Iterator[Path]:
    """The files of a commit of this repository, in a new folder below `folder`. Raises Failed."""
    tree = folder / "commit"
    for command in (
        ["clone", "--quiet", "--shared", "--no-checkout", str(fleets.ROOT), str(tree)],
        ["-C", str(tree), "checkout", "--quiet", "--detach", revision, "--"],
    ):
        done = subprocess.run(["git", *command], stdin=subprocess.DEVNULL, capture_output=True, text=True)
        if done.returncode:
            raise Failed(f"--against={revision}: {done.stderr.strip()}")
    yield tree


def audited(pair: Pair, options: argparse.Namespace) -> Iterator[Figure]:
    """One run of `patrol run --once` on each fleet."""
    bench, chosen = pair.bench, audits.choice(options.policies)
    bench.say(f"{audits.server_of(options)}; policies: {', '.join(chosen)}")
    with audits.place(options, bench.folder, chosen) as fill:
        for pods in audits.sizes(options, SIZES):
            with fill(pods) as kubeconfig:
                logs = {name: bench.folder / f"{name}.log" for name in pair.trees}
                runs = {
                    name: patrol(tree, run_flags(kubeconfig, logs[name], bench.folder), options.flags.split())
                    for name, tree in pair.trees.items()
                }
                costs = in_turns(runs, bench, before=lambda name, logs=logs: logs[name].unlink(missing_ok=True))
                bench.say(agreement({name: violations(log) for name, log in logs.items()}))
            yield from figures(f"audit of {pods:,} Pods", costs)


def tested(pair: Pair) -> Iterator[Figure]:
    """The fleet against the policies of ../shared/bench."""
    objects = fleet(pair.bench.folder, pair.bench.pods)
    yield from printed(pair, f"patrol test, {pair.bench.pods:,} Pods", [BENCH / "policies", objects])


def referential(pair: Pair) -> Iterator[Figure]:
    """Services against each other, by the policy of ../shared/bench and by the sample."""
    objects = fleet(pair.bench.folder, pair.bench.services, "--kind=Service")
    yield from printed(pair, f"referential, {pair.bench.services:,} Services", [REFERENTIAL, objects])
    yield from printed(pair, f"the sample, {pair.bench.services:,} Services", [*SAMPLE, objects])


def startup(pair: Pair) -> Iterator[Figure]:
    """One template, constraint and Pod."""
    yield from printed(pair, "patrol test, one Pod", smallest())


def review(pair: Pair) -> Iterator[Figure]:
    """One review of a library template's samples in a warm process."""
    for sample in SAMPLES:
        found = told(pair, "benchmarks.reviewed", ["3", *map(str, samples_of(sample))])
        if len(counts := {each["violations"] for each in (*found[NOW], *found[BEFORE])}) > 1:
            raise Failed(f"{sample}: the numbers of violations differ: {sorted(counts)}")
        times = (median(each["review"] for each in found[name]) for name in (NOW, BEFORE))
        yield Figure(f"one review, {sample.split('/')[0]}", *times, SLOWER, seconds)


def compiling(pair: Pair) -> Iterator[Figure]:
    """All templates of the library, each with a constraint."""
    found = told(pair, "benchmarks.compiled", [str(LIBRARY)])
    times = (median(each["seconds"] / each["templates"] for each in found[name]) for name in (NOW, BEFORE))
    yield Figure("compiling a template", *times, SLOWER, seconds)


PAIRED: dict[str, Callable[[Pair], Iterator[Figure]]] = {
    "review": review,
    "test": tested,
    "referential": referential,
    "compiling": compiling,
    "startup": startup,
}


def patrol(tree: Path, *arguments: Sequence[str]) -> Command:
    """The command `patrol` of a tree."""
    return python(tree, *PATROL[1:], *(argument for some in arguments for argument in some))


def python(tree: Path, *arguments: str) -> Command:
    """A Python that imports from a tree, and not from where it is started."""
    return ["/usr/bin/env", f"PYTHONPATH={tree}{os.pathsep}{tree / 'tests'}", sys.executable, "-P", *arguments]


def run_flags(kubeconfig: Path, log: Path, folder: Path) -> list[str]:
    """One run that serves nothing."""
    alone = ("--once", "--leader-elect=false", "--prometheus-port=0", "--health-addr=0")
    return ["run", *alone, f"--kubeconfig={kubeconfig}", f"--log-file={log}", f"--api-cache-dir={folder / 'cache'}"]


def printed(pair: Pair, what: str, files: Sequence[Path]) -> Iterator[Figure]:
    """What `patrol test` of these files costs; both must print the same."""
    arguments = ["test", *(argument for file in files for argument in ("-f", str(file)))]
    costs = in_turns(pair.each(lambda tree: patrol(tree, arguments)), pair.bench)
    output = {name: Counter((pair.bench.folder / name).read_text().splitlines()) for name in pair.trees}
    pair.bench.say(f"{what}: {agreement(output)}")
    yield from figures(what, costs)


def in_turns(commands: Mapping[str, Command], bench: Bench, before: Callable[[str], None] = str) -> dict[str, Cost]:
    """The median costs of the commands, `before` each of which something may be done. One round more than counts comes
    first, in which modules are compiled, but for a single one: that is to see that it works."""
    costs: dict[str, list[Cost]] = {name: [] for name in commands}
    for at in range(bench.rounds + 1 if bench.rounds > 1 else 1):
        for name, command in commands.items():
            before(name)
            cost = once(command, bench.folder / name)
            costs[name] += [cost] if at or bench.rounds == 1 else []
    return {name: middle(found) for name, found in costs.items()}


def told(pair: Pair, module: str, arguments: Sequence[str]) -> dict[str, list[dict[str, float]]]:
    """What a module of each tree's benchmarks prints, in runs that take turns; its seconds are those of the
    processor.
    """
    found: dict[str, list[dict[str, float]]] = {name: [] for name in pair.trees}
    for _ in range(pair.bench.rounds):
        for name, command in pair.each(lambda tree: python(tree, "-c", _MODULE, module, *arguments)).items():
            found[name].append(json.loads(asked(command, as_installed(pair.bench.folder))))
    return found


def figures(what: str, costs: Mapping[str, Cost]) -> Iterator[Figure]:
    """The three figures of whole processes."""
    now, before = costs[NOW], costs[BEFORE]
    yield Figure(f"{what}, processor", now.processor, before.processor, SLOWER, seconds)
    yield Figure(f"{what}, wall", now.seconds, before.seconds, SLOWER, seconds)
    yield Figure(f"{what}, peak memory", now.memory, before.memory, SLOWER, mebibytes)


def violations(log: Path) -> Counter[str]:
    """The lines of violations, without what is another thing in each run. Raises Failed where the run did not end
    well.
    """
    lines = log.read_text().splitlines()
    ended = any('"auditing is complete"' in line for line in lines)
    if not ended or any('"audit_gap"' in line for line in lines):
        raise Failed(f"an audit was not complete: {lines[-1][:500] if lines else 'it said nothing'}")
    return Counter(_OF_A_RUN.sub("", line) for line in lines if '"violation_audited"' in line)


def agreement(said: Mapping[str, Counter[str]]) -> str:
    """Whether both said the same; a figure about different answers is worth nothing."""
    if said[NOW] == said[BEFORE]:
        return f"the same {said[NOW].total():,} lines from both"
    only, missing = said[NOW] - said[BEFORE], said[BEFORE] - said[NOW]
    example = next(iter(only or missing))
    return f"answers DIFFER: {only.total():,} lines only now, {missing.total():,} only before, such as {example[:300]}"
