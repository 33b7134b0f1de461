"""The Rego modules of a template, and what Gatekeeper asks of them (contract, section 4.3).

Only names are looked at: comments and strings are blanked out first, so that what they say does not count.
"""

from __future__ import annotations

import re
from bisect import bisect_right
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from constraints.errors import CompileError
from constraints.lang.source import Source, Span
from constraints.model import Json

_COMMENT_OR_STRING = re.compile(r'#[^\n]*|`[^`]*`|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_PACKAGE = re.compile(r'(?m)^\s*package\s+([A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\["[^"\\\n]*"\])*)')
_VIOLATION = re.compile(r"(?m)(?:^|\})\s*(?:default\s+)?violation\b")
_DATA = re.compile(r'(?<![\w."])(?<!\.\s)data\b(?!\s*:)(?:\s*\.\s*(\w+)|\["(\w*)"\])?')
_IMPORT = re.compile(r"(?m)^[ \t]*import[ \t]+([\w.]+)(?:[ \t]+as[ \t]+(\w+))?")
_CALL = re.compile(r"(?<![\w.])([A-Za-z_]\w*(?:\.[A-Za-z_]\w*)*)\(")
_HEAD = re.compile(r"(?m)(?:^|\})[ \t]*(?:default[ \t]+)?([A-Za-z_]\w*)\(")
_KEYWORDS = frozenset(
    {"in", "if", "not", "else", "every", "some", "with", "as", "contains", "default", "import", "package", "set"}
)
_IMPORTABLE = ("data.lib.", "data.inventory", "future.keywords")
_DEEPEST = 500  # an engine written in C++ has a stack to lose
_READABLE = frozenset({"lib", "inventory"})


@dataclass(frozen=True, slots=True)
class Module:
    """One module: its text, its package as a reference (`data.a.b`), its dialect, whether it reads `data.inventory`."""

    source: Source
    path: str
    v1: bool
    uses_inventory: bool


def modules_of(kind: str, source: Mapping[str, Json]) -> tuple[Module, ...]:
    """The entry module, then the libraries. Raises CompileError for what Gatekeeper refuses."""
    v1 = source.get("version") == "v1"
    entry = _module(Source(f"{kind}/template", source["rego"]), v1)
    if not _VIOLATION.search(blank(entry.source.text)):
        raise CompileError("the module defines no rule named violation", span=Span(1, 1), source=entry.source.name)
    texts = (Source(f"{kind}/libs[{at}]", text) for at, text in enumerate(source.get("libs") or ()))
    libs = tuple(_module(text, v1) for text in texts)
    for lib in libs:
        if not lib.path.startswith("data.lib."):
            package = lib.path.removeprefix("data.")
            raise CompileError(
                f"package {package} of a library must be below lib", span=Span(1, 1), source=lib.source.name
            )
    return (entry, *libs)


def foreign_calls(source: Source) -> Iterator[tuple[str, int]]:
    """Functions that a module calls without defining or importing them, and where in the text it does."""
    text = blank(source.text)
    brackets = Brackets(text)
    heads = {found[1] for found in _HEAD.finditer(text) if not brackets.depth(found.start(1))}
    known = heads | _KEYWORDS | {"data", "input"}
    known |= {found[2] or found[1].rpartition(".")[2] for found in _IMPORT.finditer(text)}
    for found in _CALL.finditer(text):
        if found[1].partition(".")[0] not in known:
            yield found[1], found.start()


def _module(source: Source, v1: bool) -> Module:
    text = blank(source.text, keep_strings=True)
    package = _PACKAGE.search(text)
    if not package:
        raise CompileError("the module has no package", span=Span(1, 1), source=source.name)
    deepest = Brackets(blank(source.text)).deeper_than(_DEEPEST)
    if deepest is not None:
        message = f"brackets are nested deeper than {_DEEPEST} levels"
        raise CompileError(message, span=span_at(text, deepest), source=source.name)
    for found in _IMPORT.finditer(text):
        if not f"{found[1]}.".startswith(_IMPORTABLE) and not (v1 and found[1] == "rego.v1"):
            raise CompileError(
                f"import of {found[1]} is not allowed", span=span_at(text, found.start(1)), source=source.name
            )
    return Module(source, f"data.{package[1]}", v1, "inventory" in tuple(_data_names(source, text)))


def _data_names(source: Source, text: str) -> Iterator[str]:
    """What the module reads of `data`, by first name."""
    plain = blank(source.text)
    for found in _DATA.finditer(text):
        if not plain.startswith("data", found.start()):
            continue  # inside a string
        name = found[1] or found[2] or ""
        if name not in _READABLE:
            what = f"data.{name}" if name else "data"
            message = f"{what} must not be read: only data.lib and data.inventory may"
            raise CompileError(message, span=span_at(text, found.start()), source=source.name)
        yield name


class Brackets:
    """The brackets of a text without strings and comments."""

    def __init__(self, plain: str) -> None:
        self._places: list[int] = []
        self._levels: list[int] = []
        self._closings: dict[int, int] = {}
        opened: list[int] = []
        for found in re.finditer(r"[()\[\]{}]", plain):
            if found[0] in "([{":
                opened.append(found.start())
            elif opened:
                self._closings[opened.pop()] = found.start()
            self._places.append(found.start())
            self._levels.append(len(opened))

    def depth(self, place: int) -> int:
        """How many brackets are open at `place`."""
        index = bisect_right(self._places, place) - 1
        return self._levels[index] if index >= 0 else 0

    def deeper_than(self, limit: int) -> int | None:
        """The first place where more than `limit` brackets are open."""
        return next((place for place, level in zip(self._places, self._levels, strict=True) if level > limit), None)

    def closing(self, opening: int) -> int | None:
        """Where the bracket at `opening` is closed."""
        return self._closings.get(opening)


def blank(text: str, *, keep_strings: bool = False) -> str:
    """`text` with its comments (and strings) overwritten by blanks; positions stay."""

    def overwrite(found: re.Match[str]) -> str:
        piece = found[0]
        return piece if keep_strings and piece[0] != "#" else re.sub(r"[^\n]", " ", piece)

    return _COMMENT_OR_STRING.sub(overwrite, text)


def span_at(text: str, offset: int) -> Span:
    """The position of the character at `offset`."""
    return Span(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
