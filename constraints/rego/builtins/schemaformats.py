"""The formats of strings that OPA's JSON schema library knows (gojsonschema, format_checkers.go)."""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from email.utils import parseaddr
from typing import Final

from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.gotime import parse_time
from constraints.rego.builtins.gourl import parse_url
from constraints.rego.builtins.regex import compiled

_LABEL: Final = r"(?:[a-zA-Z0-9]|[a-zA-Z0-9][a-zA-Z0-9-]{0,61}[a-zA-Z0-9])"
_HOSTNAME: Final = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_UUID: Final = re.compile(r"[a-fA-F0-9]{8}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{4}-[a-fA-F0-9]{12}")
_POINTER: Final = re.compile(r"(?:/(?:[^~/]|~0|~1)*)*")
_RELATIVE: Final = re.compile(r"(?:0|[1-9][0-9]*)(?:#|(?:/(?:[^~/]|~0|~1)*)*)")
_EMAIL: Final = re.compile(r"[^@\s<>]+@[^@\s<>]+")
_DATE: Final = "2006-01-02"
_TIMES: Final = ("15:04:05", "15:04:05Z07:00")
_DATE_TIMES: Final = (*_TIMES, _DATE, "2006-01-02T15:04:05Z07:00")


def _passes(check: Callable[[str], object]) -> Callable[[str], bool]:
    def run(text: str) -> bool:
        try:
            check(text)
        except (BuiltinError, ValueError):
            return False
        return True

    return run


def _time(*layouts: str) -> Callable[[str], bool]:
    checks = [_passes(lambda text, layout=layout: parse_time(layout, text)) for layout in layouts]  # type: ignore[misc]  # a default is no argument of the protocol
    return lambda text: any(check(text) for check in checks)


def _reference(text: str) -> bool:
    return "\\" not in text and _passes(parse_url)(text)


def _uri(text: str) -> bool:
    return _reference(text) and bool(parse_url(text).scheme)


def _uri_template(text: str) -> bool:
    if not _reference(text):
        return False
    path = parse_url(text).path
    return re.fullmatch(r"[^{]*(?:\{[^}]*\}[^{]*)*", path) is not None


def _email(text: str) -> bool:
    address = parseaddr(text)[1]
    return _EMAIL.fullmatch(address) is not None


FORMATS: Final[dict[str, Callable[[str], bool]]] = {
    "date": _time(_DATE),
    "time": _time(*_TIMES),
    "date-time": _time(*_DATE_TIMES),
    "hostname": lambda text: len(text) < 256 and _HOSTNAME.fullmatch(text) is not None,
    "email": _email,
    "idn-email": _email,
    "ipv4": lambda text: "." in text and "%" not in text and _passes(ipaddress.ip_address)(text),
    "ipv6": lambda text: ":" in text and "%" not in text and _passes(ipaddress.ip_address)(text),
    "uri": _uri,
    "uri-reference": _reference,
    "iri": _uri,
    "iri-reference": _reference,
    "uri-template": _uri_template,
    "uuid": lambda text: _UUID.fullmatch(text) is not None,
    "regex": _passes(compiled),
    "json-pointer": lambda text: _POINTER.fullmatch(text) is not None,
    "relative-json-pointer": lambda text: _RELATIVE.fullmatch(text) is not None,
}
"""Whether a string has a format, by the format's name; any other format is as good as none."""
