"""Globs with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("glob.match", ["*.github.com", ["."], "api.github.com"], "true"),
        ("glob.match", ["*.github.com", ["."], "api.cdn.github.com"], "false"),
        ("glob.match", ["*.github.com", [], "api.cdn.github.com"], "false"),
        ("glob.match", ["*", None, "a.b"], "true"),
        ("glob.match", ["*", [], "a.b"], "false"),
        ("glob.match", ["**", [], "a.b"], "true"),
        ("glob.match", ["api.**.com", ["."], "api.cdn.github.com"], "true"),
        ("glob.match", ["*:x", [":"], "a.b:x"], "true"),
        ("glob.match", ["?at", ["f"], "fat"], "false"),
        ("glob.match", ["?at", ["f"], "bat"], "true"),
        ("glob.match", ["?", [], ""], "true"),
        ("glob.match", ["?", [], "ab"], "false"),
        ("glob.match", ["[abc]at", [], "cat"], "true"),
        ("glob.match", ["[!abc]at", [], "cat"], "false"),
        ("glob.match", ["[a-c]at", [], "bat"], "true"),
        ("glob.match", ["[!a-c]at", [], "bat"], "false"),
        ("glob.match", ["[\\-a]", [], "["], "false"),
        ("glob.match", ["[ab-c]", [], "-"], "true"),
        ("glob.match", ["{cat,b?t}s", [], "bats"], "true"),
        ("glob.match", ["{a,{b,c}}", [], "c"], "true"),
        ("glob.match", ["{,a}b", [], "b"], "true"),
        ("glob.match", ["{a", [], "a"], "true"),
        ("glob.match", ["a}", [], "a}"], "true"),
        ("glob.match", ["a,b", [], "a,b"], "true"),
        ("glob.match", ["\\*\\{", [], "*{"], "true"),
        ("glob.match", ["a\\", [], "a"], "true"),
        ("glob.match", ["", [], ""], "true"),
        ("glob.match", ["a*b", ["/"], "a\nb"], "true"),
        ("glob.match", ["a.c", [], "abc"], "false"),
        ("glob.match", ["*é*", [], "aéb"], "true"),
        # what the library's way to take a pattern apart makes of it
        ("glob.match", ["{*a,*b}*c", [], "abc"], "false"),
        ("glob.match", ["*{,a}", None, ""], "false"),
        ("glob.match", ["{,a}{,a}**", ["."], ""], "false"),
        ("glob.match", ["{a,b*}{*a,*b}{,a}", [], "aa"], "false"),
        ("glob.match", ["{*a,*b,*c,*d}*{*a*b*c*}*", [], "abcdabcd"], "false"),
        ("glob.match", ["{}a", [], "a"], "false"),
        ("glob.match", ["{ab,ac}d", [], "acd"], "true"),
        ("glob.match", ["?é?", [], "aéb"], "false"),
        ("glob.match", ["*a?", ["é"], "ba\ufffd"], "false"),
        ("glob.match", ["??", ["/", "."], "a/"], "true"),
        ("glob.match", ["a\x00b", [], "ab"], "true"),
        ("glob.match", ["\x00b", [], ""], "true"),
        ("glob.match", ["[!\ufffd]", [], "a"], "eval_builtin_error: unexpected end of input"),
        ("glob.match", ["a\ufffd", [], "a"], "eval_builtin_error: could not read rune"),
        ("glob.match", ["[c-ax]", [], "a"], "eval_builtin_error: expected close range character"),
        ("glob.match", ["[", [], "a"], "eval_builtin_error: unexpected end of input"),
        ("glob.match", ["[a", [], "a"], "eval_builtin_error: unexpected end of input"),
        ("glob.match", ["[]a]", [], "a"], "eval_builtin_error: could not parse range"),
        ("glob.match", ["[c-a]", [], "a"], "eval_builtin_error: hi character 'a' should be greater than lo 'c'"),
        ("glob.match", ["[a-cx]", [], "a"], "eval_builtin_error: expected close range character"),
        (
            "glob.match",
            ["a", ["ab"], "a"],
            "eval_type_error: operand 2 must be array of runes but got array containing string",
        ),
        (
            "glob.match",
            ["a", [1], "a"],
            "eval_type_error: operand 2 must be array of strings but got array containing number",
        ),
        ("glob.match", ["a", "x", "a"], "eval_type_error: operand 2 must be one of {array, null} but got string"),
        ("glob.match", [1, [], "a"], "eval_type_error: operand 1 must be string but got number"),
        ("glob.match", ["a", [], 1], "eval_type_error: operand 3 must be string but got number"),
        ("glob.quote_meta", ["*.github.com"], '"\\\\*.github.com"'),
        ("glob.quote_meta", ["a*b?c[d]e{f}g\\h,!-"], '"a\\\\*b\\\\?c\\\\[d\\\\]e\\\\{f\\\\}g\\\\\\\\h,!-"'),
        ("glob.quote_meta", [1], "eval_type_error: operand 1 must be string but got number"),
    ],
)
def test_globs_match_as_opa_s(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
