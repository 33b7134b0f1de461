"""What one run could not see of the objects that may break a constraint (pure)."""

from __future__ import annotations

from collections.abc import Iterable

from constraints import Gap, Kind
from constraints.dataclass import dataclass
from constraints.model import ANY, Cause

Bucket = tuple[Kind, str]  # a kind and a namespace
Region = tuple[str | None, str, str]  # group, kind, namespace; None and empty ones stand for every one

EVERYWHERE: Region = (None, "", "")
# These say that something is old, wrong or not written; what was looked at was seen all the same.
HIDING_NOTHING = frozenset({Cause.CONFIG, Cause.TEMPLATE, Cause.CONSTRAINT, Cause.SINK})


@dataclass(frozen=True, slots=True)
class Hidden:
    """The objects of which a run does not know whether they break one constraint: by region, and one by one."""

    regions: frozenset[Region] = frozenset()
    objects: frozenset[tuple[str, str, str, str]] = frozenset()

    @classmethod
    def of(cls, gaps: Iterable[Gap]) -> Hidden:
        """From the gaps that concern the constraint; of each the narrowest thing that it names is hidden."""
        hiding = [gap for gap in gaps if gap.cause not in HIDING_NOTHING and not _is_of_generated(gap)]
        objects = [g.object for g in hiding if g.object is not None]
        return cls(
            frozenset(_region(gap) for gap in hiding if gap.object is None),
            frozenset((o.kind.group, o.kind.kind, o.namespace, o.name) for o in objects),
        )

    def __bool__(self) -> bool:
        return bool(self.regions or self.objects)

    def covers(self, bucket: Bucket) -> bool:
        """Whether every object of this kind and namespace is hidden."""
        kind, namespace = bucket
        kinds = ((None, ""), (kind.group, ""), (kind.group, kind.kind), (ANY, kind.kind))
        return any((*which, where) in self.regions for which in kinds for where in ("", namespace))

    def touched(self) -> frozenset[Region]:
        """The regions of the objects that are hidden one by one."""
        return frozenset(item[:3] for item in self.objects)

    def hides(self, bucket: Bucket, name: str) -> bool:
        """Whether the object of this kind, namespace and name is hidden."""
        kind, namespace = bucket
        return (kind.group, kind.kind, namespace, name) in self.objects or self.covers(bucket)


def _is_of_generated(gap: Gap) -> bool:
    """Whether it is about objects of a kind that are generated elsewhere, and that no run of ours has ever seen."""
    return gap.cause is Cause.UNSUPPORTED and gap.kind is not None


def _region(gap: Gap) -> Region:
    if gap.cause is Cause.INVENTORY:  # its kind is one that the policy reads, not one that was to be audited
        return EVERYWHERE
    return (gap.kind.group, gap.kind.kind, gap.namespace) if gap.kind else (None, "", gap.namespace)
