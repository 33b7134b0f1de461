"""The types that builtins declare, from the text of `Builtin`: `string|array[number]`, `object[string:any]`."""

from __future__ import annotations

import re
from collections import deque
from functools import lru_cache
from typing import Final

from constraints.rego.types.kinds import (
    ANY,
    ANYTHING,
    ArrayOf,
    Field,
    ObjectOf,
    Others,
    Plain,
    SetOf,
    Type,
    object_of,
    scalar,
    union,
)

_NAMES: Final[dict[str, Type]] = {
    "any": ANY,
    "array": ArrayOf((), ANY),
    "object": ObjectOf((), ANYTHING),
    "set": SetOf(ANY),
}
_SEPARATORS: Final = re.compile(r"([|,:<>\[\]])")


@lru_cache(maxsize=256)
def declared(text: str) -> Type:
    """The type that a text means."""
    return _Reading(deque(part for part in _SEPARATORS.split(text) if part)).types()


class _Reading:
    """Reads words from the left."""

    def __init__(self, words: deque[str]) -> None:
        self.words = words

    def types(self) -> Type:
        """One type, or several with `|` between them."""
        options = [self._one()]
        while self._skipped("|"):
            options.append(self._one())
        return union(options) or ANY

    def _one(self) -> Type:
        name = self.words.popleft()
        if name == "array":
            return self._array()
        if name == "object":
            return self._object()
        if name == "set" and self._skipped("["):
            return SetOf(self._closed(self.types()))
        return _NAMES.get(name) or Plain(name)

    def _array(self) -> Type:
        items: list[Type] = []
        if self._skipped("<"):
            while not self._skipped(">"):
                items.append(self.types())
                self._skipped(",")
        rest = self._closed(self.types()) if self._skipped("[") else None
        return ArrayOf(tuple(items), rest) if items or rest is not None else _NAMES["array"]

    def _object(self) -> Type:
        fields: list[Field] = []
        if self._skipped("<"):
            while not self._skipped(">"):
                name = self.words.popleft()
                self._skipped(":")
                fields.append(Field(scalar(name), self.types()))
                self._skipped(",")
        others = self._others() if self._skipped("[") else None
        return object_of(fields, others) if fields or others is not None else _NAMES["object"]

    def _others(self) -> Others:
        """`key:value]`, or `value]` where keys may be anything."""
        first = self.types()
        if self._skipped(":"):
            return Others(first, self._closed(self.types()))
        return Others(ANY, self._closed(first))

    def _closed(self, kind: Type) -> Type:
        self._skipped("]")
        return kind

    def _skipped(self, word: str) -> bool:
        """Whether this word is the next, which is gone then."""
        if not self.words or self.words[0] != word:
            return False
        self.words.popleft()
        return True
