"""Where statements go: into conditions and loops, into blocks of their own, into functions beside the present one."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Final

from constraints.lang.pycode import Block
from constraints.lang.pywalk import loaded_names, shape
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.facts import facts_of
from constraints.rego.codegen.operand import KIND_OF_TYPE, Operand
from constraints.rego.codegen.place import Entered, Place

OUTLINE_DEPTH: Final = 9  # loops; a closure that starts as deep as this gets a function of its own

# conditions and loops


def guard(emission: Emission, test: ast.expr) -> None:
    """What follows is done only when the test holds."""
    key = _key(emission, "if", test)
    if not _goes_into(emission, key):
        _enter(emission, key, emission.nodes.when(test), ())
    place = emission.place
    for fact, answer in facts_of(test):
        place.facts[fact] = answer
        if fact[0] == "type" and answer is True and fact[2] in KIND_OF_TYPE:
            place.kinds[fact[1]] = KIND_OF_TYPE[fact[2]]


def loop(emission: Emission, wishes: tuple[str, ...], values: ast.expr) -> tuple[str, ...]:
    """What follows is done for each of the values; gives the names of the loop's variables, much as they are wished."""
    key = _key(emission, "for", values)
    if not _goes_into(emission, key):
        names = tuple([emission.names.new(wish) for wish in wishes])
        _enter(emission, key, emission.nodes.loop(names, values), names)
        return names
    assert emission.place.entered is not None
    return emission.place.entered.names


def _key(emission: Emission, kind: str, node: ast.expr) -> object:
    """What the same condition or loop of another clause has in common."""
    return None if emission.place.open is None else (kind, shape(node))


def _enter(emission: Emission, key: object, statement: ast.If | ast.For, names: tuple[str, ...]) -> None:
    """Go on inside of a statement."""
    place = emission.place
    count = len(emission.names.used) - len(names)
    place.block.append(statement)
    place.block = statement.body
    place.loops += isinstance(statement, ast.For)
    if place.open is not None:
        entered = Entered(statement.body, count, place.loops, names, {}, {})
        place.open[key] = entered
        place.home, place.fresh, place.open = entered.block, entered.fresh, entered.open


def _goes_into(emission: Emission, key: object) -> bool:
    """Go on inside of a statement that another clause has made. False where there is none, or names are missing."""
    place = emission.place
    entered = place.open.get(key) if place.open is not None else None
    if entered is None or not all(_is_older(emission, value, entered) for value in _in_use(place)):
        return False
    emission.shares = True
    place.entered, place.block, place.loops = entered, entered.block, entered.loops
    place.home, place.fresh, place.open = entered.block, entered.fresh, entered.open
    place.walked = {key: value for key, value in place.walked.items() if _is_older(emission, value, entered)}
    place.walked.update(entered.fresh)
    return True


def _in_use(place: Place) -> Iterator[Operand]:
    yield from place.env.values()
    yield Operand(name=place.context)


def _is_older(emission: Emission, value: Operand, entered: Entered) -> bool:
    """Whether a value is known inside of a statement that was entered before."""
    return not value.name or emission.names.used[value.name] < entered.count


# blocks of their own


@contextmanager
def aside(emission: Emission, *, ordered: bool = False) -> Iterator[Block]:
    """Emit into a block of its own, and come back to the present place."""
    before = emission.place
    block: Block = []
    emission.place = before.copy()
    emission.place.block, emission.place.ordered = block, ordered
    emission.place.home, emission.place.fresh, emission.place.open = block, {}, None
    try:
        yield block
    finally:
        emission.place = before


def closure(emission: Emission, emit: Callable[[], bool], *, ordered: bool = False) -> tuple[Block, Place | None]:
    """What `emit` emits, in a block of its own, and the place where it ends; None when that is never reached."""
    with aside(emission, ordered=ordered) as block:
        fresh = emission.place.fresh
        alive = emit()
        emission.place.fresh = fresh
        return block, emission.place if alive else None


def attach(emission: Emission, block: Block, end: Place | None) -> None:
    """Add a block that was emitted aside, and go on behind it; what it always does was done then."""
    place = emission.place
    place.block += block
    if end is not None:
        place.walked.update(end.fresh)
        if place.block is place.home:
            place.fresh.update(end.fresh)


# functions beside the present one


def outlined(emission: Emission, wish: str, block: Block, known: int) -> ast.expr:
    """A call of a new function of this block; what it takes from here are local names, the first `known` ones."""
    name = emission.unit.new(wish)
    used = emission.names.used
    loaded = dict.fromkeys(loaded_names(block))
    # `error` is bound by the handler of an exception, and nowhere else
    parameters = [local for local in loaded if local != "error" and used.get(local, known) < known]
    if emission.place.context not in parameters:
        parameters.insert(0, emission.place.context)
    emission.add(emission.nodes.function(name, parameters, block))
    return emission.nodes.call(name, *map(emission.nodes.name, parameters))
