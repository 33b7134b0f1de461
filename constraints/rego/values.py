"""Rego's values in Python, their order, their keys and their text.

null, bool, numbers, strings and arrays are None, bool, int or float, str and list. An object whose keys are all strings
is a dict; any other one is a RegoObject. A set is a RegoSet. A number that neither int nor float holds exactly is a
Decimal. Values are never changed once they are made.
"""

from __future__ import annotations

from collections.abc import Hashable, Iterable, Iterator, Mapping
from decimal import Decimal
from functools import cmp_to_key
from typing import Any, Final

import json

Value = Any
Key = Hashable


class Undefined:
    """The one value that is not there; neither true nor false."""

    __slots__ = ()

    def __repr__(self) -> str:
        return "undefined"


UNDEFINED: Final = Undefined()


class _Truth:
    """Stands for a bool in a key: True == 1 in Python, and not in Rego."""

    __slots__ = ("text",)

    def __init__(self, text: str) -> None:
        self.text = text

    def __repr__(self) -> str:
        return self.text


_TRUE, _FALSE = _Truth("true"), _Truth("false")


class RegoSet:
    """A set: its members by key, in no order; iterate over `sorted_members` where the order can be seen."""

    __slots__ = ("_sorted", "by_key")

    def __init__(self, by_key: dict[Key, Value]) -> None:
        self.by_key = by_key
        self._sorted: list[Value] | None = None

    @classmethod
    def of(cls, members: Iterable[Value]) -> RegoSet:
        """From members, of which equal ones count once."""
        return cls({key_of(member): member for member in members})

    def sorted_members(self) -> list[Value]:
        """The members in Rego's order."""
        if self._sorted is None:
            self._sorted = in_order(self.by_key.values())
        return self._sorted

    def __len__(self) -> int:
        return len(self.by_key)

    def __iter__(self) -> Iterator[Value]:
        return iter(self.sorted_members())

    def __contains__(self, value: Value) -> bool:
        return key_of(value) in self.by_key

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegoSet) and self.by_key.keys() == other.by_key.keys()

    def __hash__(self) -> int:
        return hash(frozenset(self.by_key))

    def __repr__(self) -> str:
        return text(self)


class RegoObject:
    """An object with a key that is not a string: key and value by key."""

    __slots__ = ("by_key",)

    def __init__(self, by_key: dict[Key, tuple[Value, Value]]) -> None:
        self.by_key = by_key

    def __len__(self) -> int:
        return len(self.by_key)

    def __repr__(self) -> str:
        return text(self)


def object_of(pairs: Iterable[tuple[Value, Value]]) -> dict[str, Value] | RegoObject:
    """The object of these pairs; of equal keys the last one counts."""
    by_key = {key_of(key): (key, value) for key, value in pairs}
    if all(type(key) is str for key in by_key):
        return {key: value for key, value in by_key.values()}
    return RegoObject(by_key)


def is_object(value: Value) -> bool:
    """Whether it is an object of either kind."""
    return isinstance(value, (dict, RegoObject))


def is_number(value: Value) -> bool:
    """Whether it is a number; a bool is none."""
    return isinstance(value, (int, float, Decimal)) and not isinstance(value, bool)


def pairs_of(value: dict[str, Value] | RegoObject) -> Iterable[tuple[Value, Value]]:
    """The pairs of an object, in no order."""
    return value.items() if isinstance(value, dict) else value.by_key.values()


def sorted_pairs(value: dict[str, Value] | RegoObject) -> list[tuple[Value, Value]]:
    """The pairs of an object in the order of their keys."""
    if isinstance(value, dict):
        return sorted(value.items(), key=lambda pair: pair[0])
    return sorted(value.by_key.values(), key=lambda pair: _ORDERING(pair[0]))


def lookup(value: Value, key: Value) -> Value:
    """`value[key]` in an object, array or set (a member is its own key); UNDEFINED when it is not there."""
    if isinstance(value, dict):
        return value.get(key, UNDEFINED) if isinstance(key, str) else UNDEFINED
    if isinstance(value, list):
        return _item(value, key)
    if isinstance(value, RegoSet):
        return value.by_key.get(key_of(key), UNDEFINED)
    if isinstance(value, RegoObject):
        return value.by_key.get(key_of(key), (None, UNDEFINED))[1]
    return UNDEFINED


def _item(value: list[Value], key: Value) -> Value:
    if isinstance(key, bool) or not isinstance(key, (int, float)) or key != int(key):
        return UNDEFINED
    return value[int(key)] if 0 <= key < len(value) else UNDEFINED


def key_of(value: Value) -> Key:
    """What equal values share and different ones do not; 1 and 1.0 are equal, 1 and true are not."""
    kind = type(value)
    if kind is str or kind is int or kind is float or value is None:
        return value  # type: ignore[no-any-return]
    if kind is bool:
        return _TRUE if value else _FALSE
    if kind is list:
        return ("a", *map(key_of, value))
    if isinstance(value, RegoSet):
        return ("s", frozenset(value.by_key))
    if isinstance(value, dict):
        return ("o", frozenset((key, key_of(item)) for key, item in value.items()))
    if isinstance(value, RegoObject):
        return ("o", frozenset((key, key_of(pair[1])) for key, pair in value.by_key.items()))
    return value  # type: ignore[no-any-return]  # a Decimal, which equals and hashes as the number that it is


def same(a: Value, b: Value) -> bool:
    """Rego's equality."""
    if type(a) is type(b) and not isinstance(a, (list, dict, RegoObject)):
        return bool(a == b)
    return key_of(a) == key_of(b)


def _rank(value: Value) -> int:
    """null < bool < number < string < array < object < set."""
    if value is None:
        return 0
    if isinstance(value, bool):
        return 1
    if isinstance(value, (int, float, Decimal)):
        return 2
    if isinstance(value, str):
        return 3
    if isinstance(value, list):
        return 4
    return 6 if isinstance(value, RegoSet) else 5


def compare(a: Value, b: Value) -> int:
    """-1, 0 or 1 in Rego's total order."""
    rank = _rank(a)
    other = _rank(b)
    if rank != other:
        return -1 if rank < other else 1
    if rank in (1, 2, 3):
        return -1 if a < b else int(a > b)
    return _compare_composite(a, b, rank)


def _compare_composite(a: Value, b: Value, rank: int) -> int:
    if rank == 0:
        return 0
    if rank == 5:
        left: list[Value] = [part for pair in sorted_pairs(a) for part in pair]
        right: list[Value] = [part for pair in sorted_pairs(b) for part in pair]
        # keys are compared before values (OPA compares key by key, then value by value, in the order of keys)
        return _compare_objects(a, b)
    left, right = (a, b) if rank == 4 else (a.sorted_members(), b.sorted_members())
    return _compare_sequences(left, right)


def _compare_objects(a: Value, b: Value) -> int:
    left, right = sorted_pairs(a), sorted_pairs(b)
    for (key, value), (other_key, other) in zip(left, right, strict=False):
        order = compare(key, other_key) or compare(value, other)
        if order:
            return order
    return _order(len(left), len(right))


def _compare_sequences(left: list[Value], right: list[Value]) -> int:
    for one, other in zip(left, right, strict=False):
        order = compare(one, other)
        if order:
            return order
    return _order(len(left), len(right))


def _order(a: int, b: int) -> int:
    return -1 if a < b else int(a > b)


_ORDERING: Final = cmp_to_key(compare)


def in_order(values: Iterable[Value]) -> list[Value]:
    """Sorted in Rego's order."""
    found = list(values)
    kinds = {type(value) for value in found}
    if kinds <= {str} or kinds <= {int, float}:
        return sorted(found)
    return sorted(found, key=_ORDERING)


def type_name(value: Value) -> str:
    """As `type_name`: null, boolean, number, string, array, object, set."""
    return ("null", "boolean", "number", "string", "array", "object", "set")[_rank(value)]


def number_text(value: int | float | Decimal) -> str:
    """As OPA prints a number: integers whole, others in the shortest form that reads back as the same."""
    if isinstance(value, int):
        return str(value)
    if isinstance(value, Decimal):
        return _decimal_text(value)
    if value == int(value) and abs(value) < 1e21:
        return str(int(value))
    return _go_float(repr(value))


def _go_float(shortest: str) -> str:
    """Python's shortest digits in Go's form: e-07 and e+21 with two digits at least."""
    mantissa, mark, exponent = shortest.partition("e")
    if not mark:
        return shortest
    sign = exponent[0] if exponent[0] in "+-" else "+"
    return f"{mantissa.removesuffix('.0')}e{sign}{exponent.lstrip('+-').zfill(2)}"


def _decimal_text(value: Decimal) -> str:
    if value == value.to_integral_value():
        return str(int(value))
    return _go_float(str(value).lower())


def text(value: Value) -> str:
    """OPA's text of a value: strings quoted, `[1, 2]`, `{"a": 1}`, `{1, 2}`, the empty set `set()`."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    if isinstance(value, str):
        return json.dumps(value, ensure_ascii=False)
    if isinstance(value, list):
        return f"[{', '.join(map(text, value))}]"
    if isinstance(value, RegoSet):
        return f"{{{', '.join(map(text, value.sorted_members()))}}}" if len(value) else "set()"
    if isinstance(value, (dict, RegoObject)):
        return f"{{{', '.join(f'{text(key)}: {text(item)}' for key, item in sorted_pairs(value))}}}"
    return number_text(value)


def from_json(value: Any) -> Value:
    """JSON is a value as it is."""
    return value


def to_json(value: Value) -> Any:
    """Plain JSON: a set is a sorted array, a key that is no string is its JSON text."""
    if isinstance(value, list):
        return [to_json(item) for item in value]
    if isinstance(value, RegoSet):
        return [to_json(item) for item in value.sorted_members()]
    if isinstance(value, Mapping):
        return {key: to_json(item) for key, item in value.items()}
    if isinstance(value, RegoObject):
        return {_json_key(key): to_json(item) for key, item in sorted_pairs(value)}
    return value


def _json_key(key: Value) -> str:
    return key if isinstance(key, str) else json.dumps(to_json(key), separators=(",", ":"), ensure_ascii=False)
