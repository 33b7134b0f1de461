"""The code of a CEL template, compiled: its conditions and validations, and what they find (compatibility, section
8.2).
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from contextlib import suppress
from functools import cached_property
from typing import Final

from constraints.cel import PLACES, Compiler, Failure, Invalid, Loaded
from constraints.cel.admission import NAMESPACE, REQUEST, STRUCTS, request_of
from constraints.cel.failures import Exhausted
from constraints.cel.layout import Code, Slots
from constraints.cel.library.strings import BLANK
from constraints.cel.mentions import Depths, holding, mentions
from constraints.cel.tally import MOST, TALLY
from constraints.cel.types import BOOL, DYN, STRING
from constraints.drivers.celexact import Exactly, judged
from constraints.drivers.celquestions import Condition, Given, Questions, Says, Validation, accepted
from constraints.errors import CompileError
from constraints.fields import Fields
from constraints.inventory import Inventory
from constraints.lang.stack import stack_of
from constraints.model import AdmissionField, Finding, Json
from constraints.review import ADMISSION_ONLY

_INTERNAL: Final = "gatekeeper_internal_"
_RESERVED: Final = frozenset({"params", "anyObject"})
# requestKind is made of kind, where a review has none.
_ADMISSION_ONLY: Final = ADMISSION_ONLY - {"requestKind"}
PARAMETERS: Final = "variables.params"
_BEYOND: Final = re.compile(r"\brequest\b(?!\.(?:kind|name|namespace|operation|options|resource|userInfo)\b)")
"""A mention of `request` other than for one of the fields that every review has."""
INPUTS: Final = (  # in the order of their slots
    ("object", DYN),
    ("oldObject", DYN),
    ("request", REQUEST),
    ("namespaceObject", NAMESPACE),
    ("variables.anyObject", DYN),
)
# What each input is made of; `request` is everything but the Namespace, whatever is read of it.
_FIELDS: Final = tuple((name,) for name in STRUCTS[REQUEST.name])
_OBJECTS: Final = (("object",), ("oldObject",))
_PLACES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "object": (("object",), ("operation",)),
    "oldObject": (("oldObject",),),
    "namespaceObject": (("namespaceObject",),),
    "variables.anyObject": (("object",), ("oldObject",), ("operation",)),
}


FIRST: Final = TALLY + 1
LAST: Final = FIRST + len(INPUTS)  # behind the last slot of an input


class Assembly:
    """The parts of one template, compiled together."""

    def __init__(self, kind: str, fields: Fields) -> None:
        self.kind = kind
        self.texts = dict(_texts(fields))
        self._compiler = _compiler()
        for part in fields.mappings("variables", required=False):
            self._compiler.variable(_name(part), part.text("expression", ""))
        conditions = fields.mappings("matchCondition", required=False)
        self.conditions = [(_name(part), self._condition(part)) for part in conditions]
        self.validations = [self._validation(part) for part in fields.mappings("validations", required=False)]
        try:
            self.loaded: Loaded = self._compiler.load(kind)
        except Invalid as error:
            raise CompileError(str(error), source=kind) from error
        self.paths = self._compiler.reads.paths
        self.trees = self._compiler.trees
        self.is_large = self._compiler.is_large

    def _condition(self, part: Fields) -> Condition:
        text = part.text("expression", "")
        try:
            return Condition(text, self._compiler.expression(text, BOOL))
        except Invalid as error:
            return Condition(text, None, broken=f"compilation error: {error.listing(text)}")

    def _validation(self, part: Fields) -> Validation:
        condition = self._condition(part)
        text = part.text("messageExpression", "")
        try:
            says = self._says(text) if text else None
        except Invalid:
            says = None  # Gatekeeper falls back to the plain message, too
        message = part.text("message", "").strip(BLANK) or f"failed expression: {condition.expression.strip(BLANK)}"
        return Validation(condition, message, says)

    def _says(self, text: str) -> Says:
        code = self._compiler.expression(text, STRING)
        variables = self._compiler.layout.variables
        names = [name.removeprefix("variables.") for name in code.reads]
        known = all(name in variables for name in names)
        return Says(code, tuple(variables[name].slot for name in names) if known else ())


class CelPolicy:
    """The compiled expressions of one template; `strict` when what cannot be evaluated counts as a violation."""

    integers = True

    def __init__(self, assembly: Assembly, *, strict: bool) -> None:
        self.questions = Questions(list(dict(assembly.conditions).values()), assembly.validations, strict)
        self.loaded, self.is_large = assembly.loaded, assembly.is_large
        self._kind, self._texts = assembly.kind, assembly.texts
        self._trees = assembly.trees
        self.makes_request = "request" in assembly.loaded.layout.read and any(
            _BEYOND.search(text) for _, text in self._texts.values()
        )
        self.reads = frozenset(place for path in assembly.paths for place in _places(path))

    @property
    def admission_fields(self) -> tuple[AdmissionField, ...]:
        """What the expressions read that no audit has, each once, in order."""
        with stack_of(PLACES):
            found = self._admission_fields()
        return tuple(AdmissionField(name, found[name]) for name in sorted(found))

    def _admission_fields(self) -> dict[str, str]:
        found: dict[str, str] = {}
        known: dict[str, Depths] = {}
        for place, (variable, text) in self._texts.items():
            with suppress(Invalid):  # what cannot be compiled reads nothing
                if any(name in text for name in _ADMISSION_ONLY):
                    for name, at in sorted(mentions(text, _ADMISSION_ONLY, known), key=lambda one: one[1]):
                        found.setdefault(name, f"{self._kind}/{place}:{at}")
                if variable and ("request" in text or "variables" in text):
                    known[f"variables.{variable}"] = holding(text, known)
        return found

    @cached_property
    def exactly(self) -> Exactly:
        """The slow way to evaluate the policy, which few reviews need."""
        return Exactly(self._trees)

    def program(self, parameters: Json) -> CelProgram:
        """The policy for one constraint."""
        return CelProgram(self, parameters)


class CelProgram:
    """A template's policy with one constraint's parameters; what depends on these alone is computed here, once."""

    def __init__(self, policy: CelPolicy, parameters: Json) -> None:
        self._policy = policy
        self._parameters = parameters
        if policy.is_large:
            return
        self._code = policy.loaded.code
        self._slots = policy.loaded.settle({PARAMETERS: parameters})
        self._conditions = [self._function(condition) for condition in policy.questions.conditions]
        self._asked = [(one, self._function(one.condition), one.says) for one in policy.questions.validations]

    def __call__(self, review: Mapping[str, Json], inventory: Inventory) -> list[Finding]:
        """One finding for each validation that is false, or that fails when the policy is strict.

        When the bound of the cost that generated code keeps is too high, all is evaluated once more, and counted.
        """
        if self._policy.is_large:
            return self._exactly(review)
        slots = self._slots.copy()
        slots[FIRST:LAST] = self._inputs(review)
        try:
            found = self._quickly(slots)
            if slots[TALLY] <= MOST:
                return found
        except Exhausted:
            pass
        return self._exactly(review)

    def _exactly(self, review: Mapping[str, Json]) -> list[Finding]:
        with stack_of(PLACES):
            return judged(self._policy.questions, self._policy.exactly.evaluation(review, self._parameters))

    @property
    def reads(self) -> frozenset[tuple[str, ...]]:
        """The places in the review document that the answer may depend on, as for Rego."""
        return self._policy.reads

    def explain(self) -> str:
        """Nothing: its Python has no lines of the policy to be read beside."""
        return ""

    def _inputs(self, review: Mapping[str, Json]) -> tuple[Json, ...]:
        """The values of INPUTS."""
        obj, old = review.get("object"), review.get("oldObject")
        request = request_of(review) if self._policy.makes_request else review
        if review.get("operation") == "DELETE":  # Rego sees the old object twice
            obj = None
        return obj, old, request, review.get("namespaceObject") or None, old if obj is None else obj

    def _quickly(self, slots: Slots) -> list[Finding]:
        """Raises Exhausted."""
        questions = self._policy.questions
        if self._conditions:
            unmet = questions.unmet([_given(condition, slots) for condition in self._conditions])
            if unmet is not None:
                return unmet
        found: list[Finding] = []
        for validation, evaluate, says in self._asked:
            try:
                given = evaluate(slots)
            except Failure as failure:
                given = failure.with_traceback(None)
            text = self._said(says, slots) if says and (given is False or says.counts(slots)) else ""
            if given is not True:
                found += questions.finding(validation, given, text)
        return found

    def _function(self, condition: Condition) -> Code:
        return _failing(condition.broken) if condition.code is None else self._code[condition.code.function]

    def _said(self, says: Says, slots: Slots) -> str:
        try:
            return accepted(self._code[says.code.function](slots))
        except Failure:
            return ""


def _places(path: tuple[str, ...]) -> Iterator[tuple[str, ...]]:
    """The places in the review document that a path is about which begins with an input."""
    name, *below = path
    if name == "request":
        yield from _FIELDS
        if not below or below[0] not in STRUCTS[REQUEST.name]:
            yield from _OBJECTS
    for place in _PLACES.get(name, ()):
        yield (*place, *below) if place[0] != "operation" else place


def _given(evaluate: Code, slots: Slots) -> Given:
    try:
        return evaluate(slots)
    except Failure as failure:
        return failure.with_traceback(None)


def _failing(message: str) -> Code:
    def fail(slots: Slots) -> Json:
        raise Failure(message)

    return fail


def _texts(fields: Fields) -> Iterator[tuple[str, tuple[str, str]]]:
    """All expressions of a source, by their place in it, each with the name of its variable, if it is one."""
    for name in ("variables", "matchCondition", "validations"):
        for at, part in enumerate(fields.mappings(name, required=False)):
            for field in ("expression", "messageExpression"):
                variable = part.text("name", "") if name == "variables" else ""
                yield f"{name}[{at}].{field}", (variable, part.text(field, ""))


def _compiler() -> Compiler:
    compiler = Compiler(dict(STRUCTS))
    for name, kind in INPUTS:
        compiler.input(name, kind)
    compiler.input(PARAMETERS, setting=True)
    return compiler


def _name(part: Fields) -> str:
    """A name that Gatekeeper takes, which may be none. Raises CompileError."""
    name = part.text("name", "")
    if name in _RESERVED or name.startswith(_INTERNAL):
        raise part.error("name", "is reserved", name)
    return name
