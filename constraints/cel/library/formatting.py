"""`'%s has %d'.format([a, b])`."""

from __future__ import annotations

import math
import re
from collections.abc import Callable
from decimal import ROUND_HALF_EVEN, Decimal, localcontext
from typing import Final

from constraints.cel.failures import Failure
from constraints.cel.library.texts import format_duration, format_timestamp
from constraints.cel.maps import entries
from constraints.cel.overloads import method
from constraints.cel.runtime import bounded
from constraints.cel.values import Duration, Timestamp, TypeValue, Uint, Value, type_name
from constraints.golang import GoError
from constraints.golang.floats import general
from constraints.golang.integers import atoi
from constraints.golang.quoting import quoted

CLAUSE: Final = re.compile(r"%(%|(?:\.([0-9]*))?(.?))", re.DOTALL)
_SUPERSCRIPT: Final = str.maketrans("0123456789-", "⁰¹²³⁴⁵⁶⁷⁸⁹⁻")
_STRINGS: Final = "strings, bools, bytes, ints, doubles, maps, lists, types, durations, and timestamps"
_CLAUSE: Final = "could not parse formatting clause"
_PRECISION: Final = "error while parsing precision"
_LARGEST: Final = 1_000_000  # what Go's printer takes before the last digit of a precision
_NO_VERB: Final = "%!(NOVERB)"  # what it writes beyond that
_MOST_DECIMALS: Final = 1074  # that a double has


@method("string.format(list(dyn)) -> string")
def format_(text: str, values: list[Value]) -> str:
    """Raises Failure for clauses that there are not, and for values that do not fit theirs."""
    parts: list[str] = []
    place = used = length = 0
    for found in CLAUSE.finditer(text):
        parts.append(text[place : found.start()])
        place = found.end()
        if found[1] == "%":
            parts.append("%")
            continue
        if used >= len(values):
            raise Failure(f"index {used} out of range")
        parts.append(_clause(found, values[used]))
        used += 1
        length += len(parts[-1])
        bounded(length)
    return "".join([*parts, text[place:]])


def _clause(found: re.Match[str], value: Value) -> str:
    writer = clause_of(found)
    try:
        return writer(value, 6 if found[2] is None else int(found[2]))
    except Failure as error:
        raise Failure(f"error during formatting: {error}") from error


def clause_of(found: re.Match[str]) -> Callable[[Value, int], str]:
    """The writer of a clause. Raises Failure for one that there is not."""
    if not found[1]:
        raise Failure("unexpected end of string")
    if found[2] is not None:
        problem = _problem_of(found[2]) if found[3] else "could not find end of precision specifier"
        if problem:
            raise Failure(f"{_CLAUSE}: {_PRECISION}: {problem}")
    writer = WRITERS.get(found[3])
    if writer is None:
        first = found[3].encode(errors="surrogatepass")[:1].decode("latin-1")  # cel-go looks at bytes
        raise Failure(f'{_CLAUSE}: unrecognized formatting clause "{first}"')
    return writer


def _problem_of(digits: str) -> str:
    """Why Go does not read a precision; the empty text when it does."""
    try:
        atoi(digits)
    except GoError as error:
        return f"error while converting precision to integer: {error}"
    return ""


def text_of(value: Value, nested: bool = False) -> str:
    """What `%s` writes."""
    if isinstance(value, str):
        return quoted(value) if nested else value
    if isinstance(value, float):
        return _nested_double(value) if nested else general(value)
    if isinstance(value, bool):
        return "true" if value else "false"
    if isinstance(value, int):
        return int.__str__(value)
    if value is None:
        return "null"
    if isinstance(value, list):
        return f"[{', '.join(text_of(item, True) for item in value)}]"
    if isinstance(value, dict):
        pairs = sorted((_key(key), text_of(item, True)) for key, item in entries(value))
        return f"{{{', '.join(f'{key}:{item}' for key, item in pairs)}}}"
    return _text_of_other(value, nested)


def _key(value: Value) -> str:
    if isinstance(value, str | int):
        return text_of(value, True)
    raise Failure(f"no formatting function for map key of type {type_name(value)}")


def _text_of_other(value: Value, nested: bool) -> str:
    if isinstance(value, bytes):
        try:
            text = value.decode()
        except UnicodeDecodeError as error:
            what = '"invalid UTF-8 in bytes, cannot convert to string"'
            raise Failure(f"could not convert argument {what} to string") from error
        return f"b{quoted(text)}" if nested else text
    if isinstance(value, TypeValue):
        return value.name
    if isinstance(value, Duration):
        return f'duration("{format_duration(value)}")' if nested else format_duration(value)
    if isinstance(value, Timestamp):
        return f'timestamp("{format_timestamp(value)}")' if nested else format_timestamp(value)
    kind = type_name(value)
    what = "no formatting function for" if nested else f"string clause can only be used on {_STRINGS}, was given"
    raise Failure(f"{what} {kind}")


def _nested_double(value: float) -> str:
    return f"{value:.6f}" if math.isfinite(value) else f'"{general(value)}"'


def _string(value: Value, digits: int) -> str:
    return text_of(value)


def _is_int(value: Value) -> bool:
    return type(value) is int or type(value) is Uint


def _decimal(value: Value, digits: int) -> str:
    if not _is_int(value):
        raise Failure(f"decimal clause can only be used on integers, was given {type_name(value)}")
    return int.__str__(value)


def _double(value: Value, clause: str) -> float:
    if isinstance(value, str) and value in ("NaN", "Infinity", "-Infinity"):
        return float(value)
    if not isinstance(value, float):
        raise Failure(f"{clause} clause can only be used on doubles, was given {type_name(value)}")
    return value or 0.0  # without the sign of zero


def _fixed(value: Value, digits: int) -> str:
    """Go's printer keeps the least number of decimals in 8 bits and the greatest in 16: below 0 there is none."""
    number = _double(value, "fixed-point")
    if digits // 10 > _LARGEST:
        return _NO_VERB
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "∞" if number > 0 else "-∞"
    least, most = digits % 2**8, (digits + 2**15) % 2**16 - 2**15
    whole, _, decimals = f"{_rounded(number, most):,f}".partition(".")
    decimals = decimals.rstrip("0").ljust(least, "0")
    return f"{whole}.{decimals}" if decimals else whole


def _rounded(number: float, decimals: int) -> Decimal:
    """At most that many decimals; below 0 as many as tell the number from all others."""
    if decimals < 0:
        return Decimal(repr(number))
    if decimals >= _MOST_DECIMALS:
        return Decimal(number)
    with localcontext() as context:
        context.prec = 1100 + decimals
        return Decimal(number).quantize(Decimal(1).scaleb(-decimals), ROUND_HALF_EVEN)


def _scientific(value: Value, digits: int) -> str:
    """Always with six decimals: what is meant as a precision is a width, of 16 bits."""
    number = _double(value, "scientific")
    return _NO_VERB if digits // 10 > _LARGEST else _powers(number).rjust(digits % 2**16)


def _powers(number: float) -> str:
    if not math.isfinite(number):
        return "NaN" if math.isnan(number) else "∞" if number > 0 else "-∞"
    mantissa, _, exponent = f"{number:.6e}".partition("e")
    power = f"{int(exponent):03d}" if int(exponent) < 0 else f"{int(exponent):02d}"
    return f"{mantissa}\u00d710{power.translate(_SUPERSCRIPT)}"


def _binary(value: Value, digits: int) -> str:
    if isinstance(value, bool):
        return "1" if value else "0"
    if not _is_int(value):
        raise Failure(f"only integers and bools can be formatted as binary, was given {type_name(value)}")
    return f"{int(value):b}"


def _octal(value: Value, digits: int) -> str:
    if not _is_int(value):
        raise Failure(f"octal clause can only be used on integers, was given {type_name(value)}")
    return f"{int(value):o}"


def _hex(value: Value, digits: int) -> str:
    if _is_int(value):
        return f"{int(value):x}"
    if isinstance(value, str | bytes):
        return (value.encode() if isinstance(value, str) else value).hex()
    raise Failure(f"only integers, byte buffers, and strings can be formatted as hex, was given {type_name(value)}")


def _upper_hex(value: Value, digits: int) -> str:
    return _hex(value, digits).upper()


WRITERS: Final[dict[str, Callable[[Value, int], str]]] = {
    "s": _string,
    "d": _decimal,
    "f": _fixed,
    "e": _scientific,
    "b": _binary,
    "o": _octal,
    "x": _hex,
    "X": _upper_hex,
}
