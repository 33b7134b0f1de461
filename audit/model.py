"""The values that travel inside an audit, between its rooms."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import UTC, datetime
from enum import Enum

from constraints import Constraint, Gap, Kind, PolicyError, Template
from constraints.dataclass import dataclass
from constraints.model import ANY, AdmissionField, Json, Object

NOT_SERVED = "KindNotServed"
"""The reason of a Gap for a kind that the API server does not serve, or not any more."""
_MINUTE = 60


def timestamp(seconds: float, timespec: str = "seconds") -> str:
    """Unix seconds as RFC 3339 in UTC, cut to whole ones; `timespec` is that of isoformat, such as `microseconds`."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec=timespec).replace("+00:00", "Z")


@dataclass(frozen=True, slots=True)
class RunInfo:
    """One audit run: `audit_id` is its start as RFC 3339 in UTC, whole seconds (compatibility, section 3).

    Of several runs that start within one second each later one has the next second that is free, in `second`.
    """

    audit_id: str
    started: float
    second: int = 0

    @classmethod
    def at(cls, started: float, last: RunInfo | None = None) -> RunInfo:
        """A run that started at `started`, in Unix seconds, after the `last` one of this process."""
        second = int(started)
        if last is not None and last.second - _MINUTE < second <= last.second:  # else the clock was set back
            second = last.second + 1
        return cls(timestamp(second), started, second)


class Outcome(Enum):
    """How a run ended; what each means for users is in docs/outcomes.md.

    The last three did not come to their end: totals are a part, and what was known before stays.
    """

    COMPLETE = "complete"
    GAPS = "gaps"
    UNWRITTEN = "unwritten"
    NO_POLICIES = "no_policies"
    FAILED = "failed"
    INTERRUPTED = "interrupted"
    NOT_LEADER = "not_leader"


@dataclass(frozen=True, slots=True)
class Ending:
    """How a run ended, and in a sentence why; empty for one that is complete."""

    outcome: Outcome
    reason: str = ""


@dataclass(frozen=True, slots=True, order=True)
class Resource:
    """A kind as the API server serves it; `plural` is the word in its path, `verbs` what may be done with it."""

    kind: Kind
    plural: str
    namespaced: bool
    verbs: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Catalogue:
    """What discovery has found.

    `listed` can be listed, `unlisted` have objects but no verb `list`, `momentary` are kinds of requests, of which none
    is ever stored. `gaps` say what may be served without discovery having been able to tell.
    """

    listed: tuple[Resource, ...]
    unlisted: frozenset[Kind] = frozenset()
    momentary: frozenset[Kind] = frozenset()
    gaps: tuple[Gap, ...] = ()

    def hides(self, kind: Kind) -> bool:
        """Whether a kind may be served although it is not known; a group `*` stands for any."""
        found = [gap.kind for gap in self.gaps]
        return any(of is None or (kind.group in (ANY, of.group) and of.kind in ("", kind.kind)) for of in found)


@dataclass(frozen=True, slots=True)
class Lost:
    """Something that is there, or may be, and could not be read."""

    why: str


@dataclass(frozen=True, slots=True)
class Page:
    """Some objects of one kind; `alias_of` is the kind under which the same objects are also listed, if any.

    `decode_seconds` is what it took to make objects of the page's bytes.
    """

    resource: Resource
    objects: Sequence[Object]
    alias_of: Kind | None = None
    decode_seconds: float = 0.0


@dataclass(frozen=True, slots=True)
class Syncing:
    """`data.inventory` was listed: its `objects` by kind, and the seconds that it took."""

    objects: Mapping[str, int]
    seconds: float


@dataclass(frozen=True, slots=True)
class KindEnd:
    """All that could be listed of a kind has gone past; `seconds` is the time its requests took."""

    resource: Resource
    seconds: float
    pages: int


@dataclass(frozen=True, slots=True)
class TemplateRecord:
    """A ConstraintTemplate object that exists, also one in error.

    `template` is None when the engine refused it, and `errors` say why; `resource` says where its status is;
    `admission` is what its code reads that only an admission request has.
    """

    obj: Object
    template: Template | None
    resource: Resource
    errors: tuple[PolicyError, ...] = ()
    admission: tuple[AdmissionField, ...] = ()

    @property
    def name(self) -> str:
        """Its `metadata.name`."""
        return str(self.obj["metadata"]["name"])

    @property
    def kind(self) -> str:
        """The kind of its constraints, as far as it can be told; else its name."""
        return kind_of(self.obj) or self.name


def kind_of(template: Object) -> str:
    """The kind of constraints that a template names, the empty string when its name is not that kind in lower case."""
    value: Json = template
    for name in ("spec", "crd", "spec", "names", "kind"):
        value = value.get(name) if isinstance(value, dict) else None
    return value if isinstance(value, str) and value.lower() == template["metadata"].get("name") else ""


@dataclass(frozen=True, slots=True)
class ConstraintRecord:
    """A constraint object that exists, also one that cannot be enforced.

    `obj` is the object as read at the start of the run, with the status of the run before; `resource` says where its
    status is; `constraint` is None when it is not enforced, and `errors` say why.
    """

    obj: Object
    constraint: Constraint | None
    resource: Resource
    errors: tuple[PolicyError, ...] = ()

    @property
    def names(self) -> tuple[str, str]:
        """Kind and name."""
        return self.obj["kind"], self.obj["metadata"]["name"]

    @property
    def key(self) -> str:
        """`<Kind>/<name>`, as Constraint.key."""
        return "/".join(self.names)

    @property
    def action(self) -> str:
        """`spec.enforcementAction` as written, `deny` where it says none."""
        if self.constraint is not None:
            return self.constraint.action
        spec = self.obj.get("spec")
        action = spec.get("enforcementAction", "deny") if isinstance(spec, Mapping) else "deny"
        return action if isinstance(action, str) else ""


@dataclass(frozen=True, slots=True)
class Standing:
    """What is known of one constraint when a run has ended: status, metrics and log all tell it from here.

    `total` is None where nothing is known. `entries` are those of `status.violations`, ascending. `stale`: not all of
    it is of this run; what could not be seen is as it was before.
    """

    total: int | None
    entries: tuple[Mapping[str, Json], ...] = ()
    stale: bool = False
