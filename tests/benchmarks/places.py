"""Where audits are measured: the embedded API server, or the real one of the cluster tests."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path

from benchmarks import fleets
from cluster.api import apply_all
from cluster.deployed import Cluster
from cluster.server import running

BUILD = fleets.ROOT / "tests" / "cluster" / "build.py"
Fill = Callable[[int], AbstractContextManager[Path]]  # a number of Pods -> the kubeconfig of a cluster that has them


class Failed(Exception):
    """A server or an audit ended before it had done its work."""


@contextmanager
def embedded(folder: Path, chosen: Sequence[str]) -> Iterator[Fill]:
    """A fresh cluster for each fleet; of what is `chosen`, paths are files of more objects."""

    @contextmanager
    def fill(pods: int) -> Iterator[Path]:
        kubeconfig = folder / f"kubeconfig-{pods}"
        command = [sys.executable, "-m", "benchmarks.embedded", str(pods), str(kubeconfig), *chosen]
        with subprocess.Popen(
            command, env=environment(), stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        ) as server:
            assert server.stdout is not None
            if not server.stdout.readline():
                raise Failed(f"the embedded cluster ended with code {server.wait()}")
            yield kubeconfig
            server.kill()

    yield fill


@contextmanager
def real(folder: Path, chosen: Sequence[str], more: Sequence[fleets.Object] = ()) -> Iterator[Fill]:
    """One cluster with `more` objects besides, which grows from fleet to fleet."""
    built = subprocess.run([sys.executable, str(BUILD)], stdout=subprocess.PIPE, text=True)
    if built.returncode:
        raise Failed("kube-apiserver could not be built, see tests/cluster/build.py")
    with running(Path(built.stdout.strip()), folder) as server:
        cluster = Cluster(server, folder)
        apply_all(cluster.api, fleets.crds())
        kubeconfig = cluster.kubeconfig(server.token, folder)
        apply_all(cluster.api, fleets.policies("t", chosen))
        audit_once(kubeconfig, folder)  # it makes the CRDs of the constraints
        apply_all(cluster.api, fleets.policies("c", chosen))
        apply_all(cluster.api, more)

        @contextmanager
        def fill(pods: int) -> Iterator[Path]:
            cluster.load_fleet(pods)
            yield kubeconfig

        yield fill


@contextmanager
def given(kubeconfig: Path) -> Iterator[Fill]:
    """A cluster that is there already, audited as it is."""

    @contextmanager
    def fill(pods: int) -> Iterator[Path]:
        yield kubeconfig

    yield fill


def audit_once(kubeconfig: Path, folder: Path, *flags: str) -> str:
    """Audit in a process of its own; gives what it printed. Raises Failed."""
    own = [f"--kubeconfig={kubeconfig}", f"--log-file={folder / 'audit.log'}", f"--api-cache-dir={folder / 'cache'}"]
    command = [sys.executable, "-m", "benchmarks.measured", *own, *flags]
    done = subprocess.run(command, env=environment(), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, text=True)
    if done.returncode:
        raise Failed(f"the audit ended with code {done.returncode}")
    return done.stdout


def environment() -> dict[str, str]:
    """Ours, with the folders to import from."""
    return {**os.environ, "PYTHONPATH": os.pathsep.join((str(fleets.ROOT), str(fleets.ROOT / "tests")))}
