"""YAML as the Go readers of Kubernetes and of gator understand it; every row was asked of `gator`."""

from __future__ import annotations

from typing import Any

import pytest

from audit.sources.goyaml import GATOR_VERIFY, KUBERNETES, Malformed


def kubernetes(text: str) -> Any:
    """`text` as `gator test` reads it."""
    return KUBERNETES.load(text.encode())


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("yes", True, id="yes is true"),
        pytest.param("On", True, id="On is true"),
        pytest.param("y", True, id="y is true"),
        pytest.param("OFF", False, id="OFF is false"),
        pytest.param("yES", "yES", id="other spellings are words"),
        pytest.param("'yes'", "yes", id="a quoted word is a string"),
        pytest.param("~", None, id="a tilde is null"),
        pytest.param("010", 8, id="a leading zero is octal"),
        pytest.param("0o14", 12, id="so is 0o"),
        pytest.param("0x1F", 31, id="hexadecimal"),
        pytest.param("-0b11", -3, id="binary"),
        pytest.param("089", 89, id="no octal, then decimal"),
        pytest.param("1_000", 1000, id="underscores are left out"),
        pytest.param("12:30", "12:30", id="base 60 is a string"),
        pytest.param("2001-01-01", "2001-01-01", id="a date is a string"),
        pytest.param("2001-12-14t21:59:43.10-05:00", "2001-12-14t21:59:43.10-05:00", id="a timestamp is a string"),
        pytest.param("1234e567", "1234e567", id="what is too large for a float64 is text: a git hash"),
        pytest.param("9" * 5000, "9" * 5000, id="an integer of five thousand digits, too"),
        pytest.param("18446744073709551616", 2.0**64, id="an integer above 64 bits is a float64"),
        pytest.param("-0.0", -0.0, id="minus zero keeps its sign"),
        pytest.param(".5_5", 0.55, id="underscores between digits"),
        pytest.param("0b-11", -3, id="a sign behind 0b"),
        pytest.param("!!float 5", 5, id="a tag that fits"),
        pytest.param("!!str 5", "5", id="a number that is tagged as text"),
        pytest.param("! 5", "5", id="an exclamation mark alone makes text"),
        pytest.param("!!binary 4oIo", "\ufffd\ufffd(", id="each byte that is no UTF-8 is replaced"),
        pytest.param("3.0", 3, id="an integral float is an integer"),
        pytest.param("1.5e3", 1500, id="an exponent"),
        pytest.param("1e-7", 1e-07, id="a small float"),
        pytest.param("999999", 999999, id="below a million an integer"),
        pytest.param("1000000", 1e6, id="from a million on a float64, as Rego prints it"),
        pytest.param("9007199254740993", 2.0**53, id="integers are float64: 2^53+1 is 2^53"),
        pytest.param("9223372036854775807", 2.0**63, id="2^63-1 has the fewest digits"),
        pytest.param("!!binary aGVsbG8=", "hello", id="binary is the text that it stands for"),
        pytest.param("!thing a", "a", id="an unknown tag means nothing"),
        pytest.param(
            "{1: a, 2.5: b, yes: c, 2001-01-01: d, 16777217.0: e, .inf: f}",
            {"1": "a", "2.5": "b", "true": "c", "2001-01-01": "d", "1.6777216e+07": "e", ".inf": "f"},
            id="keys are strings",
        ),
        pytest.param("{a: &x {b: 1}, c: {<<: *x, d: 2}}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}, id="merge keys"),
        pytest.param("{a: 1, <<: {a: 2}}", {"a": 2}, id="a merged key hides one that came before it"),
        pytest.param("[&x 1, &x 2, *x]", [1, 2, 2], id="an anchor may be defined anew"),
        pytest.param("{a: 1, a: 2}", {"a": 2}, id="the last of two equal keys counts"),
    ],
)
def test_kubernetes_reads(text: str, value: object) -> None:
    found = kubernetes(text)
    assert repr(found) == repr(value)


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("yes", "yes", id="yes is a word"),
        pytest.param("off", "off", id="off is a word"),
        pytest.param("True", True, id="True is true"),
        pytest.param("9007199254740993", 9007199254740993, id="integers stay exact"),
        pytest.param("18446744073709551616", 18446744073709551616.0, id="beyond 64 bits they are floats"),
    ],
)
def test_gator_verify_reads(text: str, value: object) -> None:
    found = GATOR_VERIFY.load(text.encode())
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        pytest.param(".inf", "json: unsupported value: +Inf", id="infinity"),
        pytest.param("-.INF", "json: unsupported value: -Inf", id="minus infinity"),
        pytest.param("[.nan]", "json: unsupported value: NaN", id="not a number"),
        pytest.param("~: a", 'unsupported map key of type: %!s(<nil>), key: <nil>, value: "a"', id="a null key"),
        pytest.param(
            "9223372036854775808: a",
            'unsupported map key of type: uint64, key: 0x8000000000000000, value: "a"',
            id="a key above int64",
        ),
        pytest.param("[a]: b", "yaml: invalid map key: ", id="a list for a key"),
        pytest.param("!!int abc", "yaml: cannot decode !!str `abc` as a !!int", id="a tag that does not fit"),
        pytest.param("!!binary aGVsb", "yaml: !!binary value contains invalid base64 data", id="no base64"),
        pytest.param("{<<: 1}", "yaml: map merge requires map or sequence of maps as the value", id="a merged number"),
        pytest.param("*x", "yaml: unknown anchor 'x' referenced", id="an anchor that is not there"),
        pytest.param("&x [*x]", "yaml: anchor 'x' value contains itself", id="a list in itself"),
        pytest.param('"\\ud800"', "yaml: found invalid Unicode character escape code", id="half a surrogate pair"),
        pytest.param('a:\n  "\\/"', "yaml: line 2: found unknown escape character", id="a slash needs no escape"),
        pytest.param("a: \x7f", "yaml: control characters are not allowed", id="a control character"),
    ],
)
def test_what_gator_refuses_is_refused_in_its_words(text: str, message: str) -> None:
    with pytest.raises(Malformed) as caught:
        kubernetes(text)
    assert str(caught.value).startswith(f"error converting YAML to JSON: {message}")


def test_bytes_that_are_no_text_are_refused() -> None:
    with pytest.raises(Malformed, match="yaml: invalid leading UTF-8 octet"):
        KUBERNETES.load(b"a: \xff")


def test_python_tags_make_no_objects() -> None:
    assert kubernetes("!!python/object/apply:os.getcwd []") == []


def test_aliases_may_make_a_document_larger_but_not_too_much() -> None:
    rows = ["a0: &a0 [x, x, x, x, x, x, x, x, x]"]
    rows += [f"a{n}: &a{n} [{', '.join([f'*a{n - 1}'] * 9)}]" for n in range(1, 9)]
    assert len(kubernetes("\n".join(rows[:3]))["a2"]) == 9
    with pytest.raises(Malformed, match="yaml: document contains excessive aliasing"):
        kubernetes("\n".join(rows))
