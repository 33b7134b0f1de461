"""Rego's values in Python, their order, their keys and their text.

null, bool, numbers, strings and arrays are None, bool, int or float or Decimal (`number.py`), str and list. An object
whose keys are all strings is a dict; any other one is a RegoObject, never one with string keys only. A set is a
RegoSet. Values are never changed once they are made.

JSON as a reader gives it is a value as it stands. Gator's numbers need no switch here: its reader gives an integral one
from 1e6 on as a float, which prints `1e+06` and computes as 1000000 (`number.py`).

A value nested deeper than Python's stack raises EvaluationError wherever one has to walk down into it.
"""

from __future__ import annotations

import functools
import json
from collections.abc import Callable, Hashable, Iterable, Iterator, Mapping, Sized
from decimal import Decimal
from typing import Any, Final, ParamSpec, TypeVar

from constraints.errors import EvaluationError
from constraints.lang.quoting import quoted
from constraints.rego.values.number import JSON_NUMBER, compare_numbers, exact, number_key, whole
from constraints.rego.values.number import number_of as number_of
from constraints.rego.values.number import number_text as number_text
from constraints.rego.values.sizes import ENTRY, SMALL, STEPS, fit_items, spend, stop, together

TOO_DEEP: Final = "eval_internal_error"
"""The code of the error that a value has too many levels, or that too many rules wait for it."""

Value = Any
Key = Hashable
P = ParamSpec("P")
R = TypeVar("R")


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


def walks_down(function: Callable[P, R]) -> Callable[P, R]:
    """For a function that recurses into values: too deep a value is an EvaluationError."""

    @functools.wraps(function)
    def guarded(*args: P.args, **kwargs: P.kwargs) -> R:
        try:
            return function(*args, **kwargs)
        except RecursionError:
            raise too_deep() from None

    return guarded


def too_deep() -> EvaluationError:
    """The error of what Python's stack is too small for; OPA would go on."""
    return EvaluationError("a value is nested too deeply", code=TOO_DEEP)


def meets(value: Value) -> None:
    """Count what a walk takes for a value that it meets: for each item, or for what a text is long."""
    kind = type(value)
    if kind is str:
        spend(len(value) >> 4)
    elif kind in _STRUCTURED:
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


def sorted_pairs(value: dict[str, Value] | RegoObject) -> list[tuple[Value, Value]]:
    """The pairs of an object in the order of their keys."""
    if isinstance(value, dict):
        return sorted(value.items(), key=_first)
    return sorted(value.by_key.values(), key=lambda pair: order_key(pair[0]))


def _first(pair: tuple[str, Value]) -> str:
    return pair[0]


def lookup(value: Value, key: Value) -> Value:
    """`value[key]` in an object, array or set (a member is its own key); UNDEFINED when it is not there."""
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
        STEPS.left -= 1 + len(value)  # here and below as `_count`, for most policies do nothing else so often
        if STEPS.left < 0:
            stop()
        return ("a", *[item if type(item) in _ITSELF else _key(item) for item in value])
    if isinstance(value, dict):
        STEPS.left -= 1 + 4 * len(value)
        if STEPS.left < 0:
            stop()
        pairs = [(key, item if type(item) in _ITSELF else _key(item)) for key, item in value.items()]
        return ("o", frozenset(pairs))
    if isinstance(value, RegoSet):
        _count(value, 2)
        return ("s", frozenset(value.by_key))
    if isinstance(value, RegoObject):
        _count(value, 4)
        return ("o", frozenset((key, _key(pair[1])) for key, pair in value.by_key.items()))
    return number_key(value)


def _count(value: Sized, steps: int = 1) -> None:
    """Count what is done with each item of a collection."""
    STEPS.left -= 1 + len(value) * steps
    if STEPS.left < 0:
        stop()


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
    if kind is type(b) and kind not in _STRUCTURED:
        return bool(a == b)
    return _deep_same(a, b)


def _same(a: Value, b: Value) -> bool:
    kind = type(a)
    if kind is not type(b):
        return is_number(a) and is_number(b) and exact(a) == exact(b)
    if a is b:
        return True
    if kind not in _STRUCTURED:
        return bool(a == b)
    if len(a) != len(b):
        return False
    if kind is list:
        if len(a) > _MANY and _is_simple(a) and _is_simple(b):
            _spend_fast(a)
            return bool(a == b)
        _count(a)
        return all(map(_same, a, b))
    _count(a)
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


_STRUCTURED: Final = frozenset({list, dict, RegoSet, RegoObject})
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


_RANKS: Final[Mapping[type, int]] = {
    type(None): 0,
    bool: 1,
    int: 2,
    float: 2,
    str: 3,
    list: 4,
    dict: 5,
    RegoObject: 5,
    RegoSet: 6,
}
_NAMES: Final = ("null", "boolean", "number", "string", "array", "object", "set")


def _rank(value: Value) -> int:
    """null < bool < number < string < array < object < set; every other type is a kind of number."""
    return _RANKS.get(type(value), 2)


def type_name(value: Value) -> str:
    """As `type_name`: null, boolean, number, string, array, object, set."""
    return _NAMES[_rank(value)]


def compare(a: Value, b: Value) -> int:
    """-1, 0 or 1 in Rego's total order."""
    rank, other = _rank(a), _rank(b)
    if rank != other:
        return -1 if rank < other else 1
    if rank == 2:
        return compare_numbers(a, b)
    if rank > 3:
        a, b = order_key(a), order_key(b)
    return 0 if rank == 0 else (a > b) - (a < b)


def _ordering(value: Value) -> tuple[Any, ...]:
    """Python's order of these tuples is Rego's order; pairs of objects are compared one after the other."""
    rank = _rank(value)
    if rank in (1, 3):
        return (rank, value)
    if rank == 2:
        return (2, exact(value))
    if rank:
        _count(value, 5)  # each item becomes a tuple
    if rank == 4:
        return (4, *map(_ordering, value))
    if rank == 5:
        return (5, *[_ordering(part) for pair in sorted_pairs(value) for part in pair])
    return (6, *map(_ordering, value.sorted_members())) if rank == 6 else (0,)


order_key: Final = walks_down(_ordering)


def in_order(values: Iterable[Value]) -> list[Value]:
    """Sorted in Rego's order."""
    found = list(values)
    if len(found) < 2:
        return found
    if has_own_order(found):
        spend(len(found) >> 1)
        return sorted(found)
    spend(len(found))
    return sorted(found, key=order_key)


def has_own_order(values: list[Value]) -> bool:
    """Whether Python's order is Rego's for what is in a list, which is not empty."""
    kinds = set(map(type, values))
    return len(kinds) == 1 and kinds <= {str, int, float}


def _text(value: Value) -> str:
    kind = type(value)
    if kind is str:
        if len(value) > SMALL:
            meets(value)
        return quoted(value)
    if kind in _STRUCTURED:
        meets(value)
    if kind is list:
        return f"[{together(', ', [_text(item) for item in value])}]"
    if kind is dict or kind is RegoObject:
        return f"{{{together(', ', [f'{_text(key)}: {_text(item)}' for key, item in sorted_pairs(value)])}}}"
    if kind is RegoSet:
        return f"{{{together(', ', [_text(item) for item in value.sorted_members()])}}}" if value.by_key else "set()"
    if value is None or kind is bool:
        return "null" if value is None else str(value).lower()
    return number_text(value)


_deep_text = walks_down(_text)


def text(value: Value) -> str:
    """OPA's text of a value: strings quoted, `[1, 2]`, `{"a": 1}`, `{1, 2}`, the empty set `set()`."""
    return _deep_text(value)


def read_json(document: str) -> Value:
    """JSON text to a value whose numbers keep the text that they are written in. Raises ValueError."""
    try:
        return json.loads(document, parse_float=number_of, parse_constant=_no_number)
    except RecursionError:
        raise ValueError("exceeded max depth") from None


def _no_number(name: str) -> Value:
    raise ValueError(f"{name} is not JSON")


def _plain(value: Value) -> Any:
    if type(value) in _STRUCTURED:
        meets(value)
    if isinstance(value, list):
        return [_plain(item) for item in value]
    if isinstance(value, dict):
        return {key: _plain(item) for key, item in value.items()}
    if isinstance(value, RegoSet):
        return [_plain(item) for item in value.sorted_members()]
    if isinstance(value, RegoObject):
        return {json_key(key): _plain(item) for key, item in sorted_pairs(value)}
    return float(value) if isinstance(value, (float, Decimal)) else value


def json_key(key: Value) -> str:
    """A key of an object as JSON has it: the JSON text of any that is no string."""
    if isinstance(key, (float, Decimal)):
        shown = number_text(key)
        if not JSON_NUMBER.fullmatch(shown):  # its text is another one's: `to_number("01")`
            raise EvaluationError(f"json: invalid number literal {quoted(shown)}")
        return shown
    return key if isinstance(key, str) else _compact(_plain(key))


def _compact(plain: Any) -> str:
    if isinstance(plain, dict):
        return f"{{{','.join(f'{_compact(key)}:{_compact(item)}' for key, item in plain.items())}}}"
    if isinstance(plain, list):
        return f"[{','.join(map(_compact, plain))}]"
    return number_text(plain) if type(plain) is int else json.dumps(plain, ensure_ascii=False)


def to_json(value: Value) -> Any:
    """Plain JSON: a set is a sorted array, a key that is no string is its JSON text, any number but an int a float."""
    return _deep_plain(value)


_deep_plain = walks_down(_plain)
