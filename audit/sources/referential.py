"""Lists the objects that policies read as `data.inventory` (contract, section 8)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Sequence
from dataclasses import dataclass

from audit.errors import KubeError
from audit.model import Resource
from audit.sources.exclusions import CONFIG, NAME
from audit.sources.reading import Reader
from constraints import Cause, Gap, Inventory, Kind
from constraints.model import Json, Object

SYNC_SETS = Resource(Kind("syncset.gatekeeper.sh", "v1alpha1", "SyncSet"), "syncsets", False)
NOTHING = Inventory()


@dataclass(frozen=True, slots=True)
class Trouble:
    """Why a part of the inventory is missing; `kind` is None when it is not known which."""

    reason: str
    message: str
    kind: Kind | None = None

    def gap(self, policy: str, policies: Iterable[str]) -> Gap:
        """As a gap of the template `policy`, one of the `policies` that need the inventory."""
        message = f"data.inventory: {self.message}; needed by {', '.join(policies)}"
        return Gap(Cause.INVENTORY, self.reason, message, self.kind, policy=policy)


@dataclass(frozen=True, slots=True)
class Sync:
    """The kinds to be synced, and what was wrong with the rows that name them."""

    kinds: tuple[Kind, ...]
    troubles: tuple[Trouble, ...] = ()


def wanted(config: Object | None, sync_sets: Iterable[Object]) -> Sync:
    """The union of `Config.spec.sync.syncOnly` and the `gvks` of all SyncSets, each kind once and in order."""
    found: set[Kind] = set()
    troubles: list[Trouble] = []
    for where, rows in _sources(config, sync_sets):
        for path, row in _numbered(where, rows):
            kind = _kind(row)
            if kind is None:
                troubles.append(Trouble("InvalidSync", f"{path} must name a version and a kind, not {row!r}"))
            else:
                found.add(kind)
    return Sync(tuple(sorted(found)), tuple(troubles))


def load(reader: Reader, sync: Sync, excluded: Callable[[Object], bool]) -> tuple[Inventory, list[Trouble]]:
    """List every kind of `sync`, less the `excluded` objects; a kind that cannot be listed is a Trouble."""
    objects: list[Object] = []
    troubles = list(sync.troubles)
    for kind in sync.kinds:
        try:
            resource = reader.exactly(kind)
            if resource is None:
                troubles.append(Trouble("NotServed", f"{kind} is not served by the cluster, or cannot be listed", kind))
                continue
            objects += [item for item in reader.objects(resource) if not excluded(item)]
        except KubeError as error:
            troubles.append(Trouble(error.reason, f"{kind} could not be listed: {error}", kind))
    return (Inventory.of(objects) if objects else NOTHING), troubles


def gaps(troubles: Sequence[Trouble], policies: Sequence[str]) -> tuple[Gap, ...]:
    """One gap for each trouble and each policy that it concerns: any part of the inventory may decide."""
    return tuple(trouble.gap(policy, policies) for trouble in troubles for policy in policies)


def _sources(config: Object | None, sync_sets: Iterable[Object]) -> Iterator[tuple[str, Json]]:
    sync = _part(_part(config, "spec"), "sync")
    yield f"{CONFIG.kind} {NAME}: spec.sync.syncOnly", _part(sync, "syncOnly")
    for sync_set in sync_sets:
        name = _part(_part(sync_set, "metadata"), "name")
        yield f"SyncSet {name}: spec.gvks", _part(_part(sync_set, "spec"), "gvks")


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
