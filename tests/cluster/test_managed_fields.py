"""managedFields on the real server: policies that read them see all of them, others none, and all answers are right."""

from __future__ import annotations

from typing import Any

import pytest
from cluster.deployed import Cluster
from cluster.policies import config_map, constraint, template

pytestmark = pytest.mark.cluster
MANAGERS = """package managers

violation[{"msg": msg}] {
  names := sort({m.manager | m := managed(input.review.object.metadata)[_]})
  msg := sprintf("%v is managed by %v", [input.review.object.metadata.name, concat(", ", names)])
}

managed(metadata) = metadata.managedFields
"""
SEEING = constraint("K8sTestManagers", "managers", "ConfigMap")
OWNED = constraint("K8sTestOwned", "owned", "ConfigMap", ["owner"])
TEAMED = constraint("K8sTestOwned", "teamed", "Service", ["team"])


def tricky(name: str) -> dict[str, Any]:
    """An object whose data has what looks like managedFields."""
    texts = {"json": '{"metadata":{"managedFields":[{"manager":"x"}]},"a', "end": ']},"spec":{'}
    return {**config_map(name), "data": texts}


@pytest.mark.parametrize("policies", [[OWNED, TEAMED], [OWNED, TEAMED, SEEING]], ids=["nobody reads them", "one does"])
def test_managed_fields_are_there_for_who_reads_them(cluster: Cluster, policies: list[dict[str, Any]]) -> None:
    cluster.load_policies([template("K8sTestOwned"), template("K8sTestManagers", MANAGERS)], policies)
    for number in range(3):
        cluster.api.apply(tricky(f"managed-{number}"))
    assert cluster.patrol().once().code == 0
    owned = {each["name"]: each["message"] for each in cluster.status(OWNED)["violations"]}
    assert {name for name in owned if name.startswith("managed-")} == {f"managed-{number}" for number in range(3)}
    if SEEING in policies:
        seen = {each["name"]: each["message"] for each in cluster.status(SEEING)["violations"]}
        assert seen["managed-1"] == "managed-1 is managed by tests"
