"""JSON as Go's encoding/json writes it."""

from __future__ import annotations

import re
from collections.abc import Mapping
from typing import Any, Final

from constraints.golang.digits import integer_text
from constraints.golang.floats import json_number

_ESCAPED: Final = re.compile('["\\\\\x00-\x1f<>&\u2028\u2029\ud800-\udfff]+')
_SHORT: Final = {'"': '\\"', "\\": "\\\\", "\n": "\\n", "\r": "\\r", "\t": "\\t", "\b": "\\b", "\f": "\\f"}
_ESCAPES: Final = {**{chr(code): f"\\u{code:04x}" for code in (*range(0x20), *b"<>&", 0x2028, 0x2029)}, **_SHORT}
_REPLACED: Final = "\\ufffd"  # half a surrogate pair
_STEP: Final = " " * 4


def json_string(text: str) -> str:
    """A text; `<`, `>` and `&` are escaped, and a byte that is no UTF-8 is U+FFFD."""
    return f'"{_ESCAPED.sub(_escape, text)}"'


def _escape(found: re.Match[str]) -> str:
    return "".join([_ESCAPES.get(character, _REPLACED) for character in found[0]])


def json_text(value: Any, depth: int = 0) -> str:
    """`value` as `json.MarshalIndent` with four spaces prints it, when it stands `depth` levels deep."""
    inner = "\n" + _STEP * (depth + 1)
    outer = "\n" + _STEP * depth
    if isinstance(value, Mapping):
        rows = [f"{inner}{json_string(key)}: {json_text(value[key], depth + 1)}" for key in sorted(value)]
        return "{" + ",".join(rows) + outer + "}" if rows else "{}"
    if isinstance(value, list | tuple):
        rows = [inner + json_text(item, depth + 1) for item in value]
        return "[" + ",".join(rows) + outer + "]" if rows else "[]"
    return json_scalar(value)


def json_scalar(value: Any) -> str:
    """A string, number, boolean or null in JSON, with `<`, `>` and `&` escaped."""
    if isinstance(value, str):
        return json_string(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    text = getattr(value, "text", None)  # of a number that keeps the text it was written in
    if isinstance(text, str):
        return text
    return integer_text(value) if isinstance(value, int) else json_number(float(value))
