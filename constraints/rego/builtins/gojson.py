"""JSON as Go reads and writes it."""

from __future__ import annotations

import json
import re
from typing import Any, Final

from constraints.errors import EvaluationError
from constraints.golang.jsontext import json_string
from constraints.golang.quoting import quoted
from constraints.golang.utf8 import replaced
from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.jsonmistakes import mistake
from constraints.rego.values.kinds import RegoObject, RegoSet, Value, meets
from constraints.rego.values.number import (
    JSON_NUMBER,
    LiteralDecimal,
    LiteralFloat,
    Number,
    OutOfRange,
    number_of,
    number_text,
)
from constraints.rego.values.order import sorted_pairs
from constraints.rego.values.sizes import SMALL, spend, together, too_deep

_SURROGATE_ESCAPE: Final = re.compile(r"\\u[dD][89a-fA-F]")
_BRACKET: Final = re.compile(r"[\[\]{}]")
_DEEPEST: Final = 10_000  # levels that Go reads


def marshal(value: Value, separators: tuple[str, str] = (",", ":")) -> str:
    """Compact JSON; sets are sorted arrays, and a key that is no string is its own JSON."""
    try:
        return _marshal(value, separators)
    except RecursionError as error:
        raise too_deep() from error


def _marshal(value: Value, separators: tuple[str, str]) -> str:
    comma, colon = separators
    if isinstance(value, str):
        meets(value)
        return json_string(value)
    if value is None or isinstance(value, bool):
        return "null" if value is None else str(value).lower()
    meets(value)
    if isinstance(value, list | RegoSet):
        return f"[{together(comma, [_marshal(item, separators) for item in value])}]"
    if isinstance(value, dict | RegoObject):
        pairs = _named_pairs(value) if isinstance(value, RegoObject) else sorted_pairs(value)
        found = [f"{json_string(key)}{colon}{_marshal(item, separators)}" for key, item in pairs]
        return f"{{{together(comma, found)}}}"
    return json_number(value)


def json_number(value: Number) -> str:
    """Its text. Raises BuiltinError for one that keeps a text which is not JSON's: `to_number("1_000")`."""
    shown = number_text(value)
    if isinstance(value, LiteralFloat | LiteralDecimal) and not JSON_NUMBER.fullmatch(shown):
        raise BuiltinError(f"json: invalid number literal {quoted(shown)}")
    return shown


def _named_pairs(value: dict[str, Value] | RegoObject) -> list[tuple[str, Value]]:
    """The pairs by the text of their keys, in its order; of keys with one text, as [] and set(), the last one
    counts.
    """
    return sorted({key_text(key): item for key, item in sorted_pairs(value)}.items(), key=lambda pair: pair[0])


def _depth(text: str) -> int:
    """How many brackets are open at once, at most; those within strings are counted, too."""
    depth = most = 0
    for bracket in _BRACKET.finditer(text):
        depth += 1 if bracket[0] in "[{" else -1
        most = max(most, depth)
    return most


def key_text(key: Value) -> str:
    """A key of an object in JSON: a string as it is, anything else as JSON."""
    return key if isinstance(key, str) else _marshal(key, (",", ":"))


def indented(value: Value, prefix: str, indent: str) -> str:
    """JSON with one element a line; no prefix before the first one."""
    try:
        return _indented(value, f"\n{prefix}", indent)
    except RecursionError as error:
        raise too_deep() from error


def _indented(value: Value, line: str, indent: str) -> str:
    inner = line + indent
    meets(inner)
    if isinstance(value, list | RegoSet) and len(value):
        items = [f"{inner}{_indented(item, inner, indent)}" for item in value]
        return f"[{together(',', items)}{line}]"
    if isinstance(value, dict | RegoObject) and len(value):
        pairs = _named_pairs(value)
        items = [f"{inner}{json_string(key)}: {_indented(item, inner, indent)}" for key, item in pairs]
        return f"{{{together(',', items)}{line}}}"
    return _marshal(value, (",", ":"))


def unmarshal(text: str) -> Value:
    """The value of a JSON text, numbers exact. Raises BuiltinError with what Go says about the commonest mistakes."""
    if len(text) > SMALL:
        spend(len(text) >> 1)
    try:
        found = _DECODER.decode(text)
    except json.JSONDecodeError as error:
        raise BuiltinError(mistake(text) or error.msg) from error
    except RecursionError as error:
        if _depth(text) <= _DEEPEST:
            raise too_deep() from error
        raise BuiltinError("exceeded max depth") from error
    except OutOfRange as error:
        raise EvaluationError(str(error), code="budget_exceeded") from error
    except ValueError as error:  # NaN
        raise BuiltinError(mistake(text) or str(error)) from error
    return _without_surrogates(found) if _SURROGATE_ESCAPE.search(text) else found


def is_json(text: str) -> bool:
    """Whether it is JSON."""
    try:
        unmarshal(text)
    except BuiltinError:
        return False
    return True


def _not_json(word: str) -> Any:
    raise ValueError(f"{word} is no JSON")


_DECODER: Final = json.JSONDecoder(parse_float=number_of, parse_int=number_of, parse_constant=_not_json)


def _without_surrogates(value: Value) -> Value:
    """Go reads half of a surrogate pair as U+FFFD."""
    if isinstance(value, str):
        return replaced(value)
    if isinstance(value, list):
        return [_without_surrogates(item) for item in value]
    if isinstance(value, dict):
        return {replaced(key): _without_surrogates(item) for key, item in value.items()}
    return value
