"""Drivers, policies and programs that answer as a function of Python does."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any

from constraints.drivers import EVERYTHING, Places, Policy, Program
from constraints.inventory import Inventory
from constraints.model import REGO, AdmissionField, Finding

Answer = Callable[[Mapping[str, Any], Inventory], Iterable[Finding]]


def nothing(review: Mapping[str, Any], inventory: Inventory) -> Iterable[Finding]:
    """What a policy says that has nothing against anything."""
    return ()


class Answering:
    """A driver, a policy and a program in one, all of them whole: `answer` says what is found, `reads` what is read."""

    engine = REGO
    integers = False

    def __init__(self, answer: Answer = nothing, reads: Places = EVERYTHING) -> None:
        self.answer = answer
        self.reads = reads

    @property
    def admission_fields(self) -> Sequence[AdmissionField]:
        """None."""
        return ()

    def compile(self, kind: str, source: Mapping[str, Any]) -> Policy:
        """This one."""
        return self

    def program(self, parameters: Any) -> Program:
        """This one, whatever the parameters are."""
        return self

    def __call__(self, review: Mapping[str, Any], inventory: Inventory) -> Sequence[Finding]:
        """What `answer` gives."""
        return list(self.answer(review, inventory))

    def explain(self) -> str:
        """Nothing: nobody has written any code."""
        return ""
