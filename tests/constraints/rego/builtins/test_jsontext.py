"""JSON and YAML with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import N, S, call

from constraints.errors import EvaluationError
from constraints.rego.builtins.conversions import to_number
from constraints.rego.values.digits import integer_text
from constraints.rego.values.kinds import object_of


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        (
            "json.marshal",
            [[{"foo": S(1, 2, 3), "<a>": "é\x01\x08\u2028"}]],
            '"[{\\"\\\\u003ca\\\\u003e\\":\\"é\\\\u0001\\\\b\\\\u2028\\",\\"foo\\":[1,2,3]}]"',
        ),
        ("json.marshal", [[None, True, 0, -1, 1.5, 1e21, 1e-07, [], {}]], '"[null,true,0,-1,1.5,1e+21,1e-07,[],{}]"'),
        (
            "json.marshal_with_options",
            [[1, {"a": []}], {"pretty": True}],
            '"[\\n\\t1,\\n\\t{\\n\\t\\t\\"a\\": []\\n\\t}\\n]"',
        ),
        *[
            (name, [value, *more], f'eval_builtin_error: {wraps}json: invalid number literal "{literal}"')
            for literal in ("1_000", "01", "+1", "0x1p4", "1.", ".5")
            for name, wraps, more in (
                ("json.marshal", "", []),
                ("json.marshal_with_options", "", [{"indent": " "}]),
                ("yaml.marshal", "error marshaling into JSON: ", []),
            )
            for value in ({"a": to_number(literal)}, object_of([(to_number(literal), 1)]))
        ],
        ("json.marshal", [[to_number("1e5"), to_number("1.0")]], '"[1e5,1.0]"'),
        ("json.marshal_with_options", [[1], {"prefix": ">", "indent": " "}], '">[\\n> 1\\n>]"'),
        ("json.marshal_with_options", [[1], {"pretty": False, "indent": " "}], '"[1]"'),
        ("json.marshal_with_options", [[1], {}], '"[1]"'),
        (
            "json.marshal_with_options",
            [[1], {"x": True}],
            'eval_type_error: operand 2 object contained unknown key "x"',
        ),
        ("json.marshal", [object_of([([], 1), (S(), {"a": 2})])], '"{\\"[]\\":{\\"a\\":2}}"'),
        ("json.unmarshal", ['[{"foo":[1,2.50,1e3]}]'], '[{"foo": [1, 2.50, 1e3]}]'),
        ("json.unmarshal", ['"\\ud83d\\ude00\\ud800x"'], '"😀�x"'),
        ("json.unmarshal", ['{"a":1,"a":2}'], '{"a": 2}'),
        ("json.unmarshal", ["123456789012345678901234567890"], "123456789012345678901234567890"),
        ("json.unmarshal", [""], "eval_builtin_error: EOF"),
        ("json.unmarshal", [" "], "eval_builtin_error: EOF"),
        ("json.unmarshal", ["{"], "eval_builtin_error: unexpected EOF"),
        ("json.unmarshal", ["[1,]"], "eval_builtin_error: invalid character ']' looking for beginning of value"),
        ("json.unmarshal", ["[1 2]"], "eval_builtin_error: invalid character '2' after array element"),
        ("json.unmarshal", ['{"a"}'], "eval_builtin_error: invalid character '}' after object key"),
        ("json.unmarshal", ['{"a":1 "b"}'], "eval_builtin_error: invalid character '\"' after object key:value pair"),
        (
            "json.unmarshal",
            ["{a:1}"],
            "eval_builtin_error: invalid character 'a' looking for beginning of object key string",
        ),
        ("json.unmarshal", ["'a'"], "eval_builtin_error: invalid character '\\'' looking for beginning of value"),
        ("json.unmarshal", ["1 2"], "eval_builtin_error: error: invalid character '2' after top-level value"),
        ("json.unmarshal", ["[] x"], "eval_builtin_error: invalid character 'x' looking for beginning of value"),
        ("json.unmarshal", ["tru"], "eval_builtin_error: unexpected EOF"),
        ("json.unmarshal", ["nan"], "eval_builtin_error: invalid character 'a' in literal null (expecting 'u')"),
        ("json.unmarshal", ["-Infinity"], "eval_builtin_error: invalid character 'I' in numeric literal"),
        ("json.unmarshal", ["NaN"], "eval_builtin_error: invalid character 'N' looking for beginning of value"),
        ("json.unmarshal", ["01"], "eval_builtin_error: error: invalid character '1' after top-level value"),
        ("json.unmarshal", ["1."], "eval_builtin_error: unexpected EOF"),
        ("json.unmarshal", ["1e"], "eval_builtin_error: unexpected EOF"),
        ("json.unmarshal", ['"a\\q"'], "eval_builtin_error: invalid character 'q' in string escape code"),
        (
            "json.unmarshal",
            ['"\\u12"'],
            "eval_builtin_error: invalid character '\"' in \\u hexadecimal character escape",
        ),
        ("json.unmarshal", ['"a\nb"'], "eval_builtin_error: invalid character '\\n' in string literal"),
        ("json.unmarshal", ["\ufeff1"], "eval_builtin_error: invalid character 'ï' looking for beginning of value"),
        ("json.is_valid", ["{}"], "true"),
        ("json.is_valid", ["{"], "false"),
        ("json.is_valid", [1], "false"),
        ("yaml.unmarshal", ["a: [1, 010, 0x1f, 0b11, 1_000, 1.5e3, 1:30]"], '{"a": [1, 8, 31, 3, 1000, 1500, "1:30"]}'),
        ("yaml.unmarshal", ["[y, no, on, ~, null, 'y', \"1\"]"], '[true, false, true, null, null, "y", "1"]'),
        ("yaml.unmarshal", ["2001-01-01"], '"2001-01-01"'),
        ("yaml.unmarshal", ["!!str 1"], '"1"'),
        ("yaml.unmarshal", ['!!int "3"'], "3"),
        ("yaml.unmarshal", ["!!binary aGVsbG8="], '"hello"'),
        ("yaml.unmarshal", ["a: &a {x: 1}\nb:\n  <<: *a\n  z: 2"], '{"a": {"x": 1}, "b": {"x": 1, "z": 2}}'),
        ("yaml.unmarshal", ["1: a\ntrue: b\n1.5: c"], '{"1": "a", "1.5": "c", "true": "b"}'),
        ("yaml.unmarshal", ["- 1\n---\n- 2"], "[1]"),
        (
            "yaml.unmarshal",
            ["{123456.789: 1, 16777217.0: 2, 1e6: 3}"],
            '{"1.6777216e+07": 2, "123456.79": 1, "1e+06": 3}',
        ),
        ("yaml.unmarshal", ["{.inf: 1, -.Inf: 2, .nan: 3, 3.5e38: 4}"], '{"-.inf": 2, ".inf": 4, ".nan": 3}'),
        ("yaml.unmarshal", ["{-0.0: 1, 1e-46: 2}"], '{"-0": 1, "0": 2}'),
        ("yaml.unmarshal", ["18446744073709551616: 1"], '{"1.8446744e+19": 1}'),
        (
            "yaml.unmarshal",
            ["9223372036854775808: 1"],
            "eval_builtin_error: error converting YAML to JSON: unsupported map key",
        ),
        ("yaml.unmarshal", ['{1: 1, "1": 2, 1.0: 3}'], '{"1": 3}'),
        ("yaml.unmarshal", ["{a: .inf, a: 1}"], '{"a": 1}'),
        (
            "yaml.unmarshal",
            ["a: &a {x: 1}\nb: {x: 2, <<: *a}\nc: {<<: *a, x: 2}"],
            '{"a": {"x": 1}, "b": {"x": 1}, "c": {"x": 2}}',
        ),
        (
            "yaml.unmarshal",
            ["[1e-7, 0.00001, 123456789.5, 123456789012345680000.0, -0.0]"],
            "[1e-7, 0.00001, 123456789.5, 123456789012345680000, -0]",
        ),
        ("yaml.unmarshal", ["[! 1, !!float 1, !!timestamp 2001-01-01]"], '["1", 1, "2001-01-01"]'),
        ("yaml.unmarshal", ["!!int 1.5"], "eval_builtin_error: yaml: cannot decode !!float `1.5` as a !!int"),
        ("yaml.unmarshal", [""], "null"),
        ("yaml.unmarshal", ["[1,2,3"], "eval_builtin_error: yaml: line 1: did not find expected ',' or ']'"),
        ("yaml.unmarshal", ["a: b: c"], "eval_builtin_error: yaml: mapping values are not allowed in this context"),
        (
            "yaml.unmarshal",
            ["a:\n\t- b"],
            "eval_builtin_error: yaml: line 2: found character that cannot start any token",
        ),
        (
            "yaml.unmarshal",
            ["key: value\n  bad: indent"],
            "eval_builtin_error: yaml: line 2: mapping values are not allowed in this context",
        ),
        ("yaml.unmarshal", ["[" * 5000 + "]" * 5000], "eval_builtin_error: yaml: exceeded max depth"),
        ("yaml.unmarshal", [".inf"], "eval_builtin_error: json: unsupported value: +Inf"),
        ("yaml.unmarshal", ["1e400"], '"1e400"'),
        ("yaml.is_valid", ["a: 1"], "true"),
        ("yaml.is_valid", ["["], "false"),
        ("yaml.is_valid", [1], "false"),
        (
            "yaml.marshal",
            [
                [
                    {
                        "foo": S(1, 2, 3),
                        "a10": "yes",
                        "a9": "multi\nline\n",
                        "n": None,
                        "e": {},
                        "l": [],
                        "q": "1",
                        "c": "a: b",
                        "u": "é☃😀",
                    }
                ]
            ],
            '"- a9: |\\n    multi\\n    line\\n  a10: \\"yes\\"\\n  c: \'a: b\'\\n  e: {}\\n  foo:\\n  - 1\\n  - 2\\n  - 3\\n  l: []\\n  \\"n\\": null\\n  q: \\"1\\"\\n  u: \\"é☃\\\\U0001F600\\"\\n"',
        ),
        ("yaml.marshal", ["x"], '"x\\n"'),
        ("yaml.marshal", [{"1G": 1, "100M": 2, "a1": 3}], '"100M: 2\\n1G: 1\\na1: 3\\n"'),
        (
            "yaml.marshal",
            [
                "a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b "
            ],
            "\"'a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a\\n  b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b a b '\\n\"",
        ),
        ("yaml.marshal", [{"": [[1, [2]]]}], '"\\"\\":\\n- - 1\\n  - - 2\\n"'),
        ("yaml.marshal", [N("1e400")], '"1e400\\n"'),
        pytest.param("yaml.marshal", [1 << 20_000], f'"{integer_text(1 << 20_000)}\\n"', id="an integer beyond floats"),
        ("yaml.marshal", [123456789012345678901234567890], '"1.2345678901234568e+29\\n"'),
        pytest.param(
            "yaml.marshal",
            [object_of([("1", [0]), (1, None), ("[1]", 6), (S(1), 7), ([1], 5), (None, 3), ("null", 4)])],
            '"\'[1]\': 7\\n\\"1\\":\\n- 0\\n\\"null\\": 4\\n"',
            id="of keys with one text the last one counts",
        ),
    ],
)
def test_json_and_yaml_are_go_s(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer


def test_yaml_whose_aliases_explode_is_refused() -> None:
    text = "a0: &a0 [x, x]\n" + "".join(f"a{n}: &a{n} [*a{n - 1}, *a{n - 1}]\n" for n in range(1, 40))
    assert call("yaml.unmarshal", text) == "eval_builtin_error: yaml: document contains excessive aliasing"


def test_json_that_is_nested_too_deeply_is_an_error() -> None:
    assert call("json.unmarshal", "[" * 100_000) == "eval_builtin_error: exceeded max depth"


def test_yaml_of_more_values_than_there_may_be_is_an_error() -> None:
    text = f"- &a [{'1, ' * 200_000}]\n" + "- *a\n" * 4  # those of an alias count, and are there already
    with pytest.raises(EvaluationError, match="a value becomes too large"):
        call("yaml.unmarshal", text)
