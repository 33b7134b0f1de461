"""What ends in an error: modules that are refused, builtins that are not there, conflicts; with line and column."""

from __future__ import annotations

import pytest
from regodriver import ECHO, able, findings, messages, refusal

from constraints.errors import EvaluationError
from constraints.rego.builtins.outside import Outside

MISSING = "rego_type_error: undefined function"
REFS = "invalid data references: check refs failed on module {{{}}}: errors ({}):"
WRONG = [
    ('package probe\nviolation[{"msg": m}] { m := "x"\n', "Probe/template:3:1: rego_parse_error: unexpected eof token"),
    ('package probe\nviolation[{"msg": m}] {\n  m = = 1 }', "Probe/template:3:7: rego_parse_error: unexpected eq token"),
    ('package probe\nviolation[{"msg": m}] {\n  absent(m) }', f"Probe/template:3:3: {MISSING} absent"),
    ('package probe\nviolation[{"msg": m}] {\n  m := absent(1) }', f"Probe/template:3:8: {MISSING} absent"),
    ('package probe\nviolation[{"msg": m}] {\n  m := lower("é") + bogus.thing(1) }', f"Probe/template:3:21: {MISSING} bogus.thing"),
    ('package probe\nviolation[{"msg": m}] {\n  m := input.review.f(1) }', f"Probe/template:3:8: {MISSING} input.review.f"),
    ('package probe\nviolation[{"msg": m}] { m := lower("a", "b", "c") }', "Probe/template:2:30: rego_type_error: lower: arity mismatch"),
    ('package probe\nviolation[{"msg": m}] { lower("x") }', "Probe/template:2:11: rego_unsafe_var_error: var m is unsafe"),
    ('package probe\nviolation[{"msg": "m"}] { not input.xs[i] == i }', "Probe/template:2:27: rego_unsafe_var_error: var i is unsafe"),
    ('package probe\np { q }\nq { p }\nviolation[{"msg": "m"}] { p }', "Probe/template:2:1: rego_recursion_error: rule data.template.p is recursive: data.template.p -> data.template.q -> data.template.p"),
    ('package probe\nviolation[{"msg": m}] { m := "a"; m := "b" }', "Probe/template:2:35: rego_compile_error: var m assigned above"),
    ('package probe\nf(x) = 1 { true }\nf(x, y) = 2 { true }\nviolation[{"msg": "m"}] { f(1) }', "Probe/template:2:1: rego_type_error: conflicting rules data.template.f found"),
    ('package probe\ndefault a = 1\ndefault a = 2\nviolation[{"msg": "m"}] { a }', "Probe/template:1:1: rego_type_error: multiple default rules data.template.a found at template:2, template:3"),
    ('violation[{"msg": "m"}] { true }', "Probe/template:1:1: rego_parse_error: package expected"),
    ("", "Probe/template:1:1: rego_parse_error: empty module"),
    ('package probe\n# violation\nx = "violation"', "Probe/template:1:1: invalid rego: invalid module: missing required rules: [violation]"),
    ('package probe\nimport data.other\nviolation[{"msg": "m"}] { true }', "Probe/template:2:1: invalid import: bad import: \"data.other\""),
    ('package probe\nimport data.inventory\nviolation[{"msg": "m"}] { true }', "Probe/template:2:1: invalid import: bad import: \"data.inventory\""),
    ('package probe\nimport rego.v1\nviolation contains {"msg": "m"} if { true }', "Probe/template:2:8: invalid import: bad import: \"rego.v1\""),
    ('package probe\nimport input.review\nviolation[{"msg": "m"}] { true }', "Probe/template:2:1: invalid import: bad import: \"input.review\""),
    ('package probe\nviolation[{"msg": m}] { m := data.probe.x }', f"Probe/template:2:30: {REFS.format('template', 1)}"),
    ('package probe\nviolation[{"msg": m}] { m := data[input.x] }', f"Probe/template:2:30: {REFS.format('template', 1)}"),
]  # fmt: skip


@pytest.mark.parametrize(("rego", "text"), [pytest.param(*row, id=row[1]) for row in WRONG])
def test_a_wrong_module_is_refused_with_line_and_column(rego: str, text: str) -> None:
    assert refusal(rego).splitlines()[0].rstrip() == text


@pytest.mark.parametrize(
    ("lib", "text"),
    [
        ("package other\nx = 1", "1:1: invalid lib prefix: path data.other not found in lib prefixes"),
        ("package lib\nx = 1", "1:1: invalid lib prefix: path data.lib not found in lib prefixes"),
        ("package lib.a\nx = (", "2:6: rego_parse_error: unexpected eof token"),
        ("package lib.a\nx = data.foo", "2:5: " + REFS.format('libs["lib_1"]', 1) + "\ndisallowed ref data.foo"),
        ("package lib.a\nf(x) = nothing(x)\ng(x) { lower(x) }", f"2:8: {MISSING} nothing"),
    ],
)
def test_a_wrong_library_is_refused_with_line_and_column(lib: str, text: str) -> None:
    assert refusal(ECHO, libs=["package lib.fine\nx = 1", lib]).rstrip() == f'Probe/libs["lib_1"]:{text}'


@pytest.mark.parametrize("depth", [5_000, 50_000])
def test_a_module_that_would_exhaust_the_stack_is_refused(depth: int) -> None:
    for opened, closed in ("[]", "{}", "()"):
        text = refusal(f'package probe\nviolation[{{"msg": "m"}}] {{ x := {opened * depth}{closed * depth} }}')
        assert "max parsing recursion depth exceeded" in text
        assert text.startswith("Probe/template:2:")


def test_a_disabled_builtin_is_an_unknown_function() -> None:
    rego = 'package probe\nviolation[{"msg": m}] {\n  m := upper("x") }'
    assert messages(rego, driver=able(disabled={"lower"})) == ["X"]
    assert refusal(rego, able(disabled={"upper"})) == f"Probe/template:3:8: {MISSING} upper"


@pytest.mark.parametrize(
    ("name", "body"),
    [
        ("http.send", 'msg := http.send({"method": "get", "url": "http://x"}).status'),
        ("net.lookup_ip_addr", 'msg := net.lookup_ip_addr("x")[_]'),
    ],
)
def test_what_reaches_the_network_must_be_enabled(name: str, body: str) -> None:
    rego = f'package probe\nviolation[{{"msg": msg}}] {{ {body} }}'
    outside = Outside(http_send=lambda request: {"status": request["url"]}, lookup_ip_addr=lambda host: [f"{host}!"])
    assert refusal(rego).endswith(f"{MISSING} {name}")
    assert messages(rego, driver=able(enabled={name}, outside=outside)) in (["http://x"], ["x!"])
    assert refusal(rego, able(enabled={name}, disabled={name})).endswith(f"{MISSING} {name}")


def test_a_conflict_is_an_error_that_rego_defines() -> None:
    with pytest.raises(EvaluationError) as caught:
        findings('package probe\nc = 1 { true }\nc = 2 { true }\nviolation[{"msg": "m"}] { c }')
    assert (caught.value.code, caught.value.message) == (
        "eval_conflict_error",
        "template:3: eval_conflict_error: complete rules must not produce multiple outputs",
    )


@pytest.mark.parametrize(
    ("rules", "text"),
    [
        ("f(x) = 1 { x }\nf(x) = 2 { x }\np { f(true) }", "4: eval_conflict_error: functions must not produce multiple outputs for same inputs"),
        ("o[k] = v { k := \"a\"; v := [1, 2][_] }\np { o.a }", "3: eval_conflict_error: object keys must be unique"),
        ("p { {k: v | k := \"a\"; v := [1, 2][_]} }", "3: eval_conflict_error: object keys must be unique"),
    ],
)  # fmt: skip
def test_every_kind_of_conflict_names_its_line(rules: str, text: str) -> None:
    with pytest.raises(EvaluationError) as caught:
        findings(f'package probe\nviolation[{{"msg": "m"}}] {{ p }}\n{rules}')
    assert caught.value.message == f"template:{text}"


def test_a_conflict_in_a_library_names_the_library() -> None:
    with pytest.raises(EvaluationError) as caught:
        findings(
            'package probe\nviolation[{"msg": "m"}] { data.lib.a.c }',
            libs=["package lib.a\nc = 1 { true }\nc = 2 { true }"],
        )
    assert caught.value.message.startswith('libs["lib_0"]:3: eval_conflict_error: ')
