"""What a constraint asks to be done about its violations (compatibility, section 7)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Final

from constraints.errors import ConstraintError
from constraints.fields import quoted
from constraints.model import SCOPED, Json, Point

DENY: Final = "deny"
_SIMPLE: Final = ("deny", "dryrun", "warn")
_POINTS: Final = ("validation.gatekeeper.sh", "audit.gatekeeper.sh", "gator.gatekeeper.sh", "vap.k8s.io", "*")
_REFUSED: Final = "could not validate enforcement actions: unrecognized"


def actions_of(spec: Mapping[str, Json], point: Point) -> tuple[str, tuple[str, ...]]:
    """`spec.enforcementAction`, and the distinct actions that hold at `point`, in the order of the constraint.

    The action is deny when it is absent; an explicit empty text stays as it is. Gator takes any text for an action and
    any name for a point; a cluster refuses those that do not exist. Raises ConstraintError.
    """
    action = spec.get("enforcementAction", DENY)
    if point is not Point.GATOR:
        _check(action, spec.get("scopedEnforcementActions"))
    if action != SCOPED:
        return action, (action,)
    entries = spec.get("scopedEnforcementActions")
    if entries is None:
        raise ConstraintError("missing required field: spec.scopedEnforcementActions must be defined")
    held = (entry.get("action", "") for entry in entries if {"*", point.value} & set(_points(entry)))
    return action, tuple(dict.fromkeys(held))


def _points(entry: Mapping[str, Json]) -> Iterator[str]:
    return (point.get("name", "") for point in entry.get("enforcementPoints", ()))


def _check(action: str, entries: Json) -> None:
    if action not in (*_SIMPLE, SCOPED, ""):
        raise _unrecognized("enforcementAction", "spec.enforcementAction", action, (*_SIMPLE, SCOPED))
    if action != SCOPED or entries is None:
        return
    if not entries:
        raise ConstraintError("missing required field: spec.scopedEnforcementActions must not be empty")
    for at, entry in enumerate(entries):
        _check_entry(f"spec.scopedEnforcementActions[{at}]", entry)


def _check_entry(path: str, entry: Mapping[str, Json]) -> None:
    if entry.get("action") not in _SIMPLE:
        raise _unrecognized("enforcementAction", f"{path}.action", entry.get("action"), _SIMPLE)
    names = list(_points(entry))
    if not names:
        raise ConstraintError(f"missing required field: {path}.enforcementPoints must name an enforcement point")
    for at, name in enumerate(names):
        if name not in _POINTS:
            raise _unrecognized("enforcementPoint", f"{path}.enforcementPoints[{at}].name", name, _POINTS)


def _unrecognized(what: str, path: str, value: Json, supported: tuple[str, ...]) -> ConstraintError:
    return ConstraintError(f"{_REFUSED} {what} {quoted(value)} in {path}, supported values are: {', '.join(supported)}")
