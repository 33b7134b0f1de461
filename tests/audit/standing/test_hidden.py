"""What a run could not see is told by its gaps."""

from __future__ import annotations

from typing import Any

import pytest
from builders import DEPLOYMENT, POD, SERVICE, unlisted

from audit.standing.hidden import Hidden
from constraints import Cause, Gap, Kind, ObjectRef

NAME = "K8sTest/one"
HERE, ELSEWHERE = "shop", "other"
ANY_GROUP = Kind("apps", "v1", "")


@pytest.mark.parametrize(
    ("gap", "hidden"),
    [
        pytest.param(
            Gap(Cause.EVALUATION, "x", "", POD, ObjectRef(POD, HERE, "a"), NAME), {("Pod", HERE, "a")}, id="one object"
        ),
        pytest.param(unlisted(POD), {("Pod", HERE, "a"), ("Pod", HERE, "b"), ("Pod", ELSEWHERE, "a")}, id="the kind"),
        pytest.param(
            Gap(Cause.LIST, "x", "", POD, namespace=HERE),
            {("Pod", HERE, "a"), ("Pod", HERE, "b")},
            id="the kind in one namespace",
        ),
        pytest.param(
            Gap(Cause.NAMESPACE, "x", "", namespace=HERE, policy=NAME),
            {("Pod", HERE, "a"), ("Pod", HERE, "b"), ("Deployment", HERE, "a")},
            id="the namespace",
        ),
        pytest.param(unlisted(ANY_GROUP), {("Deployment", HERE, "a")}, id="the whole group"),
        pytest.param(Gap(Cause.EVALUATION, "x", "", policy="K8sTest"), "all", id="the template"),
        pytest.param(Gap(Cause.UNSUPPORTED, "x", "", policy=NAME), "all", id="the constraint"),
        pytest.param(Gap(Cause.LIST, "RunTimeout", ""), "all", id="everything"),
        pytest.param(Gap(Cause.INVENTORY, "x", "", SERVICE, policy="K8sTest"), "all", id="what the policy reads"),
        pytest.param(Gap(Cause.CONFIG, "x", ""), set(), id="an old Config"),
        pytest.param(Gap(Cause.TEMPLATE, "x", "", policy="K8sTest"), set(), id="a CRD that could not be written"),
        pytest.param(Gap(Cause.SINK, "x", ""), set(), id="a sink"),
    ],
)
def test_a_gap_hides_the_narrowest_thing_that_it_names(gap: Gap, hidden: Any) -> None:
    objects = [("Pod", HERE, "a"), ("Pod", HERE, "b"), ("Pod", ELSEWHERE, "a"), ("Deployment", HERE, "a")]
    kinds = {"Pod": POD, "Deployment": DEPLOYMENT}
    found = {(k, ns, n) for k, ns, n in objects if Hidden.of([gap]).hides((kinds[k], ns), n)}
    assert found == (set(objects) if hidden == "all" else hidden)
