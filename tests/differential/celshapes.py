"""Random expressions of CEL over OBJECT: of the right types where these are known, and often failing where they are
not.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from random import Random
from typing import Any, Final

OBJECT: Final[dict[str, Any]] = {
    "apiVersion": "v1",
    "kind": "Pod",
    "metadata": {"name": "p", "namespace": "n"},
    "spec": {
        "ints": [1, 2, 3],
        "texts": ["a", "bb", "a", "ccc"],
        "none": [],
        "text": "hello world hello",
        "wide": "üñx",
        "map": {"x": 1, "y": 2},
        "yes": True,
        "items": [{"name": "p", "image": "x/y:1"}, {"name": "q"}],
    },
}
LEAVES: Final[dict[str, Sequence[str]]] = {
    "int": ("1", "0", "2", "-3", "S.ints[0]", "S.map.x", "S.map.nope", "S.ints[9]"),
    "text": ('"a"', '"hello"', '""', "S.text", "S.texts[0]", "S.wide", "S.items[0].name", "S.nope"),
    "bool": ("true", "false", "S.yes", "has(S.nope)", "has(S.ints)", "S.nope"),
    "ints": ("S.ints", "S.none", "[1, 2, 3]", "S.nope"),
    "texts": ("S.texts", '["a", "b"]', "S.none"),
    "maybe": ("S.?map.?x", "S.?map.?nope", "S.?nope", "S.ints.first()", "S.ints[?2]"),
}
SHAPES: Final[dict[str, Sequence[str]]] = {  # {x} is an expression of the kind x, {name:x|kind} one where `name` has a kind
    "int": (
        "({int} + {int})", "({int} * {int})", "({int} / {int})", "({int} % {int})", "{ints}.size()", "size({text})",
        "({bool} ? {int} : {int})", "int({int})", "dyn({int})", "{text}.indexOf({text})", "{ints}[{int}]", "{ints}.sum()",
        "{ints}.max()", "S.?map[?{text}].orValue({int})", "{maybe}.orValue({int})", "{texts}.lastIndexOf({text})",
    ),
    "text": (
        "({text} + {text})", "string({text})", "string({int})", "{texts}.join({text})", "{text}.replace({text}, {text})",
        "{text}.lowerAscii()", "({bool} ? {text} : {text})", "{text}.substring({int})", "{texts}[{int}]", "{text}.trim()",
        '"%s-%s".format([{text}, {int}])', '{text}.find("[a-l]+")', "strings.quote({text})", "{text}.charAt({int})",
        "string(bytes({text}))",
    ),
    "bool": (
        "({bool} && {bool})", "({bool} || {bool})", "!{bool}", "{int} < {int}", "{int} == {int}", "{text} >= {text}",
        "{text} != {text}", "{int} in {ints}", "{text} in {texts}", "{text} in S.map", "{text}.startsWith({text})",
        "{text}.contains({text})", '{text}.matches("^[a-z]+$")', "{text}.matches({text})", "{ints} == {ints}",
        "sets.contains({ints}, {ints})", "sets.intersects({texts}, {texts})", "({bool} ? {bool} : {bool})",
        "{maybe}.hasValue()", "{ints}.isSorted()", "{ints}.all({bool@int})", "{texts}.exists({bool@text})",
        "{ints}.exists_one({bool@int})", "{texts}.all({bool@int,text})", "{texts}.existsOne({bool@int,text})",
    ),
    "ints": (
        "{texts}.map({int@text})", "{ints}.map({int@int})", "{ints}.filter({bool@int})", "({ints} + {ints})",
        "[dyn({int}), dyn({int})]", "{ints}.sort()", "{ints}.distinct()", "{ints}.reverse()", "({bool} ? {ints} : {ints})", "lists.range(3)",
        "{ints}.sortBy({int@int})", "{texts}.transformList({int@int,text})", "{ints}.slice(0, 2)", "[{maybe}].unwrapOpt()",
    ),
    "texts": (
        "{ints}.map({text@int})", "{texts}.map({text@text})", "{texts}.filter({bool@text})", "({texts} + {texts})",
        "{text}.split({text})", "{texts}.reverse()", "{texts}.distinct()", "({bool} ? {texts} : {texts})", "{texts}.sortBy({int@text})",
        "{texts}.slice(0, 1)", "[dyn({text})]", "S.map.map(k, k)",
    ),
    "maybe": ("optional.of({int})", "{maybe}.optMap({int@int})", "{maybe}.or({maybe})"),
}  # fmt: skip


class Shaper:
    """Makes expressions; names of macros are x1, x2 and so on."""

    def __init__(self, chance: Random) -> None:
        self._chance = chance
        self._names: list[tuple[str, str]] = []

    def make(self, kind: str, depth: int) -> str:
        """An expression of that kind, about as deep."""
        known = [name for name, its in self._names if its == kind]
        if known and self._chance.random() < 0.3:
            return self._chance.choice(known)
        if depth <= 0 or self._chance.random() < 0.15:
            return self._chance.choice(LEAVES[kind]).replace("S.", "object.spec.")
        text = self._chance.choice(SHAPES[kind])
        parts = text.replace("S.", "object.spec.").split("{")
        return parts[0] + "".join(self._filled(part, depth - 1) for part in parts[1:])

    def _filled(self, part: str, depth: int) -> str:
        hole, _, rest = part.partition("}")
        kind, _, bound = hole.partition("@")
        if not bound:
            return self.make(kind, depth) + rest
        with self._bound(bound.split(",")) as names:
            return f"{', '.join(names)}, {self.make(kind, depth)}{rest}"

    @contextmanager
    def _bound(self, kinds: Sequence[str]) -> Iterator[list[str]]:
        outer = list(self._names)
        names = [f"x{len(outer) + at}" for at in range(len(kinds))]
        self._names += zip(names, kinds, strict=True)
        try:
            yield names
        finally:
            self._names = outer
