"""Go's URLs as builtins read them: what Go refuses is a BuiltinError, and what is read is counted."""

from __future__ import annotations

from typing import Final

from constraints.golang import GoError, urls
from constraints.rego.builtins import BuiltinError
from constraints.rego.values.sizes import scan

_TIMES: Final = 4  # that a URL is looked through, at most


def parse_url(text: str) -> urls.Url:
    """The URL or reference."""
    scan(text, _TIMES)
    try:
        return urls.parse_url(text)
    except GoError as error:
        raise BuiltinError(str(error)) from error


def unescape(text: str, *, plus: bool = False) -> str:
    """The text without `%xx` and, in a query, with spaces for `+`."""
    scan(text)
    try:
        return urls.unescape(text, plus=plus)
    except GoError as error:
        raise BuiltinError(str(error)) from error
