"""What solutions leave behind in sets, arrays and objects, and what that costs of the budget."""

from __future__ import annotations

import ast
from typing import Final

from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.reading import is_type, kept, load
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import ArrayTerm, ObjectTerm, Scalar, SetTerm, Term, Var
from constraints.rego.values.sizes import MEMBER

MANY_MEMBERS: Final = 64  # of a collection; fewer are not counted where they are collected once
_FEW_PARTS: Final = 16


def add_member(emission: Emission, members: str, value: Operand) -> None:
    """Add a member to a dict by key."""
    nodes, value = emission.nodes, kept(emission, value, "member")
    key = load(emission, value)
    if value.kind != "string":
        key = nodes.call("key_of", load(emission, value))
        if not value.kind:
            key = nodes.choice(is_type(emission, value, "str"), load(emission, value), key)
    emission.emit(nodes.assign_item(nodes.name(members), key, load(emission, value)))


def count_held(emission: Emission, *terms: Term, is_pair: bool = False) -> None:
    """Count what is held in memory of a solution, where there may be very many of them."""
    if not emission.place.loops:
        return
    if _counts_each(emission) or is_pair or any(map(_makes_more, terms)):
        nodes = emission.nodes
        cost = nodes.constant(MEMBER + sum(1 for _ in nodes_of(terms)))
        budget = nodes.attribute(emission.context(), "budget")
        emission.emit(nodes.do(nodes.method(budget, "spend", cost)))


def _counts_each(emission: Emission) -> bool:
    loops = emission.place.loops
    return loops > 1 or (loops == 1 and emission.is_repeated)


def _makes_more(term: Term) -> bool:
    """Whether there is more to keep for each solution than a few values."""
    if type(term) is Scalar or type(term) is Var:
        return False
    nodes = list(nodes_of((term,)))
    return len(nodes) > _FEW_PARTS and any(isinstance(node, (ArrayTerm, ObjectTerm, SetTerm)) for node in nodes)


def members_counted(emission: Emission, name: str) -> ast.stmt:
    """What counts what was collected in one loop, unless it is little."""
    nodes = emission.nodes
    size = nodes.call("len", nodes.name(name))
    found = nodes.when(nodes.compare(size, ast.Gt(), nodes.constant(MANY_MEMBERS)))
    found.body.append(nodes.do(nodes.call("spend_members", emission.context(), nodes.name(name))))
    return found
