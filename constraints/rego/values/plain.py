"""Values as plain JSON."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

from constraints.errors import EvaluationError
from constraints.golang.quoting import quoted
from constraints.rego.values.kinds import STRUCTURED, RegoObject, RegoSet, Value, meets
from constraints.rego.values.number import JSON_NUMBER, number_text
from constraints.rego.values.order import sorted_pairs
from constraints.rego.values.sizes import walks_down


def _plain(value: Value) -> Any:
    if type(value) in STRUCTURED:
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
