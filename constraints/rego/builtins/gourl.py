"""URLs as Go's net/url takes them apart."""

from __future__ import annotations

import ipaddress
import re
from dataclasses import dataclass
from typing import Final
from urllib.parse import quote

from constraints.lang.quoting import quoted
from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.operands import as_bytes, from_bytes

_ESCAPE: Final = re.compile(rb"%([0-9A-Fa-f]{2})")
_BAD_ESCAPE: Final = re.compile(r"%(?![0-9A-Fa-f]{2}).{0,2}", re.DOTALL)
_SCHEME: Final = re.compile(r"([A-Za-z][A-Za-z0-9+.-]*):(.*)", re.DOTALL)
_PORT: Final = re.compile(":[0-9]*")
_USER: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=%:@-]*")
_NOT_IN_HOST: Final = re.compile(r"[^A-Za-z0-9._~!$&'()*+,;=:\[\]<>\"%\x80-\U0010ffff-]")
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f]")
_ESCAPED_PATH: Final = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@/\[\]%-]*")
_PATH_SAFE: Final = "$&+,/:;=@~"


@dataclass(frozen=True, slots=True)
class Url:
    """The parts, unescaped; `raw_path` is empty where escaping the path gives what was written."""

    scheme: str = ""
    host: str = ""
    path: str = ""
    raw_path: str = ""
    raw_query: str = ""
    fragment: str = ""

    def hostname(self) -> str:
        """The host without port and brackets."""
        if self.host.startswith("["):
            return self.host[1:].partition("]")[0]
        return self.host.partition(":")[0]

    def escaped_path(self) -> str:
        """The path as it was written where that is well escaped, else as Go escapes it."""
        if self.raw_path and _ESCAPED_PATH.fullmatch(self.raw_path):
            return self.raw_path
        return "*" if self.path == "*" else quote(as_bytes(self.path), safe=_PATH_SAFE)

    def port(self) -> str:
        """The digits behind the host."""
        _, bracket, behind = self.host.rpartition("]")
        _, _, port = (behind if bracket else self.host).partition(":")
        return port if port.isdecimal() else ""


def unescape(text: str, *, plus: bool = False) -> str:
    """The text without `%xx` and, in a query, with spaces for `+`."""
    bad = _BAD_ESCAPE.search(text)
    if bad:
        raise BuiltinError(f"invalid URL escape {quoted(bad[0])}")
    data = as_bytes(text.replace("+", " ") if plus else text)
    return from_bytes(_ESCAPE.sub(lambda found: bytes.fromhex(found[1].decode("ascii")), data))


def parse_url(text: str) -> Url:
    """The URL or reference. Raises BuiltinError in Go's words."""
    before, _, fragment = text.partition("#")
    try:
        return _parse(before, unescape(fragment))
    except BuiltinError as error:
        raise BuiltinError(f"parse {quoted(before if '#' in text and not fragment else text)}: {error}") from error


def _parse(text: str, fragment: str) -> Url:
    if _CONTROL.search(text):
        raise BuiltinError("net/url: invalid control character in URL")
    if text == "*":
        return Url(path="*", fragment=fragment)
    scheme, rest = _scheme(text)
    rest, _, query = rest.partition("?")
    if not rest.startswith("/"):
        if scheme:
            return Url(scheme, raw_query=query, fragment=fragment)  # opaque, as mailto:
        if ":" in rest.partition("/")[0]:
            raise BuiltinError("first path segment in URL cannot contain colon")
    host = ""
    if rest.startswith("//") and (scheme or not rest.startswith("///")):
        authority, slash, rest = rest[2:].partition("/")
        host, rest = _authority(authority, scheme), slash + rest
    path = unescape(rest)
    raw = "" if quote(as_bytes(path), safe=_PATH_SAFE) == rest else rest
    return Url(scheme, host, path, raw, query, fragment)


def _scheme(text: str) -> tuple[str, str]:
    if text.startswith(":"):
        raise BuiltinError("missing protocol scheme")
    found = _SCHEME.fullmatch(text)
    return (found[1].lower(), found[2]) if found else ("", text)


def _authority(authority: str, scheme: str) -> str:
    """The host with its port."""
    user, at, host = authority.rpartition("@")
    if at and not _USER.fullmatch(user):
        raise BuiltinError("net/url: invalid userinfo")
    unescape(user)
    if host.rfind("[") > 0:
        raise BuiltinError("invalid IP-literal")
    if host.startswith("["):
        return _bracketed(host)
    if ":" in host:
        # only http wants the port at the first colon: databases are known to list hosts with ports
        _check_port(host[host.index(":") if scheme in ("http", "https") else host.rindex(":") :])
    return _host(host)


def _bracketed(host: str) -> str:
    end = host.rfind("]")
    if end < 0:
        raise BuiltinError("missing ']' in host")
    _check_port(host[end + 1 :])
    literal, mark, zone = host[1:end].partition("%25")
    address = _host(literal) + unescape(mark + zone)
    try:
        version = ipaddress.ip_address(address).version
    except ValueError as error:
        raise BuiltinError(f"invalid host: ParseAddr({quoted(address)}): unable to parse IP") from error
    if version == 4:
        raise BuiltinError("invalid IP-literal")
    return f"[{address}]{host[end + 1 :]}"


def _check_port(port: str) -> None:
    if port and not _PORT.fullmatch(port):
        raise BuiltinError(f"invalid port {quoted(port)} after host")


def _host(host: str) -> str:
    bad = _NOT_IN_HOST.search(host)
    if bad:
        raise BuiltinError(f"invalid character {quoted(bad[0])} in host name")
    for escape in re.findall(r"%[0-7][0-9A-Fa-f]", host):  # a host may only escape what is not ASCII
        raise BuiltinError(f"invalid URL escape {quoted(escape)}")
    return unescape(host)
