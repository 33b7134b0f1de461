"""Kubernetes' named formats: `format.dns1123Label().validate(text)`."""

from __future__ import annotations

import re
from collections.abc import Callable
from dataclasses import field
from typing import ClassVar, Final

from constraints.cel.library.time import parse_timestamp
from constraints.cel.library.url import complaint
from constraints.cel.overloads import function, method
from constraints.cel.values import NONE, Opaque, Optional
from constraints.dataclass import dataclass

Checker = Callable[[str], list[str]]
_LABEL: Final = "[a-z0-9]([-a-z0-9]*[a-z0-9])?"
_SUBDOMAIN: Final = rf"{_LABEL}(\.{_LABEL})*"
_OLD_LABEL: Final = "[a-z]([-a-z0-9]*[a-z0-9])?"
_NAME: Final = "([A-Za-z0-9][-A-Za-z0-9_.]*)?[A-Za-z0-9]"
_UUID: Final = re.compile(r"[0-9a-f]{8}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{4}-?[0-9a-f]{12}\Z", re.I | re.ASCII)
_BASE64: Final = re.compile(r"(?:[A-Za-z0-9+/]{4})*(?:[A-Za-z0-9+/]{2}==|[A-Za-z0-9+/]{3}=|[A-Za-z0-9+/]{4})\Z")
_DATE: Final = re.compile(r"\d{4}-\d\d-\d\d\Z", re.ASCII)


@dataclass(frozen=True, slots=True)
class Format(Opaque):
    """`name` as the format is shown; formats are equal by name. `weight` is the length of the pattern it is charged
    as.
    """

    type_name: ClassVar[str] = "kubernetes.NamedFormat"
    name: str
    weight: int = field(compare=False)
    check: Checker = field(compare=False)

    def __str__(self) -> str:
        return self.name


def _must(what: str, pattern: str, examples: str) -> str:
    return f"{what} (e.g. {examples}, regex used for validation is '{pattern}')"


_LABEL_WORDS: Final = _must(
    "a lowercase RFC 1123 label must consist of lower case alphanumeric characters or '-', and must start and end with an"
    " alphanumeric character",
    _LABEL,
    "'my-name',  or '123-abc'",
)
_SUBDOMAIN_WORDS: Final = _must(
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and"
    " end with an alphanumeric character",
    _SUBDOMAIN,
    "'example.com'",
)
_OLD_LABEL_WORDS: Final = _must(
    "a DNS-1035 label must consist of lower case alphanumeric characters or '-', start with an alphabetic character, and"
    " end with an alphanumeric character",
    _OLD_LABEL,
    "'my-name',  or 'abc-123'",
)
_NAME_WORDS: Final = _must(
    "must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character",
    _NAME,
    "'MyName',  or 'my.name',  or '123-abc'",
)
_VALUE_WORDS: Final = _must(
    "a valid label must be an empty string or consist of alphanumeric characters, '-', '_' or '.', and must start and end"
    " with an alphanumeric character",
    f"({_NAME})?",
    "'MyValue',  or 'my_value',  or '12345'",
)


def _shaped(pattern: str, words: str, longest: int, unit: str = "characters") -> Checker:
    compiled = re.compile(pattern, re.ASCII)

    def check(text: str) -> list[str]:
        problems = [f"must be no more than {longest} {unit}"] if len(text.encode()) > longest else []
        if not compiled.fullmatch(text):
            dotted = words in _DOTLESS and re.fullmatch(_SUBDOMAIN, text, re.ASCII)
            problems.append("must not contain dots" if dotted else words)
        return problems

    return check


_DOTLESS: Final = frozenset({_LABEL_WORDS})


def _prefix(check: Checker) -> Checker:
    """The name of something yet to be named: a dash at the end goes, and the letter before it, as in Kubernetes."""
    return lambda text: check(f"{text[:-2]}a" if len(text) > 1 and text.endswith("-") else text)


def _qualified(text: str) -> list[str]:
    prefix, slash, name = text.rpartition("/")
    if "/" in prefix:
        what = "a valid label key must consist of alphanumeric characters, '-', '_' or '.', and must start and end with an alphanumeric character"
        words = _must(what, _NAME, "'MyName',  or 'my.name',  or '123-abc'")
        return [f"{words} with an optional DNS subdomain prefix and '/' (e.g. 'example.com/MyName')"]
    problems = []
    if slash and not prefix:
        problems.append("prefix part must be non-empty")
    elif slash:
        problems += [f"prefix part {problem}" for problem in _SUBDOMAIN_CHECK(prefix)]
    if not name:
        problems.append("name part must be non-empty")
    elif len(name.encode()) > 63:
        problems.append("name part must be no more than 63 bytes")
    if not re.fullmatch(_NAME, name, re.ASCII):
        problems.append(f"name part {_NAME_WORDS}")
    return problems


def _uri(text: str) -> list[str]:
    problem = complaint(text)
    return [problem] if problem else []


def _matching(test: Callable[[str], object], words: str) -> Checker:
    return lambda text: [] if test(text) else [words]


def _is_date(text: str) -> bool:
    return bool(_DATE.match(text)) and parse_timestamp(f"{text}T00:00:00Z") is not None


_SUBDOMAIN_CHECK: Final = _shaped(_SUBDOMAIN, _SUBDOMAIN_WORDS, 253)
_LABEL_CHECK: Final = _shaped(_LABEL, _LABEL_WORDS, 63)
_OLD_LABEL_CHECK: Final = _shaped(_OLD_LABEL, _OLD_LABEL_WORDS, 63)
FORMATS: Final = {
    "dns1123Label": Format("DNS1123Label", 30, _LABEL_CHECK),
    "dns1123Subdomain": Format("DNS1123Subdomain", 60, _SUBDOMAIN_CHECK),
    "dns1035Label": Format("DNS1035Label", 30, _OLD_LABEL_CHECK),
    "qualifiedName": Format("QualifiedName", 60, _qualified),
    "dns1123LabelPrefix": Format("DNS1123LabelPrefix", 30, _prefix(_LABEL_CHECK)),
    "dns1123SubdomainPrefix": Format("DNS1123SubdomainPrefix", 60, _prefix(_SUBDOMAIN_CHECK)),
    "dns1035LabelPrefix": Format("DNS1035LabelPrefix", 30, _prefix(_OLD_LABEL_CHECK)),
    "labelValue": Format("LabelValue", 40, _shaped(f"({_NAME})?", _VALUE_WORDS, 63, "bytes")),
    "uri": Format("URI", 1103, _uri),
    "uuid": Format("UUID", 70, _matching(_UUID.match, "does not match the UUID format")),
    "byte": Format("Byte", 84, _matching(_BASE64.match, "invalid base64")),
    "date": Format("Date", 71, _matching(_is_date, "invalid date")),
    "datetime": Format("DateTime", 71, _matching(lambda text: parse_timestamp(text.upper()), "invalid datetime")),
}


def _declare(name: str) -> None:
    function(f"format.{name}() -> kubernetes.NamedFormat")(lambda: FORMATS[name])


for _format in FORMATS:
    _declare(_format)


@function("format.named(string) -> optional_type(kubernetes.NamedFormat)")
def named(name: str) -> Optional:
    """The format of that name, if there is one."""
    return Optional(FORMATS[name]) if name in FORMATS else NONE


@method("kubernetes.NamedFormat.validate(string) -> optional_type(list(string))")
def validate(value: Format, text: str) -> Optional:
    """What is wrong with the text, if anything."""
    problems = value.check(text)
    return Optional(list(problems)) if problems else NONE
