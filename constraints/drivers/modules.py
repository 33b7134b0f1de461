"""The Rego modules of a template, and what Gatekeeper asks of them (contract, section 4.3).

Only names are looked at: comments and strings are blanked out first, so that what they say does not count.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from dataclasses import dataclass

from constraints.errors import CompileError
from constraints.lang.source import Source, Span
from constraints.model import Json

_INERT = re.compile(r'#[^\n]*|`[^`]*`|"(?:\\.|[^"\\\n])*"', re.DOTALL)
_PACKAGE = re.compile(r'(?m)^\s*package\s+([A-Za-z_]\w*(?:\.[A-Za-z_]\w*|\["[^"\\\n]*"\])*)')
_VIOLATION = re.compile(r"(?m)^\s*(?:default\s+)?violation\b")
_DATA = re.compile(r'(?<![\w."])data\b(?:\s*\.\s*(\w+)|\["(\w*)"\])?')
_READABLE = frozenset({"lib", "inventory"})


@dataclass(frozen=True, slots=True)
class Module:
    """One module: its text, its package as a reference (`data.a.b`), and whether it reads `data.inventory`."""

    source: Source
    path: str
    uses_inventory: bool


def modules_of(kind: str, source: Mapping[str, Json]) -> tuple[Module, ...]:
    """The entry module, then the libraries. Raises CompileError for what Gatekeeper refuses."""
    entry = _module(Source("template", source["rego"]))
    if not _VIOLATION.search(_blank(entry.source.text)):
        raise CompileError(f"{kind}: the module {entry.path} defines no rule named violation", source="template")
    libs = tuple(_module(Source(f"libs[{at}]", text)) for at, text in enumerate(source.get("libs") or ()))
    for lib in libs:
        if not lib.path.startswith("data.lib.") and lib.path != "data.lib":
            raise CompileError(f"package {lib.path[5:]} of a library is not under lib", source=lib.source.name)
    return (entry, *libs)


def _module(source: Source) -> Module:
    names = tuple(_data_names(source))
    found = _PACKAGE.search(_blank(source.text, keep_strings=True))
    if not found:
        raise CompileError("the module has no package", span=Span(1, 1), source=source.name)
    return Module(source, f"data.{found[1]}", "inventory" in names)


def _data_names(source: Source) -> Iterator[str]:
    """What the module reads of `data`, by first name."""
    text = _blank(source.text, keep_strings=True)
    plain = _blank(source.text)
    for found in _DATA.finditer(text):
        if plain[found.start() : found.start() + 4] != "data":
            continue  # inside a string
        name = found[1] or found[2] or ""
        if name not in _READABLE:
            span = _span(text, found.start())
            what = f"data.{name}" if name else "data"
            raise CompileError(f"{what} is not data.lib or data.inventory", span=span, source=source.name)
        yield name


def _blank(text: str, keep_strings: bool = False) -> str:
    """`text` with its comments (and strings) overwritten by blanks; positions stay."""

    def blank(found: re.Match[str]) -> str:
        piece = found[0]
        return piece if keep_strings and piece[0] != "#" else re.sub(r"[^\n]", " ", piece)

    return _INERT.sub(blank, text)


def _span(text: str, offset: int) -> Span:
    return Span(text.count("\n", 0, offset) + 1, offset - text.rfind("\n", 0, offset))
