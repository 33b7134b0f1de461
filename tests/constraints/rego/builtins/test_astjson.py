"""`rego.parse_module`: small modules with the JSON that OPA 1.17.1 makes of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from regocalls import call

from constraints.errors import EvaluationError


def parsed(rego: str) -> Any:
    return json.loads(call("rego.parse_module", "f.rego", rego))


def term(text: str) -> Any:
    """What a term becomes, in short: lists for values, with their type in front."""
    return short(parsed(f"package p\nx := {text}")["rules"][0]["head"]["value"])


def short(node: Any) -> Any:
    if isinstance(node, dict) and set(node) == {"type", "value"}:
        kind, value = node["type"], short(node["value"])
        return value if kind in ("number", "string", "boolean") else [kind, value]
    if isinstance(node, dict):
        return {key: short(item) for key, item in node.items()}
    return [short(item) for item in node] if isinstance(node, list) else node


CALL = ["ref", [["var", "plus"]]]
X = ["var", "x"]
INPUT = ["ref", [["var", "input"]]]
COMPREHENSION = {"term": X, "body": [{"index": 0, "terms": INPUT}, {"index": 1, "negated": True, "terms": X}]}


@pytest.mark.parametrize(
    ("text", "node"),
    [
        ("null", ["null", {}]),
        ("-1.50", -1.5),
        ('"a\\n"', "a\n"),
        ("input", INPUT),
        ("data.a[x][_].b[_]", ["ref", [["var", "data"], "a", X, ["var", "$0"], "b", ["var", "$1"]]]),
        ("[1, [x]]", ["array", [1, ["array", [X]]]]),
        ('{"b": 1, "a": x, "b": 2}', ["object", [["a", X], ["b", 2]]]),
        ('{"a", 2, true, 1, 2}', ["set", [True, 1, 2, "a"]]),
        ("1 + x", ["call", [CALL, 1, X]]),
        ("a.b.c(x).d", ["ref", [["call", [["ref", [["var", "a"], "b", "c"]], X]], "d"]]),
        ("[x | input; not x]", ["arraycomprehension", COMPREHENSION]),
        ("{1: x | x}", ["objectcomprehension", {"key": 1, "value": X, "body": [{"index": 0, "terms": X}]}]),
        (
            '$"a {x} {1}"',
            ["templatestring", {"multi_line": False, "parts": ["a ", {"index": 0, "terms": X}, " ", 1]}],
        ),
        (
            "$`{x with input as 1}`",
            [
                "templatestring",
                {
                    "multi_line": True,
                    "parts": [{"index": 0, "terms": X, "with": [{"target": INPUT, "value": 1}]}],
                },
            ],
        ),
        ('$""', ["templatestring", {"multi_line": False, "parts": None}]),
    ],
)
def test_a_term_is_what_opa_makes_of_it(text: str, node: Any) -> None:
    assert term(text) == node


@pytest.mark.parametrize(
    ("text", "terms"),
    [
        ("x = 1", [["ref", [["var", "eq"]]], X, 1]),
        ("some x", {"symbols": [X]}),
        ("some x in input", {"symbols": [["call", [["ref", [["var", "internal"], "member_2"]], X, INPUT]]]}),
        ("every x in [] { true }", {"key": None, "value": X, "domain": ["array", []], "body": [{"index": 0, "terms": True}]}),
    ],
)  # fmt: skip
def test_a_statement_is_what_opa_makes_of_it(text: str, terms: Any) -> None:
    (rule,) = parsed(f"package p\nq if {{ {text} }}")["rules"]
    assert short(rule["body"]) == [{"index": 0, "terms": terms}]


ONE = {"name": "p", "ref": [["var", "p"]]}
TRUE = [{"index": 0, "terms": True}]


@pytest.mark.parametrize(
    ("text", "rule"),
    [
        ("p := 1", {"head": {**ONE, "assign": True, "value": 1}, "body": TRUE}),
        ("p contains x if x", {"head": {**ONE, "key": X}, "body": [{"index": 0, "terms": X}]}),
        ("default p(_) := 1", {"head": {**ONE, "args": [["var", "$0"]], "assign": True, "value": 1}, "body": TRUE, "default": True}),
        ("p[x] := 1 if x", {"head": {"name": "p", "key": X, "ref": [["var", "p"], X], "assign": True, "value": 1}, "body": [{"index": 0, "terms": X}]}),
        ("p.a = 1 if x", {"head": {"name": "p", "ref": [["var", "p"], "a"], "value": 1}, "body": [{"index": 0, "terms": X}]}),
        ("p[upper(1)] = 1 if x", {"head": {"name": "p", "ref": [["var", "p"], ["call", [["ref", [["var", "upper"]]], 1]]], "value": 1}, "body": [{"index": 0, "terms": X}]}),
        ("p.a if x", {"head": {"ref": [["var", "p"], "a"], "value": True}, "body": [{"index": 0, "terms": X}]}),
        ("p.a.b := 1", {"head": {"ref": [["var", "p"], "a", "b"], "assign": True, "value": 1}, "body": TRUE}),
        (
            "p(_) if x else := 2",
            {
                "head": {**ONE, "args": [["var", "$0"]], "value": True},
                "body": [{"index": 0, "terms": X}],
                "else": {"head": {**ONE, "args": [["var", "$1"]], "assign": True, "value": 2}, "body": TRUE},
            },
        ),
    ],
)  # fmt: skip
def test_a_rule_is_what_opa_makes_of_it(text: str, rule: Any) -> None:
    assert short(parsed(f"package p\n{text}")["rules"]) == [rule]


def test_a_module_has_its_package_all_imports_and_comments() -> None:
    found = parsed('package a["b c"] # C\nimport rego.v1\nimport data.x as x\n\n  #d')
    assert short(found) == {
        "package": {"path": [["var", "data"], "a", "b c"]},
        "imports": [
            {"path": ["ref", [["var", "rego"], "v1"]]},
            {"path": ["ref", [["var", "data"], "x"]], "alias": "x"},
        ],
        "comments": [
            {"Text": "IEM=", "Location": {"file": "f.rego", "row": 1, "col": 18}},
            {"Text": "ZA==", "Location": {"file": "f.rego", "row": 5, "col": 3}},
        ],
    }


def test_what_is_no_module_is_an_error_with_its_line() -> None:
    said = call("rego.parse_module", "f.rego", "package p\nq := [")
    assert said.startswith("eval_builtin_error: 1 error occurred: f.rego:2: rego_parse_error: ")


def test_what_cannot_be_shown_is_an_error_that_nobody_overlooks() -> None:
    with pytest.raises(EvaluationError, match=r"future\.keywords\.not cannot be shown"):
        parsed("package p\nimport future.keywords.not\nq if { not { x } }")
