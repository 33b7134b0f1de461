"""The functions of Go's text/template, and how it prints, compares and judges values."""

from __future__ import annotations

import re
from collections.abc import Callable
from typing import Any, Final
from urllib.parse import quote_plus

from constraints.rego.builtins.goprint import sprintf
from constraints.rego.builtins.operands import as_bytes
from constraints.rego.values.kinds import UNDEFINED
from constraints.rego.values.number import number_text


def truth(value: Any) -> bool:
    """As `if` has it: what is empty is false; a number of the data is a string that is not empty."""
    return value is not UNDEFINED and bool(value)


def shown(value: Any) -> str:
    """As Go's fmt prints it."""
    if isinstance(value, str):
        return value
    if value is None or value is UNDEFINED:
        return "<nil>"
    if isinstance(value, bool):
        return str(value).lower()
    if isinstance(value, list):
        return f"[{' '.join(map(shown, value))}]"
    if isinstance(value, dict):
        return f"map[{' '.join(f'{key}:{shown(item)}' for key, item in sorted(value.items()))}]"
    return number_text(value)


def _length(value: Any) -> int:
    if isinstance(value, str):
        return len(as_bytes(value))
    if isinstance(value, dict | list):
        return len(value)
    raise TypeError(f"len of type {_kind(value)}")


def _index(value: Any, *keys: Any) -> Any:
    for key in keys:
        if isinstance(value, dict):
            if not isinstance(key, str):
                raise TypeError("value has type int; should be string")
            value = value.get(key, UNDEFINED)
        elif isinstance(value, list):
            value = value[_place(key, len(value) - 1)]
        elif type(value) is str:
            value = as_bytes(value)[_place(key, len(as_bytes(value)) - 1)]
        else:
            raise TypeError("index of untyped nil" if value is None else f"can't index item of type {_kind(value)}")
    return value


def _place(key: Any, highest: int) -> int:
    if type(key) is not int:
        raise TypeError(f"cannot index slice/array with type {_kind(key)}")
    if not 0 <= key <= highest:
        raise IndexError(f"index out of range: {key}")
    return key


def _slice(value: Any, *ends: Any) -> Any:
    if not isinstance(value, list) and type(value) is not str:
        raise TypeError(f"can't slice item of type {_kind(value)}")
    whole = as_bytes(value) if isinstance(value, str) else value
    start, end = [_place(one, len(whole)) for one in (*ends, *(0, len(whole))[len(ends) :])][:2]
    if start > end:
        raise IndexError(f"invalid slice index: {start} > {end}")
    part = whole[start:end]
    return part.decode("utf-8", "surrogateescape") if isinstance(part, bytes) else part


def _print(*values: Any) -> str:
    """A space stands between two of which none is a string."""
    out = []
    for place, value in enumerate(values):
        if place and not isinstance(value, str) and not isinstance(values[place - 1], str):
            out.append(" ")
        out.append(shown(value))
    return "".join(out)


def _println(*values: Any) -> str:
    return " ".join(map(shown, values)) + "\n"


def _printf(template: Any, *values: Any) -> str:
    if not isinstance(template, str):
        raise TypeError(f"wrong type for value; expected string; got {_kind(template)}")
    return sprintf(template, [value if type(value) in (str, int, float) else shown(value) for value in values])


_HTML: Final = {"&": "&amp;", "<": "&lt;", ">": "&gt;", '"': "&#34;", "'": "&#39;", "\0": "\ufffd"}
_JS: Final = {"'": "\\'", "\\": "\\\\", "<": "\\u003C", ">": "\\u003E", "&": "\\u0026", "=": "\\u003D", '"': '\\"'}


def _html(*values: Any) -> str:
    return "".join(_HTML.get(character, character) for character in _print(*values))


def _js(*values: Any) -> str:
    text = "".join(_JS.get(character, character) for character in _print(*values))
    return re.sub(r"[\x00-\x1f\x7f]", lambda found: f"\\u{ord(found[0]):04X}", text)


def _urlquery(*values: Any) -> str:
    return quote_plus(as_bytes(_print(*values)), safe="~")


def _kind(value: Any) -> str:
    """What Go's template package compares by; a number of the data is of the kind of strings."""
    if isinstance(value, bool):
        return "bool"
    if isinstance(value, str):
        return "string"
    if isinstance(value, int | float):
        return type(value).__name__.replace("float", "float64")
    return "nil" if value is None else "map" if isinstance(value, dict) else "slice"


def _eq(one: Any, *others: Any) -> bool:
    if isinstance(one, dict | list):
        raise TypeError(f"non-comparable type {shown(one)}: {_kind(one)}")
    for other in others:
        if _kind(one) != _kind(other) and one is not None and other is not None:
            raise TypeError("incompatible types for comparison")
        if one == other:
            return True
    return False


def _lt(one: Any, other: Any) -> bool:
    if _kind(one) not in ("string", "int", "float64"):
        raise TypeError("invalid type for comparison")
    if _kind(one) != _kind(other):
        raise TypeError("incompatible types for comparison")
    return bool(one < other)


def _le(one: Any, other: Any) -> bool:
    return _lt(one, other) or _eq(one, other)


def _not_callable(*_: Any) -> Any:
    raise TypeError("non-function of type interface {}")


_MANY: Final = 1 << 30
FUNCTIONS: Final[dict[str, tuple[Callable[..., Any], int, int]]] = {
    "not": (lambda value: not truth(value), 1, 1),
    "len": (_length, 1, 1),
    "index": (_index, 1, _MANY),
    "slice": (_slice, 1, 4),
    "print": (_print, 0, _MANY),
    "printf": (_printf, 1, _MANY),
    "println": (_println, 0, _MANY),
    "html": (_html, 0, _MANY),
    "js": (_js, 0, _MANY),
    "urlquery": (_urlquery, 0, _MANY),
    "call": (_not_callable, 1, _MANY),
    "eq": (_eq, 2, _MANY),
    "ne": (lambda one, other: not _eq(one, other), 2, 2),
    "lt": (_lt, 2, 2),
    "le": (_le, 2, 2),
    "gt": (lambda one, other: not _le(one, other), 2, 2),
    "ge": (lambda one, other: not _lt(one, other), 2, 2),
}
"""Each function with the fewest and the most arguments that it takes; `and` and `or` are the executor's."""
