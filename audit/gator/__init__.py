"""`patrol test`: `gator test` over files, folders or standard input, without a cluster (compatibility, section 11)."""

from __future__ import annotations

import os
import sys
from collections.abc import Iterable, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, TextIO

from audit.errors import ConfigError, InputError
from audit.gator.evaluate import LIMITS, evaluate, not_applied
from audit.gator.flags import COMMAND, GatorTestFlags
from audit.gator.output import FORMATS, check_numbers
from audit.gator.printed import Printed
from audit.gator.report import Report
from audit.hooks.engines import EngineOptions
from audit.process.lasting import lasting
from audit.sources.manifests import duplicates, piped, read
from constraints import Gap

if TYPE_CHECKING:
    from audit.gator.stats import Meter


def main(argv: Sequence[str]) -> int:
    """Run `patrol test` and give its exit code: 1 for a violation that denies and for anything that went wrong."""
    try:
        return _test(COMMAND.read(GatorTestFlags(), argv, os.environ), sys.stdin, sys.stdout)
    except ConfigError as error:
        _say(f"Error: {error}".replace("unrecognized arguments:", "unknown flag:"))  # as gator begins
        return 1
    except InputError as error:
        _say(str(error))
        return 1
    except BrokenPipeError:  # whoever read the output has seen enough
        sys.stderr.close()
        return 1


def _test(flags: GatorTestFlags, stdin: TextIO | None, stdout: TextIO) -> int:
    _check(flags)
    with lasting():
        manifests = read(flags.filename, piped(stdin))
    for warning in (*duplicates(manifests), *not_applied(manifests)):
        _say(warning)
    if not manifests:
        raise InputError("no input data identified")
    printed = Printed()
    options = EngineOptions(
        say=printed.add if flags.verbose else None,
        native_validation=flags.native_validation,
        failure_policy=flags.failure_policy,
        written=True,
        template_timeout=flags.template_timeout,
        limits=replace(LIMITS, evaluation=flags.evaluation_timeout),
        enabled_builtins=tuple(dict.fromkeys(flags.enabled_builtins)),
    )
    outcome = evaluate(manifests, _meter() if flags.stats else None, options)
    check_numbers(outcome.report, flags.output)
    shown = FORMATS[flags.output](_shown(outcome.report, flags.deny_only))
    stdout.writelines(list(shown) if flags.output == "yaml" else shown)  # YAML may fail at a number, then none is shown
    (stdout if flags.output == "text" else sys.stderr).write(printed.text())  # JSON and YAML stay readable
    stdout.flush()
    _report_gaps(outcome.gaps)
    for note in outcome.notes:
        _say(f"NOTE - {note}")
    return 1 if outcome.gaps or any(result.denies for result in outcome.report.results) else 0


def _meter() -> Meter:
    from audit.gator.stats import Meter

    return Meter()


def _check(flags: GatorTestFlags) -> None:
    if flags.image or flags.tempdir:
        raise ConfigError(
            "--image and --tempdir: policies in OCI images cannot be read; unpack them and use --filename"
        )
    if flags.trace:
        _say("WARNING - --trace: policies are compiled and give no trace")


def _shown(report: Report, deny_only: bool) -> Report:
    """`--deny-only` hides results; they still count for the exit code."""
    return Report([result for result in report.results if result.denies], report.stats) if deny_only else report


def _report_gaps(gaps: Iterable[Gap]) -> None:
    for gap in gaps:
        _say(f"auditing objects: {gap.message}")


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
