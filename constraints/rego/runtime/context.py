"""The context of an evaluation: its documents, its budget, and what it remembers."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from constraints.rego.builtins.outside import Outside
from constraints.rego.values.kinds import UNDEFINED, Key, Value, lookup
from constraints.rego.values.sizes import present

MISSING: Final = object()
"""In a table of answers: not asked yet."""

NOWHERE: Final = Outside()

BUDGET: Final = 10_000_000

FREE: Final = 50_000
"""Steps of an evaluation until which it costs more to remember the answers of functions than to compute them again."""


class Context:
    """One evaluation: its documents, its budget, what it remembers. `with` makes another one for a statement.

    `review`: `input.review` in a constraint's policy. `memo`: the answers of rules, by their number. `mocks`:
    replacements of functions by name. `tables`: those of joins, by the function that makes them. `hidden`: the numbers
    of rules that `with` replaces by data. `budget`: the steps that are left, shared by derived contexts. `calls`: the
    answers of functions, remembered once there are fewer steps left than `plenty`. `split`: what partial rules have at
    single keys, by their number, once the whole has ended in a conflict.
    """

    __slots__ = (
        "budget",
        "calls",
        "data",
        "hidden",
        "input",
        "memo",
        "memory",
        "mocks",
        "outside",
        "plenty",
        "review",
        "split",
        "strict",
        "tables",
    )

    def __init__(self, input: Value, data: Value, rules: int, outside: Outside = NOWHERE) -> None:
        self.input = input
        self.data = data
        self.memo: list[Value] = [MISSING] * rules
        self.mocks: Mapping[str, Mock] = {}
        self.hidden: frozenset[int] = frozenset()
        self.outside = outside
        self.memory: dict[Any, Any] = {}
        self.budget = present()
        self.plenty = BUDGET - FREE
        self.calls: dict[Key, Value] = {}
        self.strict = False
        self.review: Value = UNDEFINED
        self.tables: dict[Any, tuple[Value, Table]] = {}
        self.split: dict[int, dict[Any, Value]] = {}

    def derived(self) -> Context:
        """The same evaluation, with answers of rules forgotten."""
        other = Context.__new__(Context)
        other.input, other.data, other.mocks, other.hidden = self.input, self.data, self.mocks, self.hidden
        other.outside, other.memory, other.budget, other.strict = self.outside, self.memory, self.budget, self.strict
        other.review, other.tables = self.review, self.tables
        other.plenty, other.calls, other.split = self.plenty, {}, {}
        other.memo = [MISSING] * len(self.memo)
        return other


Table = dict[Key, list[Any]]
"""Rows of a join by the values that they are asked for."""


class Mock:
    """What a function is replaced by: a function (`run`), or a value."""

    __slots__ = ("run", "value")

    def __init__(self, run: Any = None, value: Value = UNDEFINED) -> None:
        self.run = run
        self.value = value


def data_at(context: Context, path: tuple[str, ...]) -> Value:
    """What the base document holds at `path`."""
    value = context.data
    for key in path:
        value = lookup(value, key)
    return value
