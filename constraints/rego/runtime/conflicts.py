"""Answers that must agree: those of complete rules and functions, values at one key of an object; else it is a
conflict.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Final, NoReturn

from constraints.errors import EvaluationError
from constraints.lang.source import Span
from constraints.rego.runtime.context import Context
from constraints.rego.values.kinds import UNDEFINED, Key, Value, key_of, object_of, same

Where = tuple[str, int, int]
"""A place in a policy: the source's name, line, column."""

CONFLICT: Final = "eval_conflict_error"

SPLIT: Final = object()
"""In the place of a partial rule's answer: each key has to be asked for, as some other one ends in a conflict."""


def conflict(message: str, where: Where) -> NoReturn:
    """Raises OPA's conflict error."""
    name, line, column = where
    message = f"{name}:{line}: eval_conflict_error: {message}"
    raise EvaluationError(message, code=CONFLICT, span=Span(line, column), source=name)


def whole_or_split(context: Context, number: int, whole: Callable[[Context], Value]) -> Value:
    """A partial rule's answer; SPLIT where that ends in a conflict, which whoever asks for single keys may not meet."""
    if number in context.split:
        return SPLIT
    try:
        return whole(context)
    except EvaluationError as error:
        if error.code != CONFLICT:
            raise
        context.split[number] = {}
        return SPLIT


def at_keys(context: Context, number: int, search: Callable[..., Value], *keys: Value) -> Value:
    """What a split rule has at these keys, searched once."""
    known = context.split[number]
    key = (search, *map(key_of, keys))
    if key not in known:
        known[key] = search(context, *keys)
    return known[key]


def agree(found: Value, value: Value, where: Where) -> Value:
    """A complete rule's second answer: must be the first one again."""
    if found is UNDEFINED or same(found, value):
        return value
    conflict("complete rules must not produce multiple outputs", where)


def agree_function(found: Value, value: Value, where: Where) -> Value:
    """A function's second answer: must be the first one again."""
    if found is UNDEFINED or same(found, value):
        return value
    conflict("functions must not produce multiple outputs for same inputs", where)


def one_part(found: Value, value: Value, where: Where) -> Value:
    """A template string's part for a further solution: must be the same value again."""
    if found is UNDEFINED or same(found, value):
        return value
    conflict("template-strings must not produce multiple outputs", where)


def put(found: dict[Key, tuple[Value, Value]], key: Value, value: Value, where: Where) -> None:
    """Add a pair to an object; another value at the same key is a conflict."""
    index = key_of(key)
    before = found.get(index)
    if before is None:
        found[index] = (key, value)
    elif not same(before[1], value):
        conflict("object keys must be unique", where)


def built(found: dict[Key, tuple[Value, Value]]) -> Value:
    """The object that was built by `put`."""
    return object_of(found.values())
