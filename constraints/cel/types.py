"""CEL's static types, and how they are written in declarations: `list(<T>)`, `map(string, int)`."""

from __future__ import annotations

import re
from typing import Final

from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class Type:
    """A type. Parameters of declarations are named `<A>`, variables of the checker `?1`; `!error!` is neither wrong."""

    name: str
    parameters: tuple[Type, ...] = ()

    @property
    def is_variable(self) -> bool:
        """Whether it stands for another type."""
        return self.name[0] in "?<"

    @property
    def is_dyn(self) -> bool:
        """Whether anything may be there."""
        return self.name in ("dyn", "!error!")

    def __str__(self) -> str:
        name = _SHOWN.get(self.name, self.name)
        return f"{name}({', '.join(map(str, self.parameters))})" if self.parameters else name


_SHOWN: Final = {
    "null_type": "null",
    "google.protobuf.Timestamp": "timestamp",
    "google.protobuf.Duration": "duration",
}
DYN: Final = Type("dyn")
ERROR: Final = Type("!error!")
BOOL: Final = Type("bool")
INT: Final = Type("int")
UINT: Final = Type("uint")
DOUBLE: Final = Type("double")
STRING: Final = Type("string")
BYTES: Final = Type("bytes")
NULL: Final = Type("null_type")
TIMESTAMP: Final = Type("google.protobuf.Timestamp")
DURATION: Final = Type("google.protobuf.Duration")
MAP_DYN: Final = Type("map", (DYN, DYN))


def list_of(item: Type) -> Type:
    """A list."""
    return Type("list", (item,))


def map_of(key: Type, value: Type) -> Type:
    """A map."""
    return Type("map", (key, value))


def optional_of(item: Type) -> Type:
    """A value that may be absent."""
    return Type("optional_type", (item,))


def wrapper_of(item: Type) -> Type:
    """What a message like google.protobuf.BoolValue makes: the same values, comparable with null."""
    return Type("wrapper", (item,))


def unwrapped(item: Type) -> Type:
    """The type of the values."""
    return item.parameters[0] if item.name == "wrapper" else item


def equivalent(a: Type, b: Type) -> bool:
    """Whether they are the same types of values."""
    a, b = unwrapped(a), unwrapped(b)
    same = a.name == b.name and len(a.parameters) == len(b.parameters)
    return same and all(map(equivalent, a.parameters, b.parameters))


def type_of(item: Type) -> Type:
    """The type of a type."""
    return Type("type", (item,))


_WORD: Final = re.compile(r"[(),]|[^(),\s]+")


def parse_type(text: str) -> Type:
    """A type as it is written in a declaration."""
    return _read(_WORD.findall(text), 0)[0]


def parse_types(text: str) -> tuple[Type, ...]:
    """Types between commas; none for the empty text."""
    return parse_type(f"arguments({text})").parameters if text.strip() else ()


def _read(words: list[str], place: int) -> tuple[Type, int]:
    """The type that begins at `place`, and the place behind it."""
    name, place = words[place], place + 1
    parameters: list[Type] = []
    if place < len(words) and words[place] == "(":
        while words[place] != ")":
            found, place = _read(words, place + 1)
            parameters.append(found)
        place += 1
    return Type(name, tuple(parameters)), place
