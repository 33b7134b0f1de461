"""Comprehensions: loops that collect, and what depends on the constraint alone computed when it is compiled."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Final

from constraints.dataclass import value
from constraints.lang.pycode import Block
from constraints.rego.codegen.blocks import OUTLINE_DEPTH, attach, closure, outlined
from constraints.rego.codegen.bodies import emit_body
from constraints.rego.codegen.collecting import add_member, count_held, members_counted
from constraints.rego.codegen.dispatch import value_of, values_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.fold import Unknown, computed
from constraints.rego.codegen.operand import Operand, constant
from constraints.rego.codegen.patterns import free
from constraints.rego.codegen.place import Place
from constraints.rego.codegen.reading import expression, kept, loads
from constraints.rego.codegen.steps import note_keys
from constraints.rego.codegen.walks import spend, walk
from constraints.rego.runtime.iteration import keys_of
from constraints.rego.syntax.tree import Comprehension, Expr, Ref, Scalar, Var
from constraints.rego.values.kinds import RegoSet, Value

_NAMES: Final[Mapping[str, str]] = {"array": "items", "set": "members", "object": "pairs"}
_EMPTY: Final[Mapping[str, Callable[[], Value]]] = {"array": list, "set": lambda: RegoSet({}), "object": dict}


@value
class _Collection:
    """What a comprehension collects."""

    kind: str  # array, set or object
    name: str  # the variable that it is collected in
    known: int  # how many local names were given out before


def emit_comprehension(emission: Emission, term: Comprehension) -> Operand:
    """The value of a comprehension."""
    ref = _keys_in(emission, term)
    if ref is not None:
        return _keys(emission, ref)
    outer = emission.pure, emission.alien, emission.quiet
    emission.pure, emission.alien = True, False  # of the comprehension alone, to see whether it can be computed early
    known = len(emission.names.used)
    found = _Collection(term.kind, emission.names.new(_NAMES[term.kind]), known)
    block, end = closure(emission, lambda: _collect(emission, term, found), ordered=term.kind == "array")
    early = None if end is None else _early(emission, found, block)
    if early is not None:
        emission.pure, emission.alien, emission.quiet = outer
        return early
    emission.pure, emission.alien = emission.pure and outer[0], emission.alien or outer[1]
    return constant(_EMPTY[term.kind]()) if end is None else _late(emission, found, block, end)


def _late(emission: Emission, found: _Collection, block: Block, end: Place) -> Operand:
    """The value of a comprehension that each evaluation collects."""
    counted = [members_counted(emission, found.name)] if end.loops == 1 and not emission.is_repeated else []
    whole = [_start(emission, found), *block, *counted]
    if emission.place.loops >= OUTLINE_DEPTH:
        whole.append(emission.nodes.give(_collected(emission, found)))
        return Operand(node=outlined(emission, "comprehension", whole, found.known), kind=found.kind)
    attach(emission, whole, end)
    if found.kind == "array":
        return Operand(name=found.name, kind="array")
    return Operand(node=_collected(emission, found), kind=found.kind)


def _early(emission: Emission, found: _Collection, block: Block) -> Operand | None:
    """The value of a comprehension that depends on the constraint alone; None for any other one."""
    if not (emission.unit.fixed and emission.pure):
        return None
    whole = [_start(emission, found), *block, emission.nodes.give(_collected(emission, found))]
    try:
        return constant(computed(whole, emission.unit.scope, emission.names.used, found.known))
    except Unknown:
        return None


def _start(emission: Emission, found: _Collection) -> ast.stmt:
    nodes = emission.nodes
    return nodes.assign(found.name, nodes.array([]) if found.kind == "array" else nodes.mapping([]))


def _collect(emission: Emission, term: Comprehension, found: _Collection) -> bool:
    """The body, then what keeps the value of each solution. False when there never is one."""
    if not emit_body(emission, term.body):
        return False
    parts = values_of(emission, [term.value] if term.key is None else [term.key, term.value])
    if parts is None:
        return False
    count_held(emission, term.value)
    nodes, name = emission.nodes, emission.nodes.name(found.name)
    values = loads(emission, parts)
    if term.kind == "array":
        emission.emit(nodes.do(nodes.method(name, "append", *values)))
    elif term.kind == "set":
        add_member(emission, found.name, parts[0])
    else:
        emission.quiet = False
        emission.emit(nodes.do(nodes.call("put", name, *values, emission.where())))
    return True


def _collected(emission: Emission, found: _Collection) -> ast.expr:
    name = emission.nodes.name(found.name)
    if found.kind == "array":
        return name
    return emission.nodes.call("RegoSet" if found.kind == "set" else "built", name)


# sets of keys


def _keys_in(emission: Emission, term: Comprehension) -> Ref | None:
    """The reference of which a comprehension wants the keys, and nothing more: `{key | value[key]}`."""
    match term:
        case Comprehension("set", Var() as key, (Expr(Ref(Var() as head, (*path, last)) as ref, False, ()),)):
            plain = head.name != "data" and all(isinstance(part, Scalar) for part in path)
            return ref if plain and last == key and free(emission, key) and not free(emission, head) else None
    return None


def _keys(emission: Emission, ref: Ref) -> Operand:
    """The keys of a value that is not iterated itself."""
    value = kept(emission, walk(emission, value_of(emission, ref.head), ref.path[:-1]))
    if not value.name:
        return constant(keys_of(value.constant))
    spend(emission, value)
    note_keys(emission, value)
    return Operand(node=emission.nodes.call("keys_of", expression(emission, value)), kind="set", keys=value.name)
