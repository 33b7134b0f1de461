"""What one evaluation knows: inputs, names of macros, variables, and how much was spent."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Final

from constraints.cel.failures import Exhausted
from constraints.cel.values import Value

_MOST_ITEMS: Final = 1 << 23  # in all lists that `+` makes, which Kubernetes charges nothing for


class Frame:
    """State of one expression; `spent` may be beyond `limit` until the next call of `check`."""

    __slots__ = ("inputs", "items", "limit", "names", "spent", "variable")

    def __init__(self, inputs: Mapping[str, Value], variable: Callable[[str], Value], limit: int) -> None:
        self.inputs = inputs
        self.variable = variable
        self.limit = limit
        self.names: dict[str, Value] = {}
        self.spent = 0
        self.items = 0

    def check(self) -> None:
        """Raises Exhausted beyond the limit."""
        if self.spent > self.limit:
            raise Exhausted

    def charge(self, cost: int) -> None:
        """Raises Exhausted beyond the limit."""
        self.spent += cost
        if self.spent > self.limit:
            raise Exhausted

    def held(self, items: int) -> None:
        """Count what a new list holds. Raises Exhausted when all of them would not fit into memory."""
        self.items += items
        if self.items > _MOST_ITEMS:
            raise Exhausted


Step = Callable[[Frame], Value]
