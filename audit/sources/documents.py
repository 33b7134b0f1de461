"""The documents of a text, as Kubernetes' decoder finds them (apimachinery's YAMLOrJSONDecoder).

A text that begins like JSON is a stream of JSON values; where that breaks off in one of the first two, the rest is
YAML. YAML documents stand between lines that begin with `---`.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any, Final

import orjson

from audit.errors import InputError
from audit.gojson import Broken, Text, kind
from audit.sources.goyaml import KUBERNETES, Dialect, Malformed, float64
from constraints.dataclass import value
from constraints.model import Json

LARGEST: Final = 8 << 20  # bytes of one YAML document: its nodes take up to 150 times as much memory
LARGEST_JSON: Final = 64 << 20  # bytes of JSON in one file, which takes up to thirty times as much

_SEPARATOR: Final = b"---"
_EMPTY: Final = re.compile(rb"(?:---[\x20-\x7e]*\n)?(?: *(?:#[\x20-\x7e]*)?\n)*\Z")
_LIKE_JSON: Final = re.compile(rb"(?:---[\x20-\x7e]*\n)?[ \n]*+(?=\{)")
_LOOK_AHEAD: Final = 1024
_SPACE: Final = "[\t\n\v\f\r \x85\xa0\u1680\u2000-\u200a\u2028\u2029\u202f\u205f\u3000]"
_BRACE: Final = re.compile(rf"{_SPACE}*\{{")
_LINE_END: Final = re.compile(rf"(?:(?!\n){_SPACE})*\n?")
_FEWEST_LEFT: Final = 4  # bytes; with fewer the decoder does not try YAML
_SHOWN: Final = 80
_MANY: Final = 2  # JSON values that make a text JSON for good

# A number in JSON that may not be a float64 as it stands. It is looked for in what is left of a text when all is one
# that looks the same to it, and characters that are in no number and next to none are gone: that is faster. Sometimes
# it then is a part of a text, which does no harm; the quantifiers give nothing back, so hostile text costs no more.
_ODD_NUMBER: Final = re.compile(rb":0(?:0{6}|0*+\.)[0.]*+:")
_LOOKS: Final = bytes.maketrans(b"123456789eE,[]}", b"000000000..::::")
_NO_NUMBER: Final = bytes({*range(256)} - {*b'0123456789.eE:,[]}"'})
_MINUS_ZERO: Final = re.compile(rb"-0\s*+[,}\]]")  # or a part of a text: that is no harm
# What JSON allows and YAML does not: half characters, control characters, keys that end on another line or are long.
_ESCAPED: Final = re.compile(rb"\\u[dD][89a-fA-F]|\\/")
_CONTROL: Final = re.compile(rb"\xc2[\x80-\x9f]|\xe2\x80[\xa8\xa9]|\xef\xbf[\xbe\xbf]")
_PARTED: Final = re.compile(rb'"[ \t\r]*+\n\s*+:')
_LONG_KEY: Final = 1000
_LONG: Final = re.compile(
    rb'"[^"\n]{%d,}+"(?:(?<=\\")|\s*+:)' % _LONG_KEY
)  # up to an escaped quote: it may go on to be one


@value
class Document:
    """An object and where it stands: 1-based number and line; empty documents are not counted."""

    value: dict[str, Json]
    number: int
    line: int


@value
class _Part:
    text: bytes
    number: int
    line: int


def documents(data: bytes, dialect: Dialect) -> Iterator[Document]:
    """The objects that `data` holds. Raises InputError, in Go's words with the place behind them."""
    if not _BRACE.match(data[:_LOOK_AHEAD].decode("utf-8", "replace")):
        yield from _parsed(_parts(data, 1, 1), dialect)
    elif len(data) > LARGEST_JSON:
        raise InputError(f"json: more than {LARGEST_JSON >> 20} MiB (document 1, line 1)")
    elif (value := _json(data, dialect)) is not None:
        if value:
            yield Document(value, 1, 1)
    else:
        yield from _stream(data, dialect)


def _json(data: bytes, dialect: Dialect) -> dict[str, Json] | None:
    """The only value of `data`; None where it is no such object, or must be looked at more closely."""
    try:
        value = orjson.loads(data)
    except orjson.JSONDecodeError:
        return None
    if not isinstance(value, dict) or (b"-0" in data and _MINUS_ZERO.search(data)):
        return None
    return float64(value) if dialect is KUBERNETES and _ODD_NUMBER.search(data.translate(_LOOKS, _NO_NUMBER)) else value


def _stream(data: bytes, dialect: Dialect) -> Iterator[Document]:
    """JSON values one after the other, and YAML from where they break off."""
    text = Text(data, dialect.numbers)
    count, at, line = 0, 0, 1
    while (start := text.start(at)) < len(text.data):
        begins = line + text.data.count("\n", at, start)
        try:
            value, end = text.value(start)
            _check_kind(value, "")
        except (InputError, RecursionError) as error:
            if count >= _MANY:
                raise _told(error, count + 1, begins) from error
            offset = f"json: offset {error.offset}: " if isinstance(error, Broken) and error.offset else ""
            broken = _told(InputError(f"{offset}{_words(error)}"), count + 1, begins)
            if (rest := _rest(text.data[at:])) is None:
                raise broken from error
            line += text.data.count("\n", at, len(text.data) - len(rest))
            yield from _parsed(_parts(rest.encode("utf-8", "surrogateescape"), count + 1, line), dialect, broken)
            return
        count += 1
        if value:
            yield Document(value, count, begins)
        line, at = begins + text.data.count("\n", start, end), end


def _rest(text: str) -> str | None:
    """What the decoder hands to YAML where JSON broke off: without space up to the end of a line; None for nothing."""
    found = _LINE_END.match(text)
    end = found.end() if found else 0
    looked_at = text[end - 1 if text[:end].endswith("\n") else end :][:_FEWEST_LEFT].encode("utf-8", "surrogateescape")
    return text[end:] if len(looked_at) >= _FEWEST_LEFT and looked_at[:1] != b"\xff" else None


def _parts(data: bytes, number: int, line: int) -> Iterator[_Part]:
    """What stands between lines of `---`; of documents without anything but comments the text is left out."""
    data = data.replace(b"\r\n", b"\n")
    data = data if data.endswith(b"\n") else data + b"\n"
    start = 0
    for at in _separators(data):
        end = at if at < 0 else data.index(b"\n", at)
        if at >= 0 and end > at + len(_SEPARATOR):
            _check_separator(data[at + len(_SEPARATOR) : end], number, line + data.count(b"\n", start, at))
        part = data[start : at if at >= 0 else len(data)]
        if not part:
            continue  # a line of --- before anything else belongs to what follows
        empty = _EMPTY.match(part)
        yield _Part(b"" if empty else part, number, line)
        number += not empty
        line += part.count(b"\n") + 1
        start = end + 1


def _separators(data: bytes) -> Iterator[int]:
    """Where lines that begin with `---` begin, and -1 at last."""
    at = 0 if data.startswith(_SEPARATOR) else data.find(b"\n" + _SEPARATOR) + 1
    while at or data.startswith(_SEPARATOR):
        yield at
        at = data.find(b"\n" + _SEPARATOR, at) + 1
        if not at:
            break
    yield -1


def _check_separator(rest: bytes, number: int, line: int) -> None:
    text = rest.decode("utf-8", "replace").strip()
    if text and not text.startswith("#"):
        raise _told(InputError(f"invalid Yaml document separator: {text[:_SHOWN]}"), number, line)


def _parsed(parts: Iterator[_Part], dialect: Dialect, broken: InputError | None = None) -> Iterator[Document]:
    """`broken`: what was wrong with the first of them as JSON, which is told when it is no YAML either."""
    try:
        for part in parts:
            value = _value(part, dialect)
            broken = None
            if value:
                yield Document(value, part.number, part.line)
    except InputError as error:
        raise broken or error from error


def _value(part: _Part, dialect: Dialect) -> dict[str, Json] | None:
    value: Any
    try:
        value = _one(part.text, dialect)
        _check_kind(value)
    except (Malformed, RecursionError) as error:
        raise _told(error, part.number, part.line) from error
    return value or None


def _one(text: bytes, dialect: Dialect) -> Json:
    if not text:
        return None
    found = _LIKE_JSON.match(text)
    if found:
        like = text[found.end() :].rstrip(b" \n")
        if like.endswith(b"}") and _is_alike(like):  # JSON is read twenty times as fast
            value = _json(like, dialect)
            if value is not None:
                return value
    if len(text) > LARGEST:
        raise Malformed(f"error converting YAML to JSON: yaml: a document of more than {LARGEST >> 20} MiB")
    return dialect.load(text)


def _is_alike(text: bytes) -> bool:
    """Whether what is JSON is the same in YAML; each pattern is looked for only where it can be."""
    return not (
        b"\x7f" in text
        or (b"\\" in text and _ESCAPED.search(text))
        or (not text.isascii() and _CONTROL.search(text))
        or (_has_long(text) and _LONG.search(text))
        or (b"\n" in text and _PARTED.search(text))
    )


def _has_long(text: bytes) -> bool:
    """Whether a quote may be followed by a long text without one, which then has all of one half of that length."""
    half = _LONG_KEY // 2
    return any(text.find(b'"', at, at + half) < 0 for at in range(0, len(text), half))


def _check_kind(value: Json, words: str = "error unmarshaling JSON: while decoding JSON: ") -> None:
    if value is not None and not isinstance(value, dict):
        raise Malformed(f"{words}json: cannot unmarshal {kind(value)} into Go value of type map[string]interface {{}}")


def _told(error: Exception, number: int, line: int) -> InputError:
    at = line + (error.line if isinstance(error, Malformed) else 0)
    return InputError(f"{_words(error)} (document {number}, line {at})")


def _words(error: Exception) -> str:
    return "nested too deeply" if isinstance(error, RecursionError) else str(error)
