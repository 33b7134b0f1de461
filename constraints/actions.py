"""What a constraint asks to be done about its violations (contract, section 7)."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from constraints.errors import ConstraintError
from constraints.fields import quoted
from constraints.model import Json, Point

DENY: Final = "deny"
SCOPED: Final = "scoped"
_SIMPLE = ("deny", "dryrun", "warn")
_POINTS = ("validation.gatekeeper.sh", "audit.gatekeeper.sh", "gator.gatekeeper.sh", "vap.k8s.io", "*")
_REFUSED = "could not validate enforcement actions"


def action_of(spec: Mapping[str, Json]) -> str:
    """`spec.enforcementAction`: deny when it is absent; an explicit empty text stays empty and counts as deny."""
    action = spec.get("enforcementAction", DENY)
    if action not in (*_SIMPLE, SCOPED, ""):
        supported = " ".join((*_SIMPLE, SCOPED))
        raise ConstraintError(f"{_REFUSED}: unrecognized enforcementAction: {quoted(action)} is not supported, supported values are: [{supported}]")
    return str(action)


def scoped_actions(spec: Mapping[str, Json], point: Point) -> tuple[str, ...]:
    """The distinct actions of `spec.scopedEnforcementActions` that hold at `point`, in the order of the constraint."""
    entries = spec.get("scopedEnforcementActions")
    if not isinstance(entries, list) or not entries:
        raise ConstraintError("missing required field: spec.scopedEnforcementActions must be defined")
    found: dict[str, None] = {}
    for at, entry in enumerate(entries):
        action, points = _entry(f"spec.scopedEnforcementActions[{at}]", entry)
        if "*" in points or point.value in points:
            found[action] = None
    return tuple(found)


def _entry(path: str, entry: Json) -> tuple[str, list[str]]:
    entry = entry if isinstance(entry, Mapping) else {}
    action = entry.get("action")
    if action not in _SIMPLE:
        raise ConstraintError(f"{_REFUSED}: unrecognized enforcementAction: {path}.action is {quoted(action)}, supported values are: [{' '.join(_SIMPLE)}]")
    points = entry.get("enforcementPoints")
    names = [point.get("name") for point in points if isinstance(point, Mapping)] if isinstance(points, list) else []
    if not names:
        raise ConstraintError(f"{_REFUSED}: {path}.enforcementPoints must name at least one enforcement point")
    for name in names:
        if name not in _POINTS:
            raise ConstraintError(f"{_REFUSED}: {path}.enforcementPoints: unrecognized enforcement point {quoted(name)}, supported values are: [{' '.join(_POINTS)}]")
    return str(action), names
