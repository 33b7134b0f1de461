"""A policy of Gatekeeper: the modules of a template, and a program for each constraint's parameters."""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from constraints.errors import EvaluationError
from constraints.rego.builtins import Builtin
from constraints.rego.builtins.outside import Outside
from constraints.rego.codegen import Generator
from constraints.rego.prepare import prepare
from constraints.rego.resolved import Resolved
from constraints.rego.runtime import BUDGET, NOWHERE, Context, items_of
from constraints.rego.syntax import Module
from constraints.rego.values import Value, in_order

ENTRY = "violation"


@dataclass(frozen=True, slots=True)
class Settings:
    """What holds for all policies: builtins that may be called, hooks to the world outside, steps of an evaluation.

    `prints` keeps calls of `print`, which are erased otherwise.
    """

    builtins: Mapping[str, Builtin]
    outside: Outside = NOWHERE
    budget: int = BUDGET
    prints: bool = False


class RegoPolicy:
    """The modules of one template, checked."""

    def __init__(self, modules: Sequence[Module], settings: Settings) -> None:
        self._settings = settings
        self._resolved = prepare(modules, builtins=settings.builtins, keep_prints=settings.prints)
        self._entry = (*modules[0].package, ENTRY)

    def program(self, parameters: Value) -> RegoProgram:
        """The policy for one constraint."""
        return RegoProgram(self._resolved, self._entry, parameters, self._settings)


class RegoProgram:
    """One constraint: gives the members of `violation` for a review and an inventory."""

    def __init__(self, resolved: Resolved, entry: tuple[str, ...], parameters: Value, settings: Settings) -> None:
        generator = Generator(resolved, settings.builtins, parameters=parameters)
        entry_function = generator.rule(entry)
        self._generated = generator.generated()
        self._generated.load()
        self._violation = self._generated.scope[entry_function]
        self._parameters = parameters
        self._budget = settings.budget
        self._context = Context({}, {}, self._generated.rules, settings.outside)
        self._unasked = tuple(self._context.memo)

    def members(self, review: Mapping[str, Value], inventory: Mapping[str, Value]) -> list[Value]:
        """What `violation[x]` holds for, in Rego's order. Raises EvaluationError."""
        context = self._context
        context.input = {"review": review, "parameters": self._parameters}
        context.review = review
        context.data = {"inventory": inventory}
        context.memo[:] = self._unasked
        context.budget.left = self._budget
        if context.memory:
            context.memory = {}
        try:
            found = self._violation(context)
        except RecursionError as error:
            raise EvaluationError("the evaluation nests too deeply", code="budget_exceeded") from error
        return in_order(key for key, value in items_of(found))

    def explain(self) -> str:
        """The Python of this program, as text."""
        return "\n\n".join(ast.unparse(module) for module in self._generated.modules.values())


