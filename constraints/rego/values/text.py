"""OPA's text of values."""

from __future__ import annotations

from typing import Final

from constraints.golang.quoting import quoted
from constraints.rego.values.number import number_text
from constraints.rego.values.order import NUMBER, OBJECT, Value, rank, sorted_pairs
from constraints.rego.values.sizes import SMALL, spend, together, walks_down


def _text(value: Value) -> str:
    kind = type(value)
    if kind is str:
        if len(value) > SMALL:
            spend(len(value) >> 4)
        return quoted(value)
    if value is None or kind is bool:
        return "null" if value is None else str(value).lower()
    if kind is list:
        spend(1 + len(value))
        return f"[{together(', ', [_text(item) for item in value])}]"
    standing = OBJECT if kind is dict else rank(value)
    if standing == NUMBER:
        return number_text(value)
    spend(1 + len(value))
    if standing == OBJECT:
        return f"{{{together(', ', [f'{_text(key)}: {_text(item)}' for key, item in sorted_pairs(value)])}}}"
    return f"{{{together(', ', [_text(item) for item in value.sorted_members()])}}}" if value.by_key else "set()"


text: Final = walks_down(_text)
"""OPA's text of a value: strings quoted, `[1, 2]`, `{"a": 1}`, `{1, 2}`, the empty set `set()`. Raises
EvaluationError.
"""
