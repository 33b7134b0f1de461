"""Expressions as long as cel-go takes them: answered, without code of their own where that would take seconds."""

from __future__ import annotations

import tracemalloc
from collections.abc import Callable

import pytest

from constraints.drivers.cel import CelDriver
from constraints.inventory import EMPTY

OBJECT = {"spec": {"name": "x", "ok": True, "items": ["a"]}}
CHAINS = [  # of so many parts
    (12_000, lambda n: " && ".join(["true"] * n), True),
    (2_600, lambda n: " && ".join(["(object.spec.ok || object.spec.no)"] * n), True),
    (5_000, lambda n: " && ".join(["!object.spec.ok"] * n), False),
    (3_200, lambda n: " || ".join(f"object.spec.name == 'a{at}'" for at in range(n)), False),
    (2_300, lambda n: " && ".join(f"object.spec.items.all(i, i != 'b{at}')" for at in range(n)), True),
    (9_000, lambda n: "object.spec.name in [" + ", ".join(f"'a{at}'" for at in range(n)) + ", 'x']", True),
]


def messages(source: dict[str, object]) -> list[str]:
    program = CelDriver().compile("Large", source).program({"wanted": "y"})
    return [finding.message for finding in program({"object": OBJECT, "operation": ""}, EMPTY)]


def verdict(text: str) -> bool:
    found = messages({"validations": [{"expression": text, "message": "no"}]})
    assert found in ([], ["no"])
    return not found


@pytest.mark.parametrize(("parts", "chain", "holds"), CHAINS, ids=[chain(1) for _, chain, _ in CHAINS])
def test_a_long_chain_is_answered_without_much_memory(parts: int, chain: Callable[[int], str], holds: bool) -> None:
    assert verdict(chain(parts)) == holds
    tracemalloc.start()  # all takes three times as long from here
    try:
        found = verdict(chain(parts // 4))
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert found == holds
    assert most < 15_000_000


def test_a_large_policy_has_variables_conditions_parameters_and_messages_like_any_other() -> None:
    source = {
        "variables": [
            {"name": "many", "expression": " && ".join(["object.spec.ok"] * 3_000)},
            {"name": "late", "expression": "variables.many ? variables.params.wanted : 'z'"},
        ],
        "matchCondition": [{"name": "ok", "expression": "variables.many"}],
        "validations": [
            {"expression": "object.spec.name == variables.late", "messageExpression": "'wants ' + variables.late"}
        ],
    }
    assert messages(source) == ["wants y"]


@pytest.mark.parametrize("key", ["int('x') == 1", "object.spec[b'a'] == 1", "'a'.find('(') == ''"])
def test_constants_that_fail_are_found_in_large_expressions_too(key: str) -> None:
    (found,) = messages({"validations": [{"expression": " && ".join(["true"] * 3_000) + f" && {key}"}]})
    assert found.startswith("compilation error: program instantiation failed: ")


@pytest.mark.parametrize("text", [" + ".join(["1"] * 250) + " == 250", "object" + ".spec" * 249 + " == 1"])
def test_chains_are_as_long_as_in_cel_go(text: str) -> None:
    assert all("max recursion depth" not in message for message in messages({"validations": [{"expression": text}]}))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        (" + ".join(["1"] * 251) + " == 251", "max recursion depth exceeded"),
        (" + ".join(["1"] * 252), "max recursion depth exceeded"),
        ("object" + ".a" * 251, "max recursion depth exceeded"),
        ("true ? 1 : " * 250 + "1", "expression recursion limit exceeded: 250"),
        (" " * 100_001, "expression code point size exceeds limit: size: 100001, limit 100000"),
    ],
    ids=lambda value: str(value)[:12],
)
def test_what_is_beyond_the_limits_of_cel_go_is_refused_nowhere_in_particular(text: str, message: str) -> None:
    (found,) = messages({"validations": [{"expression": text}]})
    assert found == f"compilation error: compilation failed: ERROR: <input>:-1:0: {message}"


@pytest.mark.parametrize(("parameters", "keys"), [(10_000, 2), (10_001, 0)])
def test_of_a_query_of_more_parameters_than_go_reads_none_is_read(parameters: int, keys: int) -> None:
    query = "a&" * (parameters - 1) + "b"
    assert verdict(f"url('https://a.b/c?{query}').getQuery().size() == {keys}")


DEEP = [  # as deep as gator 3.23 takes it, and what it says one level deeper
    (249, lambda n: "(" * n + "true" + ")" * n, "expression recursion limit exceeded: 250"),
    (249, lambda n: "dyn(" * n + "1" + ")" * n + " == 1", "expression recursion limit exceeded: 250"),
    (249, lambda n: "[true].exists(x, " * n + "true" + ")" * n, "expression recursion limit exceeded: 250"),
    (249, lambda n: "[0][" * n + "0" + "]" * n + " == 0", "expression recursion limit exceeded: 250"),
    (249, lambda n: "false ? false : " * n + "true", "expression recursion limit exceeded: 250"),
    (124, lambda n: "1 + (" * n + "1" + ")" * n + " != 0", "expression recursion limit exceeded: 250"),
    (124, lambda n: "true == (" * n + "true" + ")" * n, "expression recursion limit exceeded: 250"),
    (125, lambda n: "[1].filter(x, " * n + "true" + ") == [1]" * n, "max recursion depth exceeded"),
]


@pytest.mark.parametrize(("levels", "nest", "words"), DEEP, ids=[nest(1) for _, nest, _ in DEEP])
def test_an_expression_nests_as_deeply_as_cel_go_takes_it(levels: int, nest: Callable[[int], str], words: str) -> None:
    assert verdict(nest(levels))
    assert messages({"validations": [{"expression": nest(levels + 1)}]}) == [
        f"compilation error: compilation failed: ERROR: <input>:-1:0: {words}"
    ]


def test_a_deep_policy_has_variables_and_messages_like_any_other() -> None:
    deep = "(" * 200
    source = {
        "variables": [{"name": "name", "expression": f"{deep}object.spec.name{')' * 200}"}],
        "validations": [{"expression": "variables.name != 'x'", "messageExpression": "'is ' + variables.name"}],
    }
    assert messages(source) == ["is x"]
