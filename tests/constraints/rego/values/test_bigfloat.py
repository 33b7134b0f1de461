"""Arithmetic on mantissas of 64 bits; results as OPA 1.17.1 prints them."""

from __future__ import annotations

import pytest

from constraints.errors import EvaluationError
from constraints.rego.values import bigfloat
from constraints.rego.values.bigfloat import Big, big
from constraints.rego.values.number import number_of, number_text


def shown(value: Big) -> str:
    return number_text(bigfloat.number(value))


def read(text: str) -> Big:
    return big(number_of(text))


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        ("0.1", "0.2", "0.3"),
        ("0.1", "0.7", "0.8"),
        ("18446744073709551615", "1", "18446744073709551616"),
        ("123456789012345678901234567890", "1", "123456789012345678900000000000"),
        ("9.223372036854776e+18", "1", "9223372036854776001"),
        ("1e30", "-1e30", "0"),
        ("1e-80", "1e80", "100000000000000000000000000000000000000000000000000000000000000000000000000000000"),
    ],
)
def test_added(one: str, other: str, result: str) -> None:
    assert shown(bigfloat.added(read(one), read(other))) == result


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        ("0.1", "3", "0.3"),
        ("1.1", "1.1", "1.21"),
        ("18446744073709551615", "3", "55340232221128654844"),
        ("1e-60", "1e60", "1"),
        ("1e50000", "1e50000", f"1{'0' * 100_000}"),
        ("4503599627370497.5", "2", "9007199254740995"),
    ],
)
def test_multiplied(one: str, other: str, result: str) -> None:
    assert shown(bigfloat.multiplied(read(one), read(other))) == result


@pytest.mark.parametrize(
    ("one", "other", "result"),
    [
        ("1", "3", "0.33333333333333333334"),
        ("2", "3", "0.6666666666666666667"),
        ("-7", "2", "-3.5"),
        ("10000000", "3", "3.3333333333333333333e+06"),
        ("1", "1e70", "1e-70"),
        ("22", "7", "3.1428571428571428572"),
        ("1e21", "4", "250000000000000000000"),
    ],
)
def test_divided(one: str, other: str, result: str) -> None:
    assert shown(bigfloat.divided(read(one), read(other))) == result


def test_an_exponent_beyond_reason_is_an_error() -> None:
    value = read("1e30000")
    for _ in range(6):
        value = bigfloat.multiplied(value, value)
    with pytest.raises(EvaluationError, match="out of range"):
        bigfloat.number(value)


def test_rounding_goes_to_even_when_halfway() -> None:
    assert bigfloat.rounded(0b1011, 0, bits=3) == (0b110, 1)
    assert bigfloat.rounded(0b1001, 0, bits=3) == (0b100, 1)
    assert bigfloat.rounded(-0b10011, 0, bits=3) == (-0b101, 2)
