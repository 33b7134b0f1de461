"""What is known at a place is known behind it, and not beside it."""

from __future__ import annotations

import pytest

from constraints.lang.pycode import Block
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.place import LAYER, Place


@pytest.mark.parametrize("known", [1, 2 * LAYER])
def test_a_copy_knows_what_was_known_and_tells_nothing_back(known: int) -> None:
    place = Place([], env={f"x{number}": Operand(name="x") for number in range(known)})
    for name in ("first", "second", "third"):
        copy = place.copy()
        assert copy.env == place.env
        copy.env[name] = Operand(name=name)
        assert name not in place.env
        place = copy
    assert set(place.env) >= {"x0", "first", "second", "third"}


def test_what_is_learned_of_a_variable_holds_for_values_that_are_known_by_it() -> None:
    place = Place([], env={"x": Operand(name="v", defined=False)})
    place.sure["v"] = Operand(name="v")
    place.kinds["v"] = "string"
    assert place.variable("x") == Operand(name="v", kind="string")


def test_only_what_is_found_right_in_a_block_is_found_wherever_that_is_entered() -> None:
    home: Block = []
    place = Place(home, home=home)
    place.learn("here", Operand(name="a"))
    place.block = []
    place.learn("further in", Operand(name="b"))
    assert set(place.fresh) == {"here"}
    assert set(place.walked) == {"here", "further in"}
