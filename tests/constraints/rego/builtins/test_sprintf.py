"""sprintf with the answers of OPA 1.17.1, which formats as Go's fmt does."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import N, S, call

from constraints.rego.builtins.sprintf import sprintf

BIG = 10**30


@pytest.mark.parametrize(
    ("template", "values", "shown"),
    [
        ("%v %v %v", ["a", 1, 2.5], "a 1 2.5"),
        ("%s|%d|%v", ["é", -7, None], "é|-7|null"),
        ("%v", [[1, "a", {"b": 2.5}, S(1), None, True]], '[1, "a", {"b": 2.5}, {1}, null, true]'),
        ("%v", [S()], "set()"),
        ("100%% of %v", ["x"], "100% of x"),
        ("%", [], "%!(NOVERB)"),
        ("%!", [], "%!!(MISSING)"),
        ("%z %d", [1, "x"], "%!z(int=1) %!d(string=x)"),
        ("%d %s", ["x", 5], "%!d(string=x) %!s(int=5)"),
        ("%d", [2.5], "%!d(float64=2.5)"),
        ("%d", [True], "%!d(string=true)"),
        ("%v", [], "%!v(MISSING)"),
        ("%v", [1, "two", 3.5], "1%!(EXTRA string=two, float64=3.5)"),
        ("%[2]v %[1]v", ["a", "b"], "b a"),
        ("%[3]v %v", ["a"], "%!v(BADINDEX) a"),
        ("%[x]v|%[]v", ["a"], "%!v(BADINDEX)|%!v(BADINDEX)"),
        ("%[1]d %d %[1]v", [1, 2], "1 2 1"),
        ("%5d|%-5d|%05d|%+d|% d", [42, 42, 42, 42, 42], "   42|42   |00042|+42| 42"),
        ("%08.3f|%+.1e|%g|%G", [3.14159, 12345.678, 1e-7, 1e21], "0003.142|+1.2e+04|1e-07|1E+21"),
        ("%6.2f|%-8.1f|%.0f", [3.14159, 2.5, 2.5], "  3.14|2.5     |2"),
        ("%x %X %o %b %O %#x %#o", [255, 255, 8, 5, 8, 255, 8], "ff FF 10 101 0o10 0xff 010"),
        ("%c %q %U %#U", [128512, 65, 128512, 128512], "😀 'A' U+1F600 U+1F600 '😀'"),
        ("%x % X %#x", ["héy", "ab", "ab"], "68c3a979 61 62 0x6162"),
        ("%q %+q %#q", ['a"é', "é", 'a"b'], '"a\\"é" "\\u00e9" `a"b`'),
        ("%10s|%-10s|%.2s|%5.1s", ["é", "é", "éàü", "xy"], "         é|é         |éà|    x"),
        ("%*d|%-*d|%.*f", [5, 1, 5, 1, 2, 2.5], "    1|1    |2.50"),
        ("%*d", ["x", 1], "%!(BADWIDTH)1"),
        ("%.*d", ["x", 1], "%!(BADPREC)1"),
        ("%T %T %T %T %T", ["a", 1, 2.5, BIG, None], "string int float64 *big.Int string"),
        (
            "%s %d %v %x %q",
            [BIG, BIG, BIG, BIG, BIG],
            "1000000000000000000000000000000 1000000000000000000000000000000 1000000000000000000000000000000 c9f2c9cd04674edea40000000 %!q(big.Int=1000000000000000000000000000000)",
        ),
        ("%040d|%+d", [BIG, BIG], "0000000001000000000000000000000000000000|+1000000000000000000000000000000"),
        ("%t %e", [True, 1], "%!t(string=true) %!e(int=1)"),
        ("%#v %+v", ["a", 5], '"a" 5'),
        ("%v %d", [N("1.0"), N("1e3")], "1 %!d(float64=1000)"),
        ("%v %s", [1000000.0, 1000000.0], "1e+06 %!s(float64=1e+06)"),
        ("%v", [N("2e308")], "2e308"),
        ("%x %b", [1.5, 1.5], "0x1.8p+00 6755399441055744p-52"),
        ("%#g %#.3g %#x", [1.0, 100000.5, 1.5], "%!g(int=1) 1.00e+05 0x1.8000p+00"),
        ("%世", [1], "%!世(int=1)"),
        ("%99999999999d", [1], "%!(NOVERB)%!(EXTRA int=1)"),
        ("%d", [9223372036854775807], "9223372036854775807"),
        ("%w", ["a"], "%!w(string=a)"),
        ("%[1]*d", [3], "%!d(MISSING)"),
        ("%-010d|%+05d|%x", [-42, 42, -255], "-42       |+0042|-ff"),
    ],
)
def test_a_format_shows_what_go_shows(template: str, values: list[Any], shown: str) -> None:
    assert sprintf(template, values) == shown


def test_the_format_must_be_a_string() -> None:
    assert call("sprintf", 1, []) == "eval_type_error: operand 1 must be string but got number"


def test_the_values_must_be_an_array() -> None:
    assert call("sprintf", "%v", S(1)) == "eval_type_error: operand 2 must be array but got set"
