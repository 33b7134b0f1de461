"""Numbers keep OPA's text and mean what they print."""

from __future__ import annotations

from decimal import Decimal
from typing import Any

import pytest

from constraints.rego.values.number import (
    LiteralFloat,
    compare_numbers,
    is_negative,
    number_key,
    number_of,
    number_text,
    whole,
)


@pytest.mark.parametrize(
    "written",
    [
        "0",
        "-7",
        "1.5",
        "1e-07",
        "1.0",
        "2.50",
        "1e3",
        "1E3",
        "2e308",
        "0.33333333333333333334",
        "1234567.12345678901234567",
        "123456789012345678901234567890",
        "1" + "0" * 5000,
        "7" * 100_000,
        "1e1000000",
        "1e+06",
        "1.0000005e+06",
        "0.0001",
        "1e-05",
    ],
)
def test_what_is_written_is_printed(written: str) -> None:
    assert number_text(number_of(written)) == written


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        pytest.param(3.0, "3", id="a small integral float is an integer"),
        pytest.param(999999.0, "999999", id="up to a million"),
        pytest.param(1000000.0, "1e+06", id="a million has an exponent"),
        pytest.param(1000650000.0, "1.00065e+09", id="and digits as few as can be"),
        pytest.param(-2147483648.0, "-2.147483648e+09", id="a sign"),
        pytest.param(9.223372036854776e18, "9.223372036854776e+18", id="2^63"),
        pytest.param(100000.5, "100000.5", id="a fraction below a million"),
        pytest.param(1000000.5, "1.0000005e+06", id="a fraction above"),
        pytest.param(0.0001, "0.0001", id="small"),
        pytest.param(0.00001, "1e-05", id="smaller has an exponent"),
        pytest.param(1e100, "1e+100", id="three digits of exponent"),
        pytest.param(0.0, "0", id="nothing"),
        pytest.param(1000000, "1000000", id="an int has no exponent"),
        pytest.param(Decimal("3333333.3333333333333"), "3.3333333333333333333e+06", id="a Decimal prints alike"),
    ],
)
def test_a_number_prints_as_go_prints_it(value: Any, shown: str) -> None:
    assert number_text(value) == shown


@pytest.mark.parametrize(
    ("one", "other", "order"),
    [
        (1, number_of("1.0"), 0),
        (number_of("1e3"), 1000, 0),
        (9.223372036854776e18, 9223372036854776000, 0),
        (9.223372036854776e18, 2**63, 1),
        (1e23, 10**23, 0),
        (0.1, number_of("0.1000000000000000055511151231257827"), -1),
        (0.5, number_of("0.50"), 0),
        (2, 2.5, -1),
        (-1, number_of("-1e30"), 1),
        (number_of("1e100000"), number_of("10e99999"), 0),
    ],
)
def test_numbers_compare_as_the_decimals_that_they_print(one: Any, other: Any, order: int) -> None:
    assert compare_numbers(one, other) == order
    assert compare_numbers(other, one) == -order


def test_numbers_of_a_million_digits_compare_too() -> None:
    one, other = number_of("1e1000000"), 10**1_000_000 + 1
    assert (compare_numbers(one, other), compare_numbers(other, one)) == (-1, 1)


def test_equal_numbers_share_a_key() -> None:
    assert {number_key(1e23), number_key(Decimal(10**23)), 10**23} == {10**23}
    assert number_key(0.1) != number_key(Decimal.from_float(0.1))


@pytest.mark.parametrize(
    ("value", "integer"),
    [
        (5, 5),
        (3.0, 3),
        (2**63, None),
        (1000000.0, None),
        (2.5, None),
        (number_of("1.0"), None),
        (LiteralFloat("+5", 5), 5),
        (LiteralFloat("1_000", 1000), None),
        ("1", None),
        (True, None),
        (None, None),
    ],
)
def test_only_what_is_written_as_an_integer_is_one(value: Any, integer: int | None) -> None:
    assert whole(value) == integer


@pytest.mark.parametrize("text", ["1e9999999", "1e-9999999", "1e99999999999999999999", "7" * 1_000_001, "abc", ""])
def test_what_is_no_number_of_reasonable_size_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="number"):
        number_of(text)


def test_what_is_below_zero() -> None:
    assert [is_negative(value) for value in (-(1 << 100_000), 1 << 100_000, -0.0, 0)] == [True, False, True, False]
