"""Iterations over a constraint's parameters, or an array of constants, written out: a clause for each item.

    expected = input.parameters.labels[_]     becomes     expected = input.parameters.labels[0]

in one clause, `[1]` in the next one: what is looked for is a constant then. A set does not mind the order.
"""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from typing import Final

from constraints.rego.codegen.tree import Clause
from constraints.rego.syntax.termorder import SUPPORT
from constraints.rego.syntax.tree import ArrayTerm, Body, Call, Expr, Ref, Scalar, Term, Var
from constraints.rego.values.kinds import UNDEFINED, Value, lookup

MOST: Final = 6  # items of what is written out
ALL: Final = 24  # clauses that come of it, at most


def unrolled(clauses: Sequence[Clause], parameters: Value) -> tuple[Clause, ...]:
    """The same clauses without iterations over a few parameters."""
    found: list[Clause] = []
    for at, one in enumerate(clauses):
        room = ALL - len(found) - (len(clauses) - at)
        bodies = _bodies(one.rule.body, parameters, max(room, 1))
        found += [replace(one, rule=replace(one.rule, body=body)) for body in bodies]
    return tuple(found)


def _bodies(body: Body, parameters: Value, room: int) -> list[Body]:
    bodies: list[Body] = [()]
    arrays: dict[str, Value] = {}
    for expr in body:
        arrays |= _array(expr)
        made = list(_written_out(expr, parameters, arrays))
        if len(made) * len(bodies) > room:
            made = [expr]
        bodies = [(*before, one) for before in bodies for one in made]
    return bodies


def _array(expr: Expr) -> dict[str, Value]:
    """The array of constants that a statement binds, by the name of its variable; none that is written in place."""
    match expr:
        case Expr(Call("eq", (Var(name=name), ArrayTerm(items=items))), False, ()) if not name.startswith(SUPPORT):
            values = [item.value for item in items if isinstance(item, Scalar)]
            return {name: values} if len(values) == len(items) else {}
    return {}


def _written_out(expr: Expr, parameters: Value, arrays: Mapping[str, Value]) -> Iterator[Expr]:
    """The statement for each item that it iterates; itself where it iterates none, or too many."""
    found = None if expr.negated or expr.withs else _iteration(expr)
    at = None if found is None else next((at for at, part in enumerate(found[1].path) if _is_wild(part)), None)
    keys = None if found is None or at is None else _keys(found[1], at, parameters, arrays)
    if found is None or at is None or keys is None:
        yield expr
        return
    pattern, ref = found
    for key in keys:
        one = replace(ref, path=(*ref.path[:at], Scalar(key), *ref.path[at + 1 :]))
        yield replace(expr, what=Call("eq", (pattern, one), ref.span))


def _iteration(expr: Expr) -> tuple[Term, Ref] | None:
    """What is equal to an item, and the reference that may iterate constants."""
    match expr.what:
        case Call(name="eq", args=(pattern, Ref() as ref)):
            return pattern, ref
    return None


def _keys(ref: Ref, at: int, parameters: Value, arrays: Mapping[str, Value]) -> list[Value] | None:
    """The keys of a collection of constants that is small enough: what the reference is before its part `at`."""
    if not isinstance(ref.head, Var):
        return None
    value = {"parameters": parameters} if ref.head.name == "input" else arrays.get(ref.head.name, UNDEFINED)
    if ref.head.name == "input" and ref.path[0] != Scalar("parameters"):
        return None
    for part in ref.path[:at]:
        value = lookup(value, part.value) if isinstance(part, Scalar) and value is not UNDEFINED else None
    if type(value) not in (list, dict) or not 0 < len(value) <= MOST:
        return None
    return list(value) if type(value) is dict else list(range(len(value)))


def _is_wild(term: Term) -> bool:
    return isinstance(term, Var) and term.is_wildcard
