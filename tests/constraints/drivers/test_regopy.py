from __future__ import annotations

import json
from typing import Any

import pytest

from constraints.drivers.regopy import RegopyDriver
from constraints.errors import CompileError, EvaluationError, PolicyError
from constraints.inventory import EMPTY, Inventory
from constraints.model import Finding

DRIVER = RegopyDriver()


def found(
    rego: str, review: Any = None, *, parameters: Any = None, inventory: Inventory = EMPTY, **source: Any
) -> list[Finding]:
    program = DRIVER.compile("Probe", {"rego": rego, **source}).program(parameters or {})
    return sorted(program(review or {}, inventory), key=lambda finding: finding.message)


def messages(rego: str, review: Any = None, **more: Any) -> list[str]:
    return [finding.message for finding in found(rego, review, **more)]


ECHO = 'package probe\nviolation[{"msg": "m", "details": input.review.value}] { true }'


@pytest.mark.parametrize(
    "value",
    [
        pytest.param('é中😀 "quoted" \\ \n \x00 \x7f ${x} `raw`', id="any text"),
        pytest.param([0, -1, 2**53 + 1, 2**80, 0.1, 1e-7, 1e300], id="numbers keep their digits"),
        pytest.param({"": {}, "a/b.c": [], "x": [True, False, None]}, id="empty things"),
    ],
)
def test_values_come_back_as_they_went_in(value: Any) -> None:
    assert found(ECHO, {"value": value}) == [Finding("m", value)]


def test_details_default_to_an_empty_object_and_members_without_msg_say_nothing() -> None:
    rego = 'package probe\nviolation[{"msg": "m"}] { true }\nviolation[{"x": 1}] { true }\nviolation["text"] { true }'
    assert found(rego) == [Finding("m", {})]


def test_parameters_are_those_of_the_constraint() -> None:
    rego = 'package probe\nviolation[{"msg": msg}] { msg := sprintf("%v %v", [input.parameters.a, input.review.b]) }'
    assert messages(rego, {"b": 2}, parameters={"a": "x"}) == ["x 2"]


def test_the_v1_dialect() -> None:
    rego = 'package probe\nimport rego.v1\nviolation contains {"msg": m} if { some m in input.review.names }'
    assert messages(rego, {"names": ["a", "b"]}, version="v1") == ["a", "b"]


def test_libraries_are_imported_by_name() -> None:
    rego = 'package probe\nimport data.lib.words.greet\nviolation[{"msg": m}] { m := greet("you") }'
    lib = 'package lib.words\ngreet(name) = m { m := concat(" ", ["hi", name]) }'
    assert messages(rego, libs=[lib]) == ["hi you"]


UNIQUE = """package probe
violation[{"msg": other.metadata.name}] {
  other := data.inventory.namespace[_]["v1"]["Pod"][_]
}
"""


def test_each_inventory_is_seen_as_soon_as_it_is_given() -> None:
    program = DRIVER.compile("Probe", {"rego": UNIQUE}).program({})
    pods = [{"apiVersion": "v1", "kind": "Pod", "metadata": {"name": n, "namespace": "x"}} for n in ("a", "b")]
    assert [f.message for f in program({}, EMPTY)] == []
    assert [f.message for f in program({}, Inventory.of(pods[:1]))] == ["a"]
    assert [f.message for f in program({}, Inventory.of(pods[1:]))] == ["b"]


def test_partial_sets_of_v0_hold_their_members() -> None:
    rego = """package probe
names[name] {
  name := input.review.names[_]
} { name := "always" }
violation[{"msg": name}] { name := names[_]; count(names - {"always"}) == 2 }
"""
    assert messages(rego, {"names": ["a", "b"]}) == ["a", "always", "b"]


def test_a_line_that_begins_with_a_bracket_is_an_expression_of_its_own() -> None:
    rego = 'package probe\nviolation[{"msg": "m"}] {\n  input.review.a\n  (input.review.b - 1) > 1\n}'
    assert messages(rego, {"a": 1, "b": 3}) == ["m"]
    assert messages(rego, {"a": 1, "b": 2}) == []


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('replace("aaa", "", "b")', "bababab"),
        ('replace("", "", "b")', "b"),
        ('replace("abc", "b", "x")', "axc"),
        ('concat(",", regex.split("", "abc"))', "a,b,c"),
        ('sprintf("%v", [re_match("^a", "ab")])', "true"),
        ('sprintf("%v %v", [any([false, true]), all([false, true])])', "true false"),
    ],
)
def test_builtins_that_regopy_lacks_or_hangs_in(call: str, result: str) -> None:
    assert messages(f'package probe\nviolation[{{"msg": m}}] {{ m := {call} }}') == [result]


WRONG = [
    ('package probe\nviolation[{"msg": m}] { m := "x"\n', "Probe/template:2:23: this is unclosed"),
    ('package probe\n\nviolation[{"msg": "é"}] {\n  startswith(input.x[_], "é") }', "Probe/template:4:22: Invalid bracket argument"),
    ('package probe\np[x] { x := replace("é", "", ""); lower(input.x[_]) }\nviolation[{"msg": "m"}] { true }', "Probe/template:2:49: Invalid bracket argument"),
    ('package probe\nviolation[{"msg": "m"}] {\n  absent(input.x)\n}', "Probe/template:3:3: undefined function absent"),
    ('package probe\nviolation[{"msg": m}] {\n  m := undefinedfunction(1) }', "Probe/template:3:8: undefined function undefinedfunction"),
    ('package probe\nviolation[{"msg": m}] {\n  m := lower("x") + bogus.thing(1) }', "Probe/template:3:21: undefined function bogus.thing"),
    ('violation[{"msg": "m"}] { true }', "Probe/template:1:1: the module has no package"),
    ("", "Probe/template:1:1: the module has no package"),
    ('package probe\n# violation\nx = "violation"', "Probe/template:1:1: the module defines no rule named violation"),
    ('package probe\nimport data.other\nviolation[{"msg": "m"}] { true }', "Probe/template:2:8: import of data.other is not allowed"),
    ('package probe\nimport rego.v1\nviolation[{"msg": "m"}] { true }', "Probe/template:2:8: import of rego.v1 is not allowed"),
    ('package probe\nimport input.review\nviolation[{"msg": "m"}] { true }', "Probe/template:2:8: import of input.review is not allowed"),
    ('package probe\nviolation[{"msg": m}] { m := data.probe.x }', "Probe/template:2:30: data.probe must not be read: only data.lib and data.inventory may"),
    ('package probe\nviolation[{"msg": m}] { m := data[input.x] }', "Probe/template:2:30: data must not be read: only data.lib and data.inventory may"),
]  # fmt: skip


@pytest.mark.parametrize(("rego", "text"), [pytest.param(*row, id=row[1]) for row in WRONG])
def test_a_wrong_module_is_refused_with_line_and_column(
    rego: str, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(CompileError) as caught:
        DRIVER.compile("Probe", {"rego": rego})
    assert str(caught.value) == text
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("lib", "text"),
    [
        ("package other\nx = 1", "Probe/libs[0]:1:1: package other of a library must be below lib"),
        ("package lib\nx = 1", "Probe/libs[0]:1:1: package lib of a library must be below lib"),
        ("package lib.a\nx = (", "Probe/libs[0]:2:5: this is unclosed"),
        (
            "package lib.a\nx = data.foo",
            "Probe/libs[0]:2:5: data.foo must not be read: only data.lib and data.inventory may",
        ),
        ("package lib.a\nf(x) = nothing(x)\ng(x) { absent(x) }", "Probe/libs[0]:2:8: undefined function nothing"),
    ],
)
def test_a_wrong_library_is_refused_with_line_and_column(lib: str, text: str) -> None:
    with pytest.raises(CompileError) as caught:
        DRIVER.compile("Probe", {"rego": ECHO, "libs": [lib]})
    assert str(caught.value) == text


@pytest.mark.parametrize(
    "rego",
    [
        'package probe\n# data.foo in a comment\nviolation[{"msg": "see data.foo(x)"}] { input.data.x; not input.x }',
        'package probe\nviolation[{"msg": `data.foo(`}] { not input.x; {"data": 1}.data == 1 }',
        'package a["b-c"].d\nviolation[{"msg": "m"}] { x := [1, 2]; 1 in(x) }',
    ],
)
def test_names_that_only_look_like_data_or_calls_are_left_alone(rego: str) -> None:
    DRIVER.compile("Probe", {"rego": rego})


def test_a_conflict_is_an_error_that_rego_defines(capfd: pytest.CaptureFixture[str]) -> None:
    rego = 'package probe\nc = 1 { true }\nc = 2 { true }\nviolation[{"msg": "m"}] { c }'
    with pytest.raises(EvaluationError) as caught:
        found(rego)
    assert (caught.value.code, str(caught.value)) == (
        "eval_conflict_error",
        "eval_conflict_error: complete rules must not produce multiple outputs",
    )
    assert capfd.readouterr() == ("", "")


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("msg := 5", "violation: msg must be a string, it is 5"),
        ('msg := {"a"}', 'violation: msg must be a string, it is ["a"]'),
        ("msg := input.review.f(1)", "Function not found: input.review.f"),
    ],
)
def test_other_failures_are_not_taken_for_errors_of_rego(
    body: str, text: str, capfd: pytest.CaptureFixture[str]
) -> None:
    with pytest.raises(PolicyError) as caught:
        found(f'package probe\nviolation[{{"msg": msg}}] {{ {body} }}')
    assert (type(caught.value), str(caught.value)) == (PolicyError, text)
    assert capfd.readouterr() == ("", "")


def test_a_module_that_would_exhaust_the_stack_is_refused() -> None:
    rego = f'package probe\nviolation[{{"msg": "m"}}] {{ x := {"[" * 20_000}{"]" * 20_000} }}'
    with pytest.raises(CompileError, match=r"Probe/template:2:531: brackets are nested deeper than 500 levels"):
        DRIVER.compile("Probe", {"rego": rego})


def test_a_document_of_great_depth_is_read() -> None:
    deep: Any = "end"
    for _ in range(500):
        deep = {"a": deep}
    assert json.dumps(found(ECHO, {"value": deep})[0].details) == json.dumps(deep)
