"""How Go prints; every row was asked of `gator test`."""

from __future__ import annotations

from typing import Any

import pytest

from constraints.golang.floats import general, general32
from constraints.golang.jsontext import json_text
from constraints.golang.quoting import quoted


@pytest.mark.parametrize(
    ("text", "inside"),
    [
        ("plain", '"plain"'),
        ('say "hi" \\', '"say \\"hi\\" \\\\"'),
        ("a\nb\tc\x07", '"a\\nb\\tc\\a"'),
        ("\x01\x7f", '"\\x01\\x7f"'),
        ("é ü 😀", '"é ü 😀"'),
        ("\u00a0\u200b\u2028", '"\\u00a0\\u200b\\u2028"'),
        ("\U000e0001", '"\\U000e0001"'),
    ],
)
def test_quote(text: str, inside: str) -> None:
    assert quoted(text) == inside


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (0, "0"),
        (100000, "100000"),
        (1000000, "1e+06"),
        (123456789, "1.23456789e+08"),
        (2**53, "9.007199254740992e+15"),
        (1.5, "1.5"),
        (100000.5, "100000.5"),
        (0.0001, "0.0001"),
        (0.00001, "1e-05"),
        (-2.5e-9, "-2.5e-09"),
        (10**21, "1e+21"),
    ],
)
def test_general(number: float, text: str) -> None:
    assert general(float(number)) == text


@pytest.mark.parametrize(
    ("value", "text"),
    [
        (1000000, "1000000"),
        (9223372036854776000, "9223372036854776000"),
        (10**20, "100000000000000000000"),
        (1e21, "1e+21"),
        (10**21, "1000000000000000000000"),
        pytest.param(10**9000, "1" + "0" * 9000, id="more digits than Python writes"),
        (-0.0, "-0"),
        (0.00001, "0.00001"),
        (1e-7, "1e-7"),
        (1.5e300, "1.5e+300"),
        (-0.25, "-0.25"),
        (True, "true"),
        (None, "null"),
        ("<a> & \u2028 é \x01", '"\\u003ca\\u003e \\u0026 \\u2028 é \\u0001"'),
        ({}, "{}"),
        ([], "[]"),
        ({"b": [1], "a": {}}, '{\n    "a": {},\n    "b": [\n        1\n    ]\n}'),
    ],
)
def test_json(value: Any, text: str) -> None:
    assert json_text(value) == text


@pytest.mark.parametrize(
    ("number", "text"),
    [
        (1.1, "1.1"),
        (16777217.0, "1.6777216e+07"),
        (100000.0, "100000"),
        (1e-5, "1e-05"),
        (-0.0, "-0"),
        (3.5e38, "+Inf"),
        (-1e300, "-Inf"),
        (1e-50, "0"),
    ],
)
def test_general_of_32_bits(number: float, text: str) -> None:
    assert general32(number) == text
