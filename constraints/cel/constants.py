"""Conversions and patterns of literals: when they fail, Kubernetes refuses the whole expression."""

from __future__ import annotations

from typing import Final

from constraints.cel import syntax
from constraints.cel.failures import Failure, Mistake, Uninstantiable
from constraints.cel.library.regex import compiled
from constraints.cel.overloads import FUNCTIONS
from constraints.cel.syntax import Node
from constraints.cel.values import Value

_CONVERSIONS: Final = frozenset({"bool", "bytes", "double", "dyn", "duration", "int", "string", "timestamp", "uint"})
_PATTERNS: Final = frozenset({"find", "findAll", "matches"})
_UNKNOWN: Final = object()


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
        raise Uninstantiable([Mistake(node.at, str(error))]) from error


def _value(node: Node) -> Value:
    if isinstance(node, syntax.Literal):
        return node.value
    if isinstance(node, syntax.Call) and node.function in _CONVERSIONS and node.target is None and len(node.args) == 1:
        value = _value(node.args[0])
        return value if value is _UNKNOWN else FUNCTIONS[node.function](value)
    return _UNKNOWN
