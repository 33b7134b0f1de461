"""What stands for results, listed and not, and how that is written."""

from __future__ import annotations

import pytest

from audit.reports.results import (
    OUTCOMES,
    Contents,
    ReportChoice,
    ReportResult,
    outcome_of,
    read_words,
    rows_of,
    short_name,
    word,
    written,
)

PASSED, FAILED = ReportResult("one", "K8sTest", "pass"), ReportResult("one", "K8sTest", "fail", "bad")


def test_a_word_tells_the_outcome_and_the_policy() -> None:
    for outcome in OUTCOMES:
        said = word(PASSED._replace(result=outcome))
        assert outcome_of(said) == outcome
        assert said[1:] == short_name("K8sTest/one")


@pytest.mark.parametrize("text", ["", "p", "xabcdefgh", "pABCDEFGH", "pabcdefg1", "pabcdefghi", "p abcdefg"])
def test_what_is_no_word_counts_nothing(text: str) -> None:
    assert outcome_of(text) == ""


def test_words_are_read_as_they_were_written() -> None:
    listed, words = ReportChoice(listing=False).divided([PASSED, FAILED, FAILED._replace(message="worse")])
    assert listed == []
    short = short_name("K8sTest/one")
    assert written(words) == f"f{short}*2 p{short}"
    assert read_words(written(words)) == words


@pytest.mark.parametrize("text", ["pabcdefgh*x", "pabcdefgh*-1", "pabcdefgh*999999999", "{}", "\x00", "p*3"])
def test_hostile_words_are_left_out(text: str) -> None:
    assert read_words(f"{text} fabcdefgh") == (("fabcdefgh", 1),)


def test_rows_differ_where_what_is_written_does() -> None:
    whole, few = ReportChoice(), ReportChoice(frozenset({"fail"}))
    worse = FAILED._replace(message="worse")
    assert rows_of(*whole.divided([FAILED])) != rows_of(*whole.divided([worse]))
    other = PASSED._replace(severity="high")
    assert rows_of(*few.divided([PASSED])) == rows_of(*few.divided([other]))
    assert rows_of(*whole.divided([PASSED])) != rows_of(*few.divided([PASSED]))
    assert rows_of(*whole.divided([PASSED, FAILED])) == rows_of(*whole.divided([FAILED, PASSED]))


def test_contents_have_the_rows_and_the_numbers_of_what_they_list_and_count() -> None:
    choice, results = ReportChoice(frozenset({"fail"})), [PASSED, FAILED]
    listed, words = choice.divided(results)
    contents = Contents(tuple((result, (1, 0)) for result in listed), words)
    assert contents.rows() == rows_of(listed, words)
    assert contents.counted() == {"pass": 1, "fail": 1}
