"""Comparison: == != < <= > >= over all values, and membership (`in`) (OPA's topdown/comparison.go, aggregates.go)."""

from __future__ import annotations

from constraints.rego.builtins import builtin
from constraints.rego.values.kinds import UNDEFINED, RegoSet, Value, has_member, lookup, same
from constraints.rego.values.order import compare


@builtin("equal", "any", "any", result="boolean")
def equal(a: Value, b: Value) -> bool:
    """`a == b`."""
    return same(a, b)


@builtin("neq", "any", "any", result="boolean")
def neq(a: Value, b: Value) -> bool:
    """`a != b`."""
    return not same(a, b)


@builtin("lt", "any", "any", result="boolean")
def lt(a: Value, b: Value) -> bool:
    """`a < b`."""
    return compare(a, b) < 0


@builtin("lte", "any", "any", result="boolean")
def lte(a: Value, b: Value) -> bool:
    """`a <= b`."""
    return compare(a, b) <= 0


@builtin("gt", "any", "any", result="boolean")
def gt(a: Value, b: Value) -> bool:
    """`a > b`."""
    return compare(a, b) > 0


@builtin("gte", "any", "any", result="boolean")
def gte(a: Value, b: Value) -> bool:
    """`a >= b`."""
    return compare(a, b) >= 0


@builtin("internal.member_2", "any", "any", result="boolean")
def member(value: Value, collection: Value) -> bool:
    """`value in collection`: among the members, elements or values; false for what is no collection."""
    return has_member(collection, value)


@builtin("internal.member_3", "any", "any", "any", result="boolean")
def member_with_key(key: Value, value: Value, collection: Value) -> bool:
    """`key, value in collection`; false for a set, as in OPA."""
    found = UNDEFINED if isinstance(collection, RegoSet) else lookup(collection, key)
    return found is not UNDEFINED and same(found, value)
