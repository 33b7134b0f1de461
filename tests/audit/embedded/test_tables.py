"""Tables, as `kubectl get` asks for them."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from audit.embedded import EmbeddedCluster
from audit.embedded.jsonpaths import first_text
from audit.embedded.tables import elapsed

TABLE = "application/json;as=Table;v=v1;g=meta.k8s.io,application/json"


def test_a_list_of_pods_has_the_columns_that_people_know(cluster: EmbeddedCluster, ask: Any) -> None:
    spec = {"containers": [{"name": "a"}, {"name": "b"}], "nodeName": "n1"}
    status = {"phase": "Running", "containerStatuses": [{"ready": True, "restartCount": 2}]}
    cluster.load([{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}, "spec": spec, "status": status}])
    table = ask("GET", "/api/v1/pods", Accept=TABLE).json
    names = [column["name"] for column in table["columnDefinitions"]]
    assert names == ["Name", "Ready", "Status", "Restarts", "Age", "IP", "Node"]
    (row,) = table["rows"]
    assert row["cells"][:4] == ["p", "1/2", "Running", "2"]
    assert row["object"]["kind"] == "PartialObjectMetadata"


def test_a_custom_kind_has_the_columns_of_its_definition(
    cluster: EmbeddedCluster, ask: Any, widgets_served: str
) -> None:
    cluster.load([{"apiVersion": "demo.io/v1", "kind": "Widget", "metadata": {"name": "w"}, "spec": {"size": 4}}])
    table = ask("GET", f"{widgets_served}/w?includeObject=Object", Accept=TABLE).json
    assert [column["name"] for column in table["columnDefinitions"]] == ["Name", "Size"]
    assert table["rows"][0]["cells"] == ["w", 4]
    assert table["rows"][0]["object"]["spec"]["size"] == 4


def test_rows_come_in_pages_too(ask: Any) -> None:
    table = ask("GET", "/api/v1/namespaces?limit=3&includeObject=None", Accept=TABLE).json
    assert len(table["rows"]) == 3
    assert "object" not in table["rows"][0]
    assert table["metadata"]["remainingItemCount"] == 1


@pytest.mark.parametrize(
    ("path", "value"),
    [
        pytest.param(".spec.size", 3, id="a field"),
        pytest.param(r".metadata.labels.a\.b/c", "x", id="a field with an escaped dot"),
        pytest.param(".metadata.labels['a.b/c']", "x", id="a quoted field"),
        pytest.param(".list[1].n", 2, id="an index"),
        pytest.param(".list[*].n", 1, id="the first of all"),
        pytest.param(".list[?(@.k=='b')].n", 2, id="an item by its field"),
        pytest.param(".nothing.at.all", None, id="nothing"),
        pytest.param(".spec", '{"size":3}', id="an object becomes JSON"),
    ],
)
def test_json_paths_of_columns(path: str, value: Any) -> None:
    items = [{"k": "a", "n": 1}, {"k": "b", "n": 2}]
    obj = {"spec": {"size": 3}, "metadata": {"labels": {"a.b/c": "x"}}, "list": items}
    assert first_text(obj, path) == value


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (5, "5s"),
        (119, "119s"),
        (125, "2m5s"),
        (3600, "60m"),
        (7500, "2h5m"),
        (90_000 * 3, "3d3h"),
        (86_400 * 40, "40d"),
    ],
)
def test_ages_are_short(seconds: int, text: str) -> None:
    since = datetime.now(UTC) - timedelta(seconds=seconds, milliseconds=100)
    assert elapsed(since.isoformat()) == text
