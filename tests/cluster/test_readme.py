"""The README's deploy section, word by word: its commands in a shell, with the real kubectl, against the real API
server.

What a cluster has besides is played by the test: the image (there is no Docker here: its commands are left out), and
the kubelet, which starts what the Deployment says, with its arguments, its environment and the rights of its
ServiceAccount.
"""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import pytest
from cluster.api import Refused, apply_all
from cluster.deployed import MANIFESTS, Cluster, documents, pod_name
from cluster.patrol import ROOT, environment
from cluster.programs import program
from cluster.readme import Step, steps
from cluster.server import running

pytestmark = pytest.mark.cluster
DEPLOYMENT = "/apis/apps/v1/namespaces/kube-patrol/deployments/kube-patrol-audit"
ANSWERS = {"metadata.name": pod_name("b"), "metadata.namespace": "kube-patrol"}
SHIFTED = {"PATROL_HEALTH_ADDR": "0", "PATROL_PROMETHEUS_PORT": "0"}  # a pod has its ports to itself


@pytest.fixture(scope="module")
def kubectl() -> Path:
    """The real kubectl, built when it has not been before."""
    return program("kubectl")


@pytest.fixture(scope="module")
def bare(binary: Path, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Cluster]:
    """A cluster in which nothing of ours is installed, with the objects that `make run` shows."""
    folder = tmp_path_factory.mktemp("readme")
    with running(binary, folder) as server:
        cluster = Cluster(server, folder)
        found = [obj for path in sorted((MANIFESTS / "samples" / "objects").glob("*.yaml")) for obj in documents(path)]
        apply_all(cluster.api, sorted(found, key=lambda obj: obj["kind"] != "Namespace"))
        yield cluster


class Shell:
    """Runs commands as somebody does who has pasted them; the kubelet has a look after each."""

    def __init__(self, cluster: Cluster, kubectl: Path) -> None:
        self.cluster = cluster
        config = cluster.kubeconfig(cluster.server.token, cluster.folder)
        path = f"{kubectl.parent}{os.pathsep}{os.environ['PATH']}"
        self.environment = {**environment(), "KUBECONFIG": str(config), "PATH": path, "HOME": str(cluster.folder)}
        self.pod: subprocess.Popen[bytes] | None = None
        self.stderr = cluster.folder / "pod"

    def run(self, command: str) -> str:
        """What a command prints. Fails when it fails."""
        done = subprocess.run(
            command, shell=True, cwd=ROOT, env=self.environment, capture_output=True, text=True, timeout=180
        )
        assert done.returncode == 0, f"{command}: {done.stdout[-2000:]}{done.stderr[-2000:]}{self.told()}"
        self._schedule()
        return done.stdout

    def told(self) -> str:
        """The last that the pod said."""
        return self.stderr.read_text()[-3000:] if self.stderr.exists() else ""

    def close(self) -> None:
        """End the pod."""
        if self.pod is not None:
            self.pod.terminate()
            assert self.pod.wait(15) == 0, self.told()

    def _schedule(self) -> None:
        if self.pod is not None:
            return
        try:
            spec = self.cluster.api.get(DEPLOYMENT)["spec"]["template"]["spec"]
        except Refused:
            return
        (container,) = spec["containers"]
        command = [sys.executable, "-m", "audit.__main__", *container["args"][1:]]
        assert container["args"][0] == "run"
        with self.stderr.open("wb") as stderr:
            self.pod = subprocess.Popen(command, cwd=ROOT, env=self._env(container["env"]), stderr=stderr)

    def _env(self, declared: list[dict[str, Any]]) -> dict[str, str]:
        """The environment of the container, and where the API server is, with the rights of its ServiceAccount."""
        values = {each["name"]: ANSWERS[each["valueFrom"]["fieldRef"]["fieldPath"]] for each in declared}
        folder = self.cluster.folder / "account"
        folder.mkdir()
        config = self.cluster.kubeconfig(self.cluster.account_token(), folder)
        return {**environment(), **values, **SHIFTED, "KUBECONFIG": str(config)}


@contextmanager
def shell(cluster: Cluster, kubectl: Path) -> Iterator[Shell]:
    made = Shell(cluster, kubectl)
    try:
        yield made
    finally:
        made.close()


def test_the_deploy_section_does_what_it_says(
    bare: Cluster, kubectl: Path, record_property: Callable[[str, object], None]
) -> None:
    found = steps("Deploy")
    skipped = [step.command for step in found if step.command.startswith("docker ")]
    record_property("left out, as there is no Docker", skipped)
    with shell(bare, kubectl) as user:
        for step in found:
            if step.command not in skipped:
                printed = user.run(step.command)
                check(step, printed)
        image = bare.api.get(DEPLOYMENT)["spec"]["template"]["spec"]["containers"][0]["image"]
    assert image == skipped[-1].split()[-1]


def check(step: Step, printed: str) -> None:
    """What the README shows below a command is what it prints, but for the width of columns."""
    if step.shown:
        assert [line.split() for line in printed.splitlines()] == [line.split() for line in step.shown]
