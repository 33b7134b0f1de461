"""Values are what dataclasses are, though much of that is made when it is first needed."""

from __future__ import annotations

from dataclasses import field, replace

import pytest

from constraints.model import value


@value
class Word:
    """A word and where it stands, which makes no difference."""

    text: str
    parts: tuple[str, ...] = ()
    line: int = field(default=0, compare=False, repr=False)


@value
class Phrase:
    """The same fields in another class."""

    text: str
    parts: tuple[str, ...] = ()


@value
class Silent:
    """It says nothing of itself."""

    text: str

    def __repr__(self) -> str:
        return "..."


def test_values_are_equal_by_their_fields_but_those_left_out() -> None:
    assert Word("a", ("b",), 1) == Word("a", ("b",), 2)
    assert Word("a") != Word("b")
    assert Word("a") != Phrase("a")
    assert Word("a").__eq__(Phrase("a")) is NotImplemented


def test_a_first_comparison_with_something_else_is_none() -> None:
    assert Phrase("a") != "a"
    assert Phrase("a") == Phrase("a")


def test_equal_values_have_one_hash() -> None:
    assert {Word("a", line=1), Word("a", line=2), Word("b")} == {Word("a"), Word("b")}
    with pytest.raises(TypeError):
        hash(Phrase([]))  # type: ignore[arg-type]  # which has no hash


def test_values_show_their_fields_unless_they_say_it_themselves() -> None:
    assert repr(Word("a", ("b",), 3)) == "Word(text='a', parts=('b',))"
    assert repr(Silent("a")) == "..."


def test_values_match_by_place_and_are_replaced_in_part() -> None:
    match replace(Word("a"), text="c"):
        case Word(text, parts):
            assert (text, parts) == ("c", ())
