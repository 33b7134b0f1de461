"""YAML as the Go readers of Kubernetes and of gator understand it; every row was asked of `gator`."""

from __future__ import annotations

from typing import Any

import pytest
import yaml

from audit.sources.goyaml import GATOR_VERIFY, KUBERNETES, spread


def kubernetes(text: str) -> Any:
    """`text` as `gator test` reads it."""
    return KUBERNETES.numbers(KUBERNETES.load(text))


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
            "{1: a, 2.5: b, yes: c, ~: d}", {"1": "a", "2.5": "b", "true": "c", "null": "d"}, id="keys are strings"
        ),
        pytest.param("{a: &x {b: 1}, c: {<<: *x, d: 2}}", {"a": {"b": 1}, "c": {"b": 1, "d": 2}}, id="merge keys"),
        pytest.param("{a: 1, a: 2}", {"a": 2}, id="the last of two equal keys counts"),
    ],
)
def test_kubernetes_reads(text: str, value: object) -> None:
    found = kubernetes(text)
    assert found == value
    assert type(found) is type(value)


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
    found = GATOR_VERIFY.numbers(GATOR_VERIFY.load(text))
    assert found == value
    assert type(found) is type(value)


@pytest.mark.parametrize("text", [".inf", "-.INF", ".nan", "1e999"])
def test_numbers_without_a_json_value_are_refused(text: str) -> None:
    with pytest.raises(yaml.YAMLError, match="has no JSON value"):
        KUBERNETES.load(text)


def test_python_tags_make_no_objects() -> None:
    assert KUBERNETES.load("!!python/object/apply:os.getcwd []") == []


def test_the_spread_of_aliases_is_counted_to_its_limit() -> None:
    value = KUBERNETES.load("a: &a [1, 2]\nb: [*a, *a]")
    assert spread(value, 100) == 1 + 3 + 7
    assert spread(value, 5) == 6
