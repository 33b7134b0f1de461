from __future__ import annotations

import json
from typing import Any

import pytest
from regodriver import DRIVER, ECHO, able, findings, message, messages, refusal

from constraints.errors import EvaluationError, PolicyError
from constraints.inventory import EMPTY, Inventory
from constraints.model import Finding

# What goes in and what comes out


@pytest.mark.parametrize(
    "value",
    [
        pytest.param('é中😀 "quoted" \\ \n \x00 \x7f ${x} `raw`', id="any text"),
        pytest.param([0, -1, 2**53 + 1, 2**80, 0.1, 1e-7, 1e300], id="numbers keep their digits"),
        pytest.param({"": {}, "a/b.c": [], "x": [True, False, None]}, id="empty things"),
    ],
)
def test_values_come_back_as_they_went_in(value: Any) -> None:
    assert findings(ECHO, {"value": value}) == [Finding("m", value)]


def test_details_default_to_an_empty_object_and_members_without_msg_say_nothing() -> None:
    rego = 'package probe\nviolation[{"msg": "m"}] { true }\nviolation[{"x": 1}] { true }\nviolation["text"] { true }'
    assert findings(rego) == [Finding("m", {})]


@pytest.mark.parametrize(
    ("rules", "why"),
    [
        ("violation { true }", "undefined ref: data.template.violation[r]"),
        ('violation = "a"', "undefined ref: data.template.violation[r]"),
        ('violation[msg] { msg := "x" }', "object.get: invalid argument(s)"),
        ('violation = [{"msg": "a"}]', "object.get: invalid argument(s)"),
        ('violation[{"m": "x"}] { true }', "undefined ref: r.msg"),
    ],
)
def test_violations_that_can_have_no_message_are_refused(rules: str, why: str) -> None:
    assert refusal(f"package probe\n{rules}").startswith(f"Probe/template:2:1: rego_type_error: {why}")


def test_members_without_a_message_beside_others_say_nothing() -> None:
    rego = (
        'package probe\nviolation[{"msg": "a"}] { true }\nviolation["b"] { true }\nviolation[x] { x := input.review }'
    )
    assert messages(rego, {"no": "msg"}) == ["a"]


def test_violations_are_a_set_of_message_and_details() -> None:
    rego = """package probe
violation[{"msg": "m", "details": {"n": n}, "more": n + k}] { n := [2, 1, 2.0][_]; k := [0, 1][_] }
violation[{"msg": "m", "details": {}}] { true }
violation[{"msg": "m"}] { true }
"""
    assert findings(rego) == [Finding("m", {}), Finding("m", {"n": 1}), Finding("m", {"n": 2})]


def test_findings_stand_in_regos_order_of_details_then_message() -> None:
    rego = """package probe
violation[{"msg": m}] { m := ["b", "a", "c"][_] }
violation[{"msg": "a", "details": d}] { d := [{"x"}, "text", null, ["y"], 10, 9, true][_] }
"""
    assert [(one.message, one.details) for one in findings(rego)] == [
        ("a", None),
        ("a", True),
        ("a", 9),
        ("a", 10),
        ("a", "text"),
        ("a", ["y"]),
        ("a", {}),
        ("b", {}),
        ("c", {}),
        ("a", ["x"]),
    ]


def test_details_are_json_with_integral_numbers_as_integers() -> None:
    details = findings(
        'package probe\nviolation[{"msg": "m", "details": d}] { d := {1: {2, 1}, "half": 0.5, "q": 6 / 2} }'
    )
    assert json.dumps(details[0].details) == '{"1": [1, 2], "half": 0.5, "q": 3}'


@pytest.mark.parametrize(("details", "plain"), [("set()", []), ("[]", []), ("{}", {}), ("0", 0), ("null", None)])
def test_empty_details_are_json_too(details: str, plain: Any) -> None:
    (found,) = findings(f'package probe\nviolation[{{"msg": "m", "details": d}}] {{ d := {details} }}')
    assert json.dumps(found.details) == json.dumps(plain)


def test_parameters_are_those_of_the_constraint() -> None:
    policy = DRIVER.compile(
        "Probe", {"rego": 'package p\nviolation[{"msg": input.parameters.a}] { input.parameters.on }'}
    )
    programs = [policy.program({"a": name, "on": on}) for name, on in (("x", True), ("y", False), ("z", True))]
    assert [[one.message for one in program({}, EMPTY)] for program in programs] == [["x"], [], ["z"]]
    assert list(policy.program(None)({}, EMPTY)) == []


def test_input_has_the_review_and_the_parameters_and_nothing_else() -> None:
    found = message("msg := json.marshal(input)", {"name": "n"}, parameters={"a": [1]})
    assert found == ['{"parameters":{"a":[1]},"review":{"name":"n"}}']


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (3, "3 3 4"),
        (1_000_000, "1000000 1000000 1000001"),
        (2**63, "9223372036854775808 9223372036854775808 9223372036854775809"),
        (1e6, "1e+06 %!d(float64=1e+06) 1000001"),
        (3.0, "3 3 4"),
        (0.1, "0.1 %!d(float64=0.1) 1.1"),
    ],
)
def test_numbers_print_as_the_reader_gave_them(number: Any, text: str) -> None:
    body = 'n := input.review.n; msg := sprintf("%v %d %v", [n, n, n + 1])'
    assert message(body, {"n": number}) == [text]


def test_a_document_of_great_depth_is_read() -> None:
    deep: Any = "end"
    for _ in range(100):
        deep = {"a": [deep]}
    assert json.dumps(findings(ECHO, {"value": deep})[0].details) == json.dumps(deep)


def test_a_document_that_is_nested_without_measure_is_an_error_of_the_evaluation() -> None:
    deep: Any = "end"
    for _ in range(100_000):
        deep = [deep]
    with pytest.raises(EvaluationError, match="a value is nested too deeply"):
        findings(ECHO, {"value": deep})


# Both dialects, libraries, inventories


def test_the_v1_dialect() -> None:
    rego = 'package probe\nviolation contains {"msg": m} if { some m in input.review.names }'
    assert messages(rego, {"names": ["b", "a"]}, version="v1") == ["a", "b"]
    imported = rego.replace("probe", "probe\nimport rego.v1")
    assert refusal(imported, version="v1") == 'Probe/template:2:8: invalid import: bad import: "rego.v1"'


def test_any_other_version_is_v0() -> None:
    for version in ("v0", "", "v2"):
        assert messages('package probe\nviolation[{"msg": "m"}] { true }', version=version) == ["m"]
    assert "`if` keyword is required" in refusal('package probe\nviolation[{"msg": "m"}] { true }', version="v1")


def test_libraries_are_imported_by_name() -> None:
    rego = 'package probe\nimport data.lib.words.greet\nviolation[{"msg": m}] { m := greet("you") }'
    lib = 'package lib.words\nimport data.lib.names\ngreet(name) = m { m := concat(" ", [names.hi, name]) }'
    assert messages(rego, libs=[lib, 'package lib.names\nhi = "hi"']) == ["hi you"]


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
    assert [f.message for f in program({}, EMPTY)] == []


def test_a_join_sees_the_inventory_of_each_call() -> None:
    rego = """package probe
label(obj) = obj.metadata.labels.app
violation[{"msg": other.metadata.name}] {
  other := data.inventory.namespace[_]["v1"]["Pod"][_]
  label(other) == label(input.review.object)
  other.metadata.name != input.review.object.metadata.name
}
"""
    pods = [
        {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": name, "namespace": "x", "labels": {"app": app}}}
        for name, app in (("a", "one"), ("b", "two"), ("c", "one"), ("d", "one"))
    ]
    program = DRIVER.compile("Probe", {"rego": rego}).program({})
    for among, found in ((pods, ["c", "d"]), (pods[:3], ["c"]), (pods[:2], []), (pods, ["c", "d"])):
        assert [one.message for one in program({"object": pods[0]}, Inventory.of(among))] == found
    assert list(program({"object": {"metadata": {}}}, Inventory.of(pods))) == []


def test_a_program_keeps_nothing_of_the_last_review() -> None:
    rego = """package probe
names = {name | name := input.review.names[_]}
violation[{"msg": name}] { names[name]; double(name) != "aa" }
double(name) = concat("", [name, name])
"""
    program = DRIVER.compile("Probe", {"rego": rego}).program({})
    assert [[f.message for f in program({"names": names}, EMPTY)] for names in (["b", "a"], [], ["c"])] == [
        ["b"],
        [],
        ["c"],
    ]


# The language, as far as the engine before this one stumbled over it; all of it is in tests/conformance


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


def test_arguments_and_statements_may_iterate() -> None:
    rego = (
        'package probe\nviolation[{"msg": m}] { startswith(input.review.xs[_], "é"); m := lower(input.review.xs[_]) }'
    )
    assert messages(rego, {"xs": ["éA", "B"]}) == ["b", "éa"]


@pytest.mark.parametrize(
    ("call", "result"),
    [
        ('replace("aaa", "", "b")', "bababab"),
        ('replace("", "", "b")', "b"),
        ('replace("abc", "b", "x")', "axc"),
        ('concat(",", regex.split("", "abc"))', "a,b,c"),
        ('sprintf("%v", [re_match("^a", "ab")])', "true"),
        ('sprintf("%v %v", [any([false, true]), all([false, true])])', "true false"),
        ('sprintf("%v", [object.get({"a": 1}, "b", {2, 1})])', "{1, 2}"),
    ],
)
def test_builtins_of_v0(call: str, result: str) -> None:
    assert message(f"msg := {call}") == [result]


@pytest.mark.parametrize(
    "body",
    [
        'msg := to_number("x")',
        "msg := 1 / 0",
        'msg := sprintf("%v", [1 / 0])',
        "msg := input.review.absent",
        'msg := regex.replace("x", "(", "y")',
    ],
)
def test_a_builtin_without_an_answer_is_undefined(body: str) -> None:
    assert message(body) == []


@pytest.mark.parametrize(
    "rego",
    [
        'package probe\n# data.foo in a comment\nviolation[{"msg": "see data.foo(x)"}] { input.data.x; not input.x }',
        'package probe\nviolation[{"msg": `data.foo(`}] { input.x; {"data": 1}.data == 1 }',
        'package a["b-c"].d\nviolation[{"msg": "m"}] { input.review.data.foo }',
        'package probe\nimport data.lib.x\nviolation[{"msg": "m"}] { data.inventory.namespace[_]; x.y }',
    ],
)
def test_names_that_only_look_like_data_or_calls_are_left_alone(rego: str) -> None:
    assert messages(rego, libs=["package lib.x\ny = 1"]) == []


# Refused at compile time


def test_a_program_can_be_read() -> None:
    program = DRIVER.compile(
        "Probe", {"rego": 'package p\n\nviolation[{"msg": "m"}] {\n  input.review.x == 1 }'}
    ).program({})
    assert "    # template:4: input.review.x == 1 }\n" in program.explain()


# Errors at run time


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("msg := 5", "violation: msg must be a string, it is 5"),
        ('msg := {"a"}', 'violation: msg must be a string, it is ["a"]'),
    ],
)
def test_a_message_that_is_no_text_is_not_taken_for_an_error_of_rego(body: str, text: str) -> None:
    with pytest.raises(PolicyError) as caught:
        message(body)
    assert (type(caught.value), str(caught.value)) == (PolicyError, text)


# Builtins that a deployment may take away or must allow


def test_a_request_that_fails_is_undefined() -> None:
    body = 'not http.send({"method": "get", "url": "http://x"}); msg := "nothing came"'
    assert message(body, driver=able(enabled={"http.send"})) == ["nothing came"]


# What an answer depends on


def test_a_program_says_what_it_reads_of_the_review() -> None:
    rego = """package probe
violation[{"msg": m}] {
  m := input.review.object.metadata.name
  input.review.object.spec.containers[_].image == input.parameters.image
  not input.review.object.metadata.labels[input.parameters.label]
}
"""
    program = DRIVER.compile("Probe", {"rego": rego}).program({"image": "x", "label": "owner"})
    assert program.reads == {
        ("object", "metadata", "name"),
        ("object", "metadata", "labels", "owner"),
        ("object", "spec", "containers", "*", "image"),
    }


DATA = ("object", "data")


@pytest.mark.parametrize(
    "body",
    [
        "walk(input, [p, v]); v == 1",
        "o := input.review.object; o.data.x == 1",
        "f(input.review.object) == 1",
        "g(input.review) == 1",
        'object.get(input, ["review", "object", "data", "x"], 0) == 1',
        "input.review.object[k].x == 1",
        "input.review.object[input.parameters.key].x == 1",
        'msg := sprintf("%v", [input.review.object])',
        "objects[o]; o.data.x == 1",
        '{"object": {"data": d}} = input.review; d.x == 1',
        "count(input.review.object) > 4",
        "[input.review.object][0].data.x == 1",
        "bare with input as input.review.object",
        'whole with input as {"review": input.review}',
        'whole with input.parameters as {"key": "other"}',
        "bare with input.data as input.review.object.data",
        "x := input; whole with input as x",
        "input.data.x == 1 with input as input.review.object",
        "stored with data.inventory as input.review.object",
    ],
)
def test_what_reads_data_by_any_way_says_so(body: str) -> None:
    rego = f"""package probe
f(o) = o.data.x
g(r) = r.object.data.x
objects[o] {{ o := input.review.object }}
bare {{ input.data.x == 1 }}
whole {{ input.review.object.data.x == 1 }}
stored {{ data.inventory.data.x == 1 }}
violation[{{"msg": "m"}}] {{ {body} }}
"""
    reads = DRIVER.compile("Probe", {"rego": rego}).program({"key": "data"}).reads
    assert [path for path in reads if path == DATA[: len(path)] or path[:2] == DATA or path[:2] == ("object", "*")]
