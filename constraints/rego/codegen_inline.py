"""Builtins that generated code spells out where the types allow it, instead of calling them."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Final

from constraints.rego.codegen_base import Operand, constant

if TYPE_CHECKING:
    from constraints.rego.codegen_calls import Calls

Inline = Callable[["Calls", list[Operand]], Operand | None]


def _equal(emission: Calls, arguments: list[Operand]) -> Operand | None:
    return emission.equality(*arguments)


def _unequal(emission: Calls, arguments: list[Operand]) -> Operand | None:
    found = emission.equality(*arguments)
    if found.is_constant:
        return constant(not found.constant)
    return Operand(node=emission.nodes.inverse(emission.load(found)), kind="boolean", test=True)


def _member(emission: Calls, arguments: list[Operand]) -> Operand | None:
    node = emission.runtime("contains", *map(emission.load, arguments))
    return Operand(node=node, kind="boolean", test=True)


def _member_pair(emission: Calls, arguments: list[Operand]) -> Operand | None:
    node = emission.runtime("contains_pair", *map(emission.load, arguments))
    return Operand(node=node, kind="boolean", test=True)


def _ordered(operator: type[ast.cmpop]) -> Inline:
    def inline(emission: Calls, arguments: list[Operand]) -> Operand | None:
        sign = emission.runtime("compare", *map(emission.load, arguments))
        node = emission.nodes.compare(sign, operator(), emission.nodes.constant(0))
        return Operand(node=node, kind="boolean", test=True)

    return inline


INLINE: Final[Mapping[str, Inline]] = {
    "equal": _equal,
    "neq": _unequal,
    "lt": _ordered(ast.Lt),
    "lte": _ordered(ast.LtE),
    "gt": _ordered(ast.Gt),
    "gte": _ordered(ast.GtE),
    "internal.member_2": _member,
    "internal.member_3": _member_pair,
}
