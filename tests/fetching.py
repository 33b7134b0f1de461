"""HTTP as a client sees it, for tests."""

from __future__ import annotations

import urllib.error
import urllib.request
from typing import NamedTuple


class Fetched(NamedTuple):
    """A reply: its status, content type and text."""

    status: int
    kind: str
    text: str


def fetched(url: str, accept: str = "*/*") -> Fetched:
    """The reply to GET, whatever its status."""
    request = urllib.request.Request(url, headers={"Accept": accept})
    try:
        with urllib.request.urlopen(request, timeout=10) as reply:
            return Fetched(reply.status, reply.headers["content-type"], reply.read().decode())
    except urllib.error.HTTPError as error:
        with error:
            return Fetched(error.code, error.headers["content-type"], error.read().decode())
