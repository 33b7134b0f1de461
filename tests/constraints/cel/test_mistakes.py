from __future__ import annotations

import pytest
from expressions import evaluate, mistakes

from constraints.cel import Invalid
from constraints.cel.parser import parse

EXPECTED = (
    "{'[', '{', '(', '.', '-', '!', 'true', 'false', 'null', NUM_FLOAT, NUM_INT, NUM_UINT, STRING, BYTES, IDENTIFIER}"
)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 +", f"1:4: Syntax error: mismatched input '<EOF>' expecting {EXPECTED}"),
        ("(1", "1:3: Syntax error: missing ')' at '<EOF>'"),
        ("not true", "1:5: Syntax error: extraneous input 'true' expecting <EOF>"),
        ("var", "1:1: reserved identifier: var"),
        ("$x", "1:1: Syntax error: token recognition error at: '$'"),
        ("18446744073709551616u", "1:1: invalid uint literal"),
        ("1e400", "1:1: invalid double literal"),
        ("'\\ud800'", "1:1: invalid unicode code point"),
        ("has(object)", "1:5: invalid argument to has() macro"),
        ("[1].all(x.y, true)", "1:10: argument must be a simple name"),
        ("[1].transformList(i, i, i)", "1:22: duplicate variable name: i"),
        ("a.b.c", "1:1: undeclared reference to 'a' (in container '')"),
        ("authorizer.group('').resource('pods').check('get').allowed()", "1:1: undeclared reference to 'authorizer' (in container '')"),
        ("authorizer.requestResource.check('get').allowed()", "1:1: undeclared reference to 'authorizer' (in container '')"),
        ("google.protobuf.BoolValue{} + 1", "1:29: found no matching overload for '_+_' applied to '(wrapper(bool), int)'"),
        ("'a'.allowed()", "1:12: found no matching overload for 'allowed' applied to 'string.()'"),
        ("object.foo() + bar", "1:11: undeclared reference to 'foo' (in container '')\n1:16: undeclared reference to 'bar' (in container '')"),
        ("1 == 1.0", "1:3: found no matching overload for '_==_' applied to '(int, double)'"),
        ("'a'.charAt('b')", "1:11: found no matching overload for 'charAt' applied to 'string.(string)'"),
        ("1 || true", "1:1: expected type 'bool' but found 'int'"),
        ("true ? 1 : 'a'", "1:6: found no matching overload for '_?_:_' applied to '(bool, int, string)'"),
        ("null.a", "1:5: type 'null' does not support field selection"),
        ("'abc'.all(c, true)", "1:1: expression of type 'string' cannot be range of a comprehension (must be list, map, or dynamic)"),
        ("[1].map(x, y)", "1:12: undeclared reference to 'y' (in container '')"),
        ("[1, 2.0]", "1:5: expected type 'int' but found 'double'"),
        ("{'a': 1, 2: 'x'}", "1:10: expected type 'string' but found 'int'\n1:13: expected type 'int' but found 'string'"),
        ("variables.zzz", "1:10: undefined field 'zzz'"),
        ("'a'.matches('[')", "1:13: invalid matches argument"),
        ("duration('1x')", "1:10: invalid duration argument"),
        ("'%d'.format(['a'])", "1:14: error during formatting: decimal clause can only be used on integers, was given string"),
        ("'%s'.format([1, 2])", "1:12: too many arguments supplied to string.format (expected 1, got 2)"),
        ("true &&\n  nope", "2:3: undeclared reference to 'nope' (in container '')"),
    ],
)  # fmt: skip
def test_mistakes_are_said_with_their_places(text: str, message: str) -> None:
    assert mistakes(text) == message


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("int('abc') == 1 || true", "type conversion error from 'string' to 'int'"),
        ("string(null) == ''", "no such overload: string(null_type)"),
        ("object.s.find('[') == ''", "error parsing regexp: missing closing ]: `[`"),
    ],
)
def test_constants_that_fail_make_the_whole_expression_invalid(text: str, message: str) -> None:
    with pytest.raises(Invalid) as caught:
        evaluate(text, object={"s": ""})
    assert caught.value.listing(text) == f"program instantiation failed: {message}"


def test_a_listing_shows_the_line_and_a_mark() -> None:
    text = "true &&\n  nope"
    with pytest.raises(Invalid) as caught:
        evaluate(text, object={"s": ""})
    assert caught.value.listing(text) == (
        "compilation failed: ERROR: <input>:2:3: undeclared reference to 'nope' (in container '')\n |   nope\n | ..^"
    )


@pytest.mark.parametrize("text", ["(" * 5000 + "1" + ")" * 5000, "1" + " + 1" * 20000, "-" * 3 + "9" * 5000])
def test_what_is_too_large_is_refused_and_does_not_overflow_the_stack(text: str) -> None:
    assert mistakes(text)


def test_an_expression_may_not_be_endless() -> None:
    with pytest.raises(Invalid, match="exceeds limit"):
        parse(" " * 100_001)
