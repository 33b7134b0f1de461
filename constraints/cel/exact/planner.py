"""What is known of an expression while it is planned: its constants, and the names of macros around a node."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from contextlib import contextmanager

from constraints.cel import syntax
from constraints.cel.check import Checked
from constraints.cel.exact.folded import VARIES, Folded
from constraints.cel.exact.frame import Step
from constraints.cel.syntax import Node, qualified


class Planner:
    """Plans one expression.

    `local` are the keys in a Frame of the names of macros around the node at hand; those of `bound` are computed late.
    `planned` plans a node whose value is not known beforehand.
    """

    def __init__(self, checked: Checked, inputs: frozenset[str], planned: Callable[[Planner, Node], Step]) -> None:
        self.checked = checked
        self.inputs = inputs
        self.folded = Folded(checked, inputs)
        self.local: dict[str, str] = {}
        self.bound: set[str] = set()
        self._planned = planned
        self._count = 0

    def plan(self, node: Node) -> Step:
        """The value of `node`, with all that it costs."""
        value = self.folded.value(node, self.local)
        return self._planned(self, node) if value is VARIES else lambda frame: value

    def dotted(self, node: Node) -> str:
        """The name, when the node is one with dots in it."""
        return self.checked.functions.get(node, "") if isinstance(node, syntax.Select) else ""

    def is_variable(self, node: Node) -> bool:
        """Whether the node is `variables.x`, or asks for it."""
        if not isinstance(node, syntax.Select) or qualified(node.operand) != "variables":
            return False
        return "variables" not in self.local

    @contextmanager
    def naming(self, *names: str) -> Iterator[list[str]]:
        """The keys in a Frame for the names of a macro, while its body is planned."""
        outer = self.local
        self._count += 1
        keys = [f"{name} {self._count}" for name in names]
        self.local = {**outer, **dict(zip(names, keys, strict=True))}
        try:
            yield keys
        finally:
            self.local = outer

    @contextmanager
    def binding(self, name: str) -> Iterator[str]:
        """The key for a name whose value is computed when it is first looked at."""
        with self.naming(name) as (key,):
            self.bound.add(key)
            yield key
