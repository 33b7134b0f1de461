"""Messages of a run as they wait: some of them together, as the lines that they are published as (pure)."""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Sequence
from typing import Final, overload

import orjson

from constraints.dataclass import dataclass

START, VIOLATION, END, DROPPED = b"S", b"V", b"E", b"D"
TOGETHER: Final = 64  # messages of a record, as a rule; it is never in two batches
LONGEST_HEAD: Final = 1 << 9  # bytes
_HEAD: Final = re.compile(rb"([SVED]) (\S+) (\d{1,18}) (\d{1,18})")


class Messages(Sequence[bytes]):
    """Messages in their order, each the JSON of one object; `lines` has all of them, each with a line break."""

    __slots__ = ("_each", "_number", "lines")

    def __init__(self, lines: bytes, number: int) -> None:
        self.lines = lines
        self._number = number
        self._each: list[bytes] | None = None

    @classmethod
    def of(cls, messages: Iterable[bytes]) -> Messages:
        """Of messages without line breaks."""
        lines = [message + b"\n" for message in messages]
        return cls(b"".join(lines), len(lines))

    def __len__(self) -> int:
        return self._number

    @overload
    def __getitem__(self, at: int) -> bytes: ...

    @overload
    def __getitem__(self, at: slice) -> list[bytes]: ...

    def __getitem__(self, at: int | slice) -> bytes | list[bytes]:
        return self._split()[at]

    def __iter__(self) -> Iterator[bytes]:
        return iter(self._split())

    def __repr__(self) -> str:
        return f"Messages({self._number})"

    def _split(self) -> list[bytes]:
        """Only those ask for this who do not take them as they are."""
        if self._each is None:
            self._each = self.lines.split(b"\n")[:-1]
        return self._each


@dataclass(frozen=True, slots=True)
class Head:
    """What is said of some messages of a run before their lines: of which kind they are, how many, in how many bytes.

    Those of the kind DROPPED are not there.
    """

    kind: bytes
    run: str
    number: int
    length: int

    @classmethod
    def read(cls, line: bytes) -> Head:
        """Raises ValueError for what is none."""
        found = _HEAD.fullmatch(line)
        if found is None:
            raise ValueError(f"no head of a record: {line[:40]!r}")
        kind, run, number, length = found.groups()
        return cls(kind, run.decode(errors="replace"), int(number), int(length))

    @property
    def data(self) -> bytes:
        """Its line."""
        return b"%s %s %d %d\n" % (self.kind, self.run.encode(), self.number, self.length)

    @property
    def size(self) -> int:
        """The bytes that it takes with the lines."""
        return len(self.data) + self.length

    @property
    def there(self) -> int:
        """How many messages there are."""
        return self.number if self.kind != DROPPED else 0


@dataclass(frozen=True, slots=True)
class Record:
    """Some messages of one kind, of one run."""

    head: Head
    lines: bytes = b""

    @classmethod
    def of(cls, kind: bytes, run: str, messages: Messages) -> Record:
        """All of these messages."""
        return cls(Head(kind, run, len(messages), len(messages.lines)), messages.lines)

    @classmethod
    def dropped(cls, run: str, number: int) -> Record:
        """So many that are not there."""
        return cls(Head(DROPPED, run, number, 0))

    def without(self, number: int) -> Record:
        """What is left without so many of the first messages."""
        rest = Messages(self.lines, self.head.number)[number:] if number else ()
        return Record.of(self.head.kind, self.head.run, Messages.of(rest)) if number else self

    def sound(self) -> Record:
        """Without what is no JSON, as after damage to a disk: then fewer messages are left."""
        return Record.of(self.head.kind, self.head.run, Messages.of(filter(_is_json, self.lines.split(b"\n")[:-1])))

    @property
    def damaged(self) -> int:
        """How many messages are not sound."""
        return self.head.there - self.sound().head.number

    @property
    def size(self) -> int:
        """The bytes that it takes."""
        return self.head.size


def _is_json(message: bytes) -> bool:
    try:
        orjson.loads(message)
    except orjson.JSONDecodeError:
        return False
    return True


def read_records(data: bytes) -> tuple[list[Record], int]:
    """The whole records that `data` begins with, and where the last one ends. Raises ValueError for what is none."""
    found: list[Record] = []
    at = 0
    while (line_end := data.find(b"\n", at, at + LONGEST_HEAD)) >= 0:
        head = Head.read(data[at:line_end])
        end = line_end + 1 + head.length
        if end > len(data):
            break
        found.append(Record(head, data[line_end + 1 : end]))
        at = end
    return found, at
