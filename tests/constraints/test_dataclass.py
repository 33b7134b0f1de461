"""Dataclasses are what they are in the standard library, though their methods are made when they are first needed."""

from __future__ import annotations

import copy
import dataclasses
import pickle
import re
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import FrozenInstanceError, field, fields, replace
from functools import partial
from inspect import signature
from pathlib import Path
from threading import Barrier
from typing import Any, ClassVar

import pytest
from hypothesis import given
from hypothesis import strategies as st

from constraints.dataclass import dataclass, value

Decorator = Callable[[type], Any]


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


def plain() -> type:
    class Plain:
        """No fields."""

    return Plain


def mixed() -> type:
    class Mixed:
        """Every kind of field."""

        number: int
        shared: ClassVar[int] = 3
        text: str = "t"
        parts: list[int] = field(default_factory=list)
        hidden: int = field(default=0, repr=False)
        beside: int = field(default=0, compare=False)
        fixed: int = field(default=7, init=False)
        made: list[int] = field(default_factory=lambda: [1], init=False)

    return Mixed


def late() -> type:
    class Late:
        """Something follows when it is made."""

        number: int
        double: int = field(init=False)

        def __post_init__(self) -> None:
            object.__setattr__(self, "double", 2 * self.number)

    return Late


def outspoken() -> type:
    class Outspoken:
        """It says all for itself."""

        number: int

        def __repr__(self) -> str:
            return "<>"

        def __eq__(self, other: object) -> bool:
            return True

        def __hash__(self) -> int:
            return 5

    return Outspoken


def equal_only() -> type:
    class EqualOnly:
        """It says what is equal."""

        number: int

        def __eq__(self, other: object) -> bool:
            return True

    return EqualOnly


OPTIONS: list[dict[str, bool]] = [
    {},
    {"slots": True},
    {"slots": True, "eq": False},
    {"frozen": True},
    {"frozen": True, "slots": True},
    {"frozen": True, "slots": True, "eq": False},
    {"frozen": True, "slots": True, "order": True},
    {"slots": True, "order": True},
]
SHAPES = [plain, mixed, late, outspoken, equal_only]
CALLS: list[tuple[tuple[Any, ...], dict[str, Any]]] = [
    ((), {}),
    ((1,), {}),
    ((2,), {}),
    ((1, "u", [2], 3, 4), {}),
    ((1,), {"parts": [9], "beside": 1}),
    ((1, 2, 3, 4, 5, 6, 7), {}),
    ((1,), {"unknown": 1}),
    ((1,), {"number": 2}),
]
Ask = Callable[[Any, Any], object]
ASKED: dict[str, Ask] = {
    "repr": lambda one, other: repr(one),
    "equal": lambda one, other: (one == other, one != other, one == 1),
    "hash": lambda one, other: hash(one) == hash(copy.copy(one)) if type(one).__hash__ is not object.__hash__ else None,
    "hashable": lambda one, other: len({one}),
    "less": lambda one, other: one < other,
    "at most": lambda one, other: one <= other,
    "greater": lambda one, other: one > other,
    "at least": lambda one, other: one >= other,
    "order of another class": lambda one, other: one < 1,
    "assign": lambda one, other: setattr(one, "number", 3),
    "delete": lambda one, other: delattr(one, "number"),
    "fields": lambda one, other: [(each.name, getattr(one, each.name, None)) for each in fields(one)],
    "dict": lambda one, other: dataclasses.asdict(one),
    "match": lambda one, other: type(one).__match_args__,
    "copy": lambda one, other: repr(copy.deepcopy(one)),
    "replace": lambda one, other: repr(replace(one, number=5)),
    "slots": lambda one, other: hasattr(one, "__dict__"),
}


def answer(ask: Callable[[], object]) -> tuple[type, str]:
    """What comes of it: a value, or an error and its words."""
    try:
        given = ask()
    except (TypeError, AttributeError) as error:
        return type(error), str(error)
    return type(given), str(given)


@pytest.mark.parametrize("options", OPTIONS, ids=lambda options: " ".join(options) or "plain")
@pytest.mark.parametrize("shape", SHAPES, ids=lambda shape: shape.__name__)
def test_a_dataclass_answers_as_that_of_the_standard_library(
    shape: Callable[[], type], options: dict[str, bool]
) -> None:
    for name, ask in ASKED.items():
        # New classes for each, for what is made when it is first called may be so in any order.
        found, expected = (
            [answer(partial(asking, ask, cls, call)) for call in CALLS]
            for cls in (make(**options)(shape()) for make in (dataclass, dataclasses.dataclass))
        )
        assert (name, found) == (name, expected)


def asking(ask: Ask, cls: Any, call: tuple[tuple[Any, ...], dict[str, Any]]) -> object:
    args, named = call
    return ask(cls(*args, **named), cls(1))


@dataclass(frozen=True, slots=True)
class Point:
    """It is frozen, and has slots."""

    x: int
    y: int = 0


@dataclass(frozen=True, slots=True)
class Space(Point):
    """Another dimension."""

    z: int = 0


@dataclass(frozen=True, slots=True, order=True)
class Level:
    """It has an order."""

    number: int
    name: str = field(default="", compare=False)


@dataclass(slots=True)
class Counter:
    """It changes."""

    counts: dict[str, int] = field(default_factory=dict)


class Named(Point):
    """No dataclass of its own."""

    __slots__ = ()


def test_frozen_ones_refuse_assignments_before_and_after_their_first_use() -> None:
    for point in (Point(1), Point(1, 2), Space(1, 2, 3), Named(1)):
        with pytest.raises(FrozenInstanceError, match="cannot assign to field 'x'"):
            point.x = 2  # type: ignore[misc]
        with pytest.raises(FrozenInstanceError, match="cannot delete field 'y'"):
            del point.y


def test_a_class_below_has_the_fields_of_that_above_and_is_another_one() -> None:
    assert repr(Space(1, z=3)) == "Space(x=1, y=0, z=3)"
    assert (Space(1) == Point(1), Named(1) == Named(1), Named(1) == Point(1)) == (False, True, False)
    assert (Space(1).x, Named(3).x) == (1, 3)


def test_what_is_above_is_made_when_one_below_is_the_first_to_ask() -> None:
    @dataclass(frozen=True, slots=True)
    class Above:
        x: int

    class Below(Above):
        __slots__ = ()

        def __init__(self) -> None:
            super().__init__(5)

    assert (Below().x, Above(6).x, Below() == Below(), Below() == Above(5)) == (5, 6, True, False)


def test_several_threads_may_ask_first() -> None:
    waiting = Barrier(4)

    @dataclass(frozen=True, slots=True)
    class Asked:
        x: int = field(default_factory=lambda: waiting.wait(10) * 0)

    with ThreadPoolExecutor(4) as threads:
        made = [threads.submit(Asked) for _ in range(4)]
        assert [each.result() for each in made] == [Asked(0)] * 4


def test_its_signature_is_that_of_its_fields() -> None:
    assert list(signature(Space).parameters) == ["x", "y", "z"]


def test_every_one_has_a_container_of_its_own() -> None:
    first, second = Counter(), Counter()
    first.counts["a"] = 1
    assert (first, second) == (Counter({"a": 1}), Counter({}))


def test_a_value_within_itself_is_shown_as_dots() -> None:
    counter = Counter()
    counter.counts["a"] = counter  # type: ignore[assignment]
    assert repr(counter) == "Counter(counts={'a': ...})"


@pytest.mark.parametrize("protocol", range(2, pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("one", [Point(1, 2), Space(1, 2, 3), Level(1, "a"), Counter({"a": 1}), Word("a", ("b",), 1)])
def test_they_are_the_same_after_pickling_and_copying(one: object, protocol: int) -> None:
    for again in (pickle.loads(pickle.dumps(one, protocol)), copy.copy(one), copy.deepcopy(one)):
        assert (again, type(again), repr(again)) == (one, type(one), repr(one))


def test_one_that_was_never_made_here_is_read_from_a_pickle() -> None:
    @dataclass(frozen=True, slots=True)
    class Fresh:
        x: int
        y: list[int] = field(default_factory=list)

    fresh = Fresh.__new__(Fresh)
    fresh.__setstate__([1, [2]])  # type: ignore[attr-defined]  # what pickle calls
    assert fresh == Fresh(1, [2])


@given(st.lists(st.builds(Level, st.integers(-3, 3), st.text(max_size=2)), max_size=6))
def test_ordered_ones_are_sorted_by_what_is_compared(levels: list[Level]) -> None:
    assert [each.number for each in sorted(levels)] == sorted(each.number for each in levels)


@given(st.integers(-2, 2), st.integers(-2, 2), st.integers(-2, 2), st.integers(-2, 2))
def test_frozen_ones_are_equal_and_hashed_by_their_fields(x: int, y: int, other_x: int, other_y: int) -> None:
    one, other = Point(x, y), Point(other_x, other_y)
    assert (one == other) == ((x, y) == (other_x, other_y))
    assert (hash(one), hash(other)) == (hash((x, y)), hash((other_x, other_y)))


def test_our_values_have_this_decorator() -> None:
    root = Path(__file__).parents[2]
    plain = {
        path.relative_to(root).with_suffix("").as_posix()
        for package in ("audit", "constraints")
        for path in (root / package).rglob("*.py")
        if re.search(r"^from dataclasses import (.*\b)?dataclass\b", path.read_text(), re.MULTILINE)
    }
    assert plain == set()
