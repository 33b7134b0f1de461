"""The flags of commands that argparse reads: the same rows, in a frozen dataclass of the command's own."""

from __future__ import annotations

import argparse
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Any, NoReturn

from audit.errors import ConfigError
from audit.settings.flagtypes import FlagType, Value
from audit.settings.rows import AnyFlag, rows
from constraints.dataclass import dataclass

if TYPE_CHECKING:
    from audit.settings.rows import Group


@dataclass(frozen=True, slots=True)
class Command:
    """A command as its help shows it."""

    name: str
    summary: str
    examples: str

    def read(self, defaults: Group, arguments: Sequence[str], environ: Mapping[str, str]) -> Group:
        """The same dataclass with what arguments and environment say.

        Raises ConfigError for what cannot be used, and SystemExit once the help is shown.
        """
        flags = [(place, row) for place, row in rows(defaults) if not row.operand]
        parser = _Parser(
            prog=f"patrol {self.name}",
            description=self.summary,
            epilog=self.examples,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            allow_abbrev=False,
            add_help=not flags,
        )
        for place, row in rows(defaults):
            if row.operand:
                parser.add_argument(place, metavar=row.name, nargs="?" if row.optional else None, help=row.help)
        if flags:
            add = parser.add_argument_group("flags").add_argument  # a parser's own lays out the help each time, in vain
            add("-h", "--help", action="help", help="show this help")
            for place, row in flags:
                add(*_names(row), dest=place, **_manner(row, environ))
        found = vars(parser.parse_args(arguments))
        return replace(defaults, **{place: _told(row, found[place]) for place, row in rows(defaults)})


class _Parser(argparse.ArgumentParser):
    def error(self, message: str) -> NoReturn:
        raise ConfigError(f"{message}; see {self.prog} --help")


def _names(row: AnyFlag) -> tuple[str, ...]:
    return (row.short, f"--{row.name}") if row.short else (f"--{row.name}",)


def _manner(row: AnyFlag, environ: Mapping[str, str]) -> dict[str, Any]:
    """What argparse is to know of a flag."""
    kind = row.type
    manner: dict[str, Any] = {"type": _reader(kind), "help": row.help}
    before = _set_before(row, environ)
    manner["default"] = before[0] if before and not kind.repeatable else row.default
    if kind.hint:
        manner["metavar"] = kind.hint
    if kind.choices:
        manner["choices"] = kind.choices
    if kind.values > 1:
        manner["nargs"] = kind.values
    if kind.bare:
        manner |= {"nargs": "?", "const": True}
    if kind.repeatable:
        manner |= {"action": "append", "default": before}
    return manner


def _set_before(row: AnyFlag, environ: Mapping[str, str]) -> list[Value]:
    """What the environment gives a flag to begin with."""
    if not environ.get(row.standard):
        return []
    try:
        return [_reader(row.type)(environ[row.standard])]
    except argparse.ArgumentTypeError as error:
        raise ConfigError(f"{row.standard}: {error}") from error


def _reader(kind: FlagType[Value]) -> Callable[[str], Value]:
    def read(text: str) -> Value:
        try:
            return kind.read(text)
        except ValueError:
            raise argparse.ArgumentTypeError(f"{text!r} is {kind.otherwise}") from None

    return read


def _told(row: AnyFlag, value: Any) -> Value:
    """The value of a field: all words of a flag that takes several, the default of an operand that was left out."""
    if row.type.repeatable or row.type.values > 1:
        return tuple(word for words in value for word in words)
    told: Value = row.default if value is None else value
    return told
