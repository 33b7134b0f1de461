"""Sets: & and |, intersection and union of a set of sets, set_diff (OPA's topdown/sets.go, binary.go).

`-` of sets is `minus` in arithmetic.py.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from typing import Any, Final

from constraints.rego.builtins import builtin
from constraints.rego.builtins.arithmetic import difference
from constraints.rego.builtins.operands import set_
from constraints.rego.values.kinds import RegoSet, Value
from constraints.rego.values.sizes import fit_items, look_through

_WRITTEN_ALIKE: Final = (str, int, bool, type(None))


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
    return _taken_together(set_(sets, 1), _intersected)


@builtin("union", "set[set]", result="set")
def union(sets: Value) -> RegoSet:
    """What any of them has."""
    return _taken_together(set_(sets, 1), _united)


class _Differ(Exception):
    """Equal members are written in different ways: which of them stays depends on the order."""


def _taken_together(sets: RegoSet, take: Callable[[Iterable[RegoSet], bool], RegoSet]) -> RegoSet:
    """All of the sets as one, in no order as long as it makes no difference: to put them in order takes much memory.

    It does where one is no set, too: the error names the first one.
    """
    look_through(sets)
    members: Any = sets.by_key.values()
    if all(type(member) is RegoSet for member in members):
        with suppress(_Differ):
            return take(members, False)
    return take([set_(member, 1) for member in sets], True)


def _intersected(sets: Iterable[RegoSet], in_order: bool) -> RegoSet:
    found: RegoSet | None = None
    for one in sets:
        before, found = found, one if found is None else _common(found, one)
        if before is not None and not in_order:
            _must_be_alike(found.by_key, before.by_key, one.by_key)
        if not found.by_key:
            break
    return RegoSet({}) if found is None else found


def _united(sets: Iterable[RegoSet], in_order: bool) -> RegoSet:
    together: dict[object, Value] = {}
    for one in sets:
        look_through(one)
        if not in_order:
            _must_be_alike(together.keys() & one.by_key.keys(), together, one.by_key)
        together |= one.by_key
        fit_items(len(together))
    return RegoSet(together)


def _must_be_alike(keys: Iterable[Any], first: Mapping[Any, Value], second: Mapping[Any, Value]) -> None:
    for key in keys:
        one, other = first[key], second[key]
        if one is not other and not (type(one) is type(other) and type(one) in _WRITTEN_ALIKE):
            raise _Differ


@builtin("set_diff", "set", "set", result="set")
def set_diff(a: Value, b: Value) -> RegoSet:
    """What only `a` has; deprecated."""
    return difference(set_(a, 1), set_(b, 2))


def _common(a: RegoSet, b: RegoSet) -> RegoSet:
    few, many = (a, b) if len(a) <= len(b) else (b, a)
    look_through(few, 2)
    return RegoSet({key: member for key, member in few.by_key.items() if key in many.by_key})
