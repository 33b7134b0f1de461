"""The expressions of a policy evaluated with all that they cost in Kubernetes, for reviews that may cost too much."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from constraints.cel import Compiled, Compiler
from constraints.cel.admission import NAMESPACE, REQUEST, STRUCTS, request_of
from constraints.cel.check import Checked
from constraints.cel.costs import CONDITIONS, PER_CALL
from constraints.cel.exact.frame import Step
from constraints.cel.exact.phase import Phase, Plans
from constraints.cel.failures import Failure, OverBudget
from constraints.cel.types import DYN
from constraints.cel.values import Value
from constraints.drivers.celquestions import Condition, Given, Questions, accepted
from constraints.model import Finding, Json

OUT: Final = "validation failed due to running out of cost budget, no further validation rules will be run"
_KINDS: Final = {"object": DYN, "oldObject": DYN, "request": REQUEST, "namespaceObject": NAMESPACE, "params": DYN}
_OF_GATEKEEPER: Final = {  # its own variables, which cost something like any other
    "anyObject": 'has(request.operation) && request.operation == "DELETE" && object == null ? oldObject : object',
    "params": "!has(params.spec) ? null : !has(params.spec.parameters) ? null: params.spec.parameters",
}


class Exactly:
    """What a policy shares between reviews: its plans, each made when it is first needed."""

    def __init__(self, trees: Mapping[str, Checked | Failure]) -> None:
        self._plans = Plans(frozenset(_KINDS), {**_own_variables(), **trees})
        self._steps: dict[str, Step] = {}

    def evaluation(self, review: Mapping[str, Json], parameters: Json) -> Evaluation:
        """The expressions for one review of one constraint."""
        obj = None if review.get("operation") == "DELETE" else review.get("object")
        inputs = {
            "object": obj,
            "oldObject": review.get("oldObject"),
            "request": request_of(review),
            "namespaceObject": review.get("namespaceObject") or None,
            "params": {"spec": {} if parameters is None else {"parameters": parameters}},
        }
        return Evaluation(self, inputs)

    def phase(self, inputs: Mapping[str, Value], budget: int) -> Phase:
        """The variables are computed anew in each phase."""
        return Phase(self._plans.variables, inputs, budget)

    def step(self, compiled: Compiled) -> Step:
        """The plan of an expression."""
        if compiled.function not in self._steps:
            self._steps[compiled.function] = self._plans.of(compiled.checked)
        return self._steps[compiled.function]


class Evaluation:
    """One review; phases come one after the other."""

    def __init__(self, exactly: Exactly, inputs: Mapping[str, Value]) -> None:
        self._exactly = exactly
        self._inputs = inputs
        self._phase = exactly.phase(inputs, 0)

    def begin(self, budget: int | None) -> None:
        """Begin a phase with that budget, or with what the last one left."""
        self._phase = self._exactly.phase(self._inputs, self._phase.remaining if budget is None else budget)

    def value(self, compiled: Compiled) -> Given:
        """Raises OverBudget."""
        try:
            return self._phase.value(self._exactly.step(compiled))
        except Failure as failure:
            return failure


def judged(questions: Questions, evaluation: Evaluation) -> list[Finding]:
    """What a policy finds, or that it costs too much: its conditions, its validations, or all of its messages."""
    evaluation.begin(CONDITIONS)
    try:
        unmet = questions.unmet([_given(evaluation, condition) for condition in questions.conditions])
        if unmet is not None:
            return unmet
        evaluation.begin(PER_CALL)
        answers = [_given(evaluation, validation.condition) for validation in questions.validations]
    except OverBudget:
        return questions.failed(OUT)
    evaluation.begin(None)
    try:
        texts = [evaluation.value(one.says.code) if one.says else "" for one in questions.validations]
    except OverBudget:
        return _unsaid(questions, answers)
    found: list[Finding] = []
    for validation, given, text in zip(questions.validations, answers, texts, strict=True):
        if given is not True:
            found += questions.finding(validation, given, "" if isinstance(text, Failure) else accepted(text))
    return found


def _given(evaluation: Evaluation, condition: Condition) -> Given:
    return evaluation.value(condition.code) if condition.code else Failure(condition.broken)


def _unsaid(questions: Questions, answers: Sequence[Given]) -> list[Finding]:
    """Messages that cost too much spoil every validation, also those that hold."""
    found: list[Finding] = []
    for validation, given in zip(questions.validations, answers, strict=True):
        failure = questions.failure(validation.condition, given)
        found += questions.failed(failure or f"failed messageExpression: {OUT}")
    return found


def _own_variables() -> Mapping[str, Checked | Failure]:
    compiler = Compiler(dict(STRUCTS))
    for name, kind in _KINDS.items():
        compiler.input(name, kind)
    for name, text in _OF_GATEKEEPER.items():
        compiler.variable(name, text)
    return compiler.trees
