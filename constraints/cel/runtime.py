"""What the generated code calls for everything that is not a library function."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from decimal import Decimal
from typing import Final

from constraints.cel.equality import is_equal
from constraints.cel.failures import Exhausted, Failure, no_overload
from constraints.cel.maps import UNSET, entries, find, has_key, keys, plain
from constraints.cel.values import INT_MAX, INT_MIN, NONE, UINT_MAX, Optional, Uint, Value, go_name, type_name

LONGEST: Final = 64_000_000  # characters of a text that a call makes; Kubernetes charges for what goes in, not for that
MISSES: Final = (KeyError, TypeError)
_NUMBERS: Final = frozenset({int, Uint, float})
_KEYS: Final = frozenset({str, bool, *_NUMBERS})


def select(value: Value, *fields: str) -> Value:
    """The long way of `value.a.b`: it says which step fails, and why."""
    for name in fields:
        value = index(value, name)
    return value


def has(value: Value, field: str) -> bool:
    """`has(value.field)`: false for what has no fields, an error for lists."""
    if isinstance(value, Mapping):
        return field in value
    if type(value) is Optional:
        return value.present and has(value.value, field)
    if type(value) is list:
        raise Failure("unsupported index type 'string' in list")
    return False


def index(value: Value, key: Value) -> Value:
    """`value[key]`."""
    if type(value) is Optional:
        return index_optional(value, key)
    _check_key(key)
    found = _find(value, key)
    if found is UNSET:
        if type(value) is list:
            raise Failure(f"index out of bounds: {shown(key)}")
        raise Failure(f"no such key: {shown(key)}")
    return found


def index_optional(value: Value, key: Value) -> Optional:
    """`value[?key]`, `value.?key`."""
    if type(value) is Optional:
        if not value.present:
            return NONE
        value = value.value
    _check_key(key)
    found = _find(value, key)
    return NONE if found is UNSET else Optional(found)


def is_key(value: Value) -> bool:
    """Whether a list or a map can be asked for it."""
    return type(value) in _KEYS


def _check_key(key: Value) -> None:
    if type(key) not in _KEYS:
        raise wrong_key(key)


def wrong_key(key: Value, constant: bool = False) -> Failure:
    """Values of objects are Go's own, constants are cel-go's."""
    name = go_name(key)
    if not constant:
        name = {"types.Null": "<nil>", "*types.baseList": "[]interface {}"}.get(name, name)
        name = "map[string]interface {}" if name == "*types.baseMap" else name
    return Failure(f"invalid qualifier type: {name}")


def _find(value: Value, key: Value) -> Value:
    if isinstance(value, Mapping):
        return find(value, key)
    if type(value) is list:
        place = _place(key)
        return value[place] if 0 <= place < len(value) else UNSET
    return UNSET


def _place(key: Value) -> int:
    if type(key) not in _NUMBERS:
        raise Failure(f"unsupported index type '{type_name(key)}' in list")
    if type(key) is float and not (key.is_integer() and INT_MIN <= key <= INT_MAX):
        raise Failure(f"unsupported index value {shown(key)} in list")
    return int(key)


def shown(value: Value) -> str:
    """A key, or a value of a wrong type, as messages show it."""
    if isinstance(value, Mapping):
        return f"{{{', '.join(f'{shown(key)}: {shown(item)}' for key, item in entries(value))}}}"
    if isinstance(value, list):
        return f"[{', '.join(map(_inside, value))}]"
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, float):
        return _shown_double(value)
    return "0" if value is None else str(value)  # Go shows the number of the enum of null


def _shown_double(value: float) -> str:
    """Go's `%v`: the fewest digits, with an exponent from 1e21 on."""
    if not math.isfinite(value):
        return "NaN" if math.isnan(value) else "+Inf" if value > 0 else "-Inf"
    text = repr(value)
    if "e" in text and 1e16 <= abs(value) < 1e21:
        return f"{Decimal(text):f}"
    return text.removesuffix(".0")


def _inside(value: Value) -> str:
    """An item of a list: these are Go's own values, shown by Go's own rules."""
    if isinstance(value, Mapping):
        return f"map[{' '.join(sorted(f'{key}:{_inside(item)}' for key, item in entries(value)))}]"
    if isinstance(value, list):
        return f"[{' '.join(map(_inside, value))}]"
    return "<nil>" if value is None else shown(value)


def each(value: Value) -> Iterable[Value]:
    """What a macro with one variable goes over."""
    if type(value) is list:
        return value
    if isinstance(value, Mapping):
        return keys(value)
    raise Failure(f"got '{go_name(value)}', expected iterable type")


def pairs(value: Value) -> Iterable[tuple[Value, Value]]:
    """What a macro with two variables goes over."""
    if type(value) is list:
        return enumerate(value)
    if isinstance(value, Mapping):
        return entries(value)
    raise Failure(f"unsupported comprehension range type: {go_name(value)}")


def insert(into: dict[Value, Value], added: Value) -> None:
    """What transformMap and transformMapEntry do with each of their maps."""
    if not isinstance(added, dict):
        raise no_overload("cel.@mapInsert")
    for key, value in added.items():
        if has_key(into, plain(key)):
            raise Failure(f"insert failed: key {shown(plain(key))} already exists")
        into[key] = value


def unwrap_entry(value: Value) -> Optional:
    """The value of `?key: value` in a map, of `?item` in a list."""
    if type(value) is not Optional:
        raise Failure(f"cannot initialize optional entry from non-optional value {shown(value)}")
    return value


def optional_target(value: Value, name: str) -> Optional:
    """What optMap and optFlatMap look into."""
    if type(value) is not Optional:
        raise no_overload("" if name in ("or", "orValue") else f"hasValue({type_name(value)})")
    return value


def negated(value: Value) -> bool:
    """`!value`."""
    if value is True:
        return False
    if value is False:
        return True
    raise no_overload()


def not_equal(a: Value, b: Value) -> bool:
    """`a != b`, which is also true where `a == b` has no answer."""
    return not is_equal(a, b)


def fitting(number: int) -> int:
    """`number`, when it fits 64 bits."""
    if not INT_MIN <= number <= INT_MAX:
        raise Failure("integer overflow")
    return number


def fitting_unsigned(number: int) -> Uint:
    """`number` as an unsigned one, when it fits 64 bits."""
    if not 0 <= number <= UINT_MAX:
        raise Failure("unsigned integer overflow")
    return Uint(number)


def bounded(length: int) -> None:
    """Raises Exhausted for a text that would be too long."""
    if length > LONGEST:
        raise Exhausted
