"""Conversions and patterns of literals: when they fail, Kubernetes refuses the whole expression."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from constraints.cel import syntax
from constraints.cel.failures import Failure, Problem, Uninstantiable
from constraints.cel.library.regex import compiled
from constraints.cel.overloads import FUNCTIONS
from constraints.cel.runtime import is_key, wrong_key
from constraints.cel.scan import every
from constraints.cel.syntax import Node
from constraints.cel.values import Value

_CONVERSIONS: Final = frozenset({"bool", "bytes", "double", "dyn", "duration", "int", "string", "timestamp", "uint"})
_PATTERNS: Final = frozenset({"find", "findAll", "matches"})
_UNKNOWN: Final = object()


def check_constants(root: Node, functions: Mapping[Node, str]) -> None:
    """Check all that is below a node. Raises Uninstantiable."""
    for node in every(root):
        if isinstance(node, syntax.Call) and functions.get(node, node.function) == node.function:
            check_constant(node)
        elif isinstance(node, syntax.Index):
            check_key(node)


def check_constant(node: syntax.Call) -> None:
    """Raises Uninstantiable."""
    try:
        if node.function in _CONVERSIONS:
            _value(node)
        elif node.function in _PATTERNS and node.args:
            pattern = node.args[0 if node.target else -1]
            if isinstance(pattern, syntax.Literal) and isinstance(pattern.value, str):
                compiled(pattern.value)
    except Failure as error:
        raise Uninstantiable([Problem(node.at, str(error))]) from error


def seeks(name: str, nodes: Sequence[Node]) -> bool:
    """Whether a call looks for a constant pattern, which cel-go compiles beforehand."""
    return name in _PATTERNS and len(nodes) > 1 and isinstance(nodes[1], syntax.Literal)


def check_key(node: syntax.Index) -> None:
    """Raises Uninstantiable for a constant that can be no key."""
    try:
        value = _value(node.key)
    except Failure as error:
        raise Uninstantiable([Problem(node.at, str(error))]) from error
    if value is not _UNKNOWN and not is_key(value):
        raise Uninstantiable([Problem(node.at, str(wrong_key(value, constant=True)))])


def _value(node: Node) -> Value:
    if isinstance(node, syntax.Literal):
        return node.value
    if isinstance(node, syntax.ListLiteral) and not node.optional:
        items = [_value(item) for item in node.items]
        return _UNKNOWN if any(item is _UNKNOWN for item in items) else items
    if isinstance(node, syntax.MapLiteral):
        known = all(_value(part) is not _UNKNOWN for entry in node.entries for part in (entry.key, entry.value))
        return {} if known and not any(entry.optional for entry in node.entries) else _UNKNOWN
    if isinstance(node, syntax.Call) and node.function in _CONVERSIONS and node.target is None and len(node.args) == 1:
        value = _value(node.args[0])
        return value if value is _UNKNOWN else FUNCTIONS[node.function](value)
    return _UNKNOWN
