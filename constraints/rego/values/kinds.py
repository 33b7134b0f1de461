"""Rego's values in Python, and their keys, by which they are equal; their order is in order.py, their text in text.py.

null, bool, numbers, strings and arrays are None, bool, int or float or Decimal (`number.py`), str and list. An object
whose keys are all strings is a dict; any other one is a RegoObject, never one with string keys only. A set is a
RegoSet. Values are never changed once they are made.

JSON as a reader gives it is a value as it stands. Gator's numbers need no switch here: its reader gives an integral one
from 1e6 on as a float, which prints `1e+06` and computes as 1000000 (`number.py`).

A value nested deeper than Python's stack raises EvaluationError wherever one has to walk down into it.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable, Iterator, Sized
from decimal import Decimal
from typing import Any, ClassVar, Final

from constraints.rego.values.number import exact, number_key, whole
from constraints.rego.values.order import OBJECT, SET, in_order
from constraints.rego.values.order import Value as Value
from constraints.rego.values.sizes import ENTRY, count_items, fit_items, present, spend, stop, walks_down
from constraints.rego.values.text import text

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


def meets(value: Value) -> None:
    """Count what a walk takes for a value that it meets: for each item, or for what a text is long."""
    kind = type(value)
    if kind is str:
        spend(len(value) >> 4)
    elif kind in STRUCTURED:
        spend(1 + len(value))


class _Later:
    """The members of a set by key, made when somebody looks at them: most want to know how many there are."""

    __slots__ = ("_made", "_members", "size")

    def __init__(self, size: int, members: Callable[[], Iterable[Value]]) -> None:
        self.size = size
        self._members = members
        self._made: dict[Key, Value] | None = None

    @property
    def is_made(self) -> bool:
        """Whether they are in memory."""
        return self._made is not None

    def __getattr__(self, name: str) -> Any:
        return getattr(self._all(), name)

    def __getitem__(self, key: Key) -> Value:
        return self._all()[key]

    def __iter__(self) -> Iterator[Key]:
        return iter(self._all())

    def __len__(self) -> int:
        return len(self._all())

    def __contains__(self, key: Key) -> bool:
        return key in self._all()

    def __or__(self, other: Any) -> dict[Key, Value]:
        return {**self._all(), **other}

    def __ror__(self, other: dict[Key, Value]) -> dict[Key, Value]:
        return other | self._all()

    def _all(self) -> dict[Key, Value]:
        """Raises EvaluationError when they are too many."""
        if self._made is None:
            fit_items(self.size)
            spend(self.size * ENTRY)
            self._made = RegoSet.of(self._members()).by_key
        return self._made


class RegoSet:
    """A set: its members by key, in no order; `sorted_members`, as iteration, has Rego's order."""

    __slots__ = ("_sorted", "by_key")
    rank: ClassVar = SET

    def __init__(self, by_key: dict[Key, Value]) -> None:
        self.by_key = by_key
        self._sorted: list[Value] | None = None

    @classmethod
    def later(cls, size: int, members: Callable[[], Iterable[Value]]) -> RegoSet:
        """A set of that size, whose members are made when somebody wants to see them."""
        by_key: Any = _Later(size, members)  # not a subclass of dict, into which Python looks without asking it
        return cls(by_key)

    @property
    def is_made(self) -> bool:
        """Whether its members are in memory."""
        by_key: Any = self.by_key
        return type(by_key) is dict or bool(by_key.is_made)

    @classmethod
    def of(cls, members: Iterable[Value]) -> RegoSet:
        """From members; of equal ones the first counts."""
        by_key: dict[Key, Value] = {}
        for member in members:
            by_key.setdefault(member if type(member) in _ITSELF else key_of(member), member)
        return cls(by_key)

    def sorted_members(self) -> list[Value]:
        """The members in Rego's order."""
        if self._sorted is None:
            self._sorted = in_order(self.by_key.values())
        return self._sorted

    def __len__(self) -> int:
        by_key: Any = self.by_key
        return len(by_key) if type(by_key) is dict else int(by_key.size)

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
    """An object with a key that is not a string: key and value by the key's key."""

    __slots__ = ("by_key",)
    rank: ClassVar = OBJECT

    def __init__(self, by_key: dict[Key, tuple[Value, Value]]) -> None:
        self.by_key = by_key

    def __len__(self) -> int:
        return len(self.by_key)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, RegoObject) and key_of(self) == key_of(other)

    def __hash__(self) -> int:
        return hash(key_of(self))

    def __repr__(self) -> str:
        return text(self)


def object_of(pairs: Iterable[tuple[Value, Value]]) -> dict[str, Value] | RegoObject:
    """The object of these pairs; of equal keys the first one stands, with the last one's value."""
    found = list(pairs)
    if all(type(key) is str for key, _ in found):
        return dict(found)
    by_key: dict[Key, tuple[Value, Value]] = {}
    for key, value in found:
        shared = key_of(key)
        by_key[shared] = (by_key.get(shared, (key,))[0], value)
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


def lookup(value: Value, key: Value) -> Value:
    """`value[key]` in an object, array or set (a member is its own key); UNDEFINED when it is not there."""
    if value is UNDEFINED:
        return UNDEFINED
    if isinstance(value, dict):
        return value.get(key, UNDEFINED) if isinstance(key, str) else UNDEFINED
    if isinstance(value, list):
        index = key if type(key) is int else whole(key)
        return value[index] if index is not None and 0 <= index < len(value) else UNDEFINED
    if isinstance(value, RegoSet):
        return value.by_key.get(key_of(key), UNDEFINED)
    if isinstance(value, RegoObject):
        return value.by_key.get(key_of(key), (None, UNDEFINED))[1]
    return UNDEFINED


_ITSELF: Final = frozenset({str, int, type(None)})


def key_of(value: Value) -> Key:
    """What equal values share and different ones do not; 1 and 1.0 are equal, 1 and true are not."""
    kind = type(value)
    if kind in _ITSELF:
        return value  # type: ignore[no-any-return]  # hashable, by its kind
    if kind is bool:
        return _TRUE if value else _FALSE
    return _deep_key(value)


def _composite_key(value: Value) -> Key:
    if isinstance(value, list):
        steps = present()  # here and below as `count_items`, for most policies do nothing else so often
        steps.left -= 1 + len(value)
        if steps.left < 0:
            stop()
        return ("a", *[item if type(item) in _ITSELF else _key(item) for item in value])
    if isinstance(value, dict):
        steps = present()
        steps.left -= 1 + 4 * len(value)
        if steps.left < 0:
            stop()
        pairs = [(key, item if type(item) in _ITSELF else _key(item)) for key, item in value.items()]
        return ("o", frozenset(pairs))
    if isinstance(value, RegoSet):
        count_items(value, 2)
        return ("s", frozenset(value.by_key))
    if isinstance(value, RegoObject):
        count_items(value, 4)
        return ("o", frozenset((key, _key(pair[1])) for key, pair in value.by_key.items()))
    return number_key(value)


def _key(value: Value) -> Key:
    """`key_of` inside of a value."""
    if type(value) in _ITSELF:
        return value  # type: ignore[no-any-return]  # as above
    if type(value) is bool:
        return _TRUE if value else _FALSE
    return _composite_key(value)


_deep_key = walks_down(_composite_key)


def same(a: Value, b: Value) -> bool:
    """Rego's equality."""
    kind = type(a)
    if kind is type(b) and kind not in STRUCTURED:
        return bool(a == b)
    return _deep_same(a, b)


def _same(a: Value, b: Value) -> bool:
    kind = type(a)
    if kind is not type(b):
        return is_number(a) and is_number(b) and exact(a) == exact(b)
    if a is b:
        return True
    if kind not in STRUCTURED:
        return bool(a == b)
    if len(a) != len(b):
        return False
    if kind is list:
        if len(a) > _MANY and _is_simple(a) and _is_simple(b):
            _spend_fast(a)
            return bool(a == b)
        count_items(a)
        return all(map(_same, a, b))
    count_items(a)
    if kind is dict:
        return all(_same(item, b.get(key, UNDEFINED)) for key, item in a.items())
    return bool(a == b)


_MANY: Final = 64  # items, from which on it pays to look at their types first


def _is_simple(values: list[Value]) -> bool:
    """Whether Python's equality is Rego's for what is in a list."""
    return set(map(type, values)) <= _ITSELF


def _spend_fast(values: Sized) -> None:
    """Count what Python's own loops do with each item."""
    spend(len(values) >> 2)


STRUCTURED: Final = frozenset({list, dict, RegoSet, RegoObject})
_deep_same = walks_down(_same)


def has_member(collection: Value, value: Value) -> bool:
    """Whether a value is among the members, elements or values; false for what is no collection."""
    kind = type(collection)
    if kind is RegoSet:
        return key_of(value) in collection.by_key
    if kind is dict:
        collection = collection.values()
    elif kind is RegoObject:
        collection = [pair[1] for pair in collection.by_key.values()]
    elif kind is not list:
        return False
    if type(value) is str:  # nothing else equals it in Python, either
        if len(collection) > _MANY:
            _spend_fast(collection)
        return value in collection
    if len(collection) > _MANY:
        spend(len(collection))
    return any(same(value, item) for item in collection)
