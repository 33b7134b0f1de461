"""What `kubectl get` shows: the columns of each kind and the cells of an object."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Final

from audit.embedded.jsonpaths import first_text
from audit.embedded.registry import Served
from constraints.dataclass import dataclass
from constraints.model import Json, Object

Cell = Callable[[Object], Json]


@dataclass(frozen=True, slots=True)
class Column:
    """A column of a table; those with a `priority` above 0 are for `-o wide`."""

    name: str
    cell: Cell
    type: str = "string"
    priority: int = 0
    format: str = ""
    description: str = ""

    def definition(self) -> dict[str, Json]:
        """As the client gets it."""
        return {
            "name": self.name,
            "type": self.type,
            "format": self.format,
            "description": self.description,
            "priority": self.priority,
        }


def at(path: str, otherwise: Json = "<none>") -> Cell:
    """The cell with the value at a JSONPath."""

    def cell(obj: Object) -> Json:
        found = first_text(obj, path)
        return otherwise if found is None else found

    return cell


def age(path: str = ".metadata.creationTimestamp") -> Cell:
    """The cell with the time since the one at a JSONPath."""
    return lambda obj: elapsed(first_text(obj, path))


def elapsed(since: Json) -> str:
    """`5d3h`, `12m`, `40s`: the two largest units that kubectl would show."""
    try:
        moment = datetime.fromisoformat(str(since).replace("Z", "+00:00"))
    except ValueError:
        return "<unknown>"
    seconds = int((datetime.now(UTC) - moment).total_seconds())
    if seconds < 120:
        return f"{max(0, seconds)}s"
    for size, name, smaller, below in _UNITS:
        if seconds >= 2 * size:
            rest = seconds % size // smaller
            return f"{seconds // size}{name}" + (f"{rest}{below}" if rest and seconds < 10 * size else "")
    return f"{seconds}s"


_UNITS: Final = ((31_536_000, "y", 86_400, "d"), (86_400, "d", 3_600, "h"), (3_600, "h", 60, "m"), (60, "m", 1, "s"))


def _containers(obj: Object) -> list[Json]:
    return (obj.get("status") or {}).get("containerStatuses") or []


def _ready(obj: Object) -> str:
    ready = sum(bool(one.get("ready")) for one in _containers(obj))
    return f"{ready}/{len((obj.get('spec') or {}).get('containers') or [])}"


def _restarts(obj: Object) -> str:
    return str(sum(one.get("restartCount", 0) for one in _containers(obj)))


def _replicas(obj: Object) -> str:
    wanted = (obj.get("spec") or {}).get("replicas", 1)
    return f"{(obj.get('status') or {}).get('readyReplicas', 0)}/{wanted}"


def _ports(obj: Object) -> str:
    ports = (obj.get("spec") or {}).get("ports") or []
    return ",".join(f"{port.get('port')}/{port.get('protocol', 'TCP')}" for port in ports) or "<none>"


def _count(field: str) -> Cell:
    return lambda obj: str(len(obj.get(field) or ()))


def _hosts(obj: Object) -> str:
    rules = (obj.get("spec") or {}).get("rules") or []
    return ",".join(rule.get("host", "*") for rule in rules) or "*"


def _involved(obj: Object) -> str:
    about = obj.get("involvedObject") or obj.get("regarding") or {}
    return f"{str(about.get('kind', '')).lower()}/{about.get('name', '')}"


def _event_text(obj: Object) -> str:
    return str(obj.get("message") or obj.get("note") or "")


_NAME: Final = Column("Name", at(".metadata.name"), format="name")
_AGE: Final = Column("Age", age())

_COLUMNS: Final[Mapping[str, tuple[Column, ...]]] = {
    "/pods": (
        Column("Ready", _ready),
        Column("Status", at(".status.phase", "Pending")),
        Column("Restarts", _restarts),
        _AGE,
        Column("IP", at(".status.podIP"), priority=1),
        Column("Node", at(".spec.nodeName"), priority=1),
    ),
    "/namespaces": (Column("Status", at(".status.phase", "Active")), _AGE),
    "/nodes": (Column("Version", at(".status.nodeInfo.kubeletVersion", "")), _AGE),
    "/services": (
        Column("Type", at(".spec.type", "ClusterIP")),
        Column("Cluster-IP", at(".spec.clusterIP")),
        Column("Port(s)", _ports),
        _AGE,
    ),
    "/configmaps": (Column("Data", _count("data")), _AGE),
    "/secrets": (Column("Type", at(".type", "Opaque")), Column("Data", _count("data")), _AGE),
    "/events": (
        Column("Type", at(".type", "")),
        Column("Reason", at(".reason", "")),
        Column("Object", _involved),
        Column("Message", _event_text),
        _AGE,
    ),
    "apps/deployments": (
        Column("Ready", _replicas),
        Column("Up-to-date", at(".status.updatedReplicas", 0)),
        Column("Available", at(".status.availableReplicas", 0)),
        _AGE,
    ),
    "apps/statefulsets": (Column("Ready", _replicas), _AGE),
    "networking.k8s.io/ingresses": (Column("Class", at(".spec.ingressClassName")), Column("Hosts", _hosts), _AGE),
    "coordination.k8s.io/leases": (Column("Holder", at(".spec.holderIdentity", "")), _AGE),
    "apiextensions.k8s.io/customresourcedefinitions": (Column("Created At", at(".metadata.creationTimestamp")),),
}


def columns_of(served: Served) -> tuple[Column, ...]:
    """The columns of this resource, the name first."""
    if not served.custom:
        return (_NAME, *_COLUMNS.get(served.storage, (_AGE,)))
    return (_NAME, *(_printed(column) for column in served.columns or (_AGE_COLUMN,)))


_AGE_COLUMN: Final = {"name": "Age", "type": "date", "jsonPath": ".metadata.creationTimestamp"}


def _printed(column: Mapping[str, Json]) -> Column:
    """A column of a definition; dates are shown as ages, a missing value as nothing."""
    kind, path = column.get("type", "string"), column.get("jsonPath", "")
    cell = age(path) if kind == "date" else at(path, None)
    priority, description = column.get("priority", 0), column.get("description", "")
    return Column(column["name"], cell, kind, priority, column.get("format", ""), description)


def table_row(served: Served, obj: Object) -> list[Json]:
    """The cells of one object."""
    return [column.cell(obj) for column in columns_of(served)]
