"""walk gives a value and all below it, before what they hold."""

from __future__ import annotations

from constraints.rego.builtins.walk import walk
from constraints.rego.values.kinds import RegoSet


def test_every_value_comes_with_its_path() -> None:
    assert list(walk({"b": [True, {}], "a": "x"})) == [
        [[], {"b": [True, {}], "a": "x"}],
        [["a"], "x"],
        [["b"], [True, {}]],
        [["b", 0], True],
        [["b", 1], {}],
    ]


def test_a_member_of_a_set_is_its_own_key() -> None:
    assert [path for path, _ in walk(RegoSet.of([[1], 2]))] == [[], [2], [[1]], [[1], 0]]


def test_a_scalar_is_all_there_is() -> None:
    assert list(walk(None)) == [[[], None]]


def test_depth_does_not_matter() -> None:
    root: list[object] = []
    for _ in range(2000):
        root = [root]
    assert sum(1 for _ in walk(root)) == 2001
