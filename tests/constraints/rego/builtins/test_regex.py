"""Regular expressions with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("regex.match", ["^a.*b$", "axb"], "true"),
        ("regex.match", ["a", "bab"], "true"),
        ("regex.match", ["(?i)É", "é"], "true"),
        ("regex.match", ["\\pL+\\z", "x1"], "false"),
        ("regex.match", ["(?s)a.b", "a\nb"], "true"),
        ("regex.match", ["a.b", "a\nb"], "false"),
        ("regex.match", [1, "a"], "eval_type_error: operand 1 must be string but got number"),
        ("regex.match", ["a", 1], "eval_type_error: operand 2 must be string but got number"),
        ("re_match", ["^a$", "a"], "true"),
        (
            "regex.match",
            ["++", "a"],
            "eval_builtin_error: error parsing regexp: missing argument to repetition operator: `+`",
        ),
        (
            "regex.match",
            ["a**", "a"],
            "eval_builtin_error: error parsing regexp: invalid nested repetition operator: `**`",
        ),
        ("regex.match", ["(", "a"], "eval_builtin_error: error parsing regexp: missing closing ): `(`"),
        ("regex.match", ["[a", "a"], "eval_builtin_error: error parsing regexp: missing closing ]: `[a`"),
        (
            "regex.match",
            ["\\", "a"],
            "eval_builtin_error: error parsing regexp: trailing backslash at end of expression: ``",
        ),
        ("regex.match", ["x{1001}", "a"], "eval_builtin_error: error parsing regexp: invalid repeat count: `{1001}`"),
        ("regex.match", ["(?<n", "a"], "eval_builtin_error: error parsing regexp: invalid named capture: `(?<n`"),
        (
            "regex.match",
            ["(?=a)", "a"],
            "eval_builtin_error: error parsing regexp: invalid or unsupported Perl syntax: `(?=`",
        ),
        ("regex.match", ["\\C", "a"], "eval_builtin_error: error parsing regexp: invalid escape sequence: `\\C`"),
        ("regex.match", ["\\8", "a"], "eval_builtin_error: error parsing regexp: invalid escape sequence: `\\8`"),
        ("regex.is_valid", ["[a-z]+"], "true"),
        ("regex.is_valid", ["++"], "false"),
        ("regex.is_valid", [1], "false"),
        ("regex.find_n", ["a.", "paranormal", 2], '["ar", "an"]'),
        ("regex.find_n", ["a.", "paranormal", -1], '["ar", "an", "al"]'),
        ("regex.find_n", ["a.", "paranormal", 0], "[]"),
        ("regex.find_n", ["x*", "axb", -1], '["", "x", ""]'),
        ("regex.find_n", ["", "éa", -1], '["", "", ""]'),
        ("regex.find_n", ["^a.", "abac", -1], '["ab"]'),
        (
            "regex.find_n",
            ["a", "a", 1.5],
            "eval_type_error: operand 3 must be integer number but got floating-point number",
        ),
        ("regex.find_all_string_submatch_n", ["a(x*)b", "-ab-axb-", -1], '[["ab", ""], ["axb", "x"]]'),
        ("regex.find_all_string_submatch_n", ["(a)|(b)", "ab", -1], '[["a", "a", ""], ["b", "", "b"]]'),
        ("regex.find_all_string_submatch_n", ["(a)|(b)", "ab", 1], '[["a", "a", ""]]'),
        ("regex.split", ["a", "banana"], '["b", "n", "n", ""]'),
        ("regex.split", ["z+", "pizza"], '["pi", "a"]'),
        ("regex.split", ["^[a-z]+$", ""], '[""]'),
        ("regex.split", ["", "héy"], '["h", "é", "y"]'),
        ("regex.split", ["x*", "axbc"], '["a", "b", "c"]'),
        ("regex.split", ["", ""], "[]"),
        ("regex.replace", ["foo", "(foo)", "$1$1"], '"foofoo"'),
        ("regex.replace", ["abc", "x*", "-"], '"-a-b-c-"'),
        ("regex.replace", ["héllo", "", "-"], '"-h-é-l-l-o-"'),
        ("regex.replace", ["a", "(?P<n>a)", "${n}x $nx $$ $ ${"], '"ax  $ $ ${"'),
        ("regex.replace", ["ab", "(a)(z)?", "<$2|$3|$0>"], '"<||a>b"'),
        ("regex.replace", ["foo", "^[a-z]", "F"], '"Foo"'),
        ("regex.replace", ["foo", "[", "$1"], "eval_builtin_error: error parsing regexp: missing closing ]: `[`"),
        ("regex.template_match", ["urn:foo:{.*}", "urn:foo:bar:baz", "{", "}"], "true"),
        ("regex.template_match", ["a.b<[0-9]+>", "a.b12", "<", ">"], "true"),
        ("regex.template_match", ["a.b<[0-9]+>", "aXb12", "<", ">"], "false"),
        ("regex.template_match", ["a{b{1,2}}c", "abbc", "{", "}"], "true"),
        ("regex.template_match", ["a{b", "ab", "{", "}"], 'eval_builtin_error: unbalanced braces in "a{b"'),
        ("regex.template_match", ["a}b", "ab", "{", "}"], 'eval_builtin_error: unbalanced braces in "a}b"'),
        (
            "regex.template_match",
            ["ab", "ab", "{{", "}"],
            "eval_builtin_error: start delimiter has to be exactly one character long but is 2 long",
        ),
        ("regex.globs_match", ["a.a.[0-9]+z", ".b.b2359825792*594823z"], "true"),
        ("regex.globs_match", ["[a-z]+", "[0-9]*"], "false"),
        ("regex.globs_match", ["a*", "b*"], "false"),
        ("regex.globs_match", ["a*", "a*"], "true"),
        ("regex.globs_match", ["", ""], "true"),
        ("regex.globs_match", ["ab*", "a"], "false"),
        ("regex.globs_match", ["a+b", "aab*"], "true"),
        ("regex.globs_match", ["[a-c]", "[c-e]"], "true"),
        ("regex.globs_match", ["a*a+", "aa"], "true"),
        ("regex.globs_match", ["[a-z]+\\[[0-9]+\\]", "foo\\[1\\]"], "true"),
        (
            "regex.globs_match",
            ["*", "a"],
            "eval_builtin_error: input:*, pos:1, flag '*' must be preceded by a non-flag: the input provided is invalid",
        ),
        (
            "regex.globs_match",
            ["]", "a"],
            "eval_builtin_error: input:], pos:1, set-close ']' with no preceding '[': the input provided is invalid",
        ),
        (
            "regex.globs_match",
            ["[", "a"],
            "eval_builtin_error: input:[, pos:1, found [ without matching ]: the input provided is invalid",
        ),
        (
            "regex.globs_match",
            ["[b-a]", "a"],
            "eval_builtin_error: input:[b-a], pos:4, range is out of order: 'a' comes before 'b' in Unicode: the input provided is invalid",
        ),
        (
            "regex.globs_match",
            ["[-a]", "a"],
            "eval_builtin_error: input:[-a], pos:2, range character '-' must be preceded by a Unicode character: the input provided is invalid",
        ),
        (
            "regex.globs_match",
            ["a\\", "a"],
            "eval_builtin_error: input:a\\, pos:1, input ends with a \\ (escape) character: the input provided is invalid",
        ),
    ],
)
def test_regular_expressions_are_go_s(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer


def test_globs_that_repeat_much_are_decided_soon() -> None:
    assert call("regex.globs_match", "a*b*" * 60 + "c", "b*a*" * 60 + "d") == "false"


def test_a_pattern_that_explodes_elsewhere_takes_linear_time() -> None:
    assert call("regex.match", "^(a+)+$", "a" * 5000 + "b") == "false"


@pytest.mark.parametrize("letter", ["a", "ä", "\udcff"])
def test_matches_are_cut_from_any_text(letter: str) -> None:
    seen = "\ufffd" if letter == "\udcff" else letter
    assert call("regex.find_n", "(.)(x)?b", f"{letter}b{letter}xb" * 3, 3) == f'["{seen}b", "{seen}xb", "{seen}b"]'
    found = call("regex.find_all_string_submatch_n", "(.)(x)?b", f"{letter}b{letter}xb", -1)
    assert found == f'[["{seen}b", "{seen}", ""], ["{seen}xb", "{seen}", "x"]]'
    assert call("regex.find_n", ".", letter, 0) == "[]"
