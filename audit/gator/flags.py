"""The flags of `patrol test`: those of `gator test`, and which engines answer as in `patrol run`."""

from __future__ import annotations

from typing import Final

from audit.gator.evaluate import LIMITS
from audit.gator.output import FORMATS
from audit.hooks.engines import DEFAULTS, GUARDED
from audit.settings.commands import Command
from audit.settings.flagtypes import FlagType, guarded, time_limit
from audit.settings.rows import flag
from constraints.dataclass import dataclass

ENABLED: Final = "PATROL_ENABLE_OPA_BUILTIN"
COMMAND: Final = Command(
    "test",
    "Evaluate Kubernetes objects by the ConstraintTemplates and constraints among them.",
    """examples:
  patrol test --filename=manifest.yaml
  patrol test --filename=manifest.yaml --filename=policies/
  cat manifest.yaml | patrol test --output=json
""",
)
_TRUE: Final = ("1", "t", "true")
_FALSE: Final = ("0", "f", "false")


def _truth(text: str) -> bool:
    if text.lower() not in (*_TRUE, *_FALSE):
        raise ValueError(text)
    return text.lower() in _TRUE


def _as_given(text: str) -> tuple[str, ...]:
    return (text,)


_TRUTH = FlagType("BOOL", "true or false", _truth, bare=True, otherwise="neither true nor false")
_TEXT = FlagType("", "text", str)
_TEXTS = FlagType("", "text", _as_given, repeatable=True)
_PATHS = FlagType("PATH", "a file or folder", _as_given, repeatable=True)
_FORMAT = FlagType("", "an output format", str.lower, choices=tuple(FORMATS))
_FAILURE_POLICY = FlagType("", "Fail or Ignore", str, choices=("Fail", "Ignore"))
_TIME_LIMIT = FlagType("DURATION", "a duration", time_limit, otherwise="no duration such as 1s or 500ms")
_BUILTINS = FlagType(
    "NAME,...", "guarded builtins", guarded, repeatable=True, otherwise=f"none of {', '.join(GUARDED)}"
)


@dataclass(frozen=True, slots=True)
class GatorTestFlags:
    """What `patrol test` was told."""

    filename: tuple[str, ...] = flag(
        "filename", (), _PATHS, "a file or folder of objects; may be given several times", "-f"
    )
    output: str = flag("output", "text", _FORMAT, "output format (text)", "-o")
    image: tuple[str, ...] = flag("image", (), _TEXTS, "refused: OCI images of policies cannot be read", "-i")
    tempdir: str = flag("tempdir", "", _TEXT, "refused, it belongs to --image", "-d")
    failure_policy: str = flag(
        "default-k8s-native-validation-failure-policy",
        "Fail",
        _FAILURE_POLICY,
        "for CEL templates without failurePolicy: whether an error is a violation (Fail)",
    )
    evaluation_timeout: float = flag(
        "evaluation-timeout",
        LIMITS.evaluation,
        _TIME_LIMIT,
        "processor time that one policy may take for one object before it is stopped; 0 is no limit (1s)",
    )
    template_timeout: float = flag(
        "template-timeout",
        DEFAULTS.template_timeout,
        _TIME_LIMIT,
        "processor time that a template may take to compile before it is refused; 0 is no limit (2s)",
    )
    enabled_builtins: tuple[str, ...] = flag(
        "enable-opa-builtin",
        (),
        _BUILTINS,
        f"allow {' or '.join(GUARDED)} in templates, as gator always does; ${ENABLED} names some, too",
        ENABLED,
    )
    trace: bool = flag("trace", False, _TRUTH, "accepted; compiled policies give no trace", "-t")
    stats: bool = flag("stats", False, _TRUTH, "add what each template's code took")
    verbose: bool = flag("verbose", False, _TRUTH, "print what policies print() below the violations", "-v")
    deny_only: bool = flag("deny-only", False, _TRUTH, "print only violations that deny")
    native_validation: bool = flag(
        "enable-k8s-native-validation",
        True,
        _TRUTH,
        "evaluate CEL; a template with CEL and Rego is then answered by CEL",
    )
