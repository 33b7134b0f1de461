"""What this pod says about policies in their `status.byPod` (compatibility, sections 4.1 and 4.2); pure.

Gatekeeper keeps one entry for each of its pods. This program adds its own entry and keeps those of others. Its entries
have an operation of their own, `kube-patrol`, by which it knows those of its earlier pods: they are replaced, for only
one pod, the leader, writes.

Where Gatekeeper's own controller runs, it puts `byPod` together from its pod-status objects and would undo what others
write there, so nothing is written. It is taken to run when
- an object of its pod-status kinds exists (they belong to its pods, and are removed with them); or, where those kinds
  cannot be listed or are served by another cluster,
- `byPod` has an entry that is not ours and has the operation `status` or `webhook`.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence

from audit.model import Resource
from constraints import Kind, PolicyError
from constraints.dataclass import dataclass
from constraints.model import AdmissionField, Json, Object

STATUS_GROUP = "status.gatekeeper.sh"
POD_STATUSES = (
    Resource(Kind(STATUS_GROUP, "v1beta1", "ConstraintTemplatePodStatus"), "constrainttemplatepodstatuses", True),
    Resource(Kind(STATUS_GROUP, "v1beta1", "ConstraintPodStatus"), "constraintpodstatuses", True),
)
CONTROLLER_OPERATIONS = frozenset({"status", "webhook"})
MARK = "kube-patrol"


@dataclass(frozen=True, slots=True)
class PodStatus:
    """The entries of one pod; `operations` are the roles that it plays."""

    pod: str
    operations: tuple[str, ...]

    def of_template(
        self, obj: Object, errors: Sequence[PolicyError], admission: Sequence[AdmissionField] = ()
    ) -> Object | None:
        """The change to a template's status, None when there is none. `created` never goes back to false.

        `admission`, what the template reads that no audit has, is the entry's `notAuditable`.
        """
        entry = self._entry(obj, "templateUID", errors)
        if admission:
            entry["notAuditable"] = [{"field": each.field, "location": each.location} for each in admission]
        created = not errors or _status(obj).get("created") is True
        return self._change(obj, entry, {"created": True} if created else {})

    def of_constraint(self, obj: Object, errors: Sequence[PolicyError]) -> Object | None:
        """The change to a constraint's status, None when there is none."""
        entry = self._entry(obj, "constraintUID", errors)
        return self._change(obj, entry if errors else {"enforced": True, **entry}, {})

    def of_connection(self, obj: Object, told: Object, lives: Callable[[Object], bool]) -> Object | None:
        """The change to a Connection's status, None when there is none; `told` are more fields of the entry.

        Several pods of this program may export by one Connection: entries of those that may still live are kept.
        """
        others = [entry for entry in _by_pod(obj) if entry.get("id") != self.pod and lives(entry)]
        return self._change(obj, {**self._entry(obj, "connectionUID", ()), **told}, {}, others)

    def controller_speaks(self, objects: Iterable[Object]) -> bool:
        """Whether Gatekeeper's own controller has left its entries."""
        entries = [entry for obj in objects for entry in _by_pod(obj) if not self._ours(entry)]
        return any(CONTROLLER_OPERATIONS & set(_texts(entry.get("operations"))) for entry in entries)

    def _entry(self, obj: Object, uid: str, errors: Sequence[PolicyError]) -> dict[str, Json]:
        metadata = obj.get("metadata") or {}
        entry = {
            "id": self.pod,
            uid: metadata.get("uid"),
            "observedGeneration": metadata.get("generation"),
            "operations": [*self.operations, MARK],
            "errors": [_error(error) for error in errors],
        }
        return {key: value for key, value in entry.items() if value or key == "id"}

    def _change(
        self, obj: Object, entry: Object, fields: dict[str, Json], kept: Sequence[Object] = ()
    ) -> Object | None:
        """`kept` are entries of other pods of this program."""
        status = _status(obj)
        others = [other for other in _by_pod(obj) if other in kept or not self._ours(other)]
        merged = fields | {"byPod": sorted([*others, entry], key=lambda each: str(each.get("id")))}
        changed = {key: value for key, value in merged.items() if status.get(key) != value}
        return {"status": changed} if changed else None

    def _ours(self, entry: Object) -> bool:
        return entry.get("id") == self.pod or MARK in _texts(entry.get("operations"))


def _error(error: PolicyError) -> dict[str, str]:
    found = {"code": error.code, "message": error.message, "location": error.location}
    return {key: value for key, value in found.items() if value or key != "location"}


def _status(obj: Object) -> Object:
    status = obj.get("status")
    return status if isinstance(status, dict) else {}


def _by_pod(obj: Object) -> list[Object]:
    entries = _status(obj).get("byPod")
    return [entry for entry in entries if isinstance(entry, dict)] if isinstance(entries, list) else []


def _texts(value: Json) -> list[str]:
    return [item for item in value if isinstance(item, str)] if isinstance(value, list) else []
