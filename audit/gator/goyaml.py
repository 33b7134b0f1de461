"""Values as `go.yaml.in/yaml/v3` writes them: its quoting, its indentation, its order of keys."""

from __future__ import annotations

import math
import re
from collections.abc import Iterator, Mapping, Sequence
from decimal import Decimal
from functools import cmp_to_key
from typing import Final

from audit.errors import InputError
from constraints.golang.floats import general
from constraints.golang.jsontext import json_scalar
from constraints.golang.yamlscalars import VERSION_3, plain
from constraints.model import Json

_STEP: Final = 4
_SIMPLE_KEY: Final = 128
_INT64: Final = 1 << 63
_OLD_BOOLEANS: Final = frozenset(
    case for word in ("y", "yes", "on", "n", "no", "off") for case in (word, word.capitalize(), word.upper())
)
_BASE_60: Final = re.compile(r"[-+]?[0-9][0-9_]*(?::[0-5]?[0-9])+(?:\.[0-9_]*)?\Z")
_DATE: Final = re.compile(
    r"\d{4}-\d{1,2}-\d{1,2}(?:[Tt]\d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?(?:Z|[-+]\d\d:\d\d)| \d{1,2}:\d{1,2}:\d{1,2}(?:\.\d+)?)?\Z"
)
_MAY_RESOLVE: Final = re.compile(r"[-+.0-9yYnNtTfFoO~]")
_PRINTABLE: Final = r"\x20-\x7e\xa0-\u2027\u202a-\ufefe\uff00-\ufffd"
_DOUBLE: Final = re.compile(rf"[^{_PRINTABLE}]")  # what plain text and single quotes cannot hold
_NOT_LITERAL: Final = re.compile(rf"[^\t\n{_PRINTABLE}]| \n| \Z")
_BREAK: Final = re.compile("[\n\r\x85\u2028\u2029]")
_FIELD: Final = "YamlGatorResult.Result.metadata"  # where details are; nothing else has such numbers
_BREAKS_LAST: Final = re.compile(rf"[{_PRINTABLE}]*(?<! )[\u2028\u2029]+\Z")  # go-yaml takes them for printable
_ESCAPED: Final = re.compile(rf"[^{_PRINTABLE}]|[\"\\]")
_BLOCK_INDICATOR: Final = re.compile(r"---|\.\.\.|[#,\[\]{}&*!|>'\"%@`]|[?:-](?=[ \t\n]|\Z)")
_BLOCK_INSIDE: Final = re.compile(r":(?=[ \t\n]|\Z)|(?<=[ \t\n])#")
_FLOW_INDICATOR: Final = re.compile(r"[?:]")
_FLOW_INSIDE: Final = re.compile(r"[,?\[\]{}:]")
_ESCAPES: Final = {
    "\0": "0",
    "\a": "a",
    "\b": "b",
    "\t": "t",
    "\n": "n",
    "\v": "v",
    "\f": "f",
    "\r": "r",
    "\x1b": "e",
    '"': '"',
    "\\": "\\",
    "\x85": "N",
    "\xa0": "_",
    "\u2028": "L",
    "\u2029": "P",
}


class Rows(tuple[tuple[str, Json], ...]):
    """A mapping whose keys keep their order: what a Go struct is."""

    __slots__ = ()


class Whole(int):
    """An integer that is written as one, however large."""


def wholes(value: Json) -> Json:
    """`value` as the Go type of Kubernetes' objects holds it: what is a whole number in its JSON is an integer."""
    if isinstance(value, Mapping):
        return {key: wholes(item) for key, item in value.items()}
    if isinstance(value, list):
        return [wholes(item) for item in value]
    if isinstance(value, bool) or not isinstance(value, int | float):
        return value
    whole = Decimal(repr(float(value)))  # the digits of its JSON, zeros behind them
    return Whole(whole) if whole == whole.to_integral_value() and -_INT64 <= whole < _INT64 else value


def rows(value: Json) -> Json:
    """`value` with every mapping in it as Rows; keys in lower case, as fields without a tag are written."""
    if isinstance(value, Mapping):
        return Rows((key.lower(), rows(item)) for key, item in value.items())
    return [rows(item) for item in value] if isinstance(value, list | tuple) else value


def flow(value: Json) -> str:
    """`value` on one line."""
    if isinstance(value, Mapping):
        return "{" + ", ".join(f"{_flow_key(key)} {flow(value[key])}" for key in ordered(value)) + "}"
    if isinstance(value, list | tuple):
        return "[" + ", ".join(map(flow, value)) + "]"
    return _scalar(value, in_flow=True)


def block(value: Json, indent: int, *, inline: bool = False) -> Iterator[str]:
    """`value` behind a key or a dash; what does not fit on that line stands `indent` columns in.

    `inline`: it begins on that line, without a space.
    """
    if isinstance(value, Rows):
        yield from _mapping(value, indent, inline)
    elif isinstance(value, Mapping) and value:
        yield from _mapping([(key, value[key]) for key in ordered(value)], indent, inline)
    elif isinstance(value, list | tuple) and value:
        yield from _sequence(value, indent, inline)
    else:
        yield ("" if inline else " ") + _leaf(value, indent) + "\n"


def fields(rows: Sequence[tuple[str, Json]], indent: int) -> Iterator[str]:
    """A mapping whose keys keep their order, behind a dash."""
    yield from _mapping(rows, indent, True)


def ordered(keys: Mapping[str, Json]) -> list[str]:
    """Keys in the order of that library: letters first, runs of digits by their value."""
    return sorted(keys, key=cmp_to_key(_compare))


def _mapping(rows: Sequence[tuple[str, Json]], indent: int, inline: bool) -> Iterator[str]:
    """`indent` is the column of the keys."""
    lead = "" if inline else "\n"
    for key, value in rows:
        yield lead + ("" if inline else " " * indent)
        yield from _row(key, value, indent)
        lead, inline = "", False


def _row(key: str, value: Json, indent: int) -> Iterator[str]:
    below = _STEP * ((indent + _STEP) // _STEP)
    if _is_simple(key):
        yield _scalar(key, in_flow=False) + ":"
        yield from block(value, below)
        return
    yield f"? {_leaf(key, below)}\n{' ' * indent}:"
    nested = isinstance(value, Mapping | list | tuple) and bool(value)
    yield " " * (below - indent - 1) if nested else " "
    yield from block(value, below, inline=True)


def _sequence(items: Sequence[Json], indent: int, inline: bool) -> Iterator[str]:
    """`indent` is the column of the dashes."""
    lead = "" if inline else "\n"
    for item in items:
        yield lead + ("" if inline else " " * indent) + "- "
        yield from block(item, indent + 2, inline=True)
        lead, inline = "", False


def _flow_key(key: str) -> str:
    text = _scalar(key, in_flow=True)
    return f"{text}:" if _is_simple(key) else f"? {text} :"


def _is_simple(key: str) -> bool:
    return len(key.encode()) <= _SIMPLE_KEY and not _BREAK.search(key)


def _leaf(value: Json, indent: int) -> str:
    if isinstance(value, Mapping):
        return "{}"
    if isinstance(value, list | tuple):
        return "[]"
    if isinstance(value, str) and "\n" in value and not _NOT_LITERAL.search(value):
        return _literal(value, indent)
    return _scalar(value, in_flow=False)


def _literal(text: str, indent: int) -> str:
    hint = str(_STEP) if text[0] in " \n" else ""
    body = text.removesuffix("\n")
    chomp = "-" if body == text else "+" if body.endswith("\n") or not body else ""
    lines = (f"{' ' * indent}{line}" if line else "" for line in body.split("\n"))
    return f"|{hint}{chomp}\n" + "\n".join(lines)


def _scalar(value: Json, *, in_flow: bool) -> str:
    if isinstance(value, str):
        return _string(value, in_flow)
    if value is None or isinstance(value, bool):
        return {None: "null", True: "true", False: "false"}[value]
    return str(int(value)) if type(value) is Whole else general(_finite(value))


def _finite(number: float) -> float:
    """gator reads its own JSON once more before it writes YAML. Raises InputError."""
    try:
        value = float(number)
    except OverflowError:
        value = math.inf
    if math.isinf(value):
        what = f"number {json_scalar(number)} into Go struct field {_FIELD} of type float64"
        raise InputError(f"pre-unmarshaling results from json: json: cannot unmarshal {what}")
    return value


def _string(text: str, in_flow: bool) -> str:
    if "\n" in text or _resolves(text):
        return _double(text)
    if _is_plain(text, in_flow):
        return text
    return (
        _double(text) if _DOUBLE.search(text) and not _BREAKS_LAST.match(text) else "'" + text.replace("'", "''") + "'"
    )


def _is_plain(text: str, in_flow: bool) -> bool:
    if text[0] == " " or text[-1] == " " or _DOUBLE.search(text):
        return False
    if not in_flow:
        return not _BLOCK_INDICATOR.match(text) and not _BLOCK_INSIDE.search(text)
    starts = _BLOCK_INDICATOR.match(text) or _FLOW_INDICATOR.match(text)
    return not starts and not _FLOW_INSIDE.search(text, 1) and not _BLOCK_INSIDE.search(text)


def _resolves(text: str) -> bool:
    """Whether plain `text` would be read back as something else than this text."""
    if not text:
        return True
    if not _MAY_RESOLVE.match(text) or (" " in text and not _DATE.match(text)):
        return False
    if text in _OLD_BOOLEANS or _BASE_60.match(text) or _DATE.match(text):
        return True
    return _is_number_or_word(text)


def _is_number_or_word(text: str) -> bool:
    if _BLOCK_INDICATOR.match(text) or _FLOW_INSIDE.search(text) or _BLOCK_INSIDE.search(text) or "\t" in text:
        return False
    return not isinstance(plain(text, VERSION_3), str)


def _double(text: str) -> str:
    return '"' + _ESCAPED.sub(_escape, text) + '"'


def _escape(found: re.Match[str]) -> str:
    char, code = found[0], ord(found[0])
    if char in _ESCAPES:
        return f"\\{_ESCAPES[char]}"
    if code <= 0xFF:
        return f"\\x{code:02X}"
    return f"\\u{code:04X}" if code <= 0xFFFF else f"\\U{code:08X}"


def _compare(a: str, b: str) -> int:
    digits = False
    for at, (left, right) in enumerate(zip(a, b, strict=False)):
        if left == right:
            digits = left.isdecimal()
            continue
        if left.isalpha() or right.isalpha():
            return _compare_letters(left, right, digits)
        return _compare_numbers(a, b, at)
    return len(a) - len(b)


def _compare_letters(left: str, right: str, after_digits: bool) -> int:
    if left.isalpha() and right.isalpha():
        return -1 if left < right else 1
    return -1 if left.isalpha() == after_digits else 1


def _compare_numbers(a: str, b: str, at: int) -> int:
    """Both differ at `at`, where neither has a letter."""
    lead = 1 if "0" in (a[at], b[at]) and _has_number_before(a, at) else 0
    return -1 if (*_run(a, at, lead), a[at]) < (*_run(b, at, lead), b[at]) else 1


def _has_number_before(text: str, at: int) -> bool:
    before = re.search(r"[0-9]*\Z", text[:at])
    return before is not None and before[0].strip("0") != ""


def _run(text: str, at: int, number: int) -> tuple[int, int]:
    """The value of a run of digits behind `number`, and its length; digits of any script count, by their code."""
    end = at
    while end < len(text) and text[end].isdecimal():
        number = number * 10 + ord(text[end]) - ord("0")
        end += 1
    return number, end - at
