"""The types that the compiler can be sure of; what it cannot know is ANY.

Facts are those of OPA's types (v1/types/types.go), without the types of keys.
"""

from __future__ import annotations

import re
from collections import deque
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
UNKNOWN: Final = Plain("")
"""Of a variable that has no type yet; in what is made of it that meets nothing, as with OPA."""
STRING: Final = Plain("string")
NUMBER: Final = Plain("number")
_NAMES: Final[dict[str, Type]] = {
    "any": ANY,
    "array": ArrayOf((), ANY),
    "object": ObjectOf((), ANY),
    "set": SetOf(ANY),
}
_SEPARATORS: Final = re.compile(r"([|,:<>\[\]])")


@lru_cache(maxsize=256)
def declared(text: str) -> Type:
    """The type that a builtin declares: `string|array[number]`, as `Builtin` has it."""
    return _declared(deque(part for part in _SEPARATORS.split(text) if part))


def _declared(words: deque[str]) -> Type:
    options = [_declared_one(words)]
    while _skipped(words, "|"):
        options.append(_declared_one(words))
    return union(options)


def _declared_one(words: deque[str]) -> Type:
    name = words.popleft()
    parts: list[tuple[str, Type]] = []
    if _skipped(words, "<"):
        while not _skipped(words, ">"):
            key = words.popleft() if name == "object" else ""
            _skipped(words, ":")
            parts.append((key, _declared(words)))
            _skipped(words, ",")
    others: Type | None = None
    if _skipped(words, "["):
        others = _declared(words)
        _skipped(words, "]")
    if not parts and others is None:
        return _NAMES.get(name) or Plain(name)
    if name == "array":
        return ArrayOf(tuple(kind for _, kind in parts), others)
    return SetOf(others or ANY) if name == "set" else ObjectOf(tuple(parts), others)


def _skipped(words: deque[str], word: str) -> bool:
    """Whether this word is the next, which is gone then."""
    if not words or words[0] != word:
        return False
    words.popleft()
    return True


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
    if a == UNKNOWN or b == UNKNOWN:
        return False
    if a == ANY or b == ANY:
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


def is_known(kind: Type | None) -> bool:
    """Whether nothing in it is of a variable without a type."""
    if isinstance(kind, ArrayOf):
        return all(map(is_known, kind.items)) and is_known(kind.rest)
    if isinstance(kind, ObjectOf):
        return all(is_known(value) for _, value in kind.fields) and is_known(kind.rest)
    return is_known(kind.member) if isinstance(kind, SetOf) else kind != UNKNOWN


def _arrays_meet(a: ArrayOf, b: ArrayOf) -> bool:
    for at in range(max(len(a.items), len(b.items))):
        left, right = item(a, at), item(b, at)
        if left is None or right is None or not meets(left, right):
            return False
    return not _has_rest(a) or not _has_rest(b) or meets(a.rest or ANY, b.rest or ANY)


def _objects_meet(a: ObjectOf, b: ObjectOf) -> bool:
    fields, others = dict(a.fields), dict(b.fields)
    for key in fields.keys() | others.keys():
        if key in fields and key in others:
            if not meets(fields[key], others[key]):
                return False
        elif not _has_rest(a) and not _has_rest(b):
            return False
    return not _has_rest(a) or not _has_rest(b) or meets(a.rest or ANY, b.rest or ANY)


def _has_rest(kind: ArrayOf | ObjectOf) -> bool:
    """Of a comprehension of what has no type OPA knows no more than of one without parts."""
    return kind.rest not in (None, UNKNOWN)


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
