"""Reads DER, for the raw parts of certificates that libraries do not hand out (X.690)."""

from __future__ import annotations

from collections.abc import Iterator

from constraints.dataclass import dataclass

SEQUENCE = 0x30
SET = 0x31
OCTETS = 0x04
BOOLEAN = 0x01
OBJECT_ID = 0x06


@dataclass(frozen=True, slots=True)
class Element:
    """One element: its tag byte, its content, and all of it as it was written."""

    tag: int
    content: bytes
    raw: bytes

    def children(self) -> list[Element]:
        """The elements inside a constructed one. Raises ValueError for what is no DER."""
        return list(elements(self.content))


def elements(data: bytes) -> Iterator[Element]:
    """The elements that stand one behind the other. Raises ValueError for what is no DER."""
    start = 0
    while start < len(data):
        found = _element(data, start)
        start += len(found.raw)
        yield found


def _element(data: bytes, start: int) -> Element:
    if len(data) < start + 2 or data[start] & 0x1F == 0x1F:
        raise ValueError("truncated element, or one with a tag of several bytes")
    length, begin = data[start + 1], start + 2
    if length >= 0x80:
        width = length & 0x7F
        length = int.from_bytes(data[begin : begin + width], "big")
        begin += width
        if not 0 < width <= 4:
            raise ValueError(f"a length of {width} bytes")
    end = begin + length
    if end > len(data):
        raise ValueError("truncated element")
    return Element(data[start], data[begin:end], data[start:end])


def object_id(content: bytes) -> list[int]:
    """The numbers of an OBJECT IDENTIFIER."""
    arcs, value = [], 0
    for byte in content:
        value = value << 7 | byte & 0x7F
        if byte < 0x80:
            arcs.append(value)
            value = 0
    if not arcs:
        raise ValueError("empty object identifier")
    first = min(arcs[0] // 40, 2)
    return [first, arcs[0] - 40 * first, *arcs[1:]]
