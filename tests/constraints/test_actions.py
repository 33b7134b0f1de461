from __future__ import annotations

from typing import Any

import pytest

from constraints import Point
from constraints.actions import actions_of
from constraints.errors import ConstraintError


def scoped(*entries: Any) -> dict[str, Any]:
    return {"enforcementAction": "scoped", "scopedEnforcementActions": list(entries)}


def entry(action: str, *points: str) -> dict[str, Any]:
    return {"action": action, "enforcementPoints": [{"name": point} for point in points]}


@pytest.mark.parametrize(
    ("spec", "action", "actions"),
    [
        pytest.param({}, "deny", ("deny",), id="absent is deny"),
        pytest.param({"enforcementAction": "warn"}, "warn", ("warn",), id="a simple action"),
        pytest.param({"enforcementAction": ""}, "", ("",), id="an explicit empty text stays empty"),
        pytest.param(
            {"enforcementAction": "deny", "scopedEnforcementActions": [{"action": "x"}]},
            "deny",
            ("deny",),
            id="scopes count only when scoped",
        ),
        pytest.param(scoped(entry("warn", "audit.gatekeeper.sh")), "scoped", ("warn",), id="a point by name"),
        pytest.param(scoped(entry("warn", "*")), "scoped", ("warn",), id="every point"),
        pytest.param(scoped(entry("warn", "gator.gatekeeper.sh")), "scoped", (), id="another point"),
        pytest.param(
            scoped(entry("warn", "*"), entry("deny", "vap.k8s.io", "*"), entry("warn", "*")),
            "scoped",
            ("warn", "deny"),
            id="distinct, in order",
        ),
    ],
)
def test_actions_at_the_audit(spec: dict[str, Any], action: str, actions: tuple[str, ...]) -> None:
    assert actions_of(spec, Point.AUDIT) == (action, actions)


REFUSED = "could not validate enforcement actions: unrecognized "
FIRST = "spec.scopedEnforcementActions[0]"


@pytest.mark.parametrize(
    ("spec", "text"),
    [
        ({"enforcementAction": "block"}, REFUSED + 'enforcementAction "block" in spec.enforcementAction, supported values are: deny, dryrun, warn, scoped'),
        (scoped(entry("scoped", "*")), REFUSED + f'enforcementAction "scoped" in {FIRST}.action, supported values are: deny, dryrun, warn'),
        (scoped({"enforcementPoints": []}), REFUSED + f"enforcementAction null in {FIRST}.action, supported values are: deny, dryrun, warn"),
        (scoped(entry("deny", "x")), REFUSED + f'enforcementPoint "x" in {FIRST}.enforcementPoints[0].name, supported values are: validation.gatekeeper.sh, audit.gatekeeper.sh, gator.gatekeeper.sh, vap.k8s.io, *'),
        (scoped(entry("deny")), f"missing required field: {FIRST}.enforcementPoints must name an enforcement point"),
        (scoped(), "missing required field: spec.scopedEnforcementActions must not be empty"),
        ({"enforcementAction": "scoped"}, "missing required field: spec.scopedEnforcementActions must be defined"),
    ],
)  # fmt: skip
def test_the_audit_refuses_actions_and_points_that_do_not_exist(spec: dict[str, Any], text: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        actions_of(spec, Point.AUDIT)
    assert caught.value.message == text


@pytest.mark.parametrize(
    ("spec", "actions"),
    [
        ({"enforcementAction": "Deny"}, ("Deny",)),
        (scoped(entry("block", "*")), ("block",)),
        (scoped(), ()),
        (scoped({"action": "deny"}), ()),
    ],
)
def test_gator_takes_any_action(spec: dict[str, Any], actions: tuple[str, ...]) -> None:
    assert actions_of(spec, Point.GATOR)[1] == actions
