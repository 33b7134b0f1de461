"""How many objects to ask for in one page, by the bytes that objects of their kind turned out to have."""

from __future__ import annotations

from dataclasses import field
from typing import Final

from constraints import Kind
from constraints.dataclass import dataclass

MEBIBYTE: Final = 1 << 20
PAGE: Final = 4 * MEBIBYTE
# Kinds whose objects are often large, so that the first page asks for few: what people put into ConfigMaps and Secrets,
# and whatever a definition allows.
_LARGE: Final = frozenset({"ConfigMap", "Secret"})
_CAUTIOUS: Final = 50
_GROWTH: Final = 4
_SHRINKING: Final = 8


@dataclass(frozen=True, slots=True)
class PageBounds:
    """What a page may be.

    It has about `page` bytes. What is larger than twice that is not read to its end but asked for with fewer objects; a
    single object, or a list of a server that knows no pages, may have `largest` bytes.
    """

    page: int = PAGE
    largest: int = 64 * MEBIBYTE

    @classmethod
    def within(cls, memory: int) -> PageBounds:
        """The bounds where pages may take `memory` bytes: four that are read at once, those that wait, one in work."""
        return cls(page=min(PAGE, memory // 32), largest=memory // 8)


@dataclass(slots=True)
class PageSizes:
    """What was learned of each kind, from run to run: with how many objects its list is to begin.

    May be shared by threads, as long as no kind is listed by two of them.
    """

    bounds: PageBounds = PageBounds()
    _first: dict[Kind, int] = field(default_factory=dict)

    def begin(self, kind: Kind, chunk: int) -> PageSize:
        """For the list of one kind, of `chunk` objects a page at most."""
        return PageSize(self, kind, chunk, self._first.get(kind, _cautious(kind, chunk)))

    def learn(self, kind: Kind, limit: int) -> None:
        """Begin with `limit` the next time."""
        self._first[kind] = limit


@dataclass(slots=True)
class PageSize:
    """How many objects to ask for next in one list: `limit`, 0 for all."""

    sizes: PageSizes
    kind: Kind
    chunk: int
    limit: int
    _first: bool = True

    @property
    def largest(self) -> int:
        """How many bytes the next page may have. What cannot be asked for in smaller pages may be larger."""
        bounds = self.sizes.bounds
        return bounds.largest if self.limit == 1 else min(2 * bounds.page, bounds.largest)

    def arrived(self, size: int, last: bool) -> None:
        """A page of `size` bytes has come, and it was the `last` one or full."""
        if not last and self.limit:
            wanted = self.limit * self.sizes.bounds.page // max(size, 1)
            self.limit = self._capped(max(1, min(wanted, self.limit * _GROWTH)))
        if self._first:
            self.sizes.learn(self.kind, self.limit)
        self._first = False

    def shrink(self) -> bool:
        """The page was too large; False when none can be smaller."""
        if self.limit == 1:
            return False
        self.limit = max(1, self.limit // _SHRINKING) if self.limit else self._capped(_CAUTIOUS)
        return True

    def _capped(self, limit: int) -> int:
        return min(limit, self.chunk) if self.chunk else limit


def _cautious(kind: Kind, chunk: int) -> int:
    is_custom = "." in kind.group and not kind.group.endswith(".k8s.io")
    return min(chunk, _CAUTIOUS) if is_custom or (not kind.group and kind.kind in _LARGE) else chunk
