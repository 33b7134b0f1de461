"""Durations as Go writes and reads them; the expected texts are those of Go's time package."""

from __future__ import annotations

import pytest

from audit.duration import format_duration, parse_duration


@pytest.mark.parametrize(
    ("seconds", "text"),
    [
        (0.0, "0s"),
        (1e-9, "1ns"),
        (1.1e-6, "1.1µs"),
        (2.2e-3, "2.2ms"),
        (0.251009679, "251.009679ms"),
        (1.0, "1s"),
        (3.3, "3.3s"),
        (62.5, "1m2.5s"),
        (245.0, "4m5s"),
        (245.001, "4m5.001s"),
        (3600.0, "1h0m0s"),
        (18367.001, "5h6m7.001s"),
        (0.9999999999, "1s"),
        (-1.5, "-1.5s"),
    ],
)
def test_a_duration_is_written_as_go_writes_it(seconds: float, text: str) -> None:
    assert format_duration(seconds) == text


@pytest.mark.parametrize(
    ("text", "seconds"),
    [
        ("0", 0.0),
        ("3m", 180.0),
        ("10s", 10.0),
        ("1h1m1s", 3661.0),
        ("1.5h", 5400.0),
        ("-10s", -10.0),
        (".5s", 0.5),
        ("15us", 15e-6),
    ],
)
def test_a_duration_is_read_as_go_reads_it(text: str, seconds: float) -> None:
    assert parse_duration(text) == pytest.approx(seconds)


@pytest.mark.parametrize("text", ["", "3", "m", "3 m", "3x", "1s2", "--1s", "."])
def test_what_go_refuses_is_refused(text: str) -> None:
    with pytest.raises(ValueError, match="invalid duration"):
        parse_duration(text)
