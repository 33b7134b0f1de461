"""The command `patrol`: which subcommand, with which configuration; no logic."""

from __future__ import annotations

import errno
import os
import sys
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING

from audit.errors import AuditError, ConfigError
from audit.process.lasting import lasting

if TYPE_CHECKING:
    from audit.settings.config import Config

DISTRIBUTION = "kube-patrol"
OK = 0
FAILED = 1
WRONG_USE = 2
INTERRUPTED = 130  # 128 + SIGINT, as shells have it
PIPE_CLOSED = 141  # 128 + SIGPIPE
FULL = frozenset({errno.ENOSPC, errno.EDQUOT, errno.EFBIG, errno.EIO})  # a place that takes no more output

Arguments = Sequence[str]


def main(argv: Arguments | None = None) -> int:
    """Run one subcommand; gives the exit code: 0 done, 1 failed, 2 wrong use."""
    arguments = sys.argv[1:] if argv is None else list(argv)
    try:
        code = _dispatch(arguments)
        sys.stdout.flush()
    except BrokenPipeError:
        # Whoever read our output has left; Python's own flush at exit must not complain about that.
        _leave_stdout()
        return PIPE_CLOSED
    except OSError as error:
        if error.errno not in FULL or error.filename:  # whatever opens a file names it
            raise
        _leave_stdout()
        return _complain(f"the output cannot be written: {error.strerror}; free space, or send it elsewhere", FAILED)
    except KeyboardInterrupt:
        return INTERRUPTED
    except AuditError as error:
        return _complain(str(error), FAILED)
    return code


def _leave_stdout() -> None:
    os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())


def _dispatch(arguments: Arguments) -> int:
    if not arguments:
        sys.stderr.write(_overview())
        return WRONG_USE
    name, rest = arguments[0], arguments[1:]
    return COMMANDS[name][0](rest) if name in COMMANDS else _no_command(name, rest)


def _no_command(name: str, rest: Arguments) -> int:
    from audit.settings.arguments import (
        HELP,  # late, as all of the flags: `patrol test` has its own and must start at once
    )

    if name in HELP:
        return _help(rest)
    if name == "--version":
        return _version(rest)
    return _complain(f"unknown command {name!r}: one of {', '.join(COMMANDS)}; see `patrol help`", WRONG_USE)


def _run(arguments: Arguments) -> int:
    def serve(config: Config) -> int:
        with lasting():
            from audit.app import serve

        return serve(config)

    return _configured("run", arguments, serve)


def _demo(arguments: Arguments) -> int:
    def demo(config: Config) -> int:
        from audit.demo import demo

        return demo(config)

    return _configured("demo", arguments, demo)


def _test(arguments: Arguments) -> int:
    with lasting():
        from audit.gator import main as gator

    return gator(arguments)


def _explain(arguments: Arguments) -> int:
    from audit.explain import main as explain

    return explain(arguments)


def _results(arguments: Arguments) -> int:
    from audit.results.command import main as results

    return results(arguments)


def _export(arguments: Arguments) -> int:
    from audit.export.command import main as export

    return export(arguments)


def _version(arguments: Arguments) -> int:
    from importlib import metadata  # as slow as all other imports of this module together

    try:
        version = metadata.version(DISTRIBUTION)
    except metadata.PackageNotFoundError:  # run from a source tree that is not installed
        version = "unknown"
    sys.stdout.write(f"{DISTRIBUTION} {version}\n")
    return OK


def _help(arguments: Arguments) -> int:
    if arguments and arguments[0] in COMMANDS and arguments[0] != "help":
        return COMMANDS[arguments[0]][0](["--help"])
    sys.stdout.write(_overview())
    return OK


def _configured(name: str, arguments: Arguments, action: Callable[[Config], int]) -> int:
    from audit.settings.arguments import HelpWanted, parse, unknown_variables, warnings
    from audit.settings.config import Config

    try:
        values = parse(arguments, os.environ)
    except HelpWanted:
        from audit.settings.usage import flags_help

        sys.stdout.write(flags_help(name, COMMANDS[name][1]))
        return OK
    except ConfigError as error:
        return _complain(f"{error}\nSee `patrol {name} --help`.", WRONG_USE)
    return action(Config.of(values, (*warnings(values), *unknown_variables(os.environ))))


def _overview() -> str:
    from audit.settings.usage import commands_help

    return commands_help({name: summary for name, (_, summary) in COMMANDS.items()})


def _complain(message: str, code: int) -> int:
    sys.stderr.write(f"patrol: {message}\n")
    return code


COMMANDS: dict[str, tuple[Callable[[Arguments], int], str]] = {
    "run": (_run, "Audit a cluster every interval and write the results where Gatekeeper does."),
    "demo": (_demo, "Start a small cluster in this process, audit it and show what was found."),
    "test": (_test, "Hold files of objects against the policies among them, without a cluster."),
    "explain": (_explain, "Show the Python that a template becomes for a constraint."),
    "results": (_results, "Show what a run found, and what changed between two, from files of --results-dir."),
    "export": (_export, "Show what is exported to a folder, as it comes."),
    "version": (_version, "Tell the version."),
    "help": (_help, "Tell about a command."),
}
