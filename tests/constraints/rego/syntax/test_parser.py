"""What the parser refuses, with OPA's words and the position; and that nothing else than a CompileError comes out."""

from __future__ import annotations

import re
import sys
from collections.abc import Callable

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from constraints.errors import CompileError, PolicyError
from constraints.lang.source import Source
from constraints.rego.syntax.parser import parse_module, parse_query

ROWS = [  # (text behind `package p`, line and column, message)
    ("p if", "2:5", "unexpected eof token"),
    ("p if {}; q", "2:8", "unexpected ; token"),
    ("p if { x y }", "2:10", r"unexpected identifier token: expected \n or ; or }"),
    ("p if { x; }", "2:11", "unexpected } token"),
    ("p := ", "2:6", "unexpected eof token"),
    ("p := 01", "2:6", "unexpected number token: expected number without leading zero"),
    ("p := 1e99999", "2:6", "number too big"),
    ("p := -(1)", "2:7", "unexpected ( token: expected number"),
    ("p := [1 2]", "2:9", 'unexpected number token: expected "," or "]"'),
    ("p := {1: 2 3}", "2:12", "unexpected number token: non-terminated object"),
    ("p := {1 2}", "2:9", "unexpected number token: non-terminated set"),
    ("p := {1: 2, 3}", "2:14", 'unexpected } token: expected ":"'),
    ("p := (1", "2:8", "non-terminated expression"),
    ("p := f(1", "2:9", 'unexpected eof token: expected "," or ")"'),
    ("p := x[1", "2:9", "unexpected eof token: expected ["),
    ("p := x. y", "2:9", "unexpected whitespace token: expected identifier"),
    ("p := x.1", "2:8", "unexpected number token: expected identifier"),
    ('p := "a".b', "2:6", "illegal ref (head cannot be string)"),
    ("p := (a.b).c", "2:7", "illegal ref (head cannot be ref)"),
    ('p := "\\u12"', "2:6", "illegal escape sequence"),
    ('p := "\\u12g4"', "2:6", 'illegal string literal: "\\u12g4"'),
    ('p := "a', "2:6", "non-terminated string"),
    ("p := {x | }", "2:11", "found empty body"),
    ("p := ?", "2:6", "illegal token"),
    ("p := not x", "2:6", "unexpected not keyword"),
    ("p if some 1", "2:11", "unexpected number token: expected var"),
    ("p if some f(x)", "2:15", "unexpected eof token: expected `x in xs` or `x, y in xs` expression"),
    ("p if not some x", "2:10", "unexpected some keyword: illegal negation of 'some'"),
    ("p if every x { y }", "2:14", "unexpected { token: expected `x[, y] in xs { ... }` expression"),
    ("p if every [x] in y { y }", "2:21", "unexpected { token: expected value to be a variable"),
    ("p if every x in y", "2:18", "unexpected eof token: missing body"),
    ("p if x with 1 as 2", "2:13", "unexpected number token: expected ident"),
    ("p if x with y", "2:14", "unexpected eof token: expected as keyword"),
    ('p := $"{}"', "2:9", "unexpected } token"),
    ('p := $"{not x}"', "2:9", "unexpected negation ('not') in template-string expression"),
    ('p := $"{x := 1}"', "2:9", "unexpected assignment (':=') in template-string expression"),
    ('p := $"{x = 1}"', "2:9", "unexpected unification ('=') in template-string expression"),
    ('p := $"{some x}"', "2:9", "unexpected 'some' in template-string expression"),
    ('p := $"{x y}"', "2:11", "expected } to end template string expression"),
    ("p", "2:1", "var cannot be used for rule name"),
    ("p + 1", "2:1", "rule name conflicts with built-in function"),
    ("1", "2:1", "number cannot be used for rule name"),
    ("not p", "2:1", "negated expressions cannot be used for rule head"),
    ("some p", "2:1", "'some' declarations cannot be used for rule head"),
    ("p := 1 with input as 2", "2:1", "expressions using with keyword cannot be used for rule head"),
    ("p := 1; q := 2", "2:1", "multiple expressions cannot be used for rule head"),
    ("f() := 1 { x }\nq", "3:1", "var cannot be used for rule name"),
    ("f(x) contains 1", "2:6", "unexpected contains keyword: the contains keyword can only be used with multi-value "),
    ("default p := x", "2:1", "illegal default rule (value cannot contain var)"),
    ("default p := [f(1)]", "2:1", "illegal default rule (value cannot contain call)"),
    ("default p.q", "2:1", "illegal default rule (must have a value)"),
    ("default f(1) := 1", "2:1", "illegal default rule (arguments cannot contain number)"),
    ("default f(x, x) := 1", "2:1", "illegal default rule (arguments cannot be repeated x)"),
    ("p[x] := 1 if x else := 2", "2:16", "else keyword cannot be used on rules with variables in head"),
    ("p contains 1 if x else := 2", "2:19", "else keyword cannot be used on multi-value rules"),
    ("p if x else", "2:12", "unexpected eof token: expected else value term or rule body"),
    ("p if x else := 1 { y } { z }", "2:24", "expected else keyword"),
    ("p { x }", "2:1", "`if` keyword is required before rule body"),
    ("f(x) { x }", "2:1", "`if` keyword is required before function body"),
    ("p := 1 if x else := 2 { y }", "2:13", "`if` keyword is required before rule body"),
    ("p[1]", "2:1", "`contains` keyword is required for partial set rules"),
    ("p.q.r", "2:1", "rule must have value assignment and/or body declaration"),
    ("if := 1", "2:1", "unexpected if keyword"),
    ("p if {1, 2}", "2:8", r"unexpected , token: expected \n or ; or }"),
    ("p { }", "2:5", "found empty body"),
    ("import foo.bar", "2:8", "unexpected import path, must begin with one of: {data, future, input, rego}, got: foo"),
    ("import data.if", "2:8", "unexpected import path, must not end with a keyword, got: if"),
    ("import data[x]", "2:13", "unexpected var token: expecting string"),
    ("import data.x as 1", "2:18", "unexpected number token: expected var"),
    ("import data.x as if", "2:18", "unexpected if keyword: expected var"),
    ("import rego.v2", "2:8", "invalid import `rego.v2`, must be `rego.v1`"),
    ("import future.x", "2:8", "invalid import, must be `future.keywords`"),
    ("import future.keywords.x", "2:8", "unexpected keyword, must be one of [contains every if in not]"),
    ("import future.keywords as x", "2:8", "`future` imports cannot be aliased"),
    ("package q", "2:1", "unexpected package"),
]


def refused(text: str, v1: bool = True) -> CompileError:
    with pytest.raises(CompileError) as caught:
        parse_module(Source("policy", text), v1)
    assert caught.value.source == "policy"
    return caught.value


@pytest.mark.parametrize(("text", "where", "message"), ROWS, ids=[row[0] for row in ROWS])
def test_errors_of_v1(text: str, where: str, message: str) -> None:
    error = refused(f"package p\n{text}")
    assert str(error.span) == where
    assert error.message.startswith(f"rego_parse_error: {message}")


@pytest.mark.parametrize(
    ("text", "where", "message"),
    [
        pytest.param("", "1:1", "empty module", id="nothing"),
        pytest.param("# only this", "1:12", "empty module", id="a comment"),
        pytest.param("p := 1", "1:1", "package expected", id="no package"),
        pytest.param("package", "1:8", "unexpected eof token", id="no name"),
        pytest.param("package 1", "1:9", "unexpected number token", id="a number for a name"),
        pytest.param("package a[1]", "1:11", "unexpected number token: expecting string", id="a number in the name"),
        pytest.param('package p\nq := $""', "2:6", "template strings are not supported", id="template strings"),
        pytest.param("package p\nimport rego.v1\nq { x }", "3:1", "`if` keyword is required", id="v1 imported"),
        pytest.param("package p\nq { x }\nimport rego.v1", "2:1", "`if` keyword is required", id="v1 imported late"),
        pytest.param(
            "package p\nimport rego.v1 as x", "2:8", "`rego` imports cannot be aliased", id="v1 with an alias"
        ),
        pytest.param("package p\nq if { x }", "2:1", "var cannot be used for rule name", id="if without its import"),
        pytest.param("package p\nq { some x in y }", "2:12", "unexpected identifier token", id="in without its import"),
        pytest.param(
            "package p\nq[x] { x } else = 1", "2:12", "else keyword cannot be used on rules", id="else of a set"
        ),
    ],
)
def test_errors_of_v0(text: str, where: str, message: str) -> None:
    error = refused(text, v1=False)
    assert str(error.span) == where
    assert error.message.startswith(f"rego_parse_error: {message}")


DEEP = {
    "arrays": ("[", "]"),
    "parentheses": ("(", ")"),
    "comprehensions": ("{x | ", "}"),
    "unions": ("{x | (", "), 1}"),
    "objects": ("{x: y | ", ", 1: 2}"),
    "references": ("x[", "]"),
    "calls": ("f(", ")"),
    "bodies": ("every x in y { ", "}"),
    "template strings": ('$"{', '}"'),
}


@pytest.mark.parametrize("name", DEEP)
def test_deep_nesting_is_refused_before_the_stack_overflows(name: str) -> None:
    before, after = DEEP[name]
    with pytest.raises(CompileError, match="max parsing recursion depth exceeded"):
        parse_query(Source("query", before * 5000 + "1" + after * 5000), v1=True)


@pytest.mark.parametrize("operator", ["+", "|", "in"])
def test_any_number_of_operators_stand_in_a_row(operator: str) -> None:
    assert len(parse_query(Source("query", f"1 {operator} " * 5000 + "1"), v1=True)) == 1


@pytest.mark.parametrize("text", ["{a | {" * 40 + "1, 1" + "}, 1}" * 40, "{a: b | " * 40 + "1, 1" + "}" * 40])
def test_trying_comprehensions_first_does_not_multiply(text: str) -> None:
    frames = 0

    def count(*_: object) -> None:
        nonlocal frames
        frames += 1

    sys.setprofile(count)
    try:
        parse_query(Source("query", text), v1=True)
    except CompileError:
        pass
    finally:
        sys.setprofile(None)
    assert frames < 500_000


PIECES = re.findall(
    r"\S+",
    """package import as default else not some with null true false if in every contains future.keywords rego.v1 data
    input x y _ p[x] f(x) { } [ ] ( ) , ; : := = == != < <= > >= | & + - * / % . 0 1 1.5 1e3 .5 01 1e999999 "a" "\\n"
    "\\u12" `r` $" $` " ` ` \\ # ? ! {x|y} {x:y|z} [x|y] set() {} $"{x}" \0 \ufeff é \ud800 """,
)
_PIECE = st.sampled_from([*PIECES, "\n", "\n", " ", "\t", "\r\n"])
_TEXT = st.one_of(
    st.text(max_size=40),
    st.lists(_PIECE, max_size=40).map(" ".join),
    st.lists(_PIECE, max_size=40).map("".join),
)


ANY = given(text=_TEXT, v1=st.booleans(), packaged=st.booleans())


@settings(max_examples=100, deadline=None)
@ANY
def test_any_text_gives_a_tree_or_a_policy_error(text: str, v1: bool, packaged: bool) -> None:
    gives_a_tree_or_a_policy_error(text, v1, packaged)


@pytest.mark.slow
@settings(max_examples=5000, deadline=None)
@ANY
def test_each_of_many_texts_gives_a_tree_or_a_policy_error(text: str, v1: bool, packaged: bool) -> None:
    gives_a_tree_or_a_policy_error(text, v1, packaged)


def gives_a_tree_or_a_policy_error(text: str, v1: bool, packaged: bool) -> None:
    source = Source("fuzz", f"package p\n{text}" if packaged else text)
    for parse in (parse_module, parse_query):
        error = refusal(parse, source, v1)
        assert error is None or (error.span is not None and error.message.startswith("rego_parse_error: "))


def refusal(parse: Callable[[Source, bool], object], source: Source, v1: bool) -> PolicyError | None:
    try:
        parse(source, v1)
    except PolicyError as error:
        return error
    return None
