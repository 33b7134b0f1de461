"""Figures: ratios, claims, and how they are told."""

from __future__ import annotations

import pytest
from benchmarks.figures import Claim, Figure, at_most, below, less, markdown, mebibytes, plain, seconds

ROWS = (
    Figure("one review", 4.2e-6, 253e-6, less(15), seconds),
    Figure("peak memory", 300.0, 540.0, at_most(0.5), mebibytes),
    Figure("compiling", 0.0098, None, below(0.015, seconds), seconds),
)


@pytest.mark.parametrize(
    ("ours", "peer", "claim", "held"),
    [
        pytest.param(1.0, 15.0, less(15), "yes", id="fifteen times less is at least fifteen times less"),
        pytest.param(1.0, 14.9, less(15), "NO", id="less than fifteen times is not"),
        pytest.param(1.0, None, less(15), "skipped", id="nothing is held without the peer"),
        pytest.param(5.0, 1.0, at_most(5), "yes", id="five times is at most five times"),
        pytest.param(5.1, 1.0, at_most(5), "NO", id="more than five times is not"),
        pytest.param(0.0149, 1.0, below(0.015, seconds), "yes", id="a limit of its own does not ask the peer"),
        pytest.param(0.015, None, below(0.015, seconds), "NO", id="the limit itself is not below it"),
    ],
)
def test_a_claim_is_held_or_not(ours: float, peer: float | None, claim: Claim, held: str) -> None:
    assert Figure("", ours, peer, claim, seconds).held == held


@pytest.mark.parametrize(
    ("ours", "peer", "ratio"),
    [
        pytest.param(4.0, 253.0, "63.2x less", id="ours is smaller"),
        pytest.param(3.0, 2.0, "1.50x more", id="ours is larger"),
        pytest.param(2.0, 2.0, "1.0x less", id="equal"),
        pytest.param(2.0, None, "-", id="no peer"),
    ],
)
def test_the_ratio_says_which_one_is_smaller(ours: float, peer: float | None, ratio: str) -> None:
    assert Figure("", ours, peer, less(1), seconds).ratio == ratio


@pytest.mark.parametrize(
    ("value", "text"), [(4.23e-6, "4.2 us"), (0.0049, "4.9 ms"), (0.25, "250.0 ms"), (65.123, "65.12 s")]
)
def test_times_have_a_unit_that_fits(value: float, text: str) -> None:
    assert seconds(value) == text


def test_the_table_for_terminals_is_aligned() -> None:
    assert plain(ROWS).splitlines() == [
        "figure       kube-patrol      peer       ratio              claim  held",
        "one review        4.2 us  253.0 us  60.2x less  at least 15x less   yes",
        "peak memory      300 MiB   540 MiB   1.8x less       at most 0.5x    NO",
        "compiling         9.8 ms         -           -      below 15.0 ms   yes",
    ]


def test_the_table_for_the_readme_is_markdown() -> None:
    assert markdown(ROWS).splitlines()[:3] == [
        "| figure | kube-patrol | peer | ratio | claim | held |",
        "| --- | ---: | ---: | ---: | ---: | --- |",
        "| one review | 4.2 us | 253.0 us | 60.2x less | at least 15x less | yes |",
    ]
