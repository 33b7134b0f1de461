"""Walks through values: step by step, with a loop for each key that is not bound yet."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from constraints.rego.codegen.blocks import loop
from constraints.rego.codegen.dispatch import value_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import BASE, NOTHING, Operand, constant
from constraints.rego.codegen.patterns import free, matches
from constraints.rego.codegen.reading import expression, is_type, kept, needed
from constraints.rego.codegen.steps import is_undefined, item_of, note, note_keys, path_below
from constraints.rego.reads.arguments import is_argument
from constraints.rego.runtime.iteration import items_of
from constraints.rego.syntax.tree import Term, Var

MANY: Final = 100  # items of a constant; an iteration of fewer counts as none where loops are multiplied


def walk(emission: Emission, value: Operand, path: Sequence[Term]) -> Operand:
    """`value[path0][path1]...`."""
    for part in path:
        if is_undefined(value):
            return NOTHING
        value = _step(emission, value, part)
    return value


def _step(emission: Emission, value: Operand, part: Term) -> Operand:
    """`value[part]`."""
    if free(emission, part):
        return iterate(emission, value, part)
    key = needed(emission, value_of(emission, part), "key")
    return NOTHING if key is None else item_of(emission, value, key)


def iterate(emission: Emission, value: Operand, key: Term) -> Operand:
    """A loop over what is in the value; `key` is a pattern for each key. NOTHING when there is nothing in it."""
    if value.is_constant and (value.kind not in ("array", "object", "set") or not len(value.constant)):
        return NOTHING
    if value.is_constant and len(value.constant) == 1:
        ((name, item),) = items_of(value.constant)
        return constant(item) if matches(emission, key, constant(name)) else NOTHING
    value = kept(emission, value)
    spend(emission, value)
    below = path_below(value)
    note(emission, below)
    name = _items(emission, value) if isinstance(key, Var) and key.is_wildcard else _pairs(emission, value, key)
    return Operand(name=name, kind=BASE if value.kind == BASE else "", origin=below) if name else NOTHING


def _items(emission: Emission, value: Operand) -> str:
    """A loop over the items alone: the variable of an item."""
    nodes = emission.nodes
    function = "sorted_values" if emission.place.ordered else "values_of"
    each = nodes.call(function, expression(emission, value))
    if value.kind in ("", BASE) and not value.is_constant:
        each = nodes.choice(is_type(emission, value, "list"), expression(emission, value), each)
    return loop(emission, ("item",), each)[0]


def _pairs(emission: Emission, value: Operand, key: Term) -> str:
    """A loop over keys and items: the variable of an item, none when no key ever matches."""
    note_keys(emission, value)
    function = "sorted_items" if emission.place.ordered else "items_of"
    wish = key.name.partition("#")[0] if isinstance(key, Var) else "key"
    name, item = loop(emission, (wish, "item"), emission.nodes.call(function, expression(emission, value)))
    return item if matches(emission, key, Operand(name=name)) else ""


def spend(emission: Emission, value: Operand) -> None:
    """Count the iterations of a loop that may be multiplied: by one around it, or by calls of this function."""
    nodes, loops = emission.nodes, emission.place.loops
    around = loops > (len(value.constant) < MANY) if value.is_constant else loops or emission.is_repeated
    if not around and _is_made(value):
        emission.emit(nodes.do(nodes.call("spend_members", emission.context(), expression(emission, value))))
    elif around and not (value.is_constant and len(value.constant) < 2):
        emission.emit(nodes.do(nodes.call("spend", emission.context(), expression(emission, value))))


def _is_made(value: Operand) -> bool:
    """Whether the policy itself made a value, so that nothing else bounds how large it is."""
    if value.origin is not None and not is_argument(value.origin):
        return False
    return not value.is_constant and value.kind in ("array", "set")
