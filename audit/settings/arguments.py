"""Command line and environment to values, with the syntax of Go's `flag` package.

`-x` and `--x` are the same; `--x=v` and `--x v`; a boolean stands alone or takes `=true`/`=false`. The command line
wins over the environment, the environment over defaults.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from difflib import get_close_matches

from audit.errors import ConfigError
from audit.settings.flags import BY_NAME, FLAGS, IN_VAIN
from audit.settings.flagtypes import Value
from audit.settings.rows import AnyFlag, spelled
from audit.settings.values import Values

PREFIX = "PATROL_"
# What kubelet sets for each Service of the namespace, should its name begin with `patrol`.
_OF_SERVICE = re.compile(
    r"PATROL(_[A-Z0-9_]+)?_(SERVICE_HOST|SERVICE_PORT(_[A-Z0-9_]+)?|PORT_\d+_(TCP|UDP|SCTP)(_(PROTO|PORT|ADDR))?)"
)
_SERVICE_PORT = re.compile(r"(tcp|udp|sctp)://")

HELP = ("-h", "--h", "-help", "--help")


class HelpWanted(Exception):
    """Control flow, not an error: the command line asks for help."""


def parse(arguments: Sequence[str], environ: Mapping[str, str]) -> Values:
    """Raises ConfigError, naming flag or variable and value, and HelpWanted."""
    values: dict[str, Value] = {}
    given: dict[str, str] = {}
    for flag, variable, text in _from_environment(environ):
        values[flag.name] = _read(flag, variable, text)
        given[flag.name] = variable
    for flag, spelling, text in _from_command_line(arguments):
        value = _read(flag, spelling, text)
        before = values.get(flag.name) if given.get(flag.name, "").startswith("-") else None
        values[flag.name] = before + value if isinstance(before, tuple) and isinstance(value, tuple) else value
        given[flag.name] = spelling
    return Values(values, given)


def warnings(values: Values) -> tuple[str, ...]:
    """A sentence for each flag that was set to something other than its default and has no effect."""
    return tuple(
        f"{origin}={spelled(values.values[name])} has no effect: "
        f"the flag is accepted for compatibility and ignored ({BY_NAME[name].help})"
        for name, origin in values.given.items()
        if name in IN_VAIN and values.values[name] != BY_NAME[name].default
    )


def unknown_variables(environ: Mapping[str, str]) -> tuple[str, ...]:
    """A sentence for each variable that begins like ours, is none, and is not set by Kubernetes for some Service."""
    known = {flag.variable for flag in FLAGS}
    strange = (name for name in sorted(environ) if name.startswith(PREFIX) and name not in known)
    return tuple(_strange(name, known) for name in strange if not _of_service(name, environ[name]))


def _strange(name: str, known: Iterable[str]) -> str:
    close = get_close_matches(name.upper(), known, 1)
    hint = f": did you mean {close[0]}?" if close else ""
    return f"the environment variable {name} has no effect, there is no such flag{hint}"


def _of_service(name: str, value: str) -> bool:
    return bool(_OF_SERVICE.fullmatch(name) or (name.endswith("_PORT") and _SERVICE_PORT.match(value)))


def _from_environment(environ: Mapping[str, str]) -> Iterator[tuple[AnyFlag, str, str]]:
    for flag in FLAGS:
        for variable in (flag.variable, flag.standard):
            if environ.get(variable) and not _of_service(variable, environ[variable]):
                yield flag, variable, environ[variable]
                break


def _from_command_line(arguments: Sequence[str]) -> Iterator[tuple[AnyFlag, str, str]]:
    rest = iter(arguments)
    for argument in rest:
        if argument in HELP:
            raise HelpWanted
        if not argument.startswith("-") or argument.strip("-") == "":
            raise ConfigError(
                f"unexpected argument {argument!r}: a boolean flag takes its value after =, as in --once=false"
            )
        spelling, equals, text = argument.partition("=")
        flag = _flag(spelling)
        if not equals:
            text = "true" if flag.type.bare else _next(rest, spelling, flag)
        yield flag, spelling, text


def _flag(spelling: str) -> AnyFlag:
    name = spelling.removeprefix("-").removeprefix("-")
    if name in BY_NAME:
        return BY_NAME[name]
    close = get_close_matches(name, BY_NAME, 1)
    raise ConfigError(f"unknown flag {spelling}" + (f": did you mean --{close[0]}?" if close else ""))


def _next(rest: Iterator[str], spelling: str, flag: AnyFlag) -> str:
    try:
        return next(rest)
    except StopIteration:
        raise ConfigError(f"{spelling} needs a value: {flag.type.expected}") from None


def _read(flag: AnyFlag, origin: str, text: str) -> Value:
    try:
        return flag.type.read(text)
    except ValueError:
        shown = text if text.isprintable() else repr(text)
        raise ConfigError(f"{origin}={shown}: expected {flag.type.expected}") from None
