"""Go's templates with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import N, S, call

from constraints.rego.values.kinds import object_of


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        (
            "strings.render_template",
            [
                "{{range $i, $n := .names}}{{if $i}},{{end}}hi {{$n}}{{end}}",
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"hi rohan,hi john doe"',
        ),
        (
            "strings.render_template",
            [
                "{{.q}} {{.m.b}} {{.m.a}} {{.m}} {{.q.r}} {{.l}}",
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"<undefined> 1 <undefined> map[a:<nil> b:1] <undefined> [1 a <nil> [2] map[k:v]]"',
        ),
        (
            "strings.render_template",
            [
                "a {{- /* c */ -}} b {{- .n -}} c",
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"ab3c"',
        ),
        (
            "strings.render_template",
            [
                "{{with .m}}{{.b}}{{$.n}}{{end}}{{with .e}}x{{else with .n}}{{.}}{{end}}",
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"133"',
        ),
        (
            "strings.render_template",
            [
                "{{range .e}}x{{else}}none{{end}}{{range $k, $v := .m}}{{$k}}={{$v}};{{end}}{{range 3}}{{.}}{{end}}",
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"nonea=<undefined>;b=1;012"',
        ),
        (
            "strings.render_template",
            [
                '{{range .names}}{{if eq . "rohan"}}{{continue}}{{end}}{{.}}{{break}}{{end}}',
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"john doe"',
        ),
        (
            "strings.render_template",
            [
                '{{if eq .s "x"}}y{{else if .z}}zero is a string{{else}}n{{end}}',
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"zero is a string"',
        ),
        (
            "strings.render_template",
            [
                "{{$x := 1}}{{if true}}{{$x = 2}}{{end}}{{$x}}",
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"2"',
        ),
        (
            "strings.render_template",
            [
                '{{define "a"}}[{{.}}]{{end}}{{template "a" .n}}{{block "b" .t}}{{.}}{{end}}',
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"[3]true"',
        ),
        (
            "strings.render_template",
            [
                '{{len .names}} {{index .names 1}} {{index .m "b"}} {{(index .l 4).k}} {{slice .names 1 2}}',
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"2 john doe 1 v [john doe]"',
        ),
        (
            "strings.render_template",
            [
                '{{printf "%s-%5d|%v|%v" .s 3 .n .t}} {{print 1 2 "a" 3}} {{.s | html}} {{js .s}} {{urlquery .s}} {{.s | printf "%q"}}',
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"x<y\'\\"&-    3|3|true 1 2a3 x&lt;y&#39;&#34;&amp; x\\\\u003Cy\\\\\'\\\\\\"\\\\u0026 x%3Cy%27%22%26 \\"x<y\'\\\\\\"&\\""',
        ),
        (
            "strings.render_template",
            [
                '{{and .t .z}} {{or .q .n}} {{not .t}} {{eq "a" "b" "a"}} {{ne 1 2}} {{lt 1 2}} {{le 2 2}} {{gt 1.5 2.5}} {{ge 2 1}}',
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"0 3 false true true true true false true"',
        ),
        (
            "strings.render_template",
            [
                '{{"}}"}} {{`raw`}} {{\'a\'}} {{0x10}} {{1_000}} {{"\\x41"}}',
                {
                    "names": ["rohan", "john doe"],
                    "n": 3,
                    "m": {"b": 1, "a": None},
                    "e": [],
                    "s": "x<y'\"&",
                    "t": True,
                    "z": 0,
                    "l": [1, "a", None, [2], {"k": "v"}],
                },
            ],
            '"}} raw 97 16 1000 A"',
        ),
    ],
)
def test_templates_are_filled_in(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer


@pytest.mark.parametrize(
    ("template", "why"),
    [
        ("{{.n", "unclosed action"),
        ("{{/* x", "unclosed comment"),
        ("{{if}}", "missing value for if"),
        ("{{if .n}}", "unexpected EOF"),
        ("{{end}}", "unexpected {{end}}"),
        ("{{foo}}", 'function "foo" not defined'),
        ("{{$y}}", 'undefined variable "$y"'),
        ("{{nil}}", "nil is not a command"),
        ("{{break}}", "outside {{range}}"),
        ("{{.s.t}}", "can't evaluate field t"),
        ("{{.s .l}}", "can't give argument to non-function"),
        ("{{eq .n 1}}", "incompatible types for comparison"),
        ("{{index .l 9}}", "index out of range: 9"),
        ("{{range .s}}{{end}}", "range can't iterate over"),
        ("{{len}}", "wrong number of args for len: want 1 got 0"),
        ('{{template "x"}}', 'template "x" not defined'),
        ('{{define "x"}}{{template "x"}}{{end}}{{template "x"}}', "exceeded maximum template depth"),
    ],
)
def test_a_wrong_template_is_an_error(template: str, why: str) -> None:
    data = {"n": 1, "s": "x", "l": [1]}
    assert why in call("strings.render_template", template, data).removeprefix("eval_builtin_error: ")


@pytest.mark.parametrize(
    "variables", [{"a": S(1)}, {"a": [{"b": S()}]}, object_of([(1, "a")]), {"a": "\x7f"}, {"\x00": 1}]
)
def test_variables_that_are_no_json_cannot_be_filled_in(variables: Any) -> None:
    assert call("strings.render_template", "x", variables).startswith("eval_builtin_error")


def test_numbers_are_filled_in_as_they_are_written() -> None:
    data = {"l": [N("1e400"), N("1.50"), 3]}
    assert call("strings.render_template", "{{.l}}", data) == '"[1e400 1.50 3]"'


@pytest.mark.parametrize(
    ("literal", "shown"),
    [
        ("1e1_0", "1e+10 float64"),
        ("1_000.5e1_0", "1.0005e+13 float64"),
        ("0x1p4", "16 float64"),
        (".5", "0.5 float64"),
        ("1e-400", "0 float64"),
        ("017", "15 int"),
        ("0_7", "7 int"),
        ("0o7", "7 int"),
        ("0x_1f", "31 int"),
        ("-0b1_1", "-3 int"),
        ("+12", "12 int"),
        *(
            (literal, "")
            for literal in ("1_", "1__0", "08", "0b2", "1e400", "99999999999999999999", "1e", "12a", "9" * 5000)
        ),
    ],
)
def test_numbers_of_a_template_are_go_s(literal: str, shown: str) -> None:
    found = call("strings.render_template", f'{{{{ printf "%v %T" {literal} {literal} }}}}', {})
    assert found == f'"{shown}"' if shown else found.startswith("eval_builtin_error: ")
