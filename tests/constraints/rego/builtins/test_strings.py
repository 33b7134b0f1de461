"""Strings with the answers of OPA 1.17.1."""

from __future__ import annotations

from random import Random
from typing import Any

import pytest
from regocalls import N, S, call

from constraints.rego.values.kinds import object_of
from constraints.rego.values.sizes import limited_to


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("concat", [",", ["a", "b"]], '"a,b"'),
        ("concat", [",", S("b", "a")], '"a,b"'),
        ("concat", [",", []], '""'),
        ("concat", [",", [1]], "eval_type_error: operand 2 must be array of strings but got array containing number"),
        ("concat", [1, []], "eval_type_error: operand 1 must be string but got number"),
        ("concat", [",", "a"], "eval_type_error: operand 2 must be one of {set, array} but got string"),
        ("concat", ["", ["x"]], '"x"'),
        ("contains", ["abc", "b"], "true"),
        ("contains", ["abc", ""], "true"),
        ("contains", [1, ["a"]], "eval_type_error: operand 1 must be string but got number"),
        ("startswith", ["abc", "ab"], "true"),
        ("startswith", ["abc", 1], "eval_type_error: operand 2 must be string but got number"),
        ("endswith", ["abc", "bc"], "true"),
        ("endswith", [None, ""], "eval_type_error: operand 1 must be string but got null"),
        ("strings.any_prefix_match", ["abc", ["x", "ab"]], "true"),
        ("strings.any_prefix_match", [["q", "abc"], "a"], "true"),
        ("strings.any_prefix_match", [[], "a"], "false"),
        ("strings.any_prefix_match", [["a"], []], "false"),
        ("strings.any_prefix_match", ["a", ""], "true"),
        ("strings.any_prefix_match", [S("ab"), S("b")], "false"),
        (
            "strings.any_prefix_match",
            [1, "a"],
            "eval_type_error: operand 1 must be one of {string, set, array} but got number",
        ),
        (
            "strings.any_prefix_match",
            [["a"], [1]],
            "eval_type_error: operand 2 must be array of strings but got array containing number",
        ),
        ("strings.any_suffix_match", ["abc", ["x", "bc"]], "true"),
        ("strings.any_suffix_match", [S("xa"), "a"], "true"),
        (
            "strings.any_suffix_match",
            [[1], "a"],
            "eval_type_error: operand 1 must be array of strings but got array containing number",
        ),
        (
            "strings.any_suffix_match",
            ["a", {}],
            "eval_type_error: operand 2 must be one of {string, set, array} but got object",
        ),
        ("strings.count", ["aaaa", "aa"], "2"),
        ("strings.count", ["abc", ""], "4"),
        ("strings.count", ["abc", 1], "eval_type_error: operand 2 must be string but got number"),
        ("strings.reverse", ["aé😀"], '"😀éa"'),
        ("strings.reverse", [1], "eval_type_error: operand 1 must be string but got number"),
        ("format_int", [255, 16], '"ff"'),
        ("format_int", [-255, 2], '"-11111111"'),
        ("format_int", [8, 8], '"10"'),
        ("format_int", [10.9, 10], '"10"'),
        ("format_int", [2**70, 10], '"1180591620717411303424"'),
        ("format_int", [5, 3], "eval_type_error: operand 2 must be one of {2, 8, 10, 16}"),
        ("format_int", [5, N("10.0")], "eval_type_error: operand 2 must be one of {2, 8, 10, 16}"),
        ("format_int", ["a", 10], "eval_type_error: operand 1 must be number but got string"),
        ("indexof", ["abc", "c"], "2"),
        ("indexof", ["äöü", "ü"], "2"),
        ("indexof", ["abc", "x"], "-1"),
        ("indexof", ["a", ""], "eval_builtin_error: empty search character"),
        ("indexof_n", ["aaa", "aa"], "[0, 1]"),
        ("indexof_n", ["abc", "x"], "[]"),
        ("indexof_n", ["a", ""], "eval_builtin_error: empty search character"),
        ("substring", ["abcdef", 1, 2], '"bc"'),
        ("substring", ["abcdef", 2, -1], '"cdef"'),
        ("substring", ["äöü", 1, 1], '"ö"'),
        ("substring", ["abc", 5, 1], '""'),
        ("substring", ["abc", -1, 2], "eval_builtin_error: negative offset"),
        (
            "substring",
            ["abc", 1.5, 1],
            "eval_type_error: operand 2 must be integer number but got floating-point number",
        ),
        ("substring", ["abc", 0, 0], '""'),
        ("lower", ["ABC ÄΣ İ"], '"abc äσ i"'),
        ("lower", [1], "eval_type_error: operand 1 must be string but got number"),
        ("upper", ["abc ß ﬁ ᾀ"], '"ABC ß ﬁ ᾈ"'),
        ("upper", [1], "eval_type_error: operand 1 must be string but got number"),
        ("split", ["a,b,", ","], '["a", "b", ""]'),
        ("split", ["abc", ""], '["a", "b", "c"]'),
        ("split", ["", ","], '[""]'),
        ("split", ["", ""], "[]"),
        ("split", ["a", 1], "eval_type_error: operand 2 must be string but got number"),
        ("replace", ["aaa", "a", "b"], '"bbb"'),
        ("replace", ["ab", "", "-"], '"-a-b-"'),
        ("replace", ["ab", "x", "y"], '"ab"'),
        ("replace", ["a", 1, ""], "eval_type_error: operand 2 must be string but got number"),
        ("strings.replace_n", [{"a": "1", "b": "2"}, "abc"], '"12c"'),
        ("strings.replace_n", [{"ab": "x", "a": "y"}, "aab"], '"yyb"'),
        ("strings.replace_n", [{}, "a"], '"a"'),
        ("strings.replace_n", [{"": "-", "b": "x"}, "ab"], '"-a-x-"'),
        (
            "strings.replace_n",
            [object_of([(1, "a")]), "a"],
            "eval_type_error: operand 1 non-string key found in pattern object",
        ),
        ("strings.replace_n", [{"a": 1}, "a"], "eval_type_error: operand 1 non-string value found in pattern object"),
        ("strings.replace_n", [{}, 1], "eval_type_error: operand 2 must be string but got number"),
        ("trim", ["xxaxx", "x"], '"a"'),
        ("trim", ["a", ""], '"a"'),
        ("trim_left", ["xax", "x"], '"ax"'),
        ("trim_right", ["xax", "x"], '"xa"'),
        ("trim_prefix", ["aab", "a"], '"ab"'),
        ("trim_suffix", ["baa", "a"], '"ba"'),
        ("trim_space", ["\t a\u2003\x85"], '"a"'),
        (
            "trim_space",
            ["\x1ca\u200b"],
            r'"\x1ca\u200b"',
        ),
    ],
)
def test_answers_as_opa_does(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer


@pytest.mark.parametrize("seed", range(20))
def test_many_prefixes_and_suffixes_are_found_as_few_are(seed: int) -> None:
    chance = Random(seed)
    letters = ["a", "b", "\U0001f600"]
    wanted = ["".join(chance.choices(letters, k=chance.randint(5, 9))) for _ in range(100)]
    if seed == 0:
        wanted.append("")
    for _ in range(200):
        one = "".join(chance.choices(letters, k=chance.randint(0, 12)))
        begins, ends = any(map(one.startswith, wanted)), any(map(one.endswith, wanted))
        assert call("strings.any_prefix_match", [one], S(*wanted)) == str(begins).lower()
        assert call("strings.any_suffix_match", one, wanted) == str(ends).lower()


@pytest.mark.parametrize("name", ["strings.any_prefix_match", "strings.any_suffix_match"])
def test_many_texts_are_held_against_many_others_in_few_steps(name: str) -> None:
    texts, others = [f"{i}a{i}" for i in range(50_000)], [f"{i}b{i}" for i in range(50_000)]
    with limited_to(2_000_000):
        assert call(name, texts, others) == "false"
