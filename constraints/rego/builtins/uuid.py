"""`uuid.rfc4122` and `uuid.parse` (facts: OPA's internal/uuid and the google/uuid package that it uses)."""

from __future__ import annotations

import re
from typing import Final

from constraints.rego.builtins import builtin
from constraints.rego.builtins.operands import string
from constraints.rego.builtins.outside import Context
from constraints.rego.values.kinds import UNDEFINED, Value

_HEX: Final = "[0-9a-fA-F]"
_DASHED: Final = re.compile(f"{_HEX}{{8}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{4}}-{_HEX}{{12}}")
_PLAIN: Final = re.compile(f"{_HEX}{{32}}")
_GREGORIAN: Final = 122_192_928_000_000_000  # hundreds of nanoseconds from 1582-10-15 to 1970
_DOMAINS: Final = ("Person", "Group", "Org")


@builtin("uuid.rfc4122", "string", result="string", contextual=True, pure=False)
def rfc4122(context: Context, key: Value) -> str:
    """A random UUID (version 4); the same for equal keys in one query."""
    place = ("uuid.rfc4122", string(key, 1))
    if place not in context.memory:
        random = bytearray(context.outside.entropy(16))
        random[6] = random[6] & 0x0F | 0x40
        random[8] = random[8] & 0x3F | 0x80
        digits = random.hex()
        context.memory[place] = f"{digits[:8]}-{digits[8:12]}-{digits[12:16]}-{digits[16:20]}-{digits[20:]}"
    made: str = context.memory[place]
    return made


@builtin("uuid.parse", "string", result="object[string:any]")
def parse(text: Value) -> Value:
    """Version and variant, and of the versions 1 and 2 what else they tell; undefined for what is no UUID."""
    digits = _digits(string(text, 1))
    if digits is None:
        return UNDEFINED
    data = bytes.fromhex(digits)
    version = data[6] >> 4
    found: dict[str, Value] = {"version": version, "variant": _variant(data[8])}
    if version in (1, 2):
        found.update(_timed(data))
    if version == 2:
        found.update(id=int.from_bytes(data[:4], "big"), domain=_domain(data[9]))
    return found


def _digits(text: str) -> str | None:
    """The 32 digits of any form: with dashes or without, in braces, as a URN."""
    if len(text) == 45 and text[:9].lower() == "urn:uuid:":
        text = text[9:]
    elif len(text) == 38:
        text = text[1:-1]  # whatever the braces are
    elif len(text) == 32 and _PLAIN.fullmatch(text):
        return text
    return text.replace("-", "") if _DASHED.fullmatch(text) else None


def _variant(byte: int) -> str:
    if byte & 0xC0 == 0x80:
        return "RFC4122"
    if byte & 0xE0 == 0xC0:
        return "Microsoft"
    return "Future" if byte & 0xE0 == 0xE0 else "Reserved"


def _timed(data: bytes) -> dict[str, Value]:
    ticks = int.from_bytes(data[:4], "big") | int.from_bytes(data[4:6], "big") << 32
    ticks |= (int.from_bytes(data[6:8], "big") & 0x0FFF) << 48
    node = data[10:]
    return {
        "time": ((ticks - _GREGORIAN) * 100 + 2**63) % 2**64 - 2**63,  # an int64 that overflows
        "nodeid": "-".join(f"{byte:02x}" for byte in node),
        "macvariables": ("local" if node[0] & 2 else "global") + ":" + ("multicast" if node[0] & 1 else "unicast"),
        "clocksequence": int.from_bytes(data[8:10], "big") & 0x3FFF,
    }


def _domain(number: int) -> str:
    return _DOMAINS[number] if number < len(_DOMAINS) else f"Domain{number}"
