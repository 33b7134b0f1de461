"""Texts, counted in code points."""

from __future__ import annotations

from constraints.cel.failures import Failure
from constraints.cel.overloads import function, method
from constraints.cel.runtime import LONGEST, bounded, shown
from constraints.golang.quoting import quoted

_LOWER = str.maketrans({chr(code): chr(code + 32) for code in range(ord("A"), ord("Z") + 1)})
_UPPER = str.maketrans({chr(code): chr(code - 32) for code in range(ord("a"), ord("z") + 1)})
_QUOTED = str.maketrans({char: quoted(char)[1:-1] for char in '"\\\a\b\f\n\r\t\v'})
BLANK = "\t\n\v\f\r \x85\xa0\u1680\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u2028\u2029\u202f\u205f\u3000"


def _within(place: int, text: str) -> int:
    if not 0 <= place <= len(text):
        raise Failure(f"index out of range: {place}")
    return place


@method("string.charAt(int) -> string")
def char_at(text: str, place: int) -> str:
    """One character; the empty text at the end."""
    start = _within(place, text)
    return text[start : start + 1]


@method("string.indexOf(string) -> int", "string.indexOf(string, int) -> int")
def index_of(text: str, part: str, start: int = 0) -> int:
    """Where the part is first found from `start` on, -1 when it is not."""
    if not part:
        return min(_positive(start), len(text))
    return text.find(part, _positive(start))


@method("string.lastIndexOf(string) -> int")
def last_index_of(text: str, part: str) -> int:
    """Where the part is last found, -1 when it is not."""
    return text.rfind(part)


@method("string.lastIndexOf(string, int) -> int")
def last_index_of_before(text: str, part: str, start: int) -> int:
    """Where the part is last found, beginning at `start` or before."""
    if not part:
        return min(_positive(start), len(text))
    if _positive(start) >= len(text):
        return -1
    return text.rfind(part, 0, start + len(part))


def _positive(start: int) -> int:
    if start < 0:
        raise Failure(f"index out of range: {start}")
    return start


@method("string.lowerAscii() -> string")
def lower_ascii(text: str) -> str:
    """A to Z in lower case."""
    return text.translate(_LOWER)


@method("string.upperAscii() -> string")
def upper_ascii(text: str) -> str:
    """a to z in upper case."""
    return text.translate(_UPPER)


@method("string.replace(string, string) -> string", "string.replace(string, string, int) -> string")
def replace(text: str, old: str, new: str, limit: int = -1) -> str:
    """`old` replaced by `new`, `limit` times at most."""
    if len(text) * len(new) > LONGEST:
        times = text.count(old) if limit < 0 else min(limit, text.count(old))
        bounded(len(text) + times * (len(new) - len(old)))
    return text.replace(old, new, max(limit, -1))


@method("string.split(string) -> list(string)", "string.split(string, int) -> list(string)")
def split(text: str, separator: str, limit: int = -1) -> list[str]:
    """The texts between separators, `limit` at most; without a separator the characters."""
    if limit == 0:
        return []
    if separator:
        return text.split(separator, limit - 1 if limit > 0 else -1)
    if 0 < limit < len(text):
        return [*text[: limit - 1], text[limit - 1 :]]
    return list(text)


@method("string.substring(int) -> string")
def substring(text: str, start: int) -> str:
    """From `start` to the end."""
    return text[_within(start, text) :]


@method("string.substring(int, int) -> string")
def substring_between(text: str, start: int, end: int) -> str:
    """From `start` to before `end`."""
    if start > end:
        raise Failure(f"invalid substring range. start: {start}, end: {end}")
    return text[_within(start, text) : _within(end, text)]


@method("string.trim() -> string")
def trim(text: str) -> str:
    """Without Unicode's white space at both ends."""
    return text.strip(BLANK)


@function("strings.quote(string) -> string")
def quote(text: str) -> str:
    """As a literal."""
    return f'"{text.translate(_QUOTED)}"'


@method("list(string).join() -> string", "list(string).join(string) -> string")
def join(items: list[str], separator: str = "") -> str:
    """All texts, one behind the other."""
    try:
        if len(items) > 1:
            bounded(sum(map(len, items)) + len(separator) * (len(items) - 1))
        return separator.join(items)
    except TypeError:
        wrong = next(item for item in items if not isinstance(item, str))
        raise Failure(f"join: invalid input: {shown(wrong)}") from None
