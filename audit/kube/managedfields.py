"""Objects without `metadata.managedFields`, which is nearly half of what an API server sends of them.

Where nothing reads it, it is cut from the text of a page before that is decoded. Only what surely is a list at a key of
that name is cut, and a mark stands in its place; if then not every mark is found in an item's metadata, something else
was cut, and the page is decoded as it came.
"""

from __future__ import annotations

import os
import re
from collections.abc import Iterable, Iterator
from typing import Final

from audit.errors import BadBody
from audit.kube.replies import items_of
from constraints import Kind
from constraints.model import Json

_NAME: Final = "managedFields"
_KEY: Final = b'"managedFields":['
_AHEAD: Final = 1 << 18  # bytes; a page whose first objects have no such list is taken to have none worth a search
_BEFORE: Final = b"{,"
_BEHIND: Final = re.compile(rb'\}?,"[A-Za-z]')  # the next key of the same object, or of the one around it
_MARK: Final = int.from_bytes(os.urandom(7))  # nobody can guess it, so no object has it by chance or by design
_WRITTEN: Final = b'"managedFields":%d' % _MARK


def items_without(body: bytes, kind: Kind) -> list[Json]:
    """What a page holds, see `items_of`, without the managedFields of its items. Raises BadBody.

    What is cut is not looked at, so JSON that is broken in there alone does no harm.
    """
    short, cuts = shortened(body)
    if cuts:
        try:
            items = items_of(short, kind)
        except BadBody:
            items = []  # the page as it came says why
        if _drop(items) == cuts:
            return items
    del short
    items = items_of(body, kind)
    _drop(items)
    return items


def shortened(body: bytes) -> tuple[bytes, int]:
    """The text with marks in the place of lists at keys that are called managedFields, and how many.

    In JSON the places that are cut are what they seem: a quote behind a comma or a brace is no escaped one. One before
    a letter does not end a string, so it begins one: the key, and at the end the next key. Thus the bracket before that
    is outside of all strings, and with no other bracket in between it closes the one that the list begins with.
    """
    pieces = list(_pieces(body))
    return (_WRITTEN.join(pieces), len(pieces) - 1) if len(pieces) > 1 else (body, 0)


def _pieces(body: bytes) -> Iterator[bytes]:
    """What is left between the cuts."""
    find, done, at = body.find, 0, body.find(_KEY, 0, _AHEAD)
    while at >= 0:
        end = find(b"]", at)
        if body[at - 1] in _BEFORE and find(b"[", at + len(_KEY), end) < 0 and _BEHIND.match(body, end + 1):
            yield body[done:at]
            done = end + 1
        at = find(_KEY, end) if end > 0 else -1
    yield body[done:]


def _drop(items: Iterable[Json]) -> int:
    """Remove the managedFields of items; how many were marks."""
    marks = 0
    for item in items:
        metadata = item.get("metadata") if type(item) is dict else None
        if type(metadata) is dict:
            marks += metadata.pop(_NAME, None) == _MARK
    return marks
