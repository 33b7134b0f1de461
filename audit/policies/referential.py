"""Lists the objects that policies read as `data.inventory` (compatibility, section 8.3)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import cast

from audit.errors import KubeError
from audit.kube.replies import shown
from audit.model import Resource
from audit.policies.exclusions import CONFIG, NAME
from audit.policies.reading import Kept, OnPage, Reader
from audit.policies.weight import InventoryTooLarge, Scales
from constraints import Cause, Gap, Inventory, Kind
from constraints.dataclass import dataclass
from constraints.model import Json, Object

SYNC_SETS = Resource(Kind("syncset.gatekeeper.sh", "v1alpha1", "SyncSet"), "syncsets", False)
NOTHING = Inventory()


@dataclass(frozen=True, slots=True)
class Shortfall:
    """Why a part of the inventory is missing or old; `kind` is None when it is not known which.

    `lost`: nothing is known of that part, not even from an earlier run.
    """

    reason: str
    message: str
    kind: Kind | None = None
    lost: bool = False

    def gap(self, policy: str, policies: Iterable[str]) -> Gap:
        """As a gap of the template `policy`, one of the `policies` that need the inventory."""
        message = f"data.inventory: {self.message}; needed by {', '.join(policies)}"
        return Gap(Cause.INVENTORY, self.reason, message, self.kind, policy=policy)


@dataclass(frozen=True, slots=True)
class Sync:
    """The kinds to be synced, and what was wrong with the rows that name them."""

    kinds: tuple[Kind, ...]
    problems: tuple[Shortfall, ...] = ()


def wanted(config: Object | None, sync_sets: Iterable[Object]) -> Sync:
    """The union of `Config.spec.sync.syncOnly` and the `gvks` of all SyncSets, each kind once and in order."""
    found: set[Kind] = set()
    problems: list[Shortfall] = []
    for where, rows in _sources(config, sync_sets):
        for path, row in _numbered(where, rows):
            kind = _kind(row)
            if kind is None:
                problems.append(Shortfall("InvalidSync", f"{path} must name a version and a kind, not {shown(row)}"))
            else:
                found.add(kind)
    return Sync(tuple(sorted(found)), tuple(problems))


class Synced:
    """Lists the kinds to be synced, and remembers of each what was listed last.

    All together take no more than `most` bytes (0 = no bound): a kind that does not fit is a Shortfall. Where old and
    new objects do not fit beside each other the old ones are given up before the new ones are read.
    """

    def __init__(self, most: int = 0) -> None:
        self._kept: dict[Kind, Kept[list[Object]]] = {}
        self._weights: dict[Kind, int] = {}
        self._most = most

    def load(self, reader: Reader, sync: Sync, excluded: Callable[[Object], bool]) -> tuple[Inventory, list[Shortfall]]:
        """List every kind of `sync`, less the `excluded` objects; a kind that cannot be listed is a Shortfall."""
        self._forget(sync.kinds)
        problems = list(sync.problems)
        for kind, kept in self._kept.items():
            error = self._renewed(reader, kind, excluded)
            if isinstance(error, NotServed):
                kept.drop([])
                problems.append(Shortfall("NotServed", str(error), kind))
            elif error is not None:
                last = "those of the last run are used" if kept.known else "and never were"
                what = "does not fit" if isinstance(error, InventoryTooLarge) else "could not be listed"
                message = f"{kind} {what}, {last}: {error}"
                problems.append(Shortfall(error.reason, message, kind, lost=not kept.known))
        objects = [item for kept in self._kept.values() for item in kept.value]
        return (Inventory.of(objects) if objects else NOTHING), problems

    def _forget(self, wanted: Sequence[Kind]) -> None:
        """What is not wanted any more; and all, where it could not be kept beside what comes."""
        self._kept = {kind: self._kept.get(kind, Kept([])) for kind in wanted}
        self._weights = {kind: weight for kind, weight in self._weights.items() if kind in self._kept}
        if self._most and 2 * sum(self._weights.values()) > self._most:
            for kept in self._kept.values():
                for item in kept.value:
                    # Policies hold on to the inventory of the last run until they see another one.
                    cast("dict[str, Json]", item).clear()
            self._kept, self._weights = {kind: Kept([]) for kind in wanted}, {}

    def _renewed(self, reader: Reader, kind: Kind, excluded: Callable[[Object], bool]) -> KubeError | None:
        others = sum(weight for other, weight in self._weights.items() if other != kind)
        scales = Scales(self._most, held=others)
        error = self._kept[kind].renew(lambda: _objects(reader, kind, excluded, scales.page))
        if error is None:
            self._weights[kind] = scales.total
        return error

    def counts(self) -> Counter[str]:
        """The objects that were listed last, by kind; kinds of the same name in two groups are counted together."""
        found: Counter[str] = Counter()
        for kind, kept in self._kept.items():
            found[kind.kind] += len(kept.value)
        return found


class NotServed(KubeError):
    """A kind that is to be synced, and that the cluster does not serve."""


def _objects(reader: Reader, kind: Kind, excluded: Callable[[Object], bool], arrived: OnPage) -> list[Object]:
    """The objects of a kind that are not excluded. Raises KubeError."""
    resource = reader.exactly(kind)
    if resource is None:
        raise NotServed(f"{kind} is not served by the cluster, or cannot be listed")
    return reader.objects(resource, arrived, excluded)


def gaps(problems: Sequence[Shortfall], policies: Sequence[str]) -> tuple[Gap, ...]:
    """One gap for each problem and each policy that it concerns: any part of the inventory may decide."""
    return tuple(problem.gap(policy, policies) for problem in problems for policy in policies)


def _sources(config: Object | None, sync_sets: Iterable[Object]) -> Iterator[tuple[str, Json]]:
    yield from _found(f"{CONFIG.kind} {NAME}: ", config, "spec", "sync", "syncOnly")
    for sync_set in sync_sets:
        name = _part(_part(sync_set, "metadata"), "name")
        yield from _found(f"SyncSet {name}: ", sync_set, "spec", "gvks")


def _found(who: str, value: Json, *path: str) -> Iterator[tuple[str, Json]]:
    """What stands at a path, or what stands in its way, which is no list of rows."""
    for at, name in enumerate(path):
        if value is not None and not isinstance(value, dict):
            yield who + ".".join(path[:at]), tuple(value) if isinstance(value, list) else value
            return
        value = _part(value, name)
    yield who + ".".join(path), value


def _numbered(where: str, rows: Json) -> Iterator[tuple[str, Json]]:
    if isinstance(rows, list):
        yield from ((f"{where}[{number}]", row) for number, row in enumerate(rows))
    elif rows is not None:
        yield where, rows


def _kind(row: Json) -> Kind | None:
    parts = [_part(row, name) for name in ("group", "version", "kind")]
    group, version, kind = (part if part is not None else "" for part in parts)
    if not all(isinstance(part, str) for part in (group, version, kind)) or not (version and kind):
        return None
    return Kind(group, version, kind)


def _part(value: Json, name: str) -> Json:
    return value.get(name) if isinstance(value, dict) else None
