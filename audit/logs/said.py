"""What violations say, as JSON: made once for a part of a page, however many tell of it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

import orjson

from audit.fields import truncate
from audit.logs.streams import JSON_OPTIONS, json_default
from audit.verdicts import Reviewed
from constraints import ObjectRef, Violation

_SHORT: Final = 64  # characters that never make more than 256 bytes
Named = tuple[bytes, bytes, bytes]
"""Of an object: its namespace, name and labels."""
Said = tuple[Violation, bytes, bytes, Named] | tuple[Violation, None, None, None]
"""A violation, its message cut as in the log, its details, and its object; None where something of it has no place in
JSON as it is.
"""


class Saying:
    """Keeps what the violations of one part of a page say, for those who are told of it one after the other.

    Not for several threads.
    """

    def __init__(self) -> None:
        self._part: Reviewed | None = None
        self._said: Sequence[Said] = ()

    def of(self, reviewed: Reviewed) -> Sequence[Said]:
        """What all violations of it say, in their order."""
        if reviewed is not self._part:
            self._part, self._said = reviewed, [*said(reviewed.violations())]
        return self._said

    def over(self) -> None:
        """All have been told of it."""
        self._part, self._said = None, ()


def said(violations: Iterable[Violation]) -> Iterator[Said]:
    """What violations say; most of those that follow each other are of one object."""
    item: ObjectRef | None = None
    named = (b"", b"", b"")
    dumps, options, default = orjson.dumps, JSON_OPTIONS, json_default
    for violation in violations:
        message, details, ref = violation.message, violation.details, violation.object
        short = message if len(message) <= _SHORT else truncate(message)
        try:
            if ref is not item:
                named = dumps(ref.namespace), dumps(ref.name), dumps(ref.labels, default, options)
                item = ref
            if details is None:
                told = b"null"
            elif type(details) is dict and not details:
                told = b"{}"
            else:  # in a list, so that it is as deep as in a line: what is too deep there is too deep here
                told = dumps([details], default, options)[1:-1]
            text = dumps(short)
        except TypeError:  # what has to be made readable first
            item = None
            yield violation, None, None, None
            continue
        yield violation, text, told, named
