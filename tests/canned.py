"""Engines whose policies all give the same answer."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from typing import Any

from answering import Answering
from probes import constraint, template

from constraints import Engine, Inventory, Point
from constraints.drivers import Policy, Program
from constraints.errors import CompileError
from constraints.model import Finding
from constraints.timing import Timekeeper

Answer = Callable[[Mapping[str, Any], Any], Iterable[Finding]]


class Canned(Answering):
    """A driver whose policies all give the same answer."""

    def __init__(self, answer: Answer) -> None:
        super().__init__()
        self.canned = answer
        self.inventories: list[Inventory] = []

    def compile(self, kind: str, source: Mapping[str, Any]) -> Policy:
        if "bad" in source.get("rego", ""):
            raise CompileError("it is bad", source=kind)
        return self

    def program(self, parameters: Any) -> Program:
        def answer(review: Mapping[str, Any], inventory: Inventory) -> Iterable[Finding]:
            self.inventories.append(inventory)
            return self.canned(review, parameters)

        return Answering(answer)


def say(*messages: str) -> Answer:
    """These messages, whatever is asked."""
    return lambda review, parameters: [Finding(message) for message in messages]


def failing(error: Exception) -> Answer:
    """No answer but this error."""

    def answer(review: Mapping[str, Any], parameters: Any) -> Iterable[Finding]:
        raise error

    return answer


def engine(
    answer: Answer, *constraints: dict[str, Any], point: Point = Point.AUDIT, timekeeper: Timekeeper | None = None
) -> Engine:
    """An engine with one template, whose policies give this answer, and these constraints or one."""
    made = Engine(point, {"Rego": Canned(answer)}, timekeeper=timekeeper)
    made.add_template(template())
    for obj in constraints or (constraint(),):
        made.add_constraint(obj)
    return made
