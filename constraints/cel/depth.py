"""How deep cel-go's parser has to go into an expression that it could read (parser.go, Visit)."""

from __future__ import annotations

from typing import Final

from constraints.cel.parser import DEEPEST, RELATIONS, too_deep
from constraints.cel.scan import parts
from constraints.cel.syntax import Call, Choice, Index, Loop, Node, OptionalMap, Select

_BETWEEN: Final = frozenset({"@in", *(f"_{sign}_" for sign in (*RELATIONS, "+", "-", "*", "/", "%"))})
_COUNTED: Final = (Choice, Select, Index, Loop, OptionalMap)


def check_depth(root: Node) -> None:
    """Raises Invalid where too many of the nodes that are counted are inside of each other."""
    waiting = [(root, 0)]
    while waiting:
        node, depth = waiting.pop()
        if isinstance(node, _COUNTED) or (isinstance(node, Call) and _is_counted(node)):
            depth += 1
            if depth > DEEPEST:
                raise too_deep()
        waiting += [(part, depth) for part in parts(node)]


def _is_counted(call: Call) -> bool:
    """Whether it is a method or an operator between two operands."""
    return call.target is not None or call.function in _BETWEEN
