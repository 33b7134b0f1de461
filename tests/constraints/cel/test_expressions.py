from __future__ import annotations

from typing import Any

import pytest
from expressions import evaluate, failure

from constraints.cel.values import Duration, Uint

OBJECT = {"a": 1, "f": 1.5, "s": "x", "n": None, "l": [1, "b"], "m": {"k": "v"}, "t": True}


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("object.a + 1 == 2", True, id="fields are added"),
        pytest.param("object.f > object.a", True, id="numbers of two kinds are ordered"),
        pytest.param("object.a == 1u && object.a in [dyn(1.0)]", True, id="numbers of all kinds are equal by size"),
        pytest.param("object.t == dyn(1)", False, id="true is not one"),
        pytest.param("google.protobuf.BoolValue{} == null", False, id="a wrapper is compared with null"),
        pytest.param("google.protobuf.Int32Value{value: 1} == 1", True, id="a wrapper is its value"),
        pytest.param("[2, google.protobuf.Int64Value{value: 1}] == [2, 1]", True, id="a wrapper stands beside its values"),
        pytest.param("!google.protobuf.BoolValue{}", True, id="a wrapper is a truth value"),
        pytest.param("'%d'.format([google.protobuf.Int64Value{value: 5}])", "5", id="a wrapper is formatted as its value"),
        pytest.param("-7 / 2", -3, id="division goes towards zero"),
        pytest.param("-7 % 3", -1, id="a remainder has the sign of the first"),
        pytest.param("7u / 2u", Uint(3), id="unsigned stays unsigned"),
        pytest.param("1.0 / 0.0 == double('inf')", True, id="doubles divide by zero"),
        pytest.param("object.nope == 1 || true", True, id="true hides a failure before it"),
        pytest.param("true || object.nope == 1", True, id="true hides a failure behind it"),
        pytest.param("object.nope == 1 && false", False, id="false hides a failure before it"),
        pytest.param("object.s ? 1 : 2 ", None, id="a test that is no truth value fails"),
        pytest.param("[1, 0].exists(x, 2 / x == 2)", True, id="exists hides failures once it is true"),
        pytest.param("[0, -1].all(x, 2 / x > 0)", False, id="all hides failures once it is false"),
        pytest.param("[1, 2, 3].exists_one(x, x > 2)", True, id="exists_one counts"),
        pytest.param("object.m.map(k, k)", ["k"], id="a map gives its keys"),
        pytest.param("[1, 2, 3].map(x, x > 1, x * 2)", [4, 6], id="map with a test"),
        pytest.param("object.m.transformMap(k, v, k + v)", {"k": "kv"}, id="macros with key and value"),
        pytest.param("[1, 2].map(x, [3, 4].map(y, x * y))", [[3, 4], [6, 8]], id="macros inside macros"),
        pytest.param("has(object.m.k) && !has(object.m.z) && has(object.n)", True, id="null fields are there"),
        pytest.param("has(object.a.b) || has(object.n.b)", False, id="scalars have no fields"),
        pytest.param("object.?m.?z.orValue('d')", "d", id="an absent field has no value"),
        pytest.param("object.?m.k.optMap(v, v + '!').value()", "v!", id="optMap changes the value that there is"),
        pytest.param("[?object.?a, ?object.?z]", [1], id="absent items are left out"),
        pytest.param("{?'a': object.?a, ?'z': object.?z}", {"a": 1}, id="absent entries are left out"),
        pytest.param("optional.of(1).orValue(1 / 0)", 1, id="what is not needed is not looked at"),
        pytest.param("google.protobuf.Duration{seconds: 1}", Duration(10**9), id="a message"),
        pytest.param("type(object.a) == int && type(object.l) == list", True, id="types are values"),
        pytest.param("size('\u2615x') + 'ab'.size()", 4, id="texts are counted in code points"),
        pytest.param("{'in': 1}.`in`", 1, id="quoted fields"),
    ],
)  # fmt: skip
def test_values(text: str, value: Any) -> None:
    if value is None:
        assert failure(text, object=OBJECT) == "no such overload"
    else:
        found = evaluate(text, object=OBJECT)
        assert (found, type(found)) == (value, type(value))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("object.z", "no such key: z"),
        ("object.a.b", "no such key: b"),
        ("object.l.b", "unsupported index type 'string' in list"),
        ("has(object.l.b)", "unsupported index type 'string' in list"),
        ("object.l[5]", "index out of bounds: 5"),
        ("object.m['z']", "no such key: z"),
        ("object.s + object.a", "no such overload"),
        ("object.n + object.s", "no such overload: _+_"),
        ("object.n < object.n", "no such overload: _<_"),
        ("string(object.l)", "no such overload: string(list)"),
        ("object.l.join(',')", "no such overload: join(list, string)"),
        ("object.s.all(c, true)", "got 'types.String', expected iterable type"),
        ("object.n.all(k, v, true)", "unsupported comprehension range type: types.Null"),
        ("object.a == 1 && object.s", "no such overload"),
        ("!object.s", "no such overload"),
        ("object.a + 9223372036854775807", "integer overflow"),
        ("1u - 2u", "unsigned integer overflow"),
        ("object.a / 0", "division by zero"),
        ("object.f < double('NaN')", "NaN values cannot be ordered"),
        ("object.?z.value()", "optional.none() dereference"),
        ("[1, 0].map(x, object.a / x)", "division by zero"),
        ("['x', 'x'].transformMapEntry(i, v, {v: i})", "insert failed: key x already exists"),
        ("object.z == 1 || object.y == 1", "no such key: z"),
        ("[{'a': 1}].filter(x, x.z == 1 || object.y)", "no such key: z"),
    ],
)
def test_failures(text: str, message: str) -> None:
    assert failure(text, object=OBJECT) == message


def test_variables_are_computed_once_and_only_when_they_are_read() -> None:
    variables = {"broken": "object.nope", "fine": "object.a + 1", "both": "variables.fine * 2"}
    assert evaluate("variables.both + variables.fine", variables=variables, object=OBJECT) == 6


def test_the_failure_of_a_variable_names_each_variable_on_the_way() -> None:
    variables = {"inner": "object.nope", "outer": "variables.inner + 1"}
    assert failure("variables.outer == 1 || variables.outer == 2", variables=variables, object=OBJECT) == (
        'composited variable "outer" fails to evaluate: composited variable "inner" fails to evaluate: no such key: nope'
    )


def test_a_variable_that_does_not_compile_fails_where_it_is_read() -> None:
    variables = {"wrong": "1 + 'a'"}
    assert evaluate("true || variables.wrong == 1", variables=variables) is True
    assert failure("variables.wrong == 1", variables=variables) == (
        'composited variable "wrong" fails to compile: compilation failed: ERROR: <input>:1:3: found no matching overload'
        " for '_+_' applied to '(int, string)'\n | 1 + 'a'\n | ..^"
    )


def test_a_failure_of_what_depends_on_parameters_is_only_one_where_it_is_needed() -> None:
    text = "has(variables.params.a) ? variables.params.a.b : 'none'"
    assert evaluate(text, params={}) == "none"
    assert evaluate(text, params={"a": {"b": "c"}}) == "c"
    assert failure(text, params={"a": {}}) == "no such key: b"


def test_deeply_nested_macros_stay_within_what_python_compiles() -> None:
    text = "1"
    for level in range(25):
        text = f"[{text}].map(x{level}, x{level} + {level})[0]"
    assert evaluate(text) == 1 + sum(range(25))


def test_long_chains_compile() -> None:
    assert evaluate(" || ".join(["object.a == 2"] * 200) + " || object.a == 1", object=OBJECT) is True
    assert evaluate(" + ".join(["1"] * 150)) == 150


@pytest.mark.parametrize(
    ("item", "shown"),
    [
        pytest.param({"a": "x", "b": True}, "{a: x, b: true}", id="a map"),
        pytest.param(
            [1, "a", [2, 3], None], "[1, a, [2 3], <nil>]", id="a list, and Go's way of showing what it holds"
        ),
        pytest.param({"a": [{"c": None, "b": 1}]}, "{a: [map[b:1 c:<nil>]]}", id="a map in a list in a map"),
    ],
)
def test_a_value_that_cannot_be_joined_is_shown(item: Any, shown: str) -> None:
    assert failure("object.l.join(',')", object={"l": ["s", item]}) == f"join: invalid input: {shown}"


@pytest.mark.parametrize(
    ("text", "answers"),
    [
        pytest.param("7" * 300, [True, False, 1, 0], id="more than a double has"),
        pytest.param("7" * 5000, [True, False, 1, 0], id="more digits than Python reads at once"),
        pytest.param("1." + "3" * 5000, [True, False, 1, 0], id="a long fraction"),
        pytest.param("9" * 2000 + "Ki", [True, False, 1, 0], id="a long number with a suffix"),
        pytest.param("0" * 5000 + "1", [True, True, 0, 0], id="zeros in front"),
    ],
)
def test_a_quantity_may_be_long(text: str, answers: list[Any]) -> None:
    q = f"quantity('{text}')"
    same = f"{q}.add({q}).sub({q}).compareTo({q})"
    asked = (f"isQuantity('{text}')", f"{q}.isInteger()", f"{q}.compareTo(quantity('1'))", same)
    assert [evaluate(expression, object={}) for expression in asked] == answers


def test_a_quantity_that_is_too_long_to_be_computed_is_still_one() -> None:
    assert evaluate("isQuantity(object.s)", object={"s": "7" * 200_000}) is True
    assert "is too long" in failure("sign(quantity(object.s))", object={"s": "7" * 200_000})
