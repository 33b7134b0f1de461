"""Sets: & and |, intersection and union of a set of sets, set_diff (OPA's topdown/sets.go, binary.go).

`-` of sets is `minus` in arithmetic.py.
"""

from __future__ import annotations

from functools import reduce

from constraints.rego.builtins import builtin
from constraints.rego.builtins.arithmetic import difference
from constraints.rego.builtins.operands import set_
from constraints.rego.sizes import fit_items, look_through
from constraints.rego.values import RegoSet, Value


@builtin("and", "set", "set", result="set")
def and_(a: Value, b: Value) -> RegoSet:
    """`a & b`."""
    return _common(set_(a, 1), set_(b, 2))


@builtin("or", "set", "set", result="set")
def or_(a: Value, b: Value) -> RegoSet:
    """`a | b`."""
    before, after = set_(a, 1), set_(b, 2)
    fit_items(len(before) + len(after))
    look_through(before)
    return RegoSet(after.by_key | before.by_key)


@builtin("intersection", "set[set]", result="set")
def intersection(sets: Value) -> RegoSet:
    """What all of them have; nothing of none."""
    found = [set_(member, 1) for member in set_(sets, 1)]
    return reduce(_common, found) if found else RegoSet({})


@builtin("union", "set[set]", result="set")
def union(sets: Value) -> RegoSet:
    """What any of them has."""
    together: dict[object, Value] = {}
    for member in set_(sets, 1):
        look_through(set_(member, 1))
        together |= member.by_key
        fit_items(len(together))
    return RegoSet(together)


@builtin("set_diff", "set", "set", result="set")
def set_diff(a: Value, b: Value) -> RegoSet:
    """What only `a` has; deprecated."""
    return difference(set_(a, 1), set_(b, 2))


def _common(a: RegoSet, b: RegoSet) -> RegoSet:
    few, many = (a, b) if len(a) <= len(b) else (b, a)
    look_through(few, 2)
    return RegoSet({key: member for key, member in few.by_key.items() if key in many.by_key})
