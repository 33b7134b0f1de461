"""The values of numbers and strings in Rego."""

from __future__ import annotations

from decimal import Decimal

import pytest

from constraints.rego.syntax.literals import number, string, template_piece


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param("0", 0, id="zero"),
        pytest.param("-7", -7, id="negative"),
        pytest.param("9" * 5000, 10**5000 - 1, id="more digits than int() takes"),
        pytest.param("1.5", 1.5, id="a double"),
        pytest.param("0.1", 0.1, id="a decimal that prints as it was written"),
        pytest.param("-.5", -0.5, id="no digit before the point"),
        pytest.param("1e3", 1000.0, id="an exponent"),
        pytest.param("0.12345678901234567890", Decimal("0.12345678901234567890"), id="more than a double holds"),
        pytest.param("1e400", Decimal("1e400"), id="larger than any double"),
        pytest.param("1e30000", Decimal("1e30000"), id="as large as OPA takes"),
    ],
)
def test_numbers_are_exact(text: str, value: object) -> None:
    found = number(text)
    assert isinstance(found, type(value))
    assert found == value


@pytest.mark.parametrize("text", ["1e40000", "1e-40000", "1e99999999999999999999", "1e-99999999999999999999"])
def test_numbers_beyond_the_limit_are_none(text: str) -> None:
    assert number(text) is None


@pytest.mark.parametrize(
    ("text", "value"),
    [
        pytest.param('""', "", id="empty"),
        pytest.param('"a\tb"', "a\tb", id="a tab without escapes"),
        pytest.param(r'"\u00e9\"\\\/\b\f\n\r\t"', 'é"\\/\b\f\n\r\t', id="all escapes"),
        pytest.param(r'"\ud83d\ude00"', "\U0001f600", id="a surrogate pair"),
        pytest.param(r'"\ud83d!"', "\ufffd!", id="half a pair"),
        pytest.param('"\\n\t"', None, id="a tab beside an escape"),
        pytest.param(r'"\u12g4"', None, id="digits that are none"),
    ],
)
def test_strings(text: str, value: str | None) -> None:
    assert string(text) == value


@pytest.mark.parametrize(
    ("text", "quote", "value"),
    [
        pytest.param(r"a\{b", '"', "a{b", id="an escaped bracket"),
        pytest.param(r"a\\\{b\n", '"', "a\\{b\n", id="an escaped backslash before it"),
        pytest.param(r"a\{b\n", "`", r"a{b\n", id="a raw string has no other escapes"),
        pytest.param(r"\u12", '"', None, id="not JSON"),
    ],
)
def test_pieces_of_template_strings(text: str, quote: str, value: str | None) -> None:
    assert template_piece(text, quote) == value
