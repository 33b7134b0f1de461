"""The types that the compiler can be sure of; what it cannot know is ANY.

Facts are those of OPA's types (v1/types/types.go), without the types of keys.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import dataclass
from functools import lru_cache
from typing import Final

from constraints.rego.values import key_of, type_name


@dataclass(frozen=True, slots=True)
class Plain:
    """null, boolean, number or string."""

    name: str


@dataclass(frozen=True, slots=True)
class ArrayOf:
    """The types of the first items, and of all behind them; None: there are none."""

    items: tuple[Type, ...]
    rest: Type | None


@dataclass(frozen=True, slots=True)
class ObjectOf:
    """The types of values by known keys, and of all others; None: there are none."""

    fields: tuple[tuple[Hashable, Type], ...]
    rest: Type | None


@dataclass(frozen=True, slots=True)
class SetOf:
    """The type of the members."""

    member: Type


@dataclass(frozen=True, slots=True)
class Either:
    """One of several types; of none: anything."""

    options: frozenset[Type]


Type = Plain | ArrayOf | ObjectOf | SetOf | Either


@dataclass(frozen=True, slots=True)
class FunctionType:
    """What a function takes and gives."""

    args: tuple[Type, ...]
    result: Type


ANY: Final = Either(frozenset())
STRING: Final = Plain("string")
NUMBER: Final = Plain("number")
_COMPOSITES: Final[dict[str, Type]] = {
    "any": ANY,
    "array": ArrayOf((), ANY),
    "object": ObjectOf((), ANY),
    "set": SetOf(ANY),
}


@lru_cache(maxsize=256)
def declared(text: str) -> Type:
    """The type that a builtin declares: `string|array`."""
    return union(_COMPOSITES.get(name) or Plain(name) for name in text.split("|"))


def type_of_scalar(value: object) -> Type:
    """The type of a constant."""
    return Plain(type_name(value))


def union(types: Iterable[Type | None]) -> Type:
    """Any of these types; anything when there is none."""
    options: set[Type] = set()
    for one in types:
        if isinstance(one, Either):
            if not one.options:
                return ANY
            options |= one.options
        elif one is not None:
            options.add(one)
    return next(iter(options)) if len(options) == 1 else Either(frozenset(options))


def meets(a: Type, b: Type) -> bool:
    """Whether some value has both types, as far as one can know."""
    if a is b or a == ANY or b == ANY:
        return True
    if isinstance(a, Either):
        return any(meets(option, b) for option in a.options)
    if isinstance(b, Either):
        return any(meets(a, option) for option in b.options)
    if type(a) is not type(b):
        return False
    if isinstance(a, Plain):
        return a == b
    if isinstance(a, SetOf) and isinstance(b, SetOf):
        return meets(a.member, b.member)
    if isinstance(a, ArrayOf) and isinstance(b, ArrayOf):
        return _arrays_meet(a, b)
    return isinstance(a, ObjectOf) and isinstance(b, ObjectOf) and _objects_meet(a, b)


def _arrays_meet(a: ArrayOf, b: ArrayOf) -> bool:
    for at in range(max(len(a.items), len(b.items))):
        left, right = item(a, at), item(b, at)
        if left is None or right is None or not meets(left, right):
            return False
    return a.rest is None or b.rest is None or meets(a.rest, b.rest)


def _objects_meet(a: ObjectOf, b: ObjectOf) -> bool:
    fields, others = dict(a.fields), dict(b.fields)
    for key in fields.keys() | others.keys():
        if key in fields and key in others:
            if not meets(fields[key], others[key]):
                return False
        elif a.rest is None and b.rest is None:
            return False
    return a.rest is None or b.rest is None or meets(a.rest, b.rest)


def item(array: ArrayOf, at: int) -> Type | None:
    """The type of one item; None when there is none."""
    return array.items[at] if at < len(array.items) else array.rest


def select(owner: Type, key: object) -> Type | None:
    """The type of `owner[key]` for a constant key; None when it cannot be there."""
    if isinstance(owner, ArrayOf):
        return item(owner, key) if isinstance(key, int) and not isinstance(key, bool) and key >= 0 else None
    if isinstance(owner, ObjectOf):
        return dict(owner.fields).get(key_of(key), owner.rest)
    if isinstance(owner, SetOf):
        found = type_of_scalar(key)
        return found if meets(owner.member, found) else None
    return _of_options(owner, lambda option: select(option, key)) if isinstance(owner, Either) else None


def values(owner: Type) -> Type | None:
    """The type of `owner[x]` for any x; None when it has no parts."""
    if isinstance(owner, ArrayOf):
        return union((*owner.items, owner.rest))
    if isinstance(owner, ObjectOf):
        return union((*(kind for _, kind in owner.fields), owner.rest))
    if isinstance(owner, SetOf):
        return owner.member
    return _of_options(owner, values) if isinstance(owner, Either) else None


def keys(owner: Type) -> Type | None:
    """The type of x in `owner[x]`; None when it has no parts. Keys of objects may be anything."""
    if isinstance(owner, ArrayOf):
        return NUMBER
    if isinstance(owner, ObjectOf):
        is_text = owner.rest is None and all(isinstance(key, str) for key, _ in owner.fields)
        return STRING if is_text else ANY
    if isinstance(owner, SetOf):
        return owner.member
    return _of_options(owner, keys) if isinstance(owner, Either) else None


def _of_options(owner: Either, part: Callable[[Type], Type | None]) -> Type | None:
    """The union over the options that have this part; None when none has it."""
    if not owner.options:
        return ANY
    found = [kind for kind in map(part, owner.options) if kind is not None]
    return union(found) if found else None
