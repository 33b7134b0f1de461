"""Finds out at each run where violations go, aims the delivery there, and says in the Connection what became of it."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable
from dataclasses import field

from audit.controller.connectionstatus import ConnectionStatus
from audit.errors import ExportError, KubeError
from audit.export.connection import CONNECTIONS, Connection
from audit.export.delivery import Delivery, Target
from audit.export.driver import Means
from audit.export.drivers import driver_of
from audit.export.publishing import Publishing
from audit.policies.connections import connections
from audit.policies.reading import Reader
from audit.repeats import Repeats
from constraints.dataclass import dataclass
from constraints.model import Object

log = logging.getLogger("kube_patrol.export")


@dataclass(frozen=True, slots=True)
class Wanted:
    """The Connection that counts: its namespace and name; and what its driver knows besides."""

    namespace: str
    name: str
    place: Means


@dataclass(slots=True)
class Heeded:
    """The object that counts as it was read last, why it leads nowhere, if it does, and its `status`. For several
    threads.
    """

    status: ConnectionStatus
    _now: tuple[Object | None, str] = (None, "")

    def heed(self, obj: Object | None, why: str | None = None) -> None:
        """From now on this one counts; None for a `why` that is not known yet leaves it as it was."""
        self._now = obj, self._now[1] if why is None else why

    def tell(self, published: Publishing) -> None:
        """How publishing goes; a ConfigMap has no status. Raises KubeError."""
        obj, why = self._now
        if obj is not None and obj.get("kind") == CONNECTIONS.kind.kind:
            self.status.tell(obj, why, published)

    def refuse(self, obj: Object, why: str) -> None:
        """That a Connection leads nowhere; a ConfigMap has no status. What cannot be written is logged."""
        if obj.get("kind") != CONNECTIONS.kind.kind:
            return
        try:
            self.status.tell(obj, why)
        except KubeError as error:
            log.warning("export: the status of Connection %s could not be written: %s", obj["metadata"]["name"], error)


@dataclass(slots=True)
class Exporting:
    """Called once a run. The `problem` is why the Connection could not be used, None where it could.

    One that cannot be read, or makes no sense, leaves everything as it was: messages go where they went before.
    """

    wanted: Wanted
    delivery: Delivery
    heeded: Heeded
    clock: Callable[[], float] = time.monotonic
    problem: ExportError | None = None
    _repeats: Repeats = field(init=False)

    def __post_init__(self) -> None:
        self._repeats = Repeats(self.clock)

    def __call__(self, reader: Reader) -> None:
        """Read the Connection as it is now."""
        self.problem = self._look(reader)
        line = self._repeats.again(str(self.problem), f"export: {self.problem}") if self.problem else ""
        if self.problem is None:
            self._repeats.over()
        elif line:
            log.error("%s", line)

    def why(self) -> ExportError | None:
        """The problem."""
        return self.problem

    def _look(self, reader: Reader) -> ExportError | None:
        wanted = self.wanted
        try:
            found = connections(reader, wanted.namespace, wanted.name)
        except KubeError as error:
            return ExportError(f"the Connection could not be read: {error}", reason=error.reason)
        for other in found.others:
            self.heeded.refuse(other, f"only the Connection {wanted.name} is heeded (--audit-connection)")
        self.heeded.heed(found.one)
        if found.one is None:
            self.delivery.aim(None)
            text = f"there is no Connection and no ConfigMap {wanted.namespace}/{wanted.name}: nothing is exported"
            return ExportError(text, reason="NoConnection")
        problem = self._aim(found.one)
        self.heeded.heed(found.one, str(problem or ""))
        if problem is not None:
            self.heeded.refuse(found.one, str(problem))
        return problem

    def _aim(self, obj: Object) -> ExportError | None:
        try:
            connection = Connection.of(obj)
            self.delivery.aim(Target(connection, driver_of(connection, self.wanted.place)))
        except ExportError as error:
            return error
        return None
