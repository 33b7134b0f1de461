"""Files of results as values, a line at a time: nothing but what is asked for stays in memory."""

from __future__ import annotations

import sys
import zlib
from collections.abc import Iterator, Mapping
from contextlib import contextmanager
from io import BufferedIOBase, BufferedReader, FileIO
from typing import Final

import orjson

from audit.errors import ResultsError
from audit.fields import AUDIT_FINISHED, AUDIT_GAP, AUDIT_STARTED, CONSTRAINT_AUDITED, VIOLATION_AUDITED, printable
from audit.results.format import FORMAT, GZIPPED, VERSION
from constraints.dataclass import value
from constraints.model import Json

STDIN: Final = "-"
_LONGEST: Final = 1 << 28  # bytes of a line: whatever is longer is none of ours
_BUFFER: Final = 1 << 18
_SHOWN: Final = 40


@value
class Line:
    """One line of a file; `number` counts from 1."""

    file: str
    number: int
    fields: Mapping[str, Json]

    def text(self, key: str) -> str:
        """A field that is a text. Raises ResultsError."""
        found = self.fields.get(key)
        if not isinstance(found, str):
            raise wrong(self.file, self.number, f"{key} is {_shown(found)}, not a text")
        return found

    def count(self, key: str) -> int:
        """A field that is a whole number. Raises ResultsError."""
        found = self.fields.get(key)
        if type(found) is not int:
            raise wrong(self.file, self.number, f"{key} is {_shown(found)}, not a whole number")
        return found


@value
class Found:
    """A violation as a file tells it; `message` is the whole one, `fields` are those of the line."""

    constraint_kind: str
    constraint_name: str
    action: str
    group: str
    version: str
    kind: str
    namespace: str
    name: str
    uid: str
    short: str
    message: str
    fields: Mapping[str, Json]

    @classmethod
    def of(cls, line: Line) -> Found:
        """Raises ResultsError where the line is not what it should be."""
        text, short = line.text, line.text("msg")
        return cls(
            text("constraint_kind"),
            text("constraint_name"),
            text("constraint_action"),
            text("resource_group"),
            text("resource_api_version"),
            text("resource_kind"),
            text("resource_namespace"),
            text("resource_name"),
            text("resource_uid"),
            short,
            text("full_message") if "full_message" in line.fields else short,
            line.fields,
        )

    @property
    def constraint(self) -> str:
        """`<Kind>/<name>`."""
        return f"{self.constraint_kind}/{self.constraint_name}"

    @property
    def object(self) -> str:
        """`Pod payments/ledger`, with the group where there is one: `Deployment.apps shop/cart`."""
        kind = f"{self.kind}.{self.group}" if self.group else self.kind
        return f"{kind} {self.namespace}/{self.name}" if self.namespace else f"{kind} {self.name}"


class RunFile:
    """The results of one run, read once from the beginning to the end.

    `head` is there at once; `gaps`, `constraints` and `end` once all `violations` have gone past.
    """

    def __init__(self, name: str, stream: BufferedIOBase) -> None:
        self.name = name
        self._lines = _lines(name, stream)
        self.head = _head(name, self._lines)
        self.gaps: list[Line] = []
        self.constraints: list[Line] = []
        self._end: Line | None = None

    @property
    def audit_id(self) -> str:
        """The run's own name."""
        return self.head.text("audit_id")

    @property
    def end(self) -> Line:
        """The last line. Raises ResultsError before it was read."""
        if self._end is None:
            raise ResultsError(f"{self.name}: was not read to its end")
        return self._end

    def violations(self) -> Iterator[Found]:
        """Each of them. Raises ResultsError, with the line, where the file is broken or ends too early."""
        number, last = 0, self.head.number
        for line in self._lines:
            last, event = line.number, line.text("event_type")
            if self._end is not None:
                raise wrong(self.name, last, f"nothing should come after {AUDIT_FINISHED}")
            if event == VIOLATION_AUDITED:
                number += 1
                yield Found.of(line)
            elif event == AUDIT_GAP:
                self.gaps.append(line)
            elif event == CONSTRAINT_AUDITED:
                self.constraints.append(line)
            elif event == AUDIT_FINISHED:
                self._end = line
        if self._end is None:
            raise wrong(self.name, last, f"the file ends here, without {AUDIT_FINISHED}: it is not whole")
        for key, counted in (("violations", number), ("gaps", len(self.gaps)), ("constraints", len(self.constraints))):
            if self._end.count(key) != counted:
                raise wrong(self.name, last, f"{counted} {key} were read, {self._end.count(key)} were written")


@contextmanager
def opened(path: str) -> Iterator[RunFile]:
    """A file of results while the block lasts, `-` for standard input. Raises ResultsError."""
    if path == STDIN:
        yield RunFile("standard input", _unpacked(BufferedReader(FileIO(sys.stdin.fileno(), closefd=False))))
        return
    try:
        file = BufferedReader(FileIO(path), _BUFFER)
    except (OSError, ValueError) as error:  # a ValueError is for a name that none can have
        raise ResultsError(f"{path}: {getattr(error, 'strerror', None) or error}") from error
    with file:
        yield RunFile(path, _unpacked(file))


def wrong(file: str, number: int, what: str) -> ResultsError:
    """What is to be said of a line that is not what it should be."""
    return ResultsError(f"{printable(file)}: line {number}: {what}")


def _unpacked(file: BufferedReader[FileIO]) -> BufferedIOBase:
    """By what the file begins with, whatever its name."""
    try:
        packed = file.peek(len(GZIPPED)).startswith(GZIPPED)
    except OSError as error:
        raise ResultsError(f"{file.name}: {error.strerror}") from error
    if not packed:
        return file
    import gzip  # late: not every file is

    return gzip.GzipFile("", "rb", fileobj=file)


def _lines(name: str, stream: BufferedIOBase) -> Iterator[Line]:
    number = 0
    while True:
        number += 1
        try:
            data = stream.readline(_LONGEST)
        except EOFError:
            raise wrong(name, number, "the compressed data ends here: the file is not whole") from None
        except (OSError, zlib.error) as error:
            raise wrong(name, number, f"cannot be read: {getattr(error, 'strerror', None) or error}") from error
        if not data:
            return
        yield Line(name, number, _fields(name, number, data))


def _fields(name: str, number: int, data: bytes) -> Mapping[str, Json]:
    if not data.endswith(b"\n"):
        what = "is longer than any of ours" if len(data) >= _LONGEST else "has no end: the file is not whole"
        raise wrong(name, number, what)
    try:
        fields = orjson.loads(data[:-1])
    except orjson.JSONDecodeError as error:
        raise wrong(name, number, f"is not JSON at character {error.colno}: {error.msg}") from None
    if not isinstance(fields, dict):
        raise wrong(name, number, f"{_shown(fields)} is no object")
    return fields


def _head(name: str, lines: Iterator[Line]) -> Line:
    """The first line. Raises ResultsError for a file of another kind, or of a version that is not known here."""
    line = next(lines, None)
    if line is None:
        raise ResultsError(f"{name}: is empty")
    if line.fields.get("event_type") != AUDIT_STARTED or line.fields.get("format") != FORMAT:
        raise wrong(name, 1, f"this is not a file of results: it does not begin with the format {FORMAT}")
    version = line.count("version")
    if version > VERSION:
        text = f"its format is of version {version}, and this kube-patrol reads version {VERSION}; use a newer one"
        raise wrong(name, 1, text)
    line.text("audit_id")
    line.text("started")
    return line


def _shown(found: Json) -> str:
    text = printable(orjson.dumps(found).decode()) if found is not None else "missing"
    return text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
