"""Strategic merge patch, directive by directive."""

from __future__ import annotations

from typing import Any

import pytest

from audit.embedded.refusals import Refusal
from audit.embedded.strategic import strategic_merge

A, B = {"name": "a", "image": "a:1"}, {"name": "b", "image": "b:1"}


@pytest.mark.parametrize(
    ("value", "patch", "merged"),
    [
        pytest.param({"x": 1, "y": 2}, {"x": None}, {"y": 2}, id="null removes"),
        pytest.param({"x": {"y": 1}}, {"x": {"z": 2}}, {"x": {"y": 1, "z": 2}}, id="maps merge"),
        pytest.param({"args": ["1"]}, {"args": ["2"]}, {"args": ["2"]}, id="plain lists are replaced"),
        pytest.param({"containers": [A, B]}, {"containers": [{"name": "b", "tty": True}]}, {"containers": [A, {**B, "tty": True}]}, id="named items merge"),
        pytest.param({"containers": [A, B]}, {"containers": [{"name": "a", "$patch": "delete"}]}, {"containers": [B]}, id="an item is deleted"),
        pytest.param({"containers": [A, B]}, {"containers": [{"$patch": "replace"}, B]}, {"containers": [B]}, id="a list is replaced"),
        pytest.param({"x": {"y": 1}}, {"x": {"$patch": "replace", "z": 2}}, {"x": {"z": 2}}, id="a map is replaced"),
        pytest.param({"x": {"y": 1}}, {"x": {"$patch": "delete"}}, {"x": {}}, id="a map is emptied"),
        pytest.param({"containers": [A, B]}, {"$setElementOrder/containers": [{"name": "b"}, {"name": "a"}]}, {"containers": [B, A]}, id="items are put in order"),
        pytest.param({"finalizers": ["a", "b"]}, {"$deleteFromPrimitiveList/finalizers": ["a"]}, {"finalizers": ["b"]}, id="a value is taken out of a set"),
        pytest.param({"finalizers": ["a"]}, {"finalizers": ["b"]}, {"finalizers": ["a", "b"]}, id="sets are joined"),
        pytest.param({"x": {"y": 1, "z": 2}}, {"x": {"$retainKeys": ["z"], "z": 3}}, {"x": {"z": 3}}, id="only some keys are kept"),
        pytest.param({"ports": [{"port": 80}]}, {"ports": [{"port": 80, "name": "h"}]}, {"ports": [{"port": 80, "name": "h"}]}, id="a service's ports go by port"),
    ],
)  # fmt: skip
def test_strategic_merge(value: Any, patch: Any, merged: Any) -> None:
    assert strategic_merge(value, patch) == merged


def test_an_unknown_directive_is_refused() -> None:
    with pytest.raises(Refusal, match="unknown patch type found: explode"):
        strategic_merge({}, {"$patch": "explode"})
