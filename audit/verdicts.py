"""What one page of objects came to, as values that can be sent to another process or machine, in any order."""

from __future__ import annotations

import pickle
from collections import Counter
from collections.abc import Callable, Iterator, Mapping
from dataclasses import field, fields, replace
from itertools import chain
from operator import attrgetter
from typing import Any, Final

from audit.errors import OtherVersion
from audit.version import ours
from constraints import Constraint, Gap, Kind, ObjectRef, Violation
from constraints.dataclass import dataclass, value
from constraints.model import Json, Object

_DEPLOYMENT: Final = Kind("apps", "v1", "Deployment")
_CRON_JOB: Final = Kind("batch", "v1", "CronJob")
_CONSTRAINT: Final = attrgetter("constraint")
_MINUTES: Final = range(26_000_000, 100_000_000)  # since 1970: from 2019 on, which no date written as 20191231 is


@value
class Owner:
    """Who answers for an object: the top of its controllers, as far as the object itself tells.

    `uid` is empty where only the name could be told.
    """

    kind: Kind
    name: str
    uid: str = ""


@value
class Verdict:
    """What was found out about one object that some constraint matched.

    `matched` are the keys of the constraints that matched and were asked, in the order in which they were; one that ran
    out of time before, or that reads what is not known, was not asked. `gaps` say what could not be decided.
    """

    object: ObjectRef
    owner: Owner | None
    matched: tuple[str, ...]
    violations: tuple[Violation, ...] = ()
    gaps: tuple[Gap, ...] = ()

    @property
    def passed(self) -> tuple[str, ...]:
        """The keys of the constraints that matched and found nothing."""
        spoken = self.spoken
        return tuple(key for key in self.matched if key not in spoken)

    @property
    def spoken(self) -> set[str]:
        """The keys of the constraints that have a violation or a gap."""
        broken = {violation.constraint for violation in self.violations}
        return {constraint.key for constraint in broken} | {gap.policy for gap in self.gaps}


@dataclass(frozen=True, slots=True)
class Seconds:
    """What a page took: to make objects of its bytes, to find the constraints that match, to ask them."""

    decode: float = 0.0
    match: float = 0.0
    evaluate: float = 0.0


@dataclass(frozen=True, slots=True)
class Reviewed:
    """What one page of objects of one kind came to.

    There is a verdict for each object that some constraint matched; `others` are the identities of all others, first
    of those that a Config leaves out. `objects` and `excluded` count all that were listed and those that are left out.
    `unfinished` names the constraints that were not asked about some object for want of time. It can be pickled; who
    reads one that another version of this program has made gets OtherVersion.
    """

    kind: Kind
    verdicts: tuple[Verdict, ...] = ()
    objects: int = 0
    excluded: int = 0
    unfinished: tuple[Gap, ...] = ()
    others: tuple[str, ...] = ()
    seconds: Seconds = field(default_factory=Seconds)

    def parts(self, most: int) -> Iterator[Reviewed]:
        """The same in parts of `most` verdicts, which add up to it; what is not of one verdict is in the first."""
        yield replace(self, verdicts=self.verdicts[:most]) if len(self.verdicts) > most else self
        for at in range(most, len(self.verdicts), most):
            yield Reviewed(self.kind, self.verdicts[at : at + most])

    def violations(self) -> Iterator[Violation]:
        """All of them, in the order in which they were found."""
        return chain.from_iterable(verdict.violations for verdict in self.verdicts)

    def passes(self) -> Counter[str]:
        """How many objects each constraint matched without finding anything, by its key."""
        passes: Counter[str] = Counter()
        for keys, number in Counter([verdict.matched for verdict in self.verdicts]).items():  # most match the same ones
            for key in keys:
                passes[key] += number
        broken: list[tuple[tuple[str, ...], tuple[Constraint, ...]]] = []
        for verdict in self.verdicts:
            if verdict.gaps:
                passes.subtract(verdict.spoken.intersection(verdict.matched))
            elif verdict.violations:
                broken.append((verdict.matched, tuple(map(_CONSTRAINT, verdict.violations))))
        for (keys, constraints), number in Counter(broken).items():  # and most break the same ones
            for key in {constraint.key for constraint in constraints}.intersection(keys):
                passes[key] -= number
        return passes

    def __reduce__(self) -> tuple[Callable[..., Any], tuple[Any, ...]]:
        return received, sealed(Reviewed, {each.name: getattr(self, each.name) for each in fields(self)})


def sealed(of: Callable[..., Any], state: Mapping[str, Any]) -> tuple[Callable[..., Any], str, bytes]:
    """What `received` takes to call `of` with `state` in another process of this version."""
    return of, ours(), pickle.dumps(state, pickle.HIGHEST_PROTOCOL)


def received(of: Callable[..., Any], version: str, state: bytes) -> Any:
    """What was `sealed`. Raises OtherVersion, before anything is read, where another version of this program did it."""
    if version != ours():
        raise OtherVersion(f"results and rules of kube-patrol {version} cannot be used by kube-patrol {ours()}")
    return of(**pickle.loads(state))


def identity(namespace: str, name: str, uid: str) -> str:
    """Which object of a kind, as one text; one that was made anew is another one."""
    return f"{namespace}\0{name}\0{uid}"


def top_owner(obj: Object) -> Owner | None:
    """Who controls an object, None where nobody does.

    Where that is a ReplicaSet with the object's `pod-template-hash` in its name it is the Deployment that made the
    ReplicaSet, and where it is a Job whose name ends in the minute of its start it is the CronJob: nobody else gives
    such names, and neither has to be read for it. Nothing in `obj` is trusted: owners without a kind and a name are
    none.
    """
    metadata = obj["metadata"]
    references = metadata.get("ownerReferences")
    if type(references) is not list:
        return None
    found = next((each for each in references if isinstance(each, Mapping) and each.get("controller") is True), None)
    if found is None:
        return None
    version, kind, name, uid = (_text(found.get(field)) for field in ("apiVersion", "kind", "name", "uid"))
    if not (version and kind and name):
        return None
    return _above(kind, name, metadata) or Owner(Kind.of(version, kind), name, uid)


def _above(kind: str, name: str, metadata: Mapping[str, Json]) -> Owner | None:
    """Who controls the controller, where names tell."""
    if kind == "ReplicaSet":
        labels = metadata.get("labels")
        template = _text(labels.get("pod-template-hash")) if isinstance(labels, Mapping) else ""
        if template and name.endswith(f"-{template}"):
            return Owner(_DEPLOYMENT, name[: -len(template) - 1])
    elif kind == "Job":
        scheduled, _, minute = name.rpartition("-")
        if scheduled and len(minute) == 8 and minute.isdecimal() and int(minute) in _MINUTES:
            return Owner(_CRON_JOB, scheduled)
    return None


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""
