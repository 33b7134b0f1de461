"""What the export of violations costs: audits of one fleet without it and with each way to export, which take turns.

The API server and the targets are processes of their own. What counts is the least that an audit takes in some rounds,
until the last page: whatever else a machine does only adds to it. What is published after that takes as long as it
takes; with the end of the process it gives the messages a second that a way publishes at least.
"""

from __future__ import annotations

import argparse
import json
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from contextlib import AbstractContextManager, contextmanager
from dataclasses import dataclass
from importlib.util import find_spec
from pathlib import Path
from statistics import median
from typing import Any, Final

import yaml
from benchmarks import fleets, places
from benchmarks.audits import line, say, server_of
from benchmarks.places import Failed, environment

SIZE: Final = 10_000  # Pods
SLOWER: Final = 0.10
MORE: Final = 30.0  # MiB
COLUMNS: Final = ("way", "processor", "wall", "MiB more", "messages", "a second", "held")
NOTE: Final = f"""\
Processor and wall: how much more an audit takes than without export. Held: the processor less than {SLOWER:.0%}, memory
less than {MORE:g} MiB, and no message is missing; walls tell little where other processes share the cores."""
CONNECTION: Final = "connection.gatekeeper.sh/v1alpha1"
OFF: Final = "off"
Object = dict[str, Any]
Spec = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Cost:
    """Seconds of the processor and of the wall until the last page, MiB at the peak, and what was published: how
    many messages, in how many seconds after the run, and how many violations there were.
    """

    processor: float
    wall: float
    memory: float
    messages: int = 0
    after: float = 0.0
    violations: int = 0


@dataclass(frozen=True, slots=True)
class Targets:
    """The targets: where they are, by their names, and how many messages each has got since it was asked last."""

    process: subprocess.Popen[str]
    addresses: Mapping[str, str]

    def got(self, way: str) -> int:
        """All of them together; only this one has got any."""
        assert self.process.stdin is not None
        assert self.process.stdout is not None
        self.process.stdin.write(f"{way}\n")
        self.process.stdin.flush()
        return sum(json.loads(self.process.stdout.readline()).values())


def run(options: argparse.Namespace) -> None:
    """Measure and print a row for each way. Raises Failed."""
    pods = int(options.sizes or SIZE)
    say(f"{server_of(options)}; {pods:,} Pods, all policies, {options.rounds} rounds")
    say(line(COLUMNS))
    with tempfile.TemporaryDirectory(prefix="kube-patrol-bench-") as name, targets() as there:
        folder = Path(name)
        specs = ways(there.addresses, folder)
        with (
            _place(options, folder, [each for way in specs for each in connection(way, specs[way])]) as fill,
            fill(pods) as kubeconfig,
        ):
            measure = Measuring(kubeconfig, folder, there)
            measure.once(OFF)  # modules are compiled once
            for way in specs:
                pairs = [(measure.once(OFF), measure.once(way)) for _ in range(options.rounds)]
                say(line(cells(way, pairs)))
    say(NOTE)


def _place(
    options: argparse.Namespace, folder: Path, connections: Sequence[Object]
) -> AbstractContextManager[places.Fill]:
    """A cluster with these Connections."""
    if options.real:
        return places.real(folder, fleets.names(), connections)
    file = folder / "connections.yaml"
    file.write_text(yaml.safe_dump_all(connections))
    return places.embedded(folder, (*fleets.names(), str(file)))


def ways(at: Mapping[str, str], folder: Path) -> dict[str, Spec]:
    """The ways to export, by their names: each a Connection's spec."""
    disk = {"path": f"{folder}/out", "maxAuditResults": 2}
    found: dict[str, Spec] = {
        "disk": {"driver": "disk", "config": disk},
        "extended": {"driver": "disk", "config": {**disk, "path": f"{folder}/extended", "extended": True}},
        "stdout": {"driver": "stdout", "config": {}},
        "http": {"driver": "http", "config": {"url": at["http"]}},
        "batched": {"driver": "http", "config": {"url": at["http"], "mode": "batched"}},
        "dapr": {"driver": "dapr", "config": {"component": "pubsub"}},
        "bulk": {"driver": "dapr", "config": {"component": "pubsub", "bulk": True}},
        "syslog": {"driver": "syslog", "config": {"address": at["syslog"]}},
    }
    if "kafka" in at:
        found["kafka"] = {"driver": "kafka", "config": {"brokers": at["kafka"]}}
    return found


def connection(way: str, spec: Spec) -> list[Object]:
    """The Connection of a way, in a namespace of its own."""
    metadata = {"name": "audit-connection", "namespace": f"export-{way}"}
    return [
        {"apiVersion": "v1", "kind": "Namespace", "metadata": {"name": f"export-{way}"}},
        {"apiVersion": CONNECTION, "kind": "Connection", "metadata": metadata, "spec": spec},
    ]


@contextmanager
def targets() -> Iterator[Targets]:
    """All of them, gone with the block."""
    more = ["kafka"] if find_spec("confluent_kafka") else []
    command = [sys.executable, "-m", "benchmarks.receivers", *more]
    with subprocess.Popen(
        command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
    ) as process:
        assert process.stdout is not None
        told = process.stdout.readline()
        if not told:
            raise Failed(f"the targets ended with code {process.wait()}")
        yield Targets(process, json.loads(told))
        process.kill()


@dataclass(frozen=True, slots=True)
class Measuring:
    """Audits of one cluster, with files in a folder."""

    kubeconfig: Path
    folder: Path
    targets: Targets

    def once(self, way: str) -> Cost:
        """One audit. Raises Failed."""
        spill, output = self.folder / "spill", self.folder / "output"
        shutil.rmtree(spill, ignore_errors=True)
        (self.folder / "audit.log").unlink(missing_ok=True)
        flags = ["--enable-violation-export", f"--export-spill-dir={spill}", f"--pod-namespace=export-{way}"]
        done = self._audited([] if way == OFF else flags, output)
        took = json.loads(output.read_bytes().splitlines()[-1])
        return Cost(
            took["processor"],
            took["wall"],
            took["memory"],
            self._published(way, took["violations"]),
            max(done["seconds"] - took["wall"], 1e-3),
            took["violations"],
        )

    def _audited(self, flags: Sequence[str], output: Path) -> dict[str, float]:
        own = [f"--kubeconfig={self.kubeconfig}", f"--log-file={self.folder / 'audit.log'}"]
        command = [
            sys.executable,
            "-m",
            "benchmarks.measured",
            *own,
            f"--api-cache-dir={self.folder / 'cache'}",
            *flags,
        ]
        launched = [sys.executable, "-m", "benchmarks.launched", str(output), *command]
        port = self.targets.addresses["http"].rpartition(":")[2].rstrip("/")
        env = {**environment(), "DAPR_HTTP_PORT": port, "PYTHONPYCACHEPREFIX": str(self.folder / "bytecode")}
        env.pop("PYTHONDONTWRITEBYTECODE", None)
        found: dict[str, float] = json.loads(
            subprocess.run(launched, env=env, stdout=subprocess.PIPE, check=True).stdout
        )
        if found["code"]:
            raise Failed(f"an audit ended with code {found['code']:g}")
        return found

    def _published(self, way: str, violations: int) -> int:
        """How many messages have come to the target."""
        if way in ("disk", "extended"):
            folder = self.folder / ("out" if way == "disk" else way) / "audit-channel"
            newest = max(folder.glob("*.log"), key=lambda path: path.stat().st_mtime)
            return newest.read_bytes().count(b"\n")
        if way == "stdout":
            return (self.folder / "output").read_bytes().count(b"\n") - 1
        return self.targets.got(way)


def cells(way: str, pairs: Sequence[tuple[Cost, Cost]]) -> tuple[str, ...]:
    """The row of a way."""
    processor = min(on.processor for _, on in pairs) / min(off.processor for off, _ in pairs) - 1
    wall = min(on.wall for _, on in pairs) / min(off.wall for off, _ in pairs) - 1
    memory = median(on.memory - off.memory for off, on in pairs)
    whole = all(on.messages == on.violations + 2 for _, on in pairs)  # the start and the end
    rate = max(on.messages / on.after for _, on in pairs)
    held = processor < SLOWER and memory < MORE and whole
    share = (f"{processor:+.1%}", f"{wall:+.1%}", f"{memory:+.1f}")
    return (way, *share, f"{pairs[-1][1].messages:,}", f"{rate:,.0f}", "yes" if held else "NO")
