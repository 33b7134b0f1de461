"""What cel-go computes before it evaluates, and so charges nothing for: constants, and searches in lists of them."""

from __future__ import annotations

from collections.abc import Container
from typing import Final

from constraints.cel import syntax
from constraints.cel.check import Checked
from constraints.cel.library.messages import ENUMS
from constraints.cel.maps import keyed, map_key
from constraints.cel.overloads import FUNCTIONS
from constraints.cel.syntax import Node
from constraints.cel.values import TypeValue, Uint, Value

VARIES: Final = object()
_CONVERSIONS: Final = frozenset(
    {"bool", "bytes", "double", "dyn", "duration", "int", "string", "timestamp", "type", "uint"}
)
_PRIMITIVE: Final = frozenset({bool, int, Uint, float, str})


class Folded:
    """Answers for the nodes of one expression; `names` are inputs, which types of the same name do not hide."""

    def __init__(self, checked: Checked, names: Container[str]) -> None:
        self._checked = checked
        self._names = names
        self._known: dict[Node, Value] = {}

    def value(self, node: Node, local: Container[str]) -> Value:
        """The constant that the node is, or VARIES. `local` are the names of macros around it."""
        if node not in self._known:
            self._known[node] = self._value(node, local)
        return self._known[node]

    def is_membership(self, node: syntax.Call, local: Container[str]) -> bool:
        """Whether the node looks into a list of constants, which cel-go makes a set of."""
        if node.function != "@in" or len(self._checked.overloads.get(node, ())) != 1:
            return False
        items = self.value(node.args[1], local)
        return type(items) is list and all(type(item) in _PRIMITIVE for item in items)

    def _value(self, node: Node, local: Container[str]) -> Value:
        match node:
            case syntax.Literal():
                return node.value
            case syntax.Ident():
                return self._type(node, node.name, local)
            case syntax.Select() if node in self._checked.functions:
                return self._type(node, self._checked.functions[node], local)
            case syntax.ListLiteral() if not node.optional:
                items = [self.value(item, local) for item in node.items]
                return VARIES if any(item is VARIES for item in items) else items
            case syntax.MapLiteral():
                return self._map(node, local)
            case syntax.Call() if node.target is None:
                return self._call(node, local)
        return VARIES

    def _type(self, node: Node, name: str, local: Container[str]) -> Value:
        if name in ENUMS:
            return ENUMS[name]
        is_type = self._checked.types[node].name == "type" and name not in local and name not in self._names
        return TypeValue(name) if is_type else VARIES

    def _map(self, node: syntax.MapLiteral, local: Container[str]) -> Value:
        found: dict[Value, Value] = {}
        for entry in node.entries:
            key, value = self.value(entry.key, local), self.value(entry.value, local)
            if entry.optional or key is VARIES or value is VARIES:
                return VARIES
            found[map_key(key)] = value
        return keyed(found)

    def _call(self, node: syntax.Call, local: Container[str]) -> Value:
        if node.function in _CONVERSIONS and len(node.args) == 1:
            value = self.value(node.args[0], local)
            return value if value is VARIES else FUNCTIONS[node.function](value)
        return False if self.is_membership(node, local) and not self.value(node.args[1], local) else VARIES
