"""`format` of texts in OpenAPI schemas, as Kubernetes checks it. Names that are not here are not checked, as unknown
ones.

Left out although Kubernetes knows them: isbn, isbn10, isbn13, creditcard and ssn, which no policy has parameters for.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from datetime import date
from ipaddress import ip_address
from typing import Final
from unicodedata import category

Check = Callable[[str], bool]
_UNITS: Final = frozenset({"ns", "us", "µs", "ms", "s", "m", "h", "hr", "d", "w", "wk"})
_LONG_UNITS: Final = ("nano", "micro", "milli", "sec", "min", "hour", "day", "week")  # as beginnings: days, seconds
_LONGEST_NAME: Final = 255
_LONGEST_LABEL: Final = 63


def fits(name: str, text: str) -> bool:
    """Whether `text` is of the format; dashes in its name do not count."""
    check = _FORMATS.get(name.replace("-", ""))
    return check is None or check(text)


def is_known(name: str) -> bool:
    """Whether texts are checked for the format."""
    return name.replace("-", "") in _FORMATS


def _matches(pattern: str) -> Check:
    whole = rf"(?:{pattern})\Z"  # compiled when it is first asked for: hardly any schema names a format
    return lambda text: re.match(whole, text, re.ASCII) is not None


def _date(text: str) -> bool:
    try:
        date.fromisoformat(text)
    except ValueError:
        return False
    return len(text) == len("2006-01-02")


def _date_time(text: str) -> bool:
    day, _, time = text.lower().partition("t")
    return _date(day) and _TIME(time)


_TIME: Final = _matches(r"([01]\d|2[0-3]):[0-5]\d:[0-5]\d(.\d+)?(z|[+-]\d\d:\d\d)")


def _ip(text: str) -> str:
    """What stands between the numbers of an address: a dot or a colon; empty when it is none. Leading zeros are
    taken.
    """
    if "%" in text:
        return ""
    try:
        ip_address(re.sub(r"(?<![\d.:a-fA-F])0+(?=\d)|(?<=\.)0+(?=\d)", "", text) if ":" not in text else text)
    except ValueError:
        return ""
    return "." if "." in text else ":"


def _cidr(text: str) -> bool:
    address, slash, bits = text.partition("/")
    longest = 128 if ":" in address else 32
    return bool(slash and _ip(address) and re.fullmatch(r"[0-9]+", bits)) and int(bits) <= longest


def _hostname(text: str) -> bool:
    """Letters and symbols of all scripts; labels of a name with dots end in a letter or digit."""
    plain = "".join({"L": "a", "S": "$"}.get(category(char)[0], char) if char > "\x7f" else char for char in text)
    short = len(text.encode()) <= _LONGEST_NAME
    return short and _HOST(plain) and all(len(label.encode()) <= _LONGEST_LABEL for label in text.split("."))


_SIGN: Final = r"[a-zA-Z0-9$+<=>^`|~]"
_HOST: Final = _matches(rf"{_SIGN}(-?{_SIGN}{{0,62}})?|({_SIGN}(({_SIGN}|-){{0,61}}{_SIGN})?\.)+[a-zA-Z]{{2,63}}")


def _duration(text: str) -> bool:
    """Go's durations, and words: `2 days`."""
    if _GO_DURATION(text):
        return True
    found = re.findall(r"(?<![0-9])[0-9]++\s*+([A-Za-zµ]+)", text)
    return any(unit.lower() in _UNITS or unit.lower().startswith(_LONG_UNITS) for unit in found)


_GO_DURATION: Final = _matches(r"[-+]?(0|(([0-9]+(\.[0-9]*)?|\.[0-9]+)(ns|us|µs|μs|ms|s|m|h))+)")


def _uri(text: str) -> bool:
    """An absolute address, or a path that begins with a slash."""
    broken = re.search(r"[\x00-\x1f\x7f]|%(?![0-9a-fA-F]{2})|^[A-Za-z][-+.A-Za-z0-9]*://[^/]* ", text)
    return not broken and re.match(r"/|[A-Za-z][-+.A-Za-z0-9]*:", text) is not None


_HEX: Final = r"[0-9a-fA-F]"
_COLOUR: Final = r"\s*(0|[1-9]\d?|1\d\d?|2[0-4]\d|25[0-5])\s*"
_WORD: Final = r"[^\s@<>()\[\],;:\\\"]+"


def _uuid(third: str = _HEX, fourth: str = _HEX) -> Check:
    return _matches(rf"{_HEX}{{8}}-?{_HEX}{{4}}-?{third}{_HEX}{{3}}-?{fourth}{_HEX}{{3}}-?{_HEX}{{12}}")


_FORMATS: Final[dict[str, Check]] = {
    "bsonobjectid": _matches(rf"{_HEX}{{24}}"),
    "byte": _matches(r"([A-Za-z0-9+/]{4})*([A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})"),
    "cidr": _cidr,
    "date": _date,
    "datetime": _date_time,
    "duration": _duration,
    "email": _matches(rf"\s*([^@<>()\[\],;:\\\"]*<{_WORD}@{_WORD}>|(\"[^\"]+\"|{_WORD})@{_WORD})\s*"),
    "hexcolor": _matches(rf"#?({_HEX}{{3}}|{_HEX}{{6}})"),
    "hostname": _hostname,
    "ipv4": lambda text: _ip(text) == ".",
    "ipv6": lambda text: bool(_ip(text)) and ":" in text,
    "mac": _matches(rf"{_HEX}{{2}}(([:-]){_HEX}{{2}})((\2{_HEX}{{2}}){{4}}|(\2{_HEX}{{2}}){{6}}|(\2{_HEX}{{2}}){{18}})"
                    rf"|{_HEX}{{4}}((\.{_HEX}{{4}}){{2}}|(\.{_HEX}{{4}}){{3}}|(\.{_HEX}{{4}}){{9}})"),
    "password": lambda _text: True,
    "rgbcolor": _matches(rf"rgb\({_COLOUR},{_COLOUR},{_COLOUR}\)"),
    "uri": _uri,
    "uuid": _uuid(),
    "uuid3": _uuid("3"),
    "uuid4": _uuid("4", "[89abAB]"),
    "uuid5": _uuid("5", "[89abAB]"),
}  # fmt: skip
