"""A cluster whose policies are followed between runs, over real HTTP."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import yaml
from loading import Loading

from audit.controller.controller import Controller, ControllerSettings
from audit.controller.intake import Intake, Taking, Waiting
from audit.embedded import EmbeddedCluster
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Retries
from audit.kube.discovery import Documents, discover
from audit.kube.watch import Intervals, Server
from audit.policies.book import PolicySettings, compiled
from audit.policies.policywatch import PolicyWatch
from audit.tracking import NEVER, PolicyChanges
from constraints.model import Object

MANIFESTS = Path(__file__).parents[1] / "manifests"
CRD = "CustomResourceDefinition"
SOON = Intervals(first=0.02, longest=0.1, poll=0.05)
LONG = 10.0  # seconds after which something will not come any more


def manifests(folder: str) -> list[dict[str, Any]]:
    texts = [path.read_text() for path in sorted((MANIFESTS / folder).glob("*.yaml"))]
    return [each for text in texts for each in yaml.safe_load_all(text) if each]


CONTROLLER = ControllerSettings("patrol-0")


class Counting(PolicyChanges):
    """Changes that know how many were noted."""

    notes = 0

    def note(self) -> None:
        self.notes += 1
        super().note()


class World:
    """A cluster with the CRDs of templates, and everything that follows its policies."""

    def __init__(self, cluster: EmbeddedCluster, folder: Path, token: str = "") -> None:
        self.cluster = cluster
        self.connection = connect(Access(str(cluster.kubeconfig(folder / "kubeconfig", token)), environ={}))
        self.client = Client(self.connection, retries=Retries(attempts=1))
        self.settings = PolicySettings()
        self.stop = threading.Event()
        self.leads = True
        self.changes = Counting(0.0)
        self.asked: list[bool] = []
        self.waiting = Waiting()
        self.taken: list[Object] = []
        self.watch = PolicyWatch(Server(self.client, self.connection), self.changes, self._take, SOON)
        controller = Controller(self.client, CONTROLLER, self.stop)
        taking = Taking(controller, partial(compiled, settings=self.settings), self.watch.served)
        self.intake = Intake(self.waiting, taking, self._may_act, self.stop)

    def _may_act(self) -> bool:
        self.asked.append(self.leads)
        return self.leads

    def _take(self, obj: Object) -> None:
        self.taken.append(obj)
        self.waiting.put(obj)

    def start(self) -> None:
        self.intake.start()
        self.watch.start()

    def close(self) -> None:
        self.intake.close()
        self.watch.close()
        self.connection.close()

    def noted(self) -> bool:
        return self.changes.due() != NEVER

    def created(self, name: str) -> bool:
        found = self.cluster.get("ConstraintTemplate", name) or {}
        return bool(found.get("status", {}).get("created"))

    def run(self) -> None:
        """What a run does with policies: it reads them and writes what became of them."""
        self.changes.take()
        Loading(self.client, self.settings, CONTROLLER).load(discover(self.client, Documents()).listed)


def until(condition: Callable[[], Any]) -> Any:
    """What the condition gives as soon as that is true."""
    deadline = time.monotonic() + LONG
    while not (found := condition()):
        assert time.monotonic() < deadline, "it does not come"
        time.sleep(0.01)
    return found
