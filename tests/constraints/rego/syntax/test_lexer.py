"""Cutting Rego into tokens."""

from __future__ import annotations

import tracemalloc

import pytest

from constraints.errors import CompileError
from constraints.lang.source import Source, Span
from constraints.rego.syntax.lexer import ALWAYS, BAD, KEYWORDS, Tokens, complaint, tokenize


def cut(text: str, keywords: frozenset[str] = ALWAYS) -> Tokens:
    return tokenize(Source("policy", text), keywords)


@pytest.mark.parametrize(
    ("text", "kinds"),
    [
        pytest.param("p := 1", "name := number", id="an assignment"),
        pytest.param("a==b!=c<=d>=e<f>g", "name == name != name <= name >= name < name > name", id="comparisons"),
        pytest.param("a=b:c", "name = name : name", id="one equals sign and one colon"),
        pytest.param("|&+-*/%", "| & + - * / %", id="operators"),
        pytest.param("[{(,;.)}]", "[ { ( , ; . ) } ]", id="brackets and separators"),
        pytest.param("_x9 X _", "name name name", id="names may start with an underscore"),
        pytest.param("not notx", "not name", id="a keyword is a whole word"),
        pytest.param("if in", "name name", id="words that must be imported are names"),
        pytest.param(r'"a\"b" "\u00e9\n"', "string string", id="strings with escapes"),
        pytest.param("`a\n\\`", "raw", id="a raw string spans lines and has no escapes"),
        pytest.param("1 1.5 1e3 1.5E-7", "number number number number", id="numbers"),
        pytest.param("a # b\nc # d", "name name", id="comments end with the line"),
        pytest.param("a\r\nb", "name name", id="carriage returns are space"),
        pytest.param('$"a"', "template", id="a template string without an expression is one token"),
        pytest.param('$"a{b}c{d}e"', "template name middle name middle", id="a template string is cut at expressions"),
        pytest.param('$"{{1: {2}}}"', "template { number : { number } } middle", id="brackets within an expression"),
        pytest.param('$"{$`{x}`}"', "template template name middle middle", id="template strings nest"),
        pytest.param(r'$"\{a}"', "template", id="an escaped bracket opens nothing"),
        pytest.param("$`\\\\{a}`", "template", id="in a raw template a backslash escapes a bracket only"),
        pytest.param("\ufeffa", "name", id="a byte-order mark may stand at the beginning"),
    ],
)
def test_tokens(text: str, kinds: str) -> None:
    assert cut(text).kinds == [*kinds.split(), "eof"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param("!", "illegal ! character", id="a lone exclamation mark"),
        pytest.param("$x", "illegal $ character", id="a dollar without a quote"),
        pytest.param("@", "illegal token", id="a sign that means nothing"),
        pytest.param("1.", "expected fraction", id="a point without digits"),
        pytest.param("1e+", "expected exponent", id="an exponent without digits"),
        pytest.param("0a2b", "illegal number format", id="letters in a number"),
        pytest.param('"abc', "non-terminated string", id="a string that does not end"),
        pytest.param('"a\n"', "non-terminated string", id="a string over two lines"),
        pytest.param('"\\x"', "illegal escape sequence", id="an escape that JSON does not know"),
        pytest.param("`abc", "non-terminated string", id="a raw string that does not end"),
        pytest.param('$"abc', "non-terminated string", id="a template string that does not end"),
    ],
)
def test_what_is_no_token_is_kept_for_the_parser(text: str, message: str) -> None:
    tokens = cut(f"a {text}")
    at = tokens.kinds.index(BAD)
    assert complaint(tokens.source.text, tokens.starts[at]) == message


@pytest.mark.parametrize(
    ("text", "message", "span"),
    [
        pytest.param("a\n \0", "illegal null character", Span(2, 2), id="a null"),
        pytest.param("a\ufeff", "illegal byte-order mark", Span(1, 2), id="a byte-order mark within the text"),
    ],
)
def test_characters_that_may_stand_nowhere(text: str, message: str, span: Span) -> None:
    with pytest.raises(CompileError) as caught:
        cut(text)
    assert (caught.value.message, caught.value.span) == (f"rego_parse_error: {message}", span)


def test_positions_count_characters_from_one() -> None:
    tokens = cut('é := "ü"\n\n  b')
    assert [tokens.span(at) for at in range(4)] == [Span(1, 1), Span(1, 3), Span(1, 6), Span(3, 3)]


def test_tokens_know_what_stands_between_them() -> None:
    tokens = cut("a.b # c\n[")
    assert [tokens.joined(at) for at in range(4)] == [False, True, True, False]
    assert [tokens.on_new_line(at) for at in range(1, 4)] == [False, False, True]


def test_words_become_keywords_from_a_token_on() -> None:
    tokens = cut("if if if.x")
    tokens.enable(frozenset({"if"}), 1)
    assert tokens.kinds == ["name", "if", "if", ".", "name", "eof"]


def test_all_keywords_can_be_had_from_the_start() -> None:
    assert cut("every if contains in", KEYWORDS).kinds == ["every", "if", "contains", "in", "eof"]


@pytest.mark.parametrize(
    ("text", "kind"),
    [
        pytest.param('"' + "x" * 300_000 + '"', "string", id="a string"),
        pytest.param('"' + r"\n" * 300_000 + '"', "string", id="escapes"),
        pytest.param('$"' + "x" * 300_000 + '{y}"', "template", id="a template string"),
        pytest.param("$`" + "x\\" * 300_000 + "{y}`", "template", id="a raw template"),
    ],
)
def test_a_long_text_takes_no_memory_for_each_of_its_characters(text: str, kind: str) -> None:
    tracemalloc.start()
    try:
        found = cut(text)
        most = tracemalloc.get_traced_memory()[1]
    finally:
        tracemalloc.stop()
    assert most < 2 * len(text)
    assert found.kinds[0] == kind
