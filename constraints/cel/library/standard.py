"""CEL's standard functions that ask about any value or a text."""

from __future__ import annotations

from functools import lru_cache

from constraints.cel.failures import Failure, no_overload
from constraints.cel.library.regex import compiled
from constraints.cel.overloads import function, unguarded
from constraints.cel.values import Duration, Keyed, Timestamp, TypeValue, Value, type_name

_SHORT = 256  # characters; longer texts are not remembered
_SIZED = frozenset({str, bytes, list, dict, Keyed})


@unguarded(
    "size",
    "size(string) -> int",
    "size(bytes) -> int",
    "size(list(<A>)) -> int",
    "size(map(<A>, <B>)) -> int",
    "string.size() -> int",
    "bytes.size() -> int",
    "list(<A>).size() -> int",
    "map(<A>, <B>).size() -> int",
)
def size(value: Value) -> int:
    """Code points, bytes, items or entries."""
    if type(value) not in _SIZED:
        raise _no_method("size", value)
    return len(value)


@unguarded("startsWith", "string.startsWith(string) -> bool")
def starts_with(text: Value, prefix: Value) -> bool:
    """Whether the text begins so."""
    if type(text) is str and type(prefix) is str:
        return text.startswith(prefix)
    raise no_overload()


@unguarded("endsWith", "string.endsWith(string) -> bool")
def ends_with(text: Value, suffix: Value) -> bool:
    """Whether the text ends so."""
    if type(text) is str and type(suffix) is str:
        return text.endswith(suffix)
    raise no_overload()


@unguarded("contains", "string.contains(string) -> bool")
def contains(text: Value, part: Value) -> bool:
    """Whether the part is in the text."""
    if type(text) is str and type(part) is str:
        return part in text
    raise no_overload()


@unguarded("matches", "matches(string, string) -> bool", "string.matches(string) -> bool")
def matches(text: Value, pattern: Value) -> bool:
    """Whether the pattern is found anywhere in the text."""
    if type(text) is not str:
        raise _no_method("matches", text)
    if type(pattern) is not str:
        raise no_overload()
    return _found(pattern, text) if len(text) <= _SHORT >= len(pattern) else compiled(pattern).search(text) is not None


@lru_cache(maxsize=8192)  # pure answers for short texts; the lock of lru_cache lets threads share it
def _found(pattern: str, text: str) -> bool:
    """Clusters repeat themselves: labels and images are matched again and again."""
    return compiled(pattern).search(text) is not None


@unguarded("type", "type(<A>) -> type(<A>)")
def type_(value: Value) -> TypeValue:
    """The type of a value."""
    return TypeValue(type_name(value))


@function("dyn(<A>) -> dyn")
def dyn(value: Value) -> Value:
    """The same value, its type forgotten."""
    return value


def _no_method(name: str, value: Value) -> Failure:
    """Texts and times are asked whether they have the method, and do not know its name."""
    return no_overload("" if type(value) in (str, Timestamp, Duration) else name)
