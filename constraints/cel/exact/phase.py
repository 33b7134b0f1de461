"""Expressions that are evaluated one after the other, share their variables and a budget, and may run out of it."""

from __future__ import annotations

from collections.abc import Mapping

from constraints.cel.check import Checked
from constraints.cel.costs import PER_CALL
from constraints.cel.exact.frame import Frame, Step
from constraints.cel.exact.plan import plan
from constraints.cel.failures import Exhausted, Failure, OverBudget, Panic, composited, failed
from constraints.cel.values import Value

CANCELLED = "operation cancelled: actual cost limit exceeded"
Steps = Mapping[str, Step | Failure]


class Plans:
    """The plans of one policy: its variables by name, a failure where one cannot be compiled."""

    def __init__(self, inputs: frozenset[str], variables: Mapping[str, Checked | Failure]) -> None:
        self._inputs = inputs
        self.variables: Steps = {
            name: found if isinstance(found, Failure) else self.of(found) for name, found in variables.items()
        }

    def of(self, checked: Checked) -> Step:
        """The plan of one expression."""
        return plan(checked, self._inputs)


class Phase:
    """One go over some expressions; `remaining` is what is left of the budget for them."""

    def __init__(self, variables: Steps, inputs: Mapping[str, Value], budget: int) -> None:
        self.remaining = budget
        self._variables = variables
        self._inputs = inputs
        self._values: dict[str, Value] = {}
        self._composed = 0

    def value(self, step: Step) -> Value:
        """Raises Failure, and OverBudget when the budget does not suffice."""
        self._composed = 0
        spent, value = self._run(step)
        self.remaining -= self._composed + spent
        if self.remaining < 0:
            raise OverBudget
        if isinstance(value, Failure):
            raise value
        return value

    def _run(self, step: Step) -> tuple[int, Value]:
        """What it costs, and the value or the failure; each expression has a limit of its own, too."""
        frame = Frame(self._inputs, self._variable, PER_CALL)
        try:
            value = step(frame)
            frame.check()
        except Exhausted:
            return max(frame.spent, PER_CALL + 1), Failure(CANCELLED)
        except Panic as panic:
            value = failed(panic)
        except Failure as failure:
            value = failure.with_traceback(None)
            if frame.spent > PER_CALL:
                value = Failure(CANCELLED)
        return frame.spent, value

    def _variable(self, name: str) -> Value:
        """Raises Failure; a variable is computed once."""
        if name not in self._values:
            self._values[name] = self._computed(name)
        value = self._values[name]
        if isinstance(value, Failure):
            raise value.with_traceback(None)
        return value

    def _computed(self, name: str) -> Value:
        step = self._variables[name]
        if isinstance(step, Failure):
            return step
        spent, value = self._run(step)
        self._composed += spent
        return composited(name, value) if isinstance(value, Failure) else value
