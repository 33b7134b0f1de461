"""Joins: a table that is made once, and a look into it in the place of a loop."""

from __future__ import annotations

from constraints.rego.codegen.blocks import aside, attach, closure, loop
from constraints.rego.codegen.dispatch import values_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.reading import kept, load, loads
from constraints.rego.codegen.rewrites.joins import Join
from constraints.rego.codegen.statements import emit_statement


def emit_join(emission: Emission, found: Join) -> bool:
    """The look into the table. False when the table would depend on more than the inventory."""
    table = _table(emission, found)
    values = None if table is None else values_of(emission, found.asked)
    if table is None or values is None:
        return False
    if not found.lasts:
        emission.uses_more()
    values = [kept(emission, value, "key") for value in values]
    look = "rows_of" if found.lasts else "counted_rows_of"
    rows = emission.nodes.call(look, emission.nodes.call(table, emission.context()), *loads(emission, values))
    names = loop(emission, found.names or ("row",), rows)
    for name, local in zip(found.names, names, strict=False):
        emission.place.env[name] = Operand(name=local)
    return True


def _table(emission: Emission, found: Join) -> str | None:
    """The function that gives the table; None when that would depend on more than the inventory."""
    other = emission.beside(emission.source)
    other.place.env = {name: value for name, value in emission.place.env.items() if value.is_constant}
    ordered, nodes = emission.place.ordered, other.nodes
    with other.at(found.inner[0].span), aside(other, ordered=ordered) as block:
        rows = other.names.new("rows")
        other.emit(nodes.assign(rows, nodes.mapping([])))
        inner, end = closure(other, lambda: _rows_of(other, found, rows), ordered=ordered)
        attach(other, inner, end)
        other.emit(nodes.give(nodes.name(rows)))
    if end is None or (found.lasts and other.alien):
        return None
    emission.quiet = emission.quiet and other.quiet
    make = emission.unit.new("make_table")
    table = emission.unit.new("table")
    emission.add(nodes.function(make, ["c"], block))
    node = nodes.call("table_of" if found.lasts else "own_table_of", nodes.name("c"), nodes.name(make))
    emission.add(nodes.function(table, ["c"], [nodes.give(node)]))
    return table


def _rows_of(emission: Emission, found: Join, rows: str) -> bool:
    """The statements that make the rows, and what adds each of them. False when there never is one."""
    if not all(emit_statement(emission, expr) for expr in found.inner):
        return False
    keys = values_of(emission, found.keys)
    if keys is None:
        return False
    nodes, place = emission.nodes, emission.place
    values = [load(emission, place.variable(name)) for name in found.names] or [nodes.constant(True)]
    row = nodes.row(values) if len(values) > 1 else values[0]
    key = nodes.row(loads(emission, keys))
    emission.emit(nodes.do(nodes.call("add_row", nodes.name(rows), key, row)))
    return True
