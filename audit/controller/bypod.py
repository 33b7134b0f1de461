"""Finds out whether Gatekeeper's own controller runs; where it does not, writes what this pod says in `byPod`."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from functools import partial
from threading import Event

from audit.controller.podstatus import POD_STATUSES, PodStatus
from audit.errors import Forbidden, KubeError
from audit.kube.client import Client
from audit.kube.patch import StatusWriter
from audit.kube.request import Select, list_objects
from audit.model import ConstraintRecord, Resource, TemplateRecord
from constraints import Cause, Gap
from constraints.dataclass import dataclass
from constraints.model import Object


@dataclass(frozen=True, slots=True)
class Affected:
    """An object whose status may have to change, and the change that `of` makes of it, None for none."""

    resource: Resource
    obj: Object
    of: Callable[[Object], Object | None]


class ByPod:
    """Reads and writes pod statuses as the pod `mine`; nothing more is written once `stop` is set."""

    def __init__(self, client: Client, mine: PodStatus, stop: Event) -> None:
        self._client = client
        self._writer = StatusWriter(client, sleep=stop.wait)
        self._mine = mine
        self._stop = stop

    def controller_runs(self, policies: Iterable[Object]) -> bool:
        """Whether Gatekeeper's controller is there; how that is told is written above audit.controller.podstatus."""
        found = [self._some(resource) for resource in POD_STATUSES]
        return any(found) or (None in found and self._mine.controller_speaks(policies))

    def write_templates(self, records: Iterable[TemplateRecord]) -> tuple[Gap, ...]:
        """Bring our entries in templates up to date; what could not be written is a Gap."""
        of = self._mine.of_template
        return self._write(
            Affected(r.resource, r.obj, partial(of, errors=r.errors, admission=r.admission)) for r in records
        )

    def write_constraints(self, records: Iterable[ConstraintRecord]) -> tuple[Gap, ...]:
        """Bring our entries in constraints up to date; what could not be written is a Gap."""
        return self._write(
            Affected(r.resource, r.obj, partial(self._mine.of_constraint, errors=r.errors)) for r in records
        )

    def _some(self, resource: Resource) -> bool | None:
        """Whether there are objects of a kind; None where that cannot be told."""
        try:
            page = self._client.send_json(list_objects(resource, Select(limit=1)))
        except KubeError:  # not served, or not for us to see: the entries in byPod have to do
            return None
        return bool(page["items"])

    def _write(self, rows: Iterable[Affected]) -> tuple[Gap, ...]:
        gaps: list[Gap] = []
        refused: set[str] = set()
        for row in rows:
            if self._stop.is_set() or row.resource.plural in refused or row.of(row.obj) is None:
                continue
            error = self._change(row)
            if isinstance(error, Forbidden):  # it will be so for all of that kind: it is said once
                refused.add(row.resource.plural)
            if error:
                what = f"{row.resource.kind.kind} {row.obj['metadata']['name']}"
                gaps.append(Gap(Cause.SINK, error.reason, f"{what}: status.byPod could not be written: {error}"))
        return tuple(gaps)

    def _change(self, row: Affected) -> KubeError | None:
        try:
            self._writer.change(row.resource, row.obj["metadata"]["name"], row.of)
        except KubeError as error:
            return error
        return None
