"""`base64.*`, `base64url.*`, `hex.*` and `urlquery.*` (facts: OPA's topdown/encoding.go and Go's encodings)."""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from typing import Final
from urllib.parse import quote_plus

from constraints.golang.utf8 import from_bytes
from constraints.rego.builtins import BuiltinError, builtin, wrong_type
from constraints.rego.builtins.gourl import unescape
from constraints.rego.builtins.operands import as_bytes, string, unfit
from constraints.rego.values.kinds import Value, is_object
from constraints.rego.values.order import type_name
from constraints.rego.values.plain import to_json

_STANDARD: Final = re.compile(rb"[A-Za-z0-9+/]*")
_MOST_PARAMETERS: Final = 10_000  # that Go 1.26 reads
_URL: Final = re.compile(rb"[A-Za-z0-9_-]*")


def unpacked(text: str) -> bytes:
    """The bytes that padded base64 stands for. Raises BuiltinError with Go's words."""
    return _unpacked(text, _STANDARD)


def unpacked_url(text: str) -> bytes:
    """The bytes that base64 with `-` and `_` stands for, padded or not. Raises BuiltinError with Go's words."""
    if not text.endswith("="):
        over = len(as_bytes(text)) % 4
        if over == 1:
            raise BuiltinError(f"illegal base64url string: {text}")
        text += "=" * (-over % 4)
    return _unpacked(text, _URL)


def _unpacked(text: str, alphabet: re.Pattern[bytes]) -> bytes:
    """Go's strict decoding with padding; line ends count for nothing."""
    data = as_bytes(text)
    packed = data.replace(b"\r", b"").replace(b"\n", b"")
    body = alphabet.match(packed)
    bad = _mistake(packed, body.end() if body else 0)
    if bad is not None:
        raise BuiltinError(f"illegal base64 data at input byte {_input_byte(data, bad)}")
    return base64.b64decode(packed, altchars=b"-_" if alphabet is _URL else b"+/")


def _mistake(packed: bytes, end: int) -> int | None:
    """Where Go sees that this is no base64; it has the alphabet's characters up to `end`."""
    over, rest = end % 4, packed[end:]
    if not rest:
        return end - over if over else None
    if rest[:1] != b"=" or over < 2 or (over == 2 and rest[1:2] not in (b"", b"=")):
        return end
    if over == 2 and rest == b"=":
        return len(packed)
    padded = end + 4 - over
    return padded if len(packed) > padded else None


def _input_byte(data: bytes, packed: int) -> int:
    """The place in the input of a byte counted without line ends."""
    for place, byte in enumerate(data):
        if byte not in b"\r\n":
            if packed == 0:
                return place
            packed -= 1
    return len(data)


@builtin("base64.encode", "string", result="string")
def base64_encode(text: Value) -> str:
    """In base64, padded."""
    return base64.b64encode(as_bytes(string(text, 1))).decode("ascii")


@builtin("base64.decode", "string", result="string")
def base64_decode(text: Value) -> str:
    """The string that padded base64 stands for."""
    return from_bytes(unpacked(string(text, 1)))


@builtin("base64.is_valid", "string", result="boolean")
def base64_is_valid(text: Value) -> bool:
    """Whether it is padded base64; false for what is no string."""
    if not isinstance(text, str):
        return False
    try:
        unpacked(text)
    except BuiltinError:
        return False
    return True


@builtin("base64url.encode", "string", result="string")
def base64url_encode(text: Value) -> str:
    """In base64 with `-` and `_`, padded."""
    return base64.urlsafe_b64encode(as_bytes(string(text, 1))).decode("ascii")


@builtin("base64url.encode_no_pad", "string", result="string")
def base64url_encode_no_pad(text: Value) -> str:
    """In base64 with `-` and `_`, not padded."""
    return base64url_encode(text).rstrip("=")


@builtin("base64url.decode", "string", result="string")
def base64url_decode(text: Value) -> str:
    """The string that base64 with `-` and `_` stands for, padded or not."""
    return from_bytes(unpacked_url(string(text, 1)))


@builtin("hex.encode", "string", result="string")
def hex_encode(text: Value) -> str:
    """Two lower-case digits a byte."""
    return as_bytes(string(text, 1)).hex()


@builtin("hex.decode", "string", result="string")
def hex_decode(text: Value) -> str:
    """The string of these bytes."""
    digits = as_bytes(string(text, 1))
    bad = re.search(rb"[^0-9A-Fa-f]", digits)
    if bad:
        byte = bad[0][0]
        shown = f" '{chr(byte)}'" if 0x20 <= byte < 0x7F or byte > 0xA0 else ""
        raise BuiltinError(f"encoding/hex: invalid byte: U+{byte:04X}{shown}")
    try:
        return from_bytes(binascii.unhexlify(digits))
    except binascii.Error as error:
        raise BuiltinError("encoding/hex: odd length hex string") from error


@builtin("urlquery.encode", "string", result="string")
def urlquery_encode(text: Value) -> str:
    """Escaped for a query, a space as `+`."""
    return quote_plus(as_bytes(string(text, 1)), safe="~")


@builtin("urlquery.decode", "string", result="string")
def urlquery_decode(text: Value) -> str:
    """The string that was escaped for a query."""
    return unescape(string(text, 1), plus=True)


@builtin("urlquery.encode_object", "object[string:string|array[string]|set[string]]", result="string")
def urlquery_encode_object(parameters: Value) -> str:
    """`a=1&b=2` in the order of keys; an array or set of strings gives its key more than once."""
    if not is_object(parameters):
        raise wrong_type(1, "object", type_name(parameters))
    pairs = sorted(to_json(parameters).items(), key=lambda pair: pair[0])
    return "&".join(f"{urlquery_encode(key)}={urlquery_encode(one)}" for key, value in pairs for one in _strings(value))


def _strings(value: Value) -> list[str]:
    found = value if isinstance(value, list) else [value]
    if not all(isinstance(one, str) for one in found):
        raise unfit(1, "values must be string, array[string], or set[string]")
    return found


@builtin("urlquery.decode_object", "string", result="object[string:array[string]]")
def urlquery_decode_object(query: Value) -> Value:
    """Each key with the array of its values."""
    found: dict[str, Value] = {}
    for key, value in _parameters(string(query, 1)):
        found.setdefault(key, []).append(value)
    return found


def _parameters(query: str) -> Iterator[tuple[str, str]]:
    if query.count("&") >= _MOST_PARAMETERS:
        raise BuiltinError("number of URL query parameters exceeded limit")
    for part in query.split("&"):
        if ";" in part:
            raise BuiltinError("invalid semicolon separator in query")
        if part:
            key, _, value = part.partition("=")
            yield unescape(key, plus=True), unescape(value, plus=True)
