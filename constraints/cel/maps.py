"""Maps whose keys are of several kinds: to CEL 1, 1.0, 1u and true are four keys, to Python they are one.

Texts and integers are keys as they are. Everything else is a Key, and a map with such keys is a Keyed one.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from typing import Final

from constraints.cel.failures import Failure
from constraints.cel.values import Key, Keyed, Uint, Value, type_name

UNSET: Final = object()


def map_key(value: Value) -> Value:
    """What a map holds in place of a key."""
    kind = type(value)
    if kind is str or kind is int:
        return value
    try:
        hash(value)
    except TypeError:
        return Key(kind, repr(value), value)
    return Key(kind, value, value)


def keyed(values: dict[Value, Value]) -> dict[Value, Value]:
    """The map that was made, a Keyed one where that is needed."""
    return Keyed(values) if any(type(key) is Key for key in values) else values


def plain(key: Value) -> Value:
    """The key that a map holds something for."""
    return key.value if type(key) is Key else key


def keys(values: Mapping[Value, Value]) -> Iterable[Value]:
    """The keys as CEL sees them."""
    return map(plain, values) if type(values) is Keyed else values


def entries(values: Mapping[Value, Value]) -> Iterable[tuple[Value, Value]]:
    """Keys as CEL sees them, and values."""
    return zip(map(plain, values), values.values(), strict=True) if type(values) is Keyed else values.items()


def find(values: Mapping[Value, Value], key: Value) -> Value:
    """The value of a key, UNSET when there is none. Numbers of other kinds are looked for, as far as cel-go does.

    Raises Failure for what is no key.
    """
    kind = type(key)
    if kind is str or kind is int:
        found = values.get(key, UNSET)
        return values.get(map_key(Uint(key)), UNSET) if found is UNSET and kind is int and key >= 0 else found
    if kind is Uint:
        return _first(values, map_key(key), int(key))
    if kind is float:
        whole = int(key) if key.is_integer() else -1
        return _first(values, map_key(key), *((whole, map_key(Uint(whole))) if whole == key else ()))
    if kind is bool:
        return values.get(map_key(key), UNSET)
    raise Failure(f"unsupported key type: {type_name(key)}")


def has_key(values: Mapping[Value, Value], key: Value) -> bool:
    """Whether the map has the key; what cannot be one is none."""
    try:
        return find(values, key) is not UNSET
    except Failure:
        return False


def _first(values: Mapping[Value, Value], *candidates: Value) -> Value:
    return next((values[key] for key in candidates if key in values), UNSET)
