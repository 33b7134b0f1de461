"""The tables of joins: rows of a loop by the values that they are asked for, made once and looked up."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from typing import Any

from constraints.rego.runtime.context import Context, Table
from constraints.rego.values.kinds import Value, key_of
from constraints.rego.values.sizes import MEMBER, spend


def table_of(context: Context, make: Callable[[Context], Table]) -> Table:
    """The table that `make` makes of the inventory; it is made once for an inventory."""
    inventory = context.data["inventory"]
    kept = context.tables.get(make)
    if kept is None or kept[0] is not inventory:
        kept = context.tables[make] = (inventory, make(context))
    return kept[1]


def own_table_of(context: Context, make: Callable[[Context], Table]) -> Table:
    """The table that `make` makes of the documents of an evaluation, once for that; its rows are counted."""
    kept: Table | None = context.memory.get(make)
    if kept is None:
        kept = context.memory[make] = make(context)
        context.budget.spend(sum(map(len, kept.values())) * MEMBER)
    return kept


def add_row(table: Table, keys: tuple[Value, ...], row: Any) -> None:
    """Add a row to the table of a join."""
    table.setdefault(tuple(map(key_of, keys)), []).append(row)


def rows_of(table: Table, *keys: Value) -> Collection[Any]:
    """The rows for these values."""
    return table.get(tuple(map(key_of, keys)), ())


def counted_rows_of(table: Table, *keys: Value) -> Iterable[Any]:
    """The rows for these values, each of which is a step."""
    rows = rows_of(table, *keys)
    spend(1 + len(rows))
    return rows
