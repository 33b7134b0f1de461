"""Go's text/template: from a text with `{{...}}` to a tree."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import field
from typing import Any, Final

from constraints.dataclass import dataclass
from constraints.golang.quoting import quoted
from constraints.rego.builtins import BuiltinError

_ACTION: Final = re.compile(
    r"\{\{(?P<trim>-(?=\s))?(?:(?P<comment>\s*/\*.*?\*/\s*?)|(?P<inside>(?:[^\"`'}]|\"(?:\\.|[^\"\\\n])*\"|`[^`]*`|'(?:\\.|[^'\\\n])*'|\}(?!\}))*?))"
    r"(?P<after>(?<=\s)-)?\}\}",
    re.DOTALL,
)
_TOKEN: Final = re.compile(
    r"(?P<space>\s+)|(?P<string>\"(?:\\.|[^\"\\])*\"|`[^`]*`)|(?P<char>'(?:\\.|[^'\\])+')"
    r"|(?P<number>[+-]?(?:0[xX][0-9a-fA-F_]*(?:\.[0-9a-fA-F_]*)?(?:[pP][+-]?[0-9_]*)?|0[bB][01_]*|0[oO][0-7_]*"
    r"|(?:[0-9][0-9_]*(?:\.[0-9_]*)?|\.[0-9][0-9_]*)(?:[eE][+-]?[0-9_]*)?)(?!\w))"
    r"|(?P<field>\.[A-Za-z_]\w*)|(?P<variable>\$\w*)|(?P<word>[A-Za-z_]\w*)|(?P<mark>:=|[=|(),.])",
)
_SPACE: Final = " \t\r\n"

FUNCTIONS: Final = frozenset(
    [
        "and",
        "or",
        "not",
        "len",
        "index",
        "slice",
        "print",
        "printf",
        "println",
        "html",
        "js",
        "urlquery",
        "call",
        "eq",
        "ne",
        "lt",
        "le",
        "gt",
        "ge",
    ]
)


@dataclass(frozen=True, slots=True)
class Constant:
    """A string, number, bool or nil in the template itself."""

    value: Any


@dataclass(frozen=True, slots=True)
class Chain:
    """Fields of something: of dot (`head` is None), of a variable (its name) or of a Pipe in parentheses."""

    head: Any
    fields: tuple[str, ...] = ()


@dataclass(frozen=True, slots=True)
class Function:
    """The name of a function."""

    name: str


@dataclass(frozen=True, slots=True)
class Pipe:
    """Commands, each a row of operands and with the result of the one before as its last argument.

    `variables` are set to the result: declared if `declares`, else assigned.
    """

    commands: tuple[tuple[Any, ...], ...]
    variables: tuple[str, ...] = ()
    declares: bool = True


@dataclass(frozen=True, slots=True)
class Block:
    """`if`, `range` or `with`: a pipe, what follows and what follows otherwise."""

    kind: str
    pipe: Pipe
    body: tuple[Any, ...]
    otherwise: tuple[Any, ...]


@dataclass(frozen=True, slots=True)
class Call:
    """`{{template "name" pipe}}`."""

    name: str
    pipe: Pipe | None


@dataclass(frozen=True, slots=True)
class Jump:
    """`break` or `continue`."""

    kind: str


@dataclass(slots=True)
class Template:
    """A tree of text (str), Pipe, Block, Call and Jump, and the named templates."""

    body: tuple[Any, ...] = ()
    named: dict[str, tuple[Any, ...]] = field(default_factory=dict)


def template_error(message: str) -> BuiltinError:
    return BuiltinError(f"template: template:1: {message}")


def pieces(text: str) -> Iterator[tuple[str, str]]:
    """("text", ...) and ("action", ...) in turn, spaces trimmed as `{{-` and `-}}` say."""
    position, trim = 0, False
    while (start := text.find("{{", position)) >= 0:
        found = _ACTION.match(text, start)
        if found is None:
            raise template_error(
                "unclosed comment" if text[start + 2 :].lstrip("- ").startswith("/*") else "unclosed action"
            )
        plain = text[position:start]
        plain = plain.lstrip(_SPACE) if trim else plain
        yield "text", plain.rstrip(_SPACE) if found["trim"] else plain
        if found["comment"] is None:
            yield "action", found["inside"]
        position, trim = found.end(), found["after"] is not None
    rest = text[position:]
    yield "text", rest.lstrip(_SPACE) if trim else rest


def tokens_of(action: str) -> list[tuple[str, str]]:
    found, position = [], 0
    while position < len(action):
        token = _TOKEN.match(action, position)
        if token is None:
            raise template_error(f"unexpected {quoted(action[position])} in command")
        found.append((str(token.lastgroup), token[0]))
        position = token.end()
    while found and found[-1][0] == "space":
        found.pop()
    while found and found[0][0] == "space":
        found.pop(0)
    return found
