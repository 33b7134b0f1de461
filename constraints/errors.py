"""What can be wrong with a policy.

PolicyError
├── TemplateError        a ConstraintTemplate that cannot be used
│   └── EngineMissing    none of its engines is one that we have
├── ConstraintError      a constraint that cannot be used
├── CompileError         the code of a template is not valid for its engine; carries a Span
│   └── ModuleError      what Gatekeeper finds wrong with a module before it compiles it
├── MatchError           an object that `spec.match` cannot be decided for
└── EvaluationError      a policy failed while it looked at an object; carries the engine's code
"""

from __future__ import annotations

from collections.abc import Sequence

from constraints.lang.source import Span


class PolicyError(Exception):
    """Something is wrong with a policy; the text names the thing, the field and the value."""

    code = "policy_error"

    def __init__(self, message: str, *, span: Span | None = None, source: str = "") -> None:
        super().__init__(message)
        self.message = message
        self.span = span
        self.source = source

    @property
    def location(self) -> str:
        """`<source>:<line>:<column>` as far as it is known, else the empty string."""
        return ":".join(str(part) for part in (self.source, self.span) if part)

    def __str__(self) -> str:
        return f"{self.location}: {self.message}" if self.location else self.message


class TemplateError(PolicyError):
    """A ConstraintTemplate that cannot be used."""

    code = "create_error"


class EngineMissing(TemplateError):
    """A template written only for engines that this program does not have."""

    code = "ingest_error"


class ConstraintError(PolicyError):
    """A constraint that cannot be used."""

    code = "constraint_error"


class CompileError(PolicyError):
    """The code of a template is not valid for its engine.

    `each` are the problems one by one, each with its place, where more than one was found. `deep`: the stack was too
    small for it, and a larger one might do.
    """

    code = "ingest_error"

    def __init__(
        self,
        message: str,
        *,
        span: Span | None = None,
        source: str = "",
        each: Sequence[CompileError] = (),
        deep: bool = False,
    ) -> None:
        super().__init__(message, span=span, source=source)
        self.each = tuple(each) or (self,)
        self.deep = deep


class ModuleError(CompileError):
    """A module that cannot be parsed, or that says what no template may: Gatekeeper refuses it before it compiles."""


class MatchError(PolicyError):
    """An object for which `spec.match` cannot be decided, e.g. its Namespace is unknown."""

    code = "match_error"


class NamespaceMissing(MatchError):
    """An object for which `spec.match` cannot be decided because the Namespace that it lives in is not known."""


class EvaluationError(PolicyError):
    """A policy failed while it looked at an object.

    `code` is the engine's own, e.g. `eval_conflict_error`.
    """

    def __init__(
        self, message: str, *, code: str = "eval_internal_error", span: Span | None = None, source: str = ""
    ) -> None:
        super().__init__(message, span=span, source=source)
        self.code = code
