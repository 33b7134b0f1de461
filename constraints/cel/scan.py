"""Which names an expression reads, and what is certain about its value before it runs."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator, Mapping
from typing import Any, Final

from constraints.cel import syntax
from constraints.cel.check import Checked
from constraints.cel.layout import Layout
from constraints.cel.syntax import Node, qualified
from constraints.cel.types import BOOL, BYTES, DOUBLE, INT, STRING, UINT

_PLAIN: Final = frozenset({BOOL, INT, UINT, DOUBLE, STRING, BYTES})


def parts(node: Node) -> tuple[Node, ...]:
    """The nodes directly below."""
    find = _PARTS.get(type(node))
    return tuple(part for part in find(node) if part) if find else ()


def every(root: Node) -> Iterator[Node]:
    """The node and all that is below it."""
    waiting = [root]
    while waiting:
        node = waiting.pop()
        yield node
        waiting += reversed(parts(node))


_PARTS: Final[Mapping[type, Callable[[Any], Iterable[Node | None]]]] = {
    syntax.Select: lambda node: (node.operand,),
    syntax.Index: lambda node: (node.operand, node.key),
    syntax.Call: lambda node: (node.target, *node.args),
    syntax.Logic: lambda node: node.terms,
    syntax.Choice: lambda node: (node.test, node.then, node.other),
    syntax.ListLiteral: lambda node: node.items,
    syntax.MapLiteral: lambda node: (part for entry in node.entries for part in (entry.key, entry.value)),
    syntax.Message: lambda node: (field.value for field in node.fields),
    syntax.Loop: lambda node: (node.source, node.test, node.body),
    syntax.OptionalMap: lambda node: (node.target, node.body),
}


class Scan:
    """Answers about the nodes of one expression."""

    def __init__(self, checked: Checked, layout: Layout) -> None:
        self._checked = checked
        self._layout = layout
        self._reads: dict[Node, frozenset[str]] = {}

    def reads(self, node: Node) -> frozenset[str]:
        """Inputs, `variables.x` and names of enclosing macros that the node's value depends on."""
        found = self._reads.get(node)
        if found is None:
            found = self._reads[node] = self._read(node)
        return found

    def is_steady(self, node: Node) -> bool:
        """Whether only the constraint's parameters can change the value."""
        return all(self._is_steady(name) for name in self.reads(node))

    def is_certain(self, node: Node) -> bool:
        """Whether the value surely has the node's static type: what comes from objects and requests has not."""
        match node:
            case syntax.Choice():
                return self.is_certain(node.then) and self.is_certain(node.other)
            case syntax.Select():
                variable = self.variable(node)
                return node.test or (variable in self._layout.variables and self._layout.variables[variable].trusted)
            case syntax.Call():
                return self._gives_one_type(node) or (
                    node.function not in ("dyn", "_[_]") and all(map(self.is_certain, parts(node)))
                )
            case syntax.ListLiteral():
                return all(map(self.is_certain, node.items))
            case syntax.Loop():
                return self.is_certain(node.body or node.source)
        return isinstance(node, syntax.Literal | syntax.Logic)

    def _gives_one_type(self, node: syntax.Call) -> bool:
        """Whether all that the call may mean gives the same plain type, whatever its arguments are."""
        overloads = self._checked.overloads.get(node, ())
        return bool(overloads) and all(overload.result in _PLAIN for overload in overloads)

    def variable(self, node: Node) -> str:
        """`x` when the node is `variables.x`."""
        if not isinstance(node, syntax.Select) or node.optional or node.test:
            return ""
        owner = node.operand
        return node.field if isinstance(owner, syntax.Ident) and owner.name == "variables" else ""

    def _is_steady(self, name: str) -> bool:
        if name.startswith("variables."):
            variable = self._layout.variables.get(name.removeprefix("variables."))
            return name in self._layout.settings or (variable is not None and variable.steady)
        return name in self._layout.settings

    def _read(self, node: Node) -> frozenset[str]:
        if isinstance(node, syntax.Ident):
            return frozenset({node.name}) if self._checked.types[node].name != "type" else frozenset()
        if isinstance(node, syntax.Select) and node in self._checked.functions:
            dotted = self._checked.functions[node]
            return frozenset({dotted} if dotted in self._layout.inputs else ())
        if isinstance(node, syntax.Select) and qualified(node.operand) == "variables":
            return frozenset({f"variables.{node.field}"})
        below = self._below(node)
        if isinstance(node, syntax.Loop):
            return below - {name.name for name in node.names} | self.reads(node.source)
        if isinstance(node, syntax.OptionalMap):
            return below - {node.name.name} | self.reads(node.target)
        return below

    def _below(self, node: Node) -> frozenset[str]:
        if isinstance(node, syntax.Call) and node.target and "." in self._checked.functions.get(node, ""):
            return frozenset().union(*map(self.reads, node.args))
        return frozenset().union(*map(self.reads, parts(node)))
