"""Where objects come from: a cluster, or files."""

from __future__ import annotations

from collections.abc import Iterator
from typing import TYPE_CHECKING, Protocol

if TYPE_CHECKING:
    from audit.model import KindEnd, Page
    from constraints import Gap


class Source(Protocol):
    """Gives the objects of one run, page by page; what it cannot give is a Gap."""

    def pages(self) -> Iterator[Page | KindEnd | Gap]: ...
