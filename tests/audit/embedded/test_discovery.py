"""Discovery: plain and aggregated, with groups that come, go and break."""

from __future__ import annotations

from typing import Any

import pytest

from audit.embedded import EmbeddedCluster
from audit.embedded.registry import version_rank

AGGREGATED = "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList,application/json"


def resources(document: Any) -> dict[str, Any]:
    return {row["name"]: row for row in document["resources"]}


def test_the_core_group_lists_its_resources_with_their_verbs(ask: Any) -> None:
    found = resources(ask("GET", "/api/v1").json)
    assert found["pods"]["kind"] == "Pod"
    assert found["pods"]["namespaced"] is True
    assert {"list", "get", "watch"} <= set(found["pods"]["verbs"])
    assert found["namespaces"]["namespaced"] is False
    assert found["pods/status"]["verbs"] == ["get", "patch", "update"]


def test_some_resources_can_only_be_created(ask: Any) -> None:
    (review,) = ask("GET", "/apis/authorization.k8s.io/v1").json["resources"]
    assert review["verbs"] == ["create"]
    assert ask("GET", "/apis/authorization.k8s.io/v1/selfsubjectaccessreviews").status == 405


def test_groups_name_their_preferred_version(ask: Any) -> None:
    groups = {group["name"]: group for group in ask("GET", "/apis").json["groups"]}
    assert groups["autoscaling"]["preferredVersion"]["version"] == "v2"
    assert [one["version"] for one in groups["autoscaling"]["versions"]] == ["v2", "v1"]
    assert ask("GET", "/apis/autoscaling").json["preferredVersion"]["groupVersion"] == "autoscaling/v2"


@pytest.mark.parametrize("path", ["/apis/nothing", "/apis/apps/v9", "/nothing", "/api/v2", "/apis/apps/v1/nothings"])
def test_what_is_not_served_is_a_plain_404(ask: Any, path: str) -> None:
    answer = ask("GET", path)
    assert (answer.status, answer.body) == (404, b"404 page not found\n")


def test_a_definition_adds_its_group_and_deleting_it_takes_the_group_away(ask: Any, widgets_served: str) -> None:
    assert resources(ask("GET", "/apis/demo.io/v1").json)["widgets"]["shortNames"] == ["wd"]
    assert ask("DELETE", "/apis/apiextensions.k8s.io/v1/customresourcedefinitions/widgets.demo.io").status == 200
    assert ask("GET", "/apis/demo.io/v1").status == 404


def test_aggregated_discovery_is_given_to_who_asks_for_it(ask: Any, widgets_served: str) -> None:
    answer = ask("GET", "/apis", Accept=AGGREGATED)
    assert answer.headers["content-type"] == "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList"
    groups = {item["metadata"]["name"]: item for item in answer.json["items"]}
    (first, _) = groups["demo.io"]["versions"]
    assert first["freshness"] == "Current"
    assert first["resources"][0]["resource"] == "widgets"
    assert first["resources"][0]["subresources"][0]["subresource"] == "status"
    core = ask("GET", "/api", Accept=AGGREGATED).json["items"]
    assert [item["versions"][0]["version"] for item in core] == ["v1"]


def test_a_broken_group_is_listed_but_cannot_be_read(cluster: EmbeddedCluster, ask: Any) -> None:
    cluster.broken.add("metrics.k8s.io/v1beta1")
    assert "metrics.k8s.io" in {group["name"] for group in ask("GET", "/apis").json["groups"]}
    answer = ask("GET", "/apis/metrics.k8s.io/v1beta1")
    assert (answer.status, answer.json["reason"]) == (503, "ServiceUnavailable")


def test_a_broken_group_is_stale_in_aggregated_discovery(cluster: EmbeddedCluster, ask: Any) -> None:
    cluster.broken.add("apps/v1")
    groups = {item["metadata"]["name"]: item for item in ask("GET", "/apis", Accept=AGGREGATED).json["items"]}
    assert groups["apps"]["versions"] == [{"version": "v1", "freshness": "Stale"}]
    assert ask("GET", "/apis/apps/v1/deployments").status == 503


def test_health_and_version_are_answered(ask: Any) -> None:
    assert ask("GET", "/readyz").body == b"ok"
    assert ask("GET", "/version").json["minor"] == "34"


def test_versions_are_ordered_by_stability_then_number() -> None:
    versions = ["v1alpha1", "foo", "v2", "v1beta2", "v10", "v1beta10", "v1"]
    assert sorted(versions, key=version_rank) == ["v10", "v2", "v1", "v1beta10", "v1beta2", "v1alpha1", "foo"]


def test_openapi_says_which_requests_validate_fields(ask: Any) -> None:
    place = ask("GET", "/openapi/v3").json["paths"]["api/v1"]["serverRelativeURL"]
    patch = ask("GET", place).json["paths"]["/api/v1/namespaces/{namespace}/pods/{name}"]["patch"]
    assert "fieldValidation" in {parameter["name"] for parameter in patch["parameters"]}
    assert patch["x-kubernetes-group-version-kind"] == {"group": "", "version": "v1", "kind": "Pod"}
