"""URLs as Go's net/url takes them apart and puts them together, and the queries in them.

Texts are characters here, bytes in Go: what an escape stands for is read as UTF-8.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote

from constraints.dataclass import value
from constraints.golang import GoError
from constraints.golang.netip import complaint
from constraints.golang.quoting import bytes_quoted, quoted
from constraints.golang.utf8 import as_bytes, from_bytes

_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2})")
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_PORT: Final = re.compile(":[0-9]*")
_USER: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:@-]*")
_HOST: Final = r"A-Za-z0-9._~!$&'()*+,;=:\[\]<>\"-"
_HOST_PART: Final = re.compile(rf"%(?!25)[0-7][0-9A-Fa-f]|(?![{_HOST}%])[\x00-\x7f]|%(?![0-9A-Fa-f]{{2}})")
_ZONE_PART: Final = re.compile(rf"%[0-9A-Fa-f]{{2}}|(?![{_HOST}%])[\x00-\x7f]|%")
_OF_HOST: Final = re.compile(f"[{_HOST}]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED_PATH: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/\[\]%-]*")
_ESCAPED_FRAGMENT: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,/;=?:@\[\]%-]*")
_PATH_SAFE: Final = "$&+,/:;=@~"
_USER_SAFE: Final = "$&+,;=~"
_HOST_SAFE: Final = "!$&'()*+,;=:[]<>\"~"
_FRAGMENT_SAFE: Final = "$&+,/:;=?@~!()*"
_MOST_PARAMETERS: Final = 10_000


@value
class Url:
    """The parts, unescaped but for `raw_path`, `raw_fragment` and `raw_query`.

    The raw ones are what was written: empty where escaping the part gives that. `user` is a name, or a name and a
    password; `opaque` is what follows a scheme without a slash, and `host` has its port. `omit_host`: there is a scheme
    and no `//`; `force_query`: a `?` stands before nothing.
    """

    scheme: str = ""
    opaque: str = ""
    user: tuple[str, ...] = ()
    host: str = ""
    path: str = ""
    raw_path: str = ""
    raw_query: str = ""
    force_query: bool = False
    omit_host: bool = False
    fragment: str = ""
    raw_fragment: str = ""

    def hostname(self) -> str:
        """The host without port and brackets."""
        host = self.host[: len(self.host) - len(port)] if (port := self._colon_port()) else self.host
        return host[1:-1] if host.startswith("[") and host.endswith("]") else host

    def port(self) -> str:
        """The digits behind the host."""
        return self._colon_port()[1:]

    def _colon_port(self) -> str:
        """From the last colon on, if digits alone follow."""
        _, colon, port = self.host.rpartition(":")
        return colon + port if colon and _PORT.fullmatch(colon + port) else ""

    def escaped_path(self) -> str:
        """The path as it was written where that is well escaped, else as Go escapes it."""
        if self.raw_path and _ESCAPED_PATH.fullmatch(self.raw_path):
            return self.raw_path
        return "*" if self.path == "*" else _escaped(self.path, _PATH_SAFE)

    def escaped_fragment(self) -> str:
        """The same of the fragment."""
        if self.raw_fragment and _ESCAPED_FRAGMENT.fullmatch(self.raw_fragment):
            return self.raw_fragment
        return _escaped(self.fragment, _FRAGMENT_SAFE)

    def __str__(self) -> str:
        before = f"{self.scheme}:" if self.scheme else ""
        path = self.opaque or self._authority_and_path(bool(before))
        query = f"?{self.raw_query}" if self.raw_query or self.force_query else ""
        return f"{before}{path}{query}{f'#{self.escaped_fragment()}' if self.fragment else ''}"

    def _authority_and_path(self, has_scheme: bool) -> str:
        path, authority = self.escaped_path(), ""
        if self.host or self.user or (has_scheme and not self.omit_host and self.path):
            user = ":".join(_escaped(part, _USER_SAFE) for part in self.user) + "@" if self.user else ""
            authority = f"//{user}{_escaped(self.host, _HOST_SAFE)}"
        if path and path[0] != "/" and self.host:
            authority += "/"
        if not authority and not has_scheme and ":" in path.partition("/")[0]:
            authority = "./"
        return authority + path


def _escaped(text: str, safe: str) -> str:
    return quote(as_bytes(text), safe=safe)


def unescape(text: str, *, plus: bool = False) -> str:
    """The text without `%xx` and, in a query, with spaces for `+`. Raises GoError."""
    bad = _BAD_ESCAPE.search(text)
    if bad:
        raise _bad_escape(text, bad.start())
    if plus:
        text = text.replace("+", " ")
    if "%" not in text:
        return text
    return from_bytes(_ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), as_bytes(text)))


def _bad_escape(text: str, at: int) -> GoError:
    """Three bytes are shown, whatever characters they end within."""
    return GoError(f"invalid URL escape {bytes_quoted(as_bytes(text[at : at + 3])[:3])}")


def parse_url(text: str) -> Url:
    """The URL or reference. Raises GoError."""
    before, _, fragment = text.partition("#")
    shown = before
    try:
        url = _parse(before)
        shown = text
        return _with_fragment(url, fragment) if fragment else url
    except GoError as error:
        raise GoError(f"parse {quoted(shown)}: {error}") from error


def _with_fragment(url: Url, fragment: str) -> Url:
    plain = unescape(fragment)
    raw = "" if _escaped(plain, _FRAGMENT_SAFE) == fragment else fragment
    fields = (url.scheme, url.opaque, url.user, url.host, url.path, url.raw_path, url.raw_query)
    return Url(*fields, url.force_query, url.omit_host, plain, raw)


def check_request_uri(text: str) -> None:
    """As ParseRequestURI: an absolute URL or path; a fragment is a part of it. Raises GoError."""
    try:
        if not text and not _CONTROL.search(text):
            raise GoError("empty url")
        _parse(text, is_request=True)
    except GoError as error:
        raise GoError(f"parse {quoted(text)}: {error}") from error


def query_of(text: str) -> Iterator[tuple[str, str]]:
    """The names and values of a query in their order; what cannot be read is left out, all of it where it is too
    long.
    """
    if text.count("&") >= _MOST_PARAMETERS:
        return
    for part in text.split("&"):
        if not part or ";" in part:
            continue
        key, _, value = part.partition("=")
        try:
            yield unescape(key, plus=True), unescape(value, plus=True)
        except GoError:
            continue


def _parse(text: str, *, is_request: bool = False) -> Url:
    """All but the fragment."""
    if _CONTROL.search(text):
        raise GoError("net/url: invalid control character in URL")
    if text == "*":
        return Url(path="*")
    scheme, rest = _scheme(text)
    force_query = rest.endswith("?") and rest.count("?") == 1
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return Url(scheme, rest, raw_query=query, force_query=force_query)  # as mailto:
        if is_request:
            raise GoError("invalid URI for request")
        if ":" in rest.partition("/")[0]:
            raise GoError("first path segment in URL cannot contain colon")
    user: tuple[str, ...] = ()
    host, omit_host = "", False
    if rest.startswith("//") and (scheme or not (is_request or rest.startswith("///"))):
        authority, slash, rest = rest[2:].partition("/")
        user, host = _authority(authority, scheme)
        rest = slash + rest
    else:
        omit_host = bool(scheme) and rest.startswith("/")
    path = unescape(rest)
    raw = "" if _escaped(path, _PATH_SAFE) == rest else rest
    return Url(scheme, "", user, host, path, raw, query, force_query, omit_host)


def _scheme(text: str) -> tuple[str, str]:
    if text.startswith(":"):
        raise GoError("missing protocol scheme")
    found = _SCHEME.fullmatch(text)
    return (found[1].lower(), found[2]) if found else ("", text)


def _authority(authority: str, scheme: str) -> tuple[tuple[str, ...], str]:
    """User and password, and the host with its port."""
    user, at, host = authority.rpartition("@")
    found = _host_and_port(host, scheme)
    if not at:
        return (), found
    if not _USER.fullmatch(user):
        raise GoError("net/url: invalid userinfo")
    name, colon, password = user.partition(":")
    return ((unescape(name), unescape(password)) if colon else (unescape(name),)), found


def _host_and_port(host: str, scheme: str) -> str:
    if host.rfind("[") > 0:
        raise GoError("invalid IP-literal")
    if host.startswith("["):
        return _bracketed(host)
    if ":" in host:
        # only http wants the port at the first colon: databases are known to list hosts with ports
        _check_port(host[host.index(":") if scheme in ("http", "https") else host.rindex(":") :])
    return _host(host, _HOST_PART)


def _bracketed(host: str) -> str:
    end = host.rfind("]")
    if end < 0:
        raise GoError("missing ']' in host")
    _check_port(host[end + 1 :])
    literal, mark, zone = host[1:end].partition("%25")
    address = _host(literal, _HOST_PART) + _host(mark + zone, _ZONE_PART)
    if _is_version_4(address):
        raise GoError("invalid IP-literal")
    return f"[{address}]{host[end + 1 :]}"


def _is_version_4(address: str) -> bool:
    try:
        return ipaddress.ip_address(address).version == 4
    except ValueError as error:
        raise GoError(f"invalid host: ParseAddr({quoted(address)}): {complaint(address)}") from error


def _check_port(port: str) -> None:
    if port and not _PORT.fullmatch(port):
        raise GoError(f"invalid port {quoted(port)} after host")


def _host(host: str, wrong: re.Pattern[str]) -> str:
    """A host, or with _ZONE_PART the zone of an address, which may escape what a host may hold, too."""
    for found in wrong.finditer(host):
        part = found[0]
        if part[0] != "%":
            raise GoError(f"invalid character {quoted(part)} in host name")
        byte = chr(int(part[1:], 16)) if len(part) == 3 else ""
        if wrong is _HOST_PART or not (byte in ("%", " ") or _OF_HOST.fullmatch(byte)):
            raise _bad_escape(host, found.start())
    return unescape(host)
