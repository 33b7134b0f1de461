"""Constants and composites."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from constraints.rego.codegen.dispatch import values_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.keys import in_order_of_keys
from constraints.rego.codegen.operand import NOTHING, Operand, constant
from constraints.rego.codegen.reading import load, loads
from constraints.rego.syntax.tree import ArrayTerm, FunctionName, ObjectTerm, Scalar, SetTerm
from constraints.rego.values.kinds import RegoSet, object_of


def emit_scalar(_: Emission, term: Scalar) -> Operand:
    """A constant."""
    return constant(term.value)


def emit_function_name(emission: Emission, term: FunctionName) -> Operand:
    """A function that is not called."""
    raise emission.error(f"function {term.name} is not a value")


def emit_array(emission: Emission, term: ArrayTerm) -> Operand:
    """`[a, b]`."""
    items = values_of(emission, term.items)
    if items is None:
        return NOTHING
    if all(item.is_constant for item in items):
        return constant([item.constant for item in items])
    return Operand(node=emission.nodes.array(loads(emission, items)), kind="array")


def emit_set(emission: Emission, term: SetTerm) -> Operand:
    """`{a, b}`."""
    items = values_of(emission, term.items)
    if items is None:
        return NOTHING
    if all(item.is_constant for item in items):
        return constant(RegoSet.of(item.constant for item in items))
    members = emission.nodes.array(loads(emission, items))
    return Operand(node=emission.nodes.call("set_of", members), kind="set")


def emit_object(emission: Emission, term: ObjectTerm) -> Operand:
    """`{a: b}`."""
    parts = values_of(emission, [part for pair in term.pairs for part in pair])
    if parts is None:
        return NOTHING
    pairs = in_order_of_keys(list(zip(parts[::2], parts[1::2], strict=True)), term, emission.place.env)
    if all(part.is_constant for part in parts):
        return constant(object_of((key.constant, value.constant) for key, value in pairs))
    return Operand(node=_object(emission, pairs), kind="object")


def _object(emission: Emission, pairs: Sequence[tuple[Operand, Operand]]) -> ast.expr:
    """A dict where all keys are texts, else what the runtime makes of the pairs."""
    nodes = emission.nodes
    if all(isinstance(key.constant, str) for key, _ in pairs):
        return nodes.mapping([(load(emission, key), load(emission, value)) for key, value in pairs])
    return nodes.call("object_of", nodes.array([nodes.row(loads(emission, pair)) for pair in pairs]))
