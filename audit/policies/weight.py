"""What objects weigh in memory, and whether those that policies read together still fit."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from sys import getsizeof
from typing import Final

from audit.errors import KubeError
from constraints.dataclass import dataclass
from constraints.model import Json

_VALUE, _COLLECTION = 32, 150  # bytes that values and collections take besides their text, as measured; keys are shared
_WIDEST: Final = 4  # bytes of a character in a text that has one beyond the basic plane


class InventoryTooLarge(KubeError):
    """The objects that policies read as `data.inventory` do not fit into the memory that there is for them."""


def at_most(body: bytes) -> int:
    """The bytes that the JSON of a page takes once it is decoded; more than it does where texts look like JSON."""
    opens = body.count(b"{") + body.count(b"[")
    text = len(body) if body.isascii() else _WIDEST * len(body)
    return text + _VALUE * (body.count(b",") + opens) + _COLLECTION * opens


def weight(objects: Iterable[Json]) -> int:
    """The bytes that objects take, less the texts of their keys."""
    total, pending = 0, list(objects)
    while pending:
        value = pending.pop()
        total += getsizeof(value)
        if isinstance(value, dict):
            pending += value.values()
        elif isinstance(value, list):
            pending += value
    return total


@dataclass(slots=True)
class Scales:
    """Adds up what is read of one kind, page by page, until with what is `held` it is more than `most` bytes.

    0 is no bound. It is estimated up to half of that, and weighed from there on.
    """

    most: int
    held: int = 0
    total: int = 0
    _is_exact: bool = False

    def page(self, body: bytes, items: Sequence[Json], so_far: Iterable[Json]) -> None:
        """One more page has come; `so_far` are all objects of its kind by now, its own `items` included. Raises
        InventoryTooLarge.
        """
        if not self.most:
            return
        if self._is_exact:
            self.total += weight(items)
        else:
            self.total += at_most(body)
            if 2 * (self.held + self.total) > self.most:
                self.total, self._is_exact = weight(so_far), True
        if self.held + self.total > self.most:
            what = f"together with what else is synced it takes more than {self.most >> 20} MiB of memory"
            raise InventoryTooLarge(what)
