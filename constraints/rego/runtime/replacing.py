"""`with`: other contexts for one statement, in which documents, rules or functions are replaced."""

from __future__ import annotations

from constraints.rego.runtime.context import Context, Mock
from constraints.rego.values.kinds import RegoObject, Value, lookup


def patched(document: Value, path: tuple[str, ...], value: Value) -> Value:
    """The document with `value` at `path`; what is in the way is replaced by objects."""
    if not path:
        return value
    inner = patched(lookup(document, path[0]), path[1:], value)
    if type(document) is RegoObject:
        return RegoObject({**document.by_key, path[0]: (path[0], inner)})
    return {**document, path[0]: inner} if type(document) is dict else {path[0]: inner}


def with_input(context: Context, path: tuple[str, ...], value: Value) -> Context:
    """`with input.path as value`."""
    other = context.derived()
    other.input = patched(context.input, path, value)
    return other


def with_data(context: Context, path: tuple[str, ...], value: Value, hidden: frozenset[int]) -> Context:
    """`with data.path as value`; the `hidden` rules, at that path or below, answer by data from now on."""
    other = context.derived()
    other.data = patched(context.data, path, value)
    other.hidden = context.hidden | hidden
    return other


def with_mock(context: Context, name: str, mock: Mock) -> Context:
    """`with name as ...` for a function."""
    other = context.derived()
    other.mocks = {**context.mocks, name: mock}
    return other
