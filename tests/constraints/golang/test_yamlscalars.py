"""Scalars as go-yaml takes them; the answers were asked of `opa eval` (version 2) and `gator verify` (version 3)."""

from __future__ import annotations

import math

import pytest

from constraints.golang.yamlscalars import VERSION_2, VERSION_3, Scalar, float_key, is_moment, plain, too_aliased


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("", None),
        ("~", None),
        ("yes", True),
        ("Off", False),
        ("yEs", "yEs"),
        ("010", 8),
        ("0o17", 15),
        ("0b-101", -5),
        ("-0x10", -16),
        ("1_000", 1000),
        ("18446744073709551615", 18446744073709551615),
        ("+18446744073709551615", 1.8446744073709552e19),
        (f"0x{'0' * 90}1", 1),
        (".5", 0.5),
        ("._5", "._5"),
        ("1e400", "1e400"),
        ("-.Inf", -math.inf),
        ("2001-01-01", "2001-01-01"),
    ],
)
def test_a_plain_scalar_of_version_2(text: str, value: Scalar) -> None:
    found = plain(text, VERSION_2)
    assert (type(found), found) == (type(value), value)


@pytest.mark.parametrize(("text", "value"), [("yes", "yes"), ("off", "off"), ("True", True), ("null", None)])
def test_words_of_older_yaml_are_texts_to_version_3(text: str, value: Scalar) -> None:
    assert plain(text, VERSION_3) == value


@pytest.mark.parametrize(
    ("text", "is_one"),
    [
        ("2001-01-01", True),
        ("2001-1-1t01:02:03.5Z", True),
        ("2001-01-01 1:2:3,5", True),
        ("0000-01-01", True),
        ("2001-99-99", False),
        ("2001-01-01 foo", False),
        ("2001-01-01T1:2:3+0100", False),
    ],
)
def test_a_moment_is_a_date_that_there_is_with_a_time_or_without(text: str, is_one: bool) -> None:
    assert is_moment(text) is is_one


@pytest.mark.parametrize(("value", "key"), [(math.nan, ".nan"), (-1e300, "-.inf"), (1.1, "1.1"), (1e-50, "0")])
def test_a_key_has_the_digits_of_32_bits(value: float, key: str) -> None:
    assert float_key(value) == key


@pytest.mark.parametrize(
    ("decoded", "aliased", "is_too_much"),
    [
        (1000, 1000, False),
        (1001, 100, False),
        (1001, 1000, True),
        (4_000_000, 399_000, False),
        (4_000_000, 401_000, True),
    ],
)
def test_few_nodes_of_a_large_document_may_come_from_aliases(decoded: int, aliased: int, is_too_much: bool) -> None:
    assert too_aliased(decoded, aliased) is is_too_much
