"""Runs the program under test as its users do: a process, its flags, its log."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

ROOT = Path(__file__).resolve().parents[2]
QUIET = ("--leader-elect=false", "--health-addr=0", "--prometheus-port=0")
Event = dict[str, Any]


@dataclass(frozen=True, slots=True)
class Log:
    """The log of a process: one JSON object a line."""

    path: Path

    def events(self, event_type: str = "", audit_id: str = "") -> list[Event]:
        """What was logged so far, of one event type and of one run if they are given; a line half written is left
        out.
        """
        lines = self.path.read_text().splitlines(keepends=True) if self.path.exists() else []
        events = [json.loads(line) for line in lines if line.endswith("\n")]
        kinds = [event for event in events if not event_type or event.get("event_type") == event_type]
        return [event for event in kinds if not audit_id or event["audit_id"] == audit_id]


@dataclass(frozen=True, slots=True)
class Outcome:
    """How a process ended: its exit code, what it logged, and what it said besides."""

    code: int
    log: Log
    stderr: str

    def told(self) -> str:
        """The last it said, for the message of an assertion."""
        return f"{self.stderr[-2000:]}\n{self.log.events()[-5:]}"


class Running:
    """A process that goes on until it is told, or made, to end."""

    def __init__(self, process: subprocess.Popen[bytes], log: Log, stderr: Path) -> None:
        self._process = process
        self._stderr = stderr
        self.log = log

    @property
    def code(self) -> int | None:
        """The exit code, None while it runs."""
        return self._process.poll()

    def processor(self) -> float:
        """Seconds of processor time that it has used so far."""
        fields = Path(f"/proc/{self._process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def terminate(self) -> None:
        """Ask it to leave, as Kubernetes does."""
        self._process.send_signal(signal.SIGTERM)

    def kill(self) -> None:
        """Make it end at once, as the OOM killer does."""
        self._process.kill()
        self._process.wait()

    def wait(self, seconds: float) -> Outcome:
        """Wait for its end."""
        code = self._process.wait(seconds)
        return Outcome(code, self.log, self._stderr.read_text())

    def until(self, condition: Callable[[Log], Any], seconds: float = 60.0) -> Any:
        """What `condition` gives for the log as soon as that is true. Fails when the time is over or the process is."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            ended = self.code is not None
            if found := condition(self.log):
                return found
            assert not ended, f"the process ended with {self.code}: {self._stderr.read_text()[-2000:]}"
            time.sleep(0.05)
        raise AssertionError(f"nothing after {seconds} s; last in the log: {self.log.events()[-3:]}")


class Patrol:
    """`patrol run` against one cluster, as one user, with its scratch files in `folder`."""

    def __init__(self, kubeconfig: Path, folder: Path, pod: str, namespace: str = "kube-patrol") -> None:
        self.cache = folder / "cache"
        self._folder = folder
        self._count = 0
        self._flags = (
            *QUIET,
            f"--kubeconfig={kubeconfig}",
            f"--pod-name={pod}",
            f"--pod-namespace={namespace}",
            f"--api-cache-dir={self.cache}",
        )

    def once(self, *flags: str, seconds: float = 300.0) -> Outcome:
        """One audit."""
        with self.running("--once", *flags) as process:
            return process.wait(seconds)

    @contextmanager
    def running(self, *flags: str) -> Iterator[Running]:
        """A process that is killed, at the latest, when the context ends."""
        self._count += 1
        log = Log(self._folder / f"log-{self._count}")
        errors = self._folder / f"stderr-{self._count}"
        command = [sys.executable, "-m", "audit", *self._flags, f"--log-file={log.path}", *flags]
        with (
            errors.open("wb") as stderr,
            subprocess.Popen(command, cwd=ROOT, env=environment(), stderr=stderr, stdin=subprocess.DEVNULL) as process,
        ):
            try:
                yield Running(process, log, errors)
            finally:
                process.kill()


def patrol(arguments: Sequence[str]) -> subprocess.Popen[str]:
    """Any other subcommand of `patrol`, with its output and its complaints in pipes."""
    entry = "import sys; from audit.cli import main; sys.exit(main(sys.argv[1:]))"
    command = [sys.executable, "-c", entry, *arguments]
    pipe, nothing = subprocess.PIPE, subprocess.DEVNULL
    return subprocess.Popen(command, cwd=ROOT, env=environment(), stdin=nothing, stdout=pipe, stderr=pipe, text=True)


def environment() -> dict[str, str]:
    """Ours without what would configure the program."""
    ours = ("PATROL_", "KUBE", "POD_")
    return {name: value for name, value in os.environ.items() if not name.startswith(ours)}
