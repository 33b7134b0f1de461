"""JSON as Go's decoder takes it: what is no character is replaced, a number that is no float64 is refused."""

from __future__ import annotations

import json
import re
from collections.abc import Callable
from typing import Final, NoReturn

from audit.errors import InputError
from constraints.golang.utf8 import replaced
from constraints.model import Json

_SPACE: Final = re.compile(r"[ \t\r\n]*")
_HALF: Final = re.compile(r"\\u[dD][89a-fA-F]")
_SHOWN: Final = 40  # characters of a wrong number
_LONGEST: Final = 20  # characters of an integer of 64 bits

Number = int | float


# What Go says of a character that Python's decoder does not expect.
_PLACES: Final = {
    "Expecting value": "looking for beginning of value",
    "Expecting property name enclosed in double quotes": "looking for beginning of object key string",
    "Illegal trailing comma before end of object": "looking for beginning of object key string",
    "Expecting ':' delimiter": "after object key",
    "Expecting ',' delimiter": "after object key:value pair",
    "Invalid control character at": "in string literal",
    "Invalid \\escape": "in string escape code",
}


class Broken(InputError):
    """A text that is not the JSON it should be, in Go's words; `offset` in characters, 0 for what it holds."""

    def __init__(self, message: str, offset: int = 0) -> None:
        super().__init__(message)
        self.offset = offset


def refuse(broken: Broken) -> NoReturn:
    """What becomes of a number that is none, where nothing else is said: the whole value is Broken."""
    raise broken


class Text:
    """Several JSON values one after the other.

    `number` takes each number, an int or a float, and gives what it becomes; `odd` does so for what is no float64.
    """

    def __init__(self, data: bytes, number: Callable[[Number], Number], odd: Callable[[Broken], Json] = refuse) -> None:
        self.data = data.decode("utf-8", "surrogateescape")
        self._clean = replaced(self.data)  # of the same length
        self._number = number
        self._odd = odd
        self._decoder = json.JSONDecoder(
            parse_int=self._whole, parse_float=self._fraction, parse_constant=self._constant, strict=True
        )

    @property
    def clean(self) -> str:
        """The text, with the replacement character for what is none; of the same length as `data`."""
        return self._clean

    def start(self, at: int) -> int:
        """Where the next value begins, the end of the text when there is none."""
        found = _SPACE.match(self._clean, at)
        return found.end() if found else at

    def value(self, start: int) -> tuple[Json, int]:
        """The value that begins there, and where it ends. Raises Broken, RecursionError."""
        try:
            value, end = self._decoder.raw_decode(self._clean, start)
        except json.JSONDecodeError as error:
            raise _broken(error, start) from error
        return (_mended(value) if _HALF.search(self._clean, start, end) else value), end

    def _whole(self, text: str) -> Json:
        if len(text) > _LONGEST or text == "-0":
            return self._fraction(text)
        return self._number(int(text))

    def _fraction(self, text: str) -> Json:
        number = float(text)
        if number in (float("inf"), float("-inf")):
            shown = text if len(text) <= _SHOWN else f"{text[:_SHOWN]}..."
            return self._odd(Broken(f"json: cannot unmarshal number {shown} into Go value of type float64"))
        return self._number(number)

    def _constant(self, name: str) -> Json:
        return self._odd(Broken(f"invalid character '{name[0]}' looking for beginning of value", 1))


def _broken(error: json.JSONDecodeError, start: int) -> Broken:
    place = next((told for said, told in _PLACES.items() if error.msg.startswith(said)), "")
    if not place or error.pos >= len(error.doc):
        return Broken("unexpected EOF")
    at = error.pos
    if error.doc[at] == "-" and place == "looking for beginning of value":
        at, place = min(at + 1, len(error.doc) - 1), "in numeric literal"
    char = chr(error.doc[at].encode()[0])  # Go tells the byte
    return Broken(f"invalid character '{char}' {place}", at + 1 - start)


def kind(value: Json) -> str:
    """What Go calls a value of JSON."""
    if value is None or isinstance(value, bool):
        return "null" if value is None else "bool"
    if isinstance(value, str):
        return "string"
    return "array" if isinstance(value, list) else "number"


def _mended(value: Json) -> Json:
    if isinstance(value, dict):
        return {replaced(key): _mended(item) for key, item in value.items()}
    if isinstance(value, list):
        return [_mended(item) for item in value]
    return replaced(value) if isinstance(value, str) else value
