"""Values have OPA's order, equality and text."""

from __future__ import annotations

import itertools
from typing import Any

import pytest
from regocalls import read_json

from constraints.errors import EvaluationError
from constraints.rego.values.kinds import UNDEFINED, RegoObject, RegoSet, key_of, lookup, object_of, same
from constraints.rego.values.number import number_of
from constraints.rego.values.order import compare, in_order, type_name
from constraints.rego.values.plain import to_json
from constraints.rego.values.text import text


def set_of(*members: Any) -> RegoSet:
    return RegoSet.of(members)


ASCENDING = [
    None,
    False,
    True,
    -1,
    0.5,
    1,
    10,
    "",
    "1",
    "a",
    "é",
    "😀",
    [],
    [1],
    [1, 0],
    [2],
    [[]],
    {},
    object_of([(1, "x")]),
    {"a": 1},
    {"a": 1, "b": 0},
    {"a": 2},
    {"b": 0},
    set_of(),
    set_of(1, 5),
    set_of(2),
]


def test_values_have_one_order() -> None:
    assert in_order(reversed(ASCENDING)) == ASCENDING
    for (i, a), (j, b) in itertools.product(enumerate(ASCENDING), repeat=2):
        assert compare(a, b) == (i > j) - (i < j), (a, b)
        assert same(a, b) == (i == j), (a, b)
        assert (key_of(a) == key_of(b)) == (i == j), (a, b)


@pytest.mark.parametrize(
    ("one", "other"),
    [
        pytest.param(1, number_of("1.0"), id="numbers by value"),
        pytest.param([{"a": 1}], [{"a": number_of("1.0")}], id="numbers inside"),
        pytest.param(set_of(2, 1), set_of(1, 2, 2), id="sets by members"),
        pytest.param({"a": 1, "b": 2}, {"b": 2, "a": 1}, id="objects by pairs"),
        pytest.param(object_of([(1, "x")]), object_of([(number_of("1.0"), "x")]), id="keys by value"),
    ],
)
def test_equal_values_are_the_same(one: Any, other: Any) -> None:
    assert same(one, other)
    assert key_of(one) == key_of(other)
    assert compare(one, other) == 0


def test_true_is_not_one_however_deep() -> None:
    assert not same([{"a": True}], [{"a": 1}])
    assert len(set_of(True, 1, number_of("1.0"), False, 0)) == 4
    assert {True} & set_of([True], [1]).by_key.keys() == set()


def test_of_equal_members_the_first_stays() -> None:
    assert text(set_of(1, number_of("1.0"))) == "{1}"
    assert text(object_of([(number_of("1.0"), "x"), (1, "y")])) == '{1.0: "y"}'


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, "null"),
        (True, "true"),
        (1.5, "1.5"),
        ("é😀", '"é😀"'),
        ('"\\\a\b\f\n\r\t\v', r'"\"\\\a\b\f\n\r\t\v"'),
        ("\x00\x7f\u200b\u00a0\U000e0001", r'"\x00\x7f\u200b\u00a0\U000e0001"'),
        ("<&>", '"<&>"'),
        ([1, "a", [None]], '[1, "a", [null]]'),
        ({"b": 1, "a": {}}, '{"a": {}, "b": 1}'),
        (object_of([("a", 1), (2, 3), ([4], 5)]), '{2: 3, "a": 1, [4]: 5}'),
        (set_of("b", "a", 3), '{3, "a", "b"}'),
        (set_of(), "set()"),
        ([], "[]"),
    ],
)
def test_text(value: Any, shown: str) -> None:
    assert text(value) == shown


@pytest.mark.parametrize(
    ("value", "key", "found"),
    [
        ({"a": 1}, "a", 1),
        ({"a": 1}, 1, UNDEFINED),
        ([5], 0, 5),
        ([5], 1, UNDEFINED),
        ([5], -1, UNDEFINED),
        ([5, 6], True, UNDEFINED),
        ([5, 6], 1.0, 6),
        ([5, 6], number_of("1.0"), UNDEFINED),
        ([5], "0", UNDEFINED),
        (set_of("x"), "x", "x"),
        (set_of("x"), "y", UNDEFINED),
        (object_of([(1, "x")]), number_of("1.0"), "x"),
        ("text", 0, UNDEFINED),
        (None, "a", UNDEFINED),
    ],
)
def test_lookup(value: Any, key: Any, found: Any) -> None:
    assert lookup(value, key) == found


def test_an_object_with_string_keys_is_a_dict() -> None:
    assert object_of([("a", 1), ("b", 2), ("a", 3)]) == {"a": 3, "b": 2}
    assert isinstance(object_of([(1, 1)]), RegoObject)


def test_type_names() -> None:
    values = [None, True, 1, number_of("1.0"), "a", [], {}, object_of([(1, 1)]), set_of()]
    names = ["null", "boolean", "number", "number", "string", "array", "object", "object", "set"]
    assert list(map(type_name, values)) == names


def test_json_has_no_sets_and_only_string_keys() -> None:
    value = {"s": set_of(2, 1), "o": object_of([([1, "a"], number_of("1.0")), (None, True)])}
    assert to_json(value) == {"s": [1, 2], "o": {'[1,"a"]': 1.0, "null": True}}
    assert type(to_json(number_of("1.0"))) is float


def test_json_is_read_with_its_numbers() -> None:
    assert (
        text(read_json('{"a": [1.0, 1e3, 12345678901234567890, 0.1]}'))
        == '{"a": [1.0, 1e3, 12345678901234567890, 0.1]}'
    )


def nested(depth: int) -> list[Any]:
    value: list[Any] = []
    for _ in range(depth):
        value = [value]
    return value


@pytest.mark.parametrize(
    "walk", [key_of, text, to_json, lambda value: same(value, nested(10_000)), lambda v: compare(v, v)]
)
def test_a_value_deeper_than_the_stack_is_an_error_of_the_policy(walk: Any) -> None:
    with pytest.raises(EvaluationError, match="nested too deeply"):
        walk(nested(10_000))


def test_a_set_whose_members_are_made_later_is_like_any_other() -> None:
    def later() -> RegoSet:
        return RegoSet.later(2, lambda: ["a", "b"])

    plain = RegoSet.of(["a", "b"])
    assert (len(later()), later().is_made) == (2, False)
    assert later() == plain
    assert key_of(later()) == key_of(plain)
    assert "a" in later()
    assert later().by_key | RegoSet.of(["c"]).by_key == RegoSet.of("abc").by_key
    assert RegoSet.of(["c"]).by_key | later().by_key == RegoSet.of("abc").by_key
    assert {**later().by_key} == plain.by_key
    found = later()
    assert (list(found), found.is_made) == (["a", "b"], True)
