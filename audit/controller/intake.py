"""Takes new templates in at once: their CRDs are made, and their status says what became of them, while a run goes on.

A run has the one engine to itself, so each batch is compiled with an engine of its own, which is then forgotten: the
next run compiles what has changed once more, some milliseconds a template.
"""

from __future__ import annotations

import logging
from collections.abc import Callable, Iterable, Sequence
from queue import SimpleQueue
from threading import Event, Thread

from audit.controller.controller import Controller
from audit.errors import KubeError
from audit.guard import attempt
from audit.model import TemplateRecord
from constraints.dataclass import dataclass
from constraints.model import Object

log = logging.getLogger("kube_patrol.policies")
TakeIn = Callable[[Sequence[Object]], Sequence[TemplateRecord]]
"""What becomes of templates: a record of each."""


class Waiting:
    """Templates that are to be taken in, each by its newest text, until it is time to go; for several threads."""

    def __init__(self) -> None:
        self._queue: SimpleQueue[Object | None] = SimpleQueue()

    def put(self, template: Object) -> None:
        """One more; a newer one of the same name takes its place."""
        self._queue.put(template)

    def close(self) -> None:
        """There will be no more."""
        self._queue.put(None)

    def batch(self) -> list[Object]:
        """All that wait, at least one; empty when it is time to go."""
        found: dict[str, Object] = {}
        item = self._queue.get()
        while item is not None:
            found[item["metadata"]["name"]] = item
            if self._queue.empty():
                return list(found.values())
            item = self._queue.get()
        return []


@dataclass(frozen=True, slots=True)
class Taking:
    """Takes templates in: those that `compile` makes something of are defined and told of by the `controller`.

    `served` is told the kinds of constraints that there are for new templates.
    """

    controller: Controller
    compile: TakeIn
    served: Callable[[Iterable[str]], None]

    def __call__(self, templates: Sequence[Object]) -> Sequence[TemplateRecord]:
        """Gives what became of them. Raises KubeError."""
        defined = self.controller.define(self.compile(templates))
        if defined.error is not None:
            raise defined.error
        if defined.defines:
            self.served(record.kind for record in defined.templates if not record.errors)
        if not defined.controlled:
            for gap in self.controller.tell(defined.templates):
                log.warning("%s", gap.message)
        return defined.templates


class Intake:
    """A thread that takes in what is `waiting`, as long as `may_act()`; `stop` ends it, and what it is doing."""

    def __init__(self, waiting: Waiting, taking: TakeIn, may_act: Callable[[], bool], stop: Event) -> None:
        self._waiting = waiting
        self._taking = taking
        self._may_act = may_act
        self._stop = stop
        self._thread = Thread(target=self._run, name="intake", daemon=True)

    def start(self) -> None:
        """Work from now on."""
        self._thread.start()

    def close(self, seconds: float = 5.0) -> None:
        """End the thread, and wait at most so many seconds for that."""
        self._stop.set()
        self._waiting.close()
        if self._thread.is_alive():
            self._thread.join(seconds)

    def _run(self) -> None:
        while not self._stop.is_set():
            batch = self._waiting.batch()
            if not batch or not self._may_act():
                continue
            error = attempt(lambda batch=batch: _say(self._taking(batch)))  # type: ignore[misc]  # binds the batch
            if isinstance(error, KubeError):
                log.warning("new ConstraintTemplates wait for the next run: %s", error)
            elif error is not None:
                log.error("new ConstraintTemplates wait for the next run: %s", error, exc_info=error)


def _say(records: Iterable[TemplateRecord]) -> None:
    for record in records:
        if record.errors:
            log.warning("ConstraintTemplate %s is in error: %s", record.name, record.errors[0])
        else:
            log.info("ConstraintTemplate %s is ready: constraints of kind %s are audited", record.name, record.kind)
