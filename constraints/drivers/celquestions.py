"""What is asked of an object in CEL, and what it means that an answer is no, or could not be given."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from constraints.cel import Compiled, Failure
from constraints.cel.layout import Slots
from constraints.cel.library.strings import BLANK
from constraints.dataclass import dataclass
from constraints.model import Finding, Json

_LONGEST_MESSAGE: Final = 5 * 1024  # bytes
Given = Json | Failure
"""What an expression gives: its value, or why it has none."""


@dataclass(frozen=True, slots=True)
class Condition:
    """An expression that is true or false. `broken` says why it cannot be compiled; the code is not there then."""

    expression: str
    code: Compiled | None
    broken: str = ""


@dataclass(frozen=True, slots=True)
class Says:
    """An expression that makes a message; `sources` are the slots of all that it reads, when that is variables only."""

    code: Compiled
    sources: tuple[int, ...]

    def counts(self, slots: Slots) -> bool:
        """Whether it may cost more than is known beforehand, as it does not where all that it reads is empty or
        false.
        """
        if not self.code.adds:
            return False
        for place in self.sources:
            if slots[place]:
                return True
        return not self.sources


@dataclass(frozen=True, slots=True)
class Validation:
    """A condition, and what to say when it is false: a message, or the code that makes one."""

    condition: Condition
    message: str
    says: Says | None


@dataclass(frozen=True, slots=True)
class Questions:
    """All conditions and validations of a template; `strict` when what cannot be evaluated counts as a violation."""

    conditions: Sequence[Condition]
    validations: Sequence[Validation]
    strict: bool

    def unmet(self, answers: Sequence[Given]) -> list[Finding] | None:
        """What conditions find that do not all hold; None when they do."""
        if False in answers:
            return []
        failures = [self.failure(*pair) for pair in zip(self.conditions, answers, strict=True)]
        failures = [text for text in failures if text]
        return self.failed(_joined(failures)) if failures else None

    def finding(self, validation: Validation, given: Given, text: str) -> list[Finding]:
        """What a validation finds that does not hold, with what its message expression gives."""
        failure = self.failure(validation.condition, given)
        return self.failed(failure) if failure else [Finding(text or validation.message, None)]

    def failure(self, condition: Condition, given: Given) -> str:
        """Why a condition could not be evaluated, the empty text when it could."""
        if not isinstance(given, Failure):
            return ""
        what = f"expression '{condition.expression}' resulted in error: "
        return f"{what if condition.code else ''}{given}"

    def failed(self, message: str) -> list[Finding]:
        """What could not be evaluated, unless that is ignored."""
        return [Finding(message, None, error=True)] if self.strict else []


def accepted(text: str) -> str:
    """A message that an expression gives, the empty text when Gatekeeper would not take it."""
    text = text.strip(BLANK)
    size = len(text) if text.isascii() else len(text.encode(errors="replace"))
    return text if size <= _LONGEST_MESSAGE and "\n" not in text else ""


def _joined(failures: list[str]) -> str:
    """Several errors as Kubernetes writes them: in brackets, equal ones once."""
    distinct = list(dict.fromkeys(failures))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"
