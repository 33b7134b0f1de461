"""Calls that are macros, to the nodes that they stand for; one row for each name."""

from __future__ import annotations

from collections.abc import Callable
from typing import Final

from constraints.cel.failures import Invalid, Problem
from constraints.cel.syntax import Call, Ident, Literal, Loop, MapLiteral, Message, Node, OptionalMap, Select

Expander = Callable[[Call, Node], Node | None]


def expand(call: Call) -> Node:
    """What `call` stands for, itself when it is no macro. Raises Invalid for arguments that a macro cannot take."""
    if call.target is None:
        return _has(call) if (call.function, len(call.args)) == ("has", 1) else call
    expander = _MACROS.get((call.function, len(call.args)))
    found = expander(call, call.target) if expander else None
    return call if found is None else found


def _has(call: Call) -> Node:
    operand = call.args[0]
    if not isinstance(operand, Select) or operand.test or operand.optional:
        raise Invalid([Problem(operand.at, "invalid argument to has() macro")])
    return Select(call.at, operand.operand, operand.field, test=True)


def _names(nodes: tuple[Node, ...], otherwise: str = "argument must be a simple name") -> tuple[Ident, ...]:
    found: list[Ident] = []
    for node in nodes:
        if not isinstance(node, Ident):
            raise Invalid([Problem(node.at, otherwise)])
        if any(node.name == other.name for other in found):
            raise Invalid([Problem(node.at, f"duplicate variable name: {node.name}")])
        if node.name == "__result__":
            raise Invalid([Problem(node.at, "iteration variable overwrites accumulator variable")])
        found.append(node)
    return tuple(found)


def _name(call: Call) -> tuple[Ident, ...]:
    """The only name of a macro that makes a list."""
    return _names(call.args[:1], "argument is not an identifier")


def _tested(names: int, macro: str) -> Expander:
    def expander(call: Call, target: Node) -> Node:
        return Loop(call.at, macro, target, _names(call.args[:names]), test=call.args[names])

    return expander


def _filter(call: Call, target: Node) -> Node:
    return Loop(call.at, "filter", target, _name(call), test=call.args[1])


def _map(call: Call, target: Node) -> Node:
    test = call.args[1] if len(call.args) == 3 else None
    return Loop(call.at, "map", target, _name(call), test=test, body=call.args[-1])


def _transformed(call: Call, target: Node) -> Node:
    test = call.args[2] if len(call.args) == 4 else None
    return Loop(call.at, call.function, target, _names(call.args[:2]), test=test, body=call.args[-1])


def _optional(call: Call, target: Node) -> Node:
    (name,) = _names(call.args[:1], f"{call.function}() variable name must be a simple identifier")
    return OptionalMap(call.at, target, name, call.args[1], call.function == "optFlatMap")


def _sort_by(call: Call, target: Node) -> Node:
    if isinstance(target, Literal | MapLiteral | Message):
        what = "a list, identifier, comprehension, call or select expression"
        raise Invalid([Problem(target.at, f"sortBy can only be applied to {what}")])
    keys = Loop(call.at, "map", target, _name(call), body=call.args[1])
    return Call(call.at, "@sortByAssociatedKeys", (keys,), target)


_MACROS: Final[dict[tuple[str, int], Expander]] = {
    ("all", 2): _tested(1, "all"),
    ("all", 3): _tested(2, "all"),
    ("exists", 2): _tested(1, "exists"),
    ("exists", 3): _tested(2, "exists"),
    ("exists_one", 2): _tested(1, "exists_one"),
    ("exists_one", 3): _tested(2, "exists_one"),
    ("existsOne", 3): _tested(2, "exists_one"),
    ("filter", 2): _filter,
    ("map", 2): _map,
    ("map", 3): _map,
    ("optFlatMap", 2): _optional,
    ("optMap", 2): _optional,
    ("sortBy", 2): _sort_by,
    ("transformList", 3): _transformed,
    ("transformList", 4): _transformed,
    ("transformMap", 3): _transformed,
    ("transformMap", 4): _transformed,
    ("transformMapEntry", 3): _transformed,
    ("transformMapEntry", 4): _transformed,
}
