"""Single steps into values, and into the input; which paths in the review are looked for and read by them."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from dataclasses import replace

from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import BASE, DICT, INPUT, NOTHING, Operand, constant
from constraints.rego.codegen.reading import expression, is_type, kept, load
from constraints.rego.names.resolved import Path
from constraints.rego.reads.arguments import ANY, DEEPEST, Argument, is_argument
from constraints.rego.reads.places import REVIEW
from constraints.rego.values.kinds import UNDEFINED, Value, key_of, lookup


def item_of(emission: Emission, value: Operand, key: Operand) -> Operand:
    """`value[key]`, both known or in variables; a step that was taken before is not taken again."""
    if value.is_constant and key.is_constant:
        return constant(lookup(value.constant, key.constant))
    if value.kind == INPUT and key.constant == "parameters":
        return constant(emission.unit.parameters)
    if value.kind == INPUT and key.constant == REVIEW:
        return _review(emission)
    value = kept(emission, value)
    shared = _shared(value, key)
    if shared is not None and shared in emission.place.walked:
        return emission.place.step(shared)
    found = _found(emission, value, key)
    if shared is not None:
        emission.place.learn(shared, found)
    return found


def _found(emission: Emission, value: Operand, key: Operand) -> Operand:
    below = path_below(value, key)
    note(emission, below)
    wish = key.constant if isinstance(key.constant, str) else "item"
    kind = BASE if value.kind == BASE else ""
    found = Operand(node=_lookup(emission, value, key), defined=False, kind=kind, origin=below)
    return kept(emission, found, wish)


def _shared(value: Operand, key: Operand) -> object:
    """What the same step in another reference shares."""
    if not value.name:
        return None
    if key.is_constant:
        return (value.name, "constant", key_of(key.constant))
    return (value.name, "variable", key.name) if key.name else None


def _lookup(emission: Emission, value: Operand, key: Operand) -> ast.expr:
    nodes = emission.nodes
    read = expression if value.origin is not None else load
    function = "base_lookup" if value.kind == BASE else "lookup"
    slow = nodes.call(function, read(emission, value), load(emission, key))
    if not isinstance(key.constant, str) or value.kind == "array" or value.is_constant:
        return slow
    fast = nodes.method(read(emission, value), "get", load(emission, key), nodes.name("UNDEFINED"))
    if value.origin is not None and not is_argument(value.origin):  # JSON, in which nothing else has a text for a key
        slow = nodes.name("UNDEFINED")
    return fast if value.kind == DICT else nodes.choice(is_type(emission, value, "dict"), fast, slow)


# the input


def input_document(emission: Emission) -> Operand:
    """The input document."""
    if emission.unit.fixed:
        return Operand(node=emission.nodes.attribute(emission.context(), "input"), kind=INPUT, origin=())
    emission.uses_more()
    return from_context(emission, "input", Operand(defined=False))


def _review(emission: Emission) -> Operand:
    """`input.review` in a constraint's policy."""
    emission.uses_more()
    return from_context(emission, "review", Operand(kind=DICT, origin=()))


def from_context(emission: Emission, name: str, known: Operand) -> Operand:
    """An attribute of the Context, read once in a function; `known` is what there is to know of its value."""
    key = (emission.place.context, name)
    if key not in emission.place.walked:
        node = emission.nodes.attribute(emission.context(), name)
        found = Operand(node=node, defined=known.defined, kind=known.kind, origin=known.origin)
        emission.place.learn(key, kept(emission, found, name))
    return emission.place.step(key)


# paths in the review


def path_below(value: Operand, key: Operand = NOTHING) -> Path | None:
    """The path of what is in a value, for any key when there is none; what is very deep counts as what it is in.

    In the input document that may be the review itself.
    """
    if value.origin is None or value.kind == INPUT or len(value.origin) >= DEEPEST:
        return value.origin
    told = key.defined and isinstance(key.constant, (str, int, float, type(None)))
    return (*value.origin, key.constant if told else ANY)


def note(emission: Emission, path: Path | None) -> None:
    """Note that a path in the review is looked for."""
    if path is not None:
        emission.unit.steps[path] = None


def note_keys(emission: Emission, value: Operand) -> None:
    """Note that all keys of a value are used."""
    note_whole(emission, path_below(value))


def note_whole(emission: Emission, path: Path | None) -> None:
    """Note that all that is at a path is used."""
    note(emission, path)
    if path is not None:
        emission.unit.reads[path] = None


def given_as_argument(emission: Emission, path: Path) -> Argument:
    """What stands for a value that is at this path in the review, or not in the review at all."""
    argument = Argument()
    emission.unit.given[argument] = {path: None}
    return argument


def looked_into(emission: Emission, value: Operand, keys: Sequence[Value]) -> Operand:
    """The same value, of which no more is read than what is at the end of these keys; that is noted."""
    if value.origin is None or not keys:
        return value
    if value.kind != INPUT or keys[0] == REVIEW:
        found = Operand(origin=value.origin)
        for key in keys[1:] if value.kind == INPUT else keys:
            found = Operand(origin=path_below(found, constant(key)))
        note_whole(emission, found.origin)
    return replace(value, origin=None)


def is_undefined(value: Operand) -> bool:
    """Whether the value is known never to be defined."""
    return value.is_constant and value.constant is UNDEFINED
