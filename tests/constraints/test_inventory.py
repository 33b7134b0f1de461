"""Where an object stands in the referential data."""

from __future__ import annotations

from typing import Any

import pytest

from constraints import Inventory


@pytest.mark.parametrize(
    ("metadata", "cluster", "namespace"),
    [
        pytest.param({"name": "a"}, ["a"], [], id="no namespace"),
        pytest.param({"name": "a", "namespace": "shop"}, [], ["shop"], id="a namespace"),
        pytest.param({"name": "a", "namespace": ""}, ["a"], [], id="an empty namespace"),
        pytest.param({"name": "a", "namespace": ["shop"]}, ["a"], [], id="a namespace that is a list"),
        pytest.param({"name": {"of": "a"}}, [""], [], id="a name that is an object"),
        pytest.param({"name": 7}, [""], [], id="a name that is a number"),
        pytest.param("a", [""], [], id="metadata that is a text"),
        pytest.param(None, [""], [], id="no metadata"),
    ],
)
def test_names_of_a_wrong_type_count_as_absent(metadata: Any, cluster: list[str], namespace: list[str]) -> None:
    tree: Any = Inventory.of([{"apiVersion": "v1", "kind": "Pod", "metadata": metadata}]).tree
    assert list(tree.get("cluster", {}).get("v1", {}).get("Pod", {})) == cluster
    assert list(tree.get("namespace", {})) == namespace


def test_a_kind_of_place_without_objects_is_not_there() -> None:
    assert set(Inventory.of([{"apiVersion": "v1", "kind": "Node", "metadata": {"name": "a"}}]).tree) == {"cluster"}
    assert not Inventory().tree
