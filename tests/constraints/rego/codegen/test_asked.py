"""Whoever asks a partial rule for some keys does not meet the conflicts of others.

Each row was asked of gator 3.23: what a violation with that body says, the line of the conflict or whether it is there.
"""

from __future__ import annotations

import re

import pytest

from constraints.drivers.rego import RegoDriver
from constraints.errors import EvaluationError
from constraints.inventory import EMPTY

OBJECT = {
    "k": "p",
    "l": "q",
    "values": {"p": [1], "q": [1, 2]},
    "twice": [{"a": "q", "v": 1}, {"a": "q", "v": 2}],
    "nested": [
        {"a": "p", "b": "x", "v": 1},
        {"a": "p", "b": "y", "v": 1},
        {"a": "p", "b": "y", "v": 2},
        {"a": "q", "b": "y", "v": 1},
    ],
}
PAIRS = 'o[k] = v { k := ["p", "q"][_]; v := input.review.object.values[k][_] }'
ARRAYS = 'o[[k, 1]] = v { k := ["p", "q"][_]; v := input.review.object.values[k][_] }'
BOUND_LATE = 'o[z] = v { k := ["p", "q"][_]; v := input.review.object.values[k][_]; z := [k, 1] }'
OBJECTS = 'o[{"a": 1, "b": k}] = v { k := ["p", "q"][_]; v := input.review.object.values[k][_] }'
NESTED = "o[a][b] := v if { x := input.review.object.nested[_]; a := x.a; b := x.b; v := x.v }"
BETWEEN = "o[a].x[b] := v if { x := input.review.object.nested[_]; a := x.a; b := x.b; v := x.v }"
SETS = "o[a].b contains v if { x := input.review.object.nested[_]; a := x.a; v := f(a) }"
SEVERAL = "o.p := 1\no.q := v if { v := input.review.object.values.q[_] }\no[k] := v if { x := input.review.object.twice[_]; k := x.a; v := x.v }"
MEMBERS = 'o[k] { k := ["p", "q"][_]; f(k) }'
MEMBERS_BOUND_LATE = 'o[k] { x := ["p", "q"][_]; f(x); k := x }'
MEMBERS_COMPUTED = 'o[lower(x)] { x := ["p", "q"][_]; f(x) }'
FUNCTION = 'f(x) = 1 { x != "z" }\nf(x) = 2 { x == "q" }'


def answer(rules: str, body: str) -> int | bool:
    """The line of the conflict, or whether there is a violation."""
    module = f'package p\nimport future.keywords\n{rules}\n{FUNCTION}\nviolation[{{"msg": "m"}}] {{ {body} }}'
    program = RegoDriver().compile("Probe", {"rego": module}).program({})
    try:
        return bool(tuple(program({"object": OBJECT}, EMPTY)))
    except EvaluationError as error:
        found = re.match(r"template:(\d+): eval_conflict_error", error.message)
        assert found
        return int(found[1])


@pytest.mark.parametrize(
    ("rules", "body", "expected"),
    [
        pytest.param(PAIRS, "o.p", True, id="a field"),
        pytest.param(PAIRS, "o.q", 3, id="the key of the conflict"),
        pytest.param(PAIRS, "not o.nope", True, id="a key that is not there"),
        pytest.param(PAIRS, "o[input.review.object.k]", True, id="a key that the review says"),
        pytest.param(PAIRS, "o[input.review.object.l]", 3, id="the review says the key of the conflict"),
        pytest.param(PAIRS, "o[_]", 3, id="any key"),
        pytest.param(PAIRS, "count(o) > 0", 3, id="the whole object"),
        pytest.param(PAIRS, 'object.get(o, "p", 1)', 3, id="a call gets the whole object"),
        pytest.param(PAIRS, "1 in o", 3, id="so does `in`"),
        pytest.param(PAIRS, "o.p; o[_]", 3, id="first a key, then all"),
        pytest.param(PAIRS, 'some k in ["p", "nope"]; o[k]', True, id="keys of a loop"),
        pytest.param(PAIRS, 'some k in ["p", "q"]; o[k]', 3, id="keys of a loop, with that of the conflict"),
        pytest.param(PAIRS, "o.p with input.review.object.k as 1", True, id="with another input"),
        pytest.param(PAIRS, "o.p with input.review.object.values.p as [3, 4]", 3, id="with an input that has a conflict"),
        pytest.param(PAIRS, "count([1 | o.p]) == 1", True, id="in a comprehension"),
        pytest.param(ARRAYS, 'o[["p", 1]]', True, id="an array as a key"),
        pytest.param(ARRAYS, 'o[["p", _]]', True, id="part of an array"),
        pytest.param(ARRAYS, "o[[_, 1]]", 3, id="an array of any first item"),
        pytest.param(BOUND_LATE, 'o[["p", _]]', True, id="part of an array that the head has in a variable"),
        pytest.param(OBJECTS, 'o[{"a": _, "b": "p"}]', True, id="part of an object"),
        pytest.param(NESTED, "o.p.x", True, id="two keys"),
        pytest.param(NESTED, "o.p.y", 3, id="two keys, of the conflict"),
        pytest.param(NESTED, "o.p[_]", 3, id="the first of two keys"),
        pytest.param(NESTED, "o.q[_]", True, id="the first of two keys, without a conflict"),
        pytest.param(NESTED, "o[_].x", 3, id="the second of two keys"),
        pytest.param(BETWEEN, "o.p.x.x", True, id="a constant between two keys"),
        pytest.param(BETWEEN, "o.p.nope", False, id="another constant between them"),
        pytest.param(BETWEEN, "o.p[_].x", True, id="any key between them"),
        pytest.param(SETS, "o.p.b", True, id="sets below a key"),
        pytest.param(SETS, "o.q.b", 5, id="sets below a key, of the conflict"),
        pytest.param(SETS, 'o[["p", _]]', False, id="a key that none can be"),
        pytest.param(SEVERAL, "o.p", True, id="several rules of an object"),
        pytest.param(SEVERAL, "o.q", 5, id="several rules of an object, those with variables first"),
        pytest.param(MEMBERS, "o.p", True, id="a member"),
        pytest.param(MEMBERS, "o.q", 5, id="a member of which a function disagrees"),
        pytest.param(MEMBERS, '"p" in o', 5, id="`in` asks for the whole set"),
        pytest.param(MEMBERS_BOUND_LATE, "o.p", 5, id="a member that is bound behind the conflict"),
        pytest.param(MEMBERS_COMPUTED, "o.p", 5, id="a member that is computed"),
    ],
)  # fmt: skip
def test_keys_are_answered_as_by_gator(rules: str, body: str, expected: int | bool) -> None:
    found = answer(rules, body)
    assert found is expected or (found == expected and type(found) is type(expected))
