"""What a write does to managedFields: changed fields change hands, applied ones may be in conflict."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from audit.embedded.listkeys import SchemaField
from audit.embedded.ownership import Owner, Path, Paths, leaves, merged, parse, render, text, without
from audit.embedded.refusals import Refusal, details
from audit.embedded.registry import Served
from constraints.dataclass import dataclass
from constraints.model import Json

APPLY: Final = "Apply"
UPDATE: Final = "Update"
_MISSING: Final = object()


@dataclass(frozen=True, slots=True)
class Applied:
    """A server-side apply: who applies what, and whether fields of others may be taken."""

    owner: Owner
    obj: Mapping[str, Json]
    force: bool = False


def place_of(served: Served) -> SchemaField:
    """The root of the objects of this resource."""
    return SchemaField("", served.schema, served.custom)


def updated(
    before: Mapping[str, Json] | None, after: Mapping[str, Json], owner: Owner, place: SchemaField
) -> list[Json]:
    """managedFields of `after`, which `owner` made out of `before` by an update or a patch."""
    old = leaves(before, place) if before else {}
    new = leaves(after, place)
    changed = frozenset(path for path, value in new.items() if old.get(path, _MISSING) != value)
    owned = _entries(after)
    kept = {one: frozenset(path for path in paths if path in new) - changed for one, paths in owned.items()}
    return render(_given(kept, owner, changed))


def _entries(obj: Mapping[str, Json]) -> dict[Owner, Paths]:
    return parse(obj.get("metadata", {}).get("managedFields") or ())


def _given(owned: Mapping[Owner, Paths], owner: Owner, paths: Paths) -> dict[Owner, Paths]:
    """`owned` with `paths` added to what this owner has; its entry gets the new time if something changed."""
    if not paths:
        return dict(owned)
    had = [one for one in owned if one.identity == owner.identity]
    others = {one: held for one, held in owned.items() if one not in had}
    mine = frozenset[Path]().union(*(owned[one] for one in had))
    return others | {owner: mine | paths}


def applied(served: Served, live: Mapping[str, Json], apply: Applied) -> dict[str, Json]:
    """`live` after the apply, with its managedFields; raises Refusal (409) when a field belongs to somebody else."""
    place = place_of(served)
    wanted = leaves(apply.obj, place)
    owned = _entries(live)
    mine, others = _divided(owned, apply.owner)
    contested = _contested(leaves(live, place), wanted, others)
    if contested and not apply.force:
        raise _conflict(served, live, contested)
    taken = frozenset(path for paths in contested.values() for path in paths)
    others = {one: paths - taken for one, paths in others.items()}
    result: dict[str, Json] = merged(live, apply.obj, place)
    still = frozenset(wanted).union(*others.values())
    for path in sorted(mine - still):
        result = without(result, path, place)
    return _with_fields(result, others | {_timed(owned, apply.owner, frozenset(wanted)): frozenset(wanted)})


def _divided(owned: Mapping[Owner, Paths], owner: Owner) -> tuple[Paths, dict[Owner, Paths]]:
    mine = frozenset[Path]().union(*(paths for one, paths in owned.items() if one.identity == owner.identity))
    return mine, {one: paths for one, paths in owned.items() if one.identity != owner.identity}


def _contested(
    live: Mapping[Path, Json], wanted: Mapping[Path, Json], others: Mapping[Owner, Paths]
) -> dict[Owner, Paths]:
    """Fields of others to which the apply gives another value."""
    differing = {path for path, value in wanted.items() if live.get(path, _MISSING) != value}
    found = {one: frozenset(paths & differing) for one, paths in others.items()}
    return {one: paths for one, paths in found.items() if paths}


def _timed(owned: Mapping[Owner, Paths], owner: Owner, paths: Paths) -> Owner:
    """The owner's old entry when it still holds the same fields, so that applying again changes nothing."""
    same = (one for one, held in owned.items() if one.identity == owner.identity and held == paths)
    return next((one for one in same if one.api_version == owner.api_version), owner)


def _with_fields(obj: Mapping[str, Json], owned: Mapping[Owner, Paths]) -> dict[str, Json]:
    return {**obj, "metadata": {**obj["metadata"], "managedFields": render(owned)}}


def _conflict(served: Served, live: Mapping[str, Json], contested: Mapping[Owner, Paths]) -> Refusal:
    causes = [
        {"reason": "FieldManagerConflict", "message": f"conflict with {_named(one)}", "field": text(path)}
        for one, paths in contested.items()
        for path in sorted(paths)
    ]
    listed = "; ".join(f"{cause['message']}: {cause['field']}" for cause in causes)
    count = "1 conflict" if len(causes) == 1 else f"{len(causes)} conflicts"
    name = live["metadata"].get("name", "")
    more = {"causes": causes}
    return Refusal(409, "Conflict", f"Apply failed with {count}: {listed}", details(served, name) | more)


def _named(owner: Owner) -> str:
    using = f" using {owner.api_version}" if owner.operation == UPDATE else ""
    return f'"{owner.manager}"{using}'
