"""URLs, read as Go's net/url does."""

from __future__ import annotations

from typing import ClassVar

from constraints.cel.failures import Failure
from constraints.cel.overloads import function, method
from constraints.cel.values import Opaque
from constraints.dataclass import dataclass
from constraints.golang import GoError
from constraints.golang.urls import Url, check_request_uri, parse_url, query_of


@dataclass(frozen=True, slots=True, eq=False)
class URL(Opaque):
    """A URL; two are equal that are written alike."""

    type_name: ClassVar[str] = "kubernetes.URL"
    parts: Url

    def __str__(self) -> str:
        return str(self.parts)

    def __eq__(self, other: object) -> bool:
        return isinstance(other, URL) and str(self) == str(other)

    def __hash__(self) -> int:
        return hash(str(self))


def complaint(text: str) -> str:
    """What Go says of a text that is no absolute URL and does not begin with a slash, empty if it is one."""
    try:
        check_request_uri(text)
    except GoError as error:
        return str(error)
    return ""


@function("url(string) -> kubernetes.URL")
def url(text: str) -> URL:
    """The URL of that text, which must be absolute or begin with a slash."""
    try:
        check_request_uri(text)
        return URL(parse_url(text))
    except GoError as error:
        raise Failure(f"URL parse error during conversion from string: {error}") from error


@function("isURL(string) -> bool")
def is_url(text: str) -> bool:
    """Whether the text is such a URL."""
    return not complaint(text)


@method("kubernetes.URL.getScheme() -> string")
def get_scheme(value: URL) -> str:
    """`https`, in lower case."""
    return value.parts.scheme


@method("kubernetes.URL.getHost() -> string")
def get_host(value: URL) -> str:
    """Host and port."""
    return value.parts.host


@method("kubernetes.URL.getHostname() -> string")
def get_hostname(value: URL) -> str:
    """The host without port and brackets."""
    return value.parts.hostname()


@method("kubernetes.URL.getPort() -> string")
def get_port(value: URL) -> str:
    """The port, the empty text when there is none."""
    return value.parts.port()


@method("kubernetes.URL.getEscapedPath() -> string")
def get_escaped_path(value: URL) -> str:
    """The path, escaped."""
    return value.parts.escaped_path()


@method("kubernetes.URL.getQuery() -> map(string, list(string))")
def get_query(value: URL) -> dict[str, list[str]]:
    """The values of each key; what cannot be read is left out."""
    found: dict[str, list[str]] = {}
    for key, text in query_of(value.parts.raw_query):
        found.setdefault(key, []).append(text)
    return found
