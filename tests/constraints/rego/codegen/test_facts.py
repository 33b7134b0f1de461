"""Tests of generated code that exclude each other."""

from __future__ import annotations

import ast

import pytest

from constraints.rego.codegen.facts import Facts, exclusive, facts_of


def facts(test: str) -> Facts:
    """What follows where a test holds."""
    return dict(facts_of(ast.parse(test, mode="eval").body))


@pytest.mark.parametrize(
    ("one", "other", "excluded"),
    [
        pytest.param("x is UNDEFINED", "x is not UNDEFINED", True, id="opposite comparisons"),
        pytest.param("f(x)", "not f(x)", True, id="a test and its opposite"),
        pytest.param("f(x)", "not f(y)", False, id="tests of different values"),
        pytest.param("f(x, AT)", "not f(x, AT_2)", True, id="the same test at different positions"),
        pytest.param("x == 'a'", "x == 'b'", True, id="different texts"),
        pytest.param("x == 1", "x == 2", False, id="different numbers, which may be equal to more than themselves"),
        pytest.param("type(x) is str", "type(x) is list", True, id="different types"),
        pytest.param("type(x) is int", "type(x) in NUMBERS", False, id="a type that is one of several"),
        pytest.param("a and b", "not b", True, id="all of a conjunction holds"),
        pytest.param("a or b", "not b", False, id="any part of a disjunction may hold"),
    ],
)
def test_tests_exclude_each_other_where_both_can_never_hold(one: str, other: str, excluded: bool) -> None:
    assert exclusive([[facts(one)], [facts(other)]]) is excluded
    assert exclusive([[facts(other)], [facts(one)]]) is excluded


def test_all_ways_to_an_answer_have_to_exclude_those_to_another() -> None:
    assert exclusive([[facts("x == 'a'"), facts("x == 'b'")], [facts("x == 'c'")]])
    assert not exclusive([[facts("x == 'a'"), facts("y")], [facts("x == 'c'")]])


def test_very_many_definitions_are_told_apart_by_one_question() -> None:
    texts = [[facts(f"x == 't{number}'")] for number in range(400)]
    assert exclusive(texts)
    assert not exclusive([*texts, [facts("x == 't7'")]])
    assert not exclusive([*texts, [facts("y")]])
