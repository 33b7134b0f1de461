"""The values that travel: what is reviewed, what was found, what could not be looked at."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import field
from enum import Enum
from functools import lru_cache
from typing import Any

from constraints.dataclass import dataclass, value

Json = Any
Object = Mapping[str, Json]
SCOPED = "scoped"
ANY = "*"
REGO = "Rego"
CEL = "K8sNativeValidation"
"""What templates call the engines that evaluate Rego and CEL."""


@dataclass(frozen=True, slots=True, order=True)
class Kind:
    """A kind of object: group, version and kind. The core group is the empty string."""

    group: str
    version: str
    kind: str

    @property
    def api_version(self) -> str:
        """`apps/v1`, or `v1` for the core group."""
        return f"{self.group}/{self.version}" if self.group else self.version

    @classmethod
    @lru_cache(maxsize=1024)  # there are few kinds and many objects
    def of(cls, api_version: str, kind: str) -> Kind:
        """From an object's `apiVersion` and `kind`."""
        group, _, version = api_version.rpartition("/")
        return cls(group, version, kind)

    def __str__(self) -> str:
        return f"{self.api_version}/{self.kind}"


@value
class ObjectRef:
    """Which object: enough to name it in a report; `namespace` is empty for cluster-scoped ones.

    `resource_version` says in which state it was seen; it is the same object in another one.
    """

    kind: Kind
    namespace: str
    name: str
    uid: str = ""
    labels: Mapping[str, str] | None = None
    resource_version: str = field(default="", compare=False)

    def __str__(self) -> str:
        return f"{self.kind} {self.namespace}/{self.name}" if self.namespace else f"{self.kind} {self.name}"


class Point(Enum):
    """Where constraints are enforced: the one switch between how the audit and how gator reads the same policies.

    It decides which scoped actions apply (compatibility, section 7), whether an undecidable match is a Gap or a
    violation (section 6), and what `namespaceObject` is (section 8). That `gator test` takes an object without a
    namespace to live in an empty Namespace is said by its reviews (`audit.gator.evaluate.namespace_of`).
    """

    AUDIT = "audit.gatekeeper.sh"
    GATOR = "gator.gatekeeper.sh"


@value
class Review:
    """One object to look at, with what is known around it.

    `namespace` is the Namespace object that the object lives in, None when there is none or it is not known; `lost`
    says why it is not known although there is one: a constraint that reads it is then not asked, which is a Gap.
    `request` is an AdmissionRequest when the object came in one (its `operation`, `oldObject`, `userInfo` count then).
    `source` is `Original` for listed objects and `Generated` for expanded ones.
    """

    object: Object
    ref: ObjectRef
    namespace: Object | None = None
    request: Object | None = None
    source: str = "Original"
    lost: str = ""


@dataclass(frozen=True, slots=True, eq=False)
class Constraint:
    """A checked constraint.

    `match` is `spec.match` as it came, `parameters` has the schema's defaults filled in. `actions` are the distinct
    actions at the engine's point: empty when a `scoped` constraint is not enforced there. `annotations` is None when
    there are none. `obj` is the object as it came, status included.
    """

    kind: str
    name: str
    uid: str
    generation: int
    annotations: Mapping[str, str] | None
    api_version: str
    match: Mapping[str, Json]
    parameters: Json
    action: str
    actions: tuple[str, ...]
    obj: Object

    @property
    def key(self) -> str:
        """`Kind/name`."""
        return f"{self.kind}/{self.name}"

    @property
    def scoped(self) -> bool:
        """Whether the actions depend on the enforcement point."""
        return self.action == SCOPED

    @property
    def enforced(self) -> bool:
        """Whether it has an action at the engine's point."""
        return bool(self.actions)

    @property
    def kinds(self) -> tuple[tuple[tuple[str, ...], tuple[str, ...]], ...]:
        """The entries of `match.kinds` as (apiGroups, kinds); empty when it takes every kind."""
        entries = self.match.get("kinds") or ()
        return tuple((tuple(e.get("apiGroups") or ()), tuple(e.get("kinds") or ())) for e in entries)

    def may_match(self, kind: Kind) -> bool:
        """Whether `match.kinds` takes `kind`, its version ignored; an empty `kind.kind` is any kind of the group."""
        entries = self.kinds
        return not entries or any(_takes(groups, kinds, kind) for groups, kinds in entries)


def _takes(groups: tuple[str, ...], kinds: tuple[str, ...], kind: Kind) -> bool:
    if groups and ANY not in groups and kind.group not in groups:
        return False
    return not kinds or not kind.kind or ANY in kinds or kind.kind in kinds


@value
class Finding:
    """What one policy says against one object. `error` marks an evaluation that failed (compatibility, section 8.1)."""

    message: str
    details: Json = field(default_factory=dict)
    error: bool = False


@value
class Violation:
    """An object breaks a constraint.

    `message` is whole (sinks truncate it). `action` is `scoped` for scoped constraints, `actions` then the distinct
    actions in the order of the constraint. `details` is None for failed evaluations and undecidable matches.
    """

    constraint: Constraint
    object: ObjectRef
    message: str
    details: Json
    action: str
    actions: tuple[str, ...] = ()
    error: bool = False


@dataclass(frozen=True, slots=True)
class AdmissionField:
    """A field that only an admission request has, and where a policy reads it: empty or missing in every audit.

    `field` is spelled as the policy's language does (`input.review.operation`, `request.userInfo`), `location` as in
    errors: `K8sRequiredLabels/template:4:5`.
    """

    field: str
    location: str

    def __str__(self) -> str:
        return f"{self.field} ({self.location})"


def not_auditable(template: str, fields: Iterable[AdmissionField]) -> str:
    """What to say of a template that reads such fields; true whether it needs them or only asks whether they are
    there.
    """
    read = ", ".join(map(str, fields))
    return (
        f"ConstraintTemplate {template} reads what only an admission request has: {read}; "
        "in an audit that is empty or missing, so what depends on it is judged as if there were no request"
    )


class Cause(Enum):
    """At which step something could not be audited.

    `CONFIG`: which objects are excluded from the audit; `NAMESPACE`: the Namespace that an object lives in;
    `INVENTORY`: what policies read as `data.inventory`; `UNSUPPORTED`: something that changes results and that is not
    done here; `RUN`: the run as a whole.
    """

    DISCOVERY = "discovery"
    LIST = "list"
    CONFIG = "config"
    TEMPLATE = "template"
    CONSTRAINT = "constraint"
    NAMESPACE = "namespace"
    OBJECT = "object"
    EVALUATION = "evaluation"
    INVENTORY = "inventory"
    UNSUPPORTED = "unsupported"
    RUN = "run"
    SINK = "sink"


@dataclass(frozen=True, slots=True)
class Gap:
    """What could not be audited, and why.

    `reason` is one CamelCase word (`Forbidden`, `Gone`, `NoEngine`), `message` a sentence that names thing, field and
    value. `kind` with an empty `kind.kind` stands for every kind of that group and version. `policy` is a template's
    kind (`K8sRequiredLabels`) or a constraint's key (`K8sRequiredLabels/must-have-owner`), `policies` are several of
    these that one thing touches. `namespace` says that only objects in it are concerned.

    Those named last are concerned: of a policy an object, else a kind, else a namespace, else everything.
    """

    cause: Cause
    reason: str
    message: str
    kind: Kind | None = None
    object: ObjectRef | None = None
    policy: str = ""
    namespace: str = ""
    policies: tuple[str, ...] = ()
