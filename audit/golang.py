"""What Go does to text: JSON, numbers, and characters that are none; quoted strings are in constraints.lang."""

from __future__ import annotations

import json
import math
import re
import struct
from collections.abc import Mapping
from decimal import Decimal
from typing import Final

from constraints.lang.digits import integer_text
from constraints.model import Json

_HTML: Final = re.compile("[<>&\u2028\u2029]")
_HALVES: Final = re.compile("[\ud800-\udfff]")
_STEP: Final = " " * 4


def json_text(value: Json, depth: int = 0) -> str:
    """`value` as `json.MarshalIndent` with four spaces prints it, when it stands `depth` levels deep."""
    inner = "\n" + _STEP * (depth + 1)
    outer = "\n" + _STEP * depth
    if isinstance(value, Mapping):
        rows = [f"{inner}{_json_string(key)}: {json_text(value[key], depth + 1)}" for key in sorted(value)]
        return "{" + ",".join(rows) + outer + "}" if rows else "{}"
    if isinstance(value, list | tuple):
        rows = [inner + json_text(item, depth + 1) for item in value]
        return "[" + ",".join(rows) + outer + "]" if rows else "[]"
    return json_scalar(value)


def json_scalar(value: Json) -> str:
    """A string, number, boolean or null in JSON, with `<`, `>` and `&` escaped."""
    if isinstance(value, str):
        return _json_string(value)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return _json_number(value)


def general(number: float) -> str:
    """`number` as the float64 that it is, with `%g` and the fewest digits: 1e+06, 0.5."""
    sign, digits, point = _digits(number)
    exponent = point - 1
    if -4 <= exponent < 6:
        return sign + _plain(digits, point)
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{'-' if exponent < 0 else '+'}{abs(exponent):02}"


def general32(number: float) -> str:
    """`number` as `%g` prints it when it is a float32; an infinity is +Inf or -Inf."""
    single = _single(number)
    if math.isinf(single):
        return "+Inf" if single > 0 else "-Inf"
    return general(next(short for digits in range(9) if _single(short := float(f"{single:.{digits}e}")) == single))


def replaced(text: str) -> str:
    """`text` with the replacement character for each half of a surrogate pair: what Go makes of bytes that are no UTF-8."""
    return text if text.isascii() else _HALVES.sub("\ufffd", text)


def _single(number: float) -> float:
    try:
        return float(struct.unpack("f", struct.pack("f", number))[0])
    except OverflowError:
        return math.copysign(math.inf, number)


def _json_string(text: str) -> str:
    quoted = json.dumps(text, ensure_ascii=False)
    return _HTML.sub(lambda found: f"\\u{ord(found[0]):04x}", quoted)


def _json_number(number: float) -> str:
    text = getattr(number, "text", None)  # of a number that a policy wrote
    if isinstance(text, str):
        return text
    if isinstance(number, int):
        return integer_text(number)
    sign, digits, point = _digits(number)
    if -6 < point <= 21 or digits == "0":
        return sign + _plain(digits, point)
    mantissa = digits[0] + (f".{digits[1:]}" if len(digits) > 1 else "")
    return f"{sign}{mantissa}e{point - 1:+}"


def _digits(number: float) -> tuple[str, str, int]:
    """Sign, the fewest digits that give the same float64, and how many of them stand before the point."""
    sign, digits, exponent = Decimal(repr(float(number))).as_tuple()
    text = "".join(map(str, digits))
    short = text.rstrip("0") or "0"
    if short == "0":
        return "-" if sign else "", "0", 1
    return "-" if sign else "", short, len(text) + int(exponent)


def _plain(digits: str, point: int) -> str:
    if point <= 0:
        return f"0.{'0' * -point}{digits}"
    if len(digits) <= point:
        return digits + "0" * (point - len(digits))
    return f"{digits[:point]}.{digits[point:]}"
