"""Takes new templates in at once: their CRDs are made, and their status says what became of them, while a run goes on.

A run has the one engine to itself, so each batch is compiled with an engine of its own, which is then forgotten: the
next run compiles what has changed once more, some milliseconds a template.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Mapping, Sequence
from queue import SimpleQueue
from threading import Event, Thread

from audit.controller.bypod import ByPod
from audit.controller.crds import ConstraintCrds, Patience
from audit.controller.podstatus import PodStatus
from audit.errors import KubeError
from audit.guard import attempt
from audit.kube.client import Client
from audit.policies.book import PolicySettings, manages_crds, with_problem
from audit.policies.templates import TEMPLATES, TemplateBook, TemplateRecord
from constraints.model import Object

log = logging.getLogger("kube_patrol.policies")
Templates = dict[str, Object]


class Intake:
    """A thread that takes in what is `submit`ted, as long as `may_act()`, and tells whoever wants it the kinds that it made."""

    def __init__(self, client: Client, settings: PolicySettings, may_act: Callable[[], bool]) -> None:
        self._stop = Event()
        self._settings = settings
        self._may_act = may_act
        self._served: Callable[[Iterable[str]], None] = _unheard
        self._crds = ConstraintCrds(client, settings.manage_crds, Patience(settings.crd_seconds, self._stop))
        self._by_pod = ByPod(client, PodStatus(settings.pod_name, settings.operations), self._stop)
        self._waiting: SimpleQueue[Object | None] = SimpleQueue()
        self._thread = Thread(target=self._run, name="intake", daemon=True)

    def start(self, served: Callable[[Iterable[str]], None]) -> None:
        """Work from now on, and tell `served` the kinds of constraints that there are for new templates."""
        self._served = served
        self._thread.start()

    def submit(self, template: Object) -> None:
        """Take in a template soon; a newer one of the same name takes its place."""
        self._waiting.put(template)

    def close(self, seconds: float = 5.0) -> None:
        """End the thread, and wait at most so many seconds for that."""
        self._stop.set()
        self._waiting.put(None)
        if self._thread.is_alive():
            self._thread.join(seconds)

    def take(self, templates: Sequence[Object]) -> tuple[TemplateRecord, ...]:
        """See to the CRDs and the statuses of these templates; gives what became of them. Raises KubeError."""
        controlled = self._by_pod.controller_runs(templates)
        book = TemplateBook(self._settings.empty(), self._settings.referential)
        with self._settings.turn:
            book.update(templates)
        records = book.records
        if manages_crds(self._settings.manage_crds, controlled):
            problems = self._crds.ensure([record.template for record in records if record.template])
            records = tuple(with_problem(record, problems) for record in records)
            self._served(record.kind for record in records if not record.errors)
        if not controlled:
            for resource, own in _by_version(records).items():
                for gap in self._by_pod.write_templates(own, TEMPLATES[resource]):
                    log.warning("%s", gap.message)
        return records

    def _run(self) -> None:
        while not self._stop.is_set():
            batch = self._batch()
            if not batch or not self._may_act():
                continue
            error = attempt(lambda batch=batch: self._said(self.take(batch)))  # type: ignore[misc]  # binds the batch
            if isinstance(error, KubeError):
                log.warning("new ConstraintTemplates wait for the next run: %s", error)
            elif error is not None:
                log.error("new ConstraintTemplates wait for the next run: %s", error, exc_info=error)

    def _batch(self) -> list[Object]:
        """All that wait, at least one; empty when it is time to go."""
        found: Templates = {}
        item = self._waiting.get()
        while item is not None:
            found[item["metadata"]["name"]] = item
            if self._waiting.empty():
                return list(found.values())
            item = self._waiting.get()
        return []

    def _said(self, records: Iterable[TemplateRecord]) -> None:
        for record in records:
            if record.errors:
                log.warning("ConstraintTemplate %s is in error: %s", record.name, record.errors[0])
            else:
                log.info("ConstraintTemplate %s is ready: constraints of kind %s are audited", record.name, record.kind)


def _unheard(kinds: Iterable[str]) -> None:
    """For nobody who waits for kinds."""


def _by_version(records: Iterable[TemplateRecord]) -> Mapping[int, list[TemplateRecord]]:
    """By the place of their version in TEMPLATES: a status is written in the version that was read."""
    found: dict[int, list[TemplateRecord]] = {}
    versions = [resource.kind.api_version for resource in TEMPLATES]
    for record in records:
        version = record.obj.get("apiVersion")
        found.setdefault(versions.index(version) if version in versions else 0, []).append(record)
    return found
