"""`patrol test`: `gator test` over files, folders or standard input, without a cluster (compatibility, section 11)."""

from __future__ import annotations

import argparse
import os
import sys
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Final, NoReturn, TextIO

from audit.errors import ConfigError, InputError
from audit.gator.evaluate import LIMITS, evaluate, not_applied
from audit.gator.lasting import lasting
from audit.gator.output import FORMATS, Report, check_numbers
from audit.gator.printed import Printed
from audit.hooks.engines import DEFAULTS, GUARDED, EngineOptions
from audit.sources.manifests import duplicates, piped, read
from constraints import Gap

if TYPE_CHECKING:
    from audit.gator.stats import Meter

_EXAMPLES: Final = """examples:
  patrol test --filename=manifest.yaml
  patrol test --filename=manifest.yaml --filename=policies/
  cat manifest.yaml | patrol test --output=json
"""
_ENABLED: Final = "PATROL_ENABLE_OPA_BUILTIN"
_TRUE: Final = ("1", "t", "true")
_FALSE: Final = ("0", "f", "false")
_FAILURE_POLICIES: Final = ("Fail", "Ignore")


class _Parser(argparse.ArgumentParser):
    """Wrong flags end with exit code 1, as everything that goes wrong in `gator test`."""

    def error(self, message: str) -> NoReturn:
        said = message.replace("unrecognized arguments:", "unknown flag:")  # as gator begins
        raise ConfigError(f"{said}; see patrol test --help")


def main(argv: Sequence[str]) -> int:
    """Run `patrol test` and give its exit code: 1 for a violation that denies and for anything that went wrong."""
    try:
        return _test(_parser().parse_args(argv), sys.stdin, sys.stdout)
    except ConfigError as error:
        _say(f"Error: {error}")
        return 1
    except InputError as error:
        _say(str(error))
        return 1
    except BrokenPipeError:  # whoever read the output has seen enough
        sys.stderr.close()
        return 1


def _test(flags: argparse.Namespace, stdin: TextIO | None, stdout: TextIO) -> int:
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
        native_validation=flags.enable_k8s_native_validation,
        failure_policy=flags.default_k8s_native_validation_failure_policy,
        written=True,
        template_timeout=flags.template_timeout,
        enabled_builtins=tuple(dict.fromkeys(name for names in flags.enable_opa_builtin for name in names)),
    )
    limits = replace(LIMITS, evaluation=flags.evaluation_timeout)
    outcome = evaluate(manifests, _meter() if flags.stats else None, options, limits)
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


def _check(flags: argparse.Namespace) -> None:
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


def _parser() -> _Parser:
    parser = _Parser(
        prog="patrol test",
        description="Evaluate Kubernetes objects by the ConstraintTemplates and constraints among them.",
        epilog=_EXAMPLES,
        formatter_class=argparse.RawDescriptionHelpFormatter,
        allow_abbrev=False,
        add_help=False,
    )
    add = parser.add_argument_group("flags").add_argument  # a parser's own lays out the help each time, in vain
    add("-h", "--help", action="help", help="show this help")
    add(
        "-f",
        "--filename",
        action="append",
        default=[],
        metavar="PATH",
        help="a file or folder of objects; may be given several times",
    )
    add("-o", "--output", type=str.lower, choices=tuple(FORMATS), default="text", help="output format (text)")
    add("-i", "--image", action="append", default=[], help="refused: OCI images of policies cannot be read")
    add("-d", "--tempdir", default="", help="refused, it belongs to --image")
    add(
        "--default-k8s-native-validation-failure-policy",
        choices=_FAILURE_POLICIES,
        default="Fail",
        help="for CEL templates without failurePolicy: whether an error is a violation (Fail)",
    )
    add(
        "--evaluation-timeout",
        type=_seconds,
        default=LIMITS.evaluation,
        metavar="DURATION",
        help="processor time that one policy may take for one object before it is stopped; 0 is no limit (1s)",
    )
    add(
        "--template-timeout",
        type=_seconds,
        default=DEFAULTS.template_timeout,
        metavar="DURATION",
        help="processor time that a template may take to compile before it is refused; 0 is no limit (2s)",
    )
    add(
        "--enable-opa-builtin",
        action="append",
        default=_enabled(os.environ),
        type=_guarded,
        metavar="NAME,...",
        help=f"allow {' or '.join(GUARDED)} in templates, as gator always does; ${_ENABLED} names some, too",
    )
    for names, default, text in _BOOLEANS:
        add(*names, nargs="?", const=True, default=default, type=_truth, metavar="BOOL", help=text)
    return parser


_BOOLEANS: Final = (
    (("-t", "--trace"), False, "accepted; compiled policies give no trace"),
    (("--stats",), False, "add what each template's code took"),
    (("-v", "--verbose"), False, "print what policies print() below the violations"),
    (("--deny-only",), False, "print only violations that deny"),
    (("--enable-k8s-native-validation",), True, "evaluate CEL; a template with CEL and Rego is then answered by CEL"),
)


def _truth(text: str) -> bool:
    if text.lower() in (*_TRUE, *_FALSE):
        return text.lower() in _TRUE
    raise argparse.ArgumentTypeError(f"{text!r} is neither true nor false")


def _seconds(text: str) -> float:
    from audit.duration import parse_duration  # late, as below: a plain `patrol test` has no such flags

    try:
        found = parse_duration(text)
    except ValueError:
        found = -1.0
    if found < 0:
        raise argparse.ArgumentTypeError(f"{text!r} is no duration such as 1s or 500ms")
    return found


def _enabled(environ: Mapping[str, str]) -> list[tuple[str, ...]]:
    """What the environment enables, as for `patrol run`. Raises ConfigError."""
    try:
        return [_guarded(environ[_ENABLED])] if environ.get(_ENABLED) else []
    except argparse.ArgumentTypeError as error:
        raise ConfigError(f"{_ENABLED}: {error}") from error


def _guarded(text: str) -> tuple[str, ...]:
    from audit.settings.flagtypes import guarded

    try:
        return guarded(text)
    except ValueError:
        raise argparse.ArgumentTypeError(f"{text!r} is none of {', '.join(GUARDED)}") from None


def _say(line: str) -> None:
    sys.stderr.write(f"{line}\n")
