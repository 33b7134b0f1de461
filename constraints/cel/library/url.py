"""URLs, read as Go's net/url does."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import ClassVar, Final

from constraints.cel.failures import Failure
from constraints.cel.library.golang import quoted
from constraints.cel.overloads import function, method
from constraints.cel.values import Opaque

_MOST_PARAMETERS: Final = 10_000  # that Go 1.26 reads
_SCHEME: Final = re.compile(r"([a-zA-Z][a-zA-Z0-9+.-]*):", re.ASCII)
_ESCAPE: Final = re.compile(r"%([0-9a-fA-F]{2})?")
_PORT: Final = re.compile(r"(:[0-9]*)?\Z", re.ASCII)
_PATH_SAFE: Final = frozenset("-_.~$&+,/:;=@ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")
_VALID_PATH: Final = _PATH_SAFE | frozenset("!'()*[]%")
_HOST: Final = frozenset("-_.~!$&'()*+,;=:[]<>\"ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789")


@dataclass(frozen=True, slots=True)
class URL(Opaque):
    """The parts as they were written, but for the scheme in lower case."""

    type_name: ClassVar[str] = "kubernetes.URL"
    scheme: str
    user: str
    host: str
    path: str
    query: str
    rest: str  # what follows the scheme when no slash does; and the fragment

    def __str__(self) -> str:
        scheme = f"{self.scheme}:" if self.scheme else ""
        authority = f"//{self.user}{self.host}" if self.host or self.user or self.path.startswith("//") else ""
        authority = authority or ("//" if self.scheme and self.path else "")
        return f"{scheme}{authority}{escaped_path(self.path)}{f'?{self.query}' if self.query else ''}{self.rest}"


def read_url(text: str) -> URL:
    """Raises Failure."""
    try:
        return _read(text)
    except _Wrong as error:
        raise Failure(f"URL parse error during conversion from string: parse {quoted(text)}: {error}") from error


class _Wrong(Exception):
    """Go's words for what is wrong."""


def _read(text: str) -> URL:
    if any(character < " " or character == "\x7f" for character in text):
        raise _Wrong("net/url: invalid control character in URL")
    if not text:
        raise _Wrong("empty url")
    scheme, rest = _scheme(text)
    body, hash_, fragment = rest.partition("#")
    body, _, query = body.partition("?")
    if not body.startswith("/"):
        if not scheme:
            raise _Wrong("invalid URI for request")
        return URL(scheme, "", "", "", query, body)
    authority, path = "", body
    if body.startswith("//") and (scheme or not body.startswith("///")):
        head, slash, tail = body[2:].partition("/")
        authority, path = head, slash + tail
    user, host = _authority(authority)
    _unescaped(path)
    return URL(scheme, user, host, path, query, hash_ + fragment)


def _scheme(text: str) -> tuple[str, str]:
    if text.startswith(":"):
        raise _Wrong("missing protocol scheme")
    found = _SCHEME.match(text)
    return (found[1].lower(), text[found.end() :]) if found else ("", text)


def _authority(text: str) -> tuple[str, str]:
    user, at, host = text.rpartition("@")
    if host.startswith("["):
        end = host.rfind("]")
        if end < 0:
            raise _Wrong("missing ']' in host")
        port = host[end + 1 :]
    else:
        _, colon, digits = host.rpartition(":")
        port = colon + digits if colon else ""
    if not _PORT.match(port):
        raise _Wrong(f'invalid port "{port}" after host')
    for found in _ESCAPE.finditer(host):
        if found[1] is None or int(found[1], 16) < 0x80:
            raise _Wrong(f'invalid URL escape "{host[found.start() : found.start() + 3]}"')
    for character in host:
        if character < "\x80" and character not in _HOST and character != "%":
            raise _Wrong(f"invalid character {quoted(character)} in host name")
    return user + at, host


def _unescaped(text: str, *, plus: bool = False) -> str:
    for found in _ESCAPE.finditer(text):
        if found[1] is None:
            raise _Wrong(f'invalid URL escape "{text[found.start() : found.start() + 3]}"')
    text = text.replace("+", " ") if plus else text
    if "%" not in text:
        return text
    parts = text.split("%")
    data = parts[0].encode() + b"".join(bytes((int(part[:2], 16),)) + part[2:].encode() for part in parts[1:])
    return data.decode(errors="replace")


def escaped_path(path: str) -> str:
    """The path with everything escaped that must be; as it is, when it was escaped already."""
    if all(character in _VALID_PATH for character in path):
        return path
    return "".join(
        character
        if character in _PATH_SAFE or character == "%"
        else "".join(f"%{byte:02X}" for byte in character.encode())
        for character in path
    )


@function("url(string) -> kubernetes.URL")
def url(text: str) -> URL:
    """The URL of that text, which must be absolute or begin with a slash."""
    return read_url(text)


@function("isURL(string) -> bool")
def is_url(text: str) -> bool:
    """Whether the text is such a URL."""
    try:
        read_url(text)
    except Failure:
        return False
    return True


@method("kubernetes.URL.getScheme() -> string")
def get_scheme(value: URL) -> str:
    """`https`, in lower case."""
    return value.scheme


@method("kubernetes.URL.getHost() -> string")
def get_host(value: URL) -> str:
    """Host and port."""
    return value.host


@method("kubernetes.URL.getHostname() -> string")
def get_hostname(value: URL) -> str:
    """The host without port and brackets."""
    if value.host.startswith("["):
        return value.host[1:].partition("]")[0]
    return value.host.partition(":")[0]


@method("kubernetes.URL.getPort() -> string")
def get_port(value: URL) -> str:
    """The port, the empty text when there is none."""
    return value.host.rpartition("]")[2].partition(":")[2]


@method("kubernetes.URL.getEscapedPath() -> string")
def get_escaped_path(value: URL) -> str:
    """The path, escaped."""
    return escaped_path(value.path)


@method("kubernetes.URL.getQuery() -> map(string, list(string))")
def get_query(value: URL) -> dict[str, list[str]]:
    """The values of each key; what cannot be read is left out."""
    found: dict[str, list[str]] = {}
    if value.query.count("&") >= _MOST_PARAMETERS:
        return found
    for part in value.query.split("&"):
        if not part or ";" in part:
            continue
        key, _, text = part.partition("=")
        try:
            found.setdefault(_unescaped(key, plus=True), []).append(_unescaped(text, plus=True))
        except _Wrong:
            continue
    return found
