"""The code of a CEL template, compiled: its conditions and validations, and what they find (contract, section 6.2)."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from contextlib import suppress
from dataclasses import dataclass
from typing import Final

from constraints.cel import Compiler, Failure, Invalid, Loaded
from constraints.cel.admission import NAMESPACE, REQUEST, STRUCTS, request_of
from constraints.cel.layout import Slots
from constraints.cel.mentions import mentions
from constraints.cel.types import BOOL, DYN, STRING
from constraints.errors import CompileError
from constraints.fields import Fields
from constraints.inventory import Inventory
from constraints.model import AdmissionField, Finding, Json
from constraints.review import ADMISSION_ONLY

_INTERNAL: Final = "gatekeeper_internal_"
_RESERVED: Final = frozenset({"params", "anyObject"})
_LONGEST_MESSAGE: Final = 5 * 1024  # bytes
# requestKind is made of kind, where a review has none.
_ADMISSION_ONLY: Final = ADMISSION_ONLY - {"requestKind"}
PARAMETERS: Final = "variables.params"
INPUTS: Final = (  # in the order of their slots
    ("object", DYN),
    ("oldObject", DYN),
    ("request", REQUEST),
    ("namespaceObject", NAMESPACE),
    ("variables.anyObject", DYN),
)
# What each input is made of; `request` is everything but the Namespace.
_PLACES: Final[Mapping[str, tuple[tuple[str, ...], ...]]] = {
    "object": (("object",), ("operation",)),
    "oldObject": (("oldObject",),),
    "request": tuple((name,) for name in STRUCTS[REQUEST.name]),
    "namespaceObject": (("namespaceObject",),),
    "variables.anyObject": (("object",), ("oldObject",), ("operation",)),
}


@dataclass(frozen=True, slots=True)
class _Condition:
    """An expression that is true or false. `broken` says why it cannot be compiled; its function is not there then."""

    expression: str
    function: str = ""
    broken: str = ""


@dataclass(frozen=True, slots=True)
class _Validation:
    """A condition, and what to say when it is false: a message, or the function that makes one."""

    condition: _Condition
    message: str
    message_function: str


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

    def _condition(self, part: Fields) -> _Condition:
        text = part.text("expression", "")
        try:
            return _Condition(text, self._compiler.expression(text, BOOL).function)
        except Invalid as error:
            return _Condition(text, broken=f"compilation error: {error.listing(text)}")

    def _validation(self, part: Fields) -> _Validation:
        condition = self._condition(part)
        text = part.text("messageExpression", "")
        try:
            function = self._compiler.expression(text, STRING).function if text else ""
        except Invalid:
            function = ""  # Gatekeeper falls back to the plain message, too
        message = part.text("message", "").strip() or f"failed expression: {condition.expression.strip()}"
        return _Validation(condition, message, function)


class CelPolicy:
    """The compiled expressions of one template; `strict` when what cannot be evaluated counts as a violation."""

    integers = True

    def __init__(self, assembly: Assembly, *, strict: bool) -> None:
        self.conditions = list(dict(assembly.conditions).values())
        self.validations = assembly.validations
        self.loaded = assembly.loaded
        self.strict = strict
        self._kind, self._texts = assembly.kind, assembly.texts
        self.reads_request = "request" in assembly.loaded.layout.read
        self.reads = frozenset(path for name in assembly.loaded.layout.read for path in _PLACES.get(name, ()))

    @property
    def admission_fields(self) -> tuple[AdmissionField, ...]:
        """What the expressions read that no audit has, each once, in order."""
        found: dict[str, str] = {}
        for place, text in self._texts.items():
            if not any(name in text for name in _ADMISSION_ONLY):
                continue
            with suppress(Invalid):  # what cannot be compiled reads nothing
                for name, at in sorted(mentions(text, _ADMISSION_ONLY), key=lambda one: one[1]):
                    found.setdefault(name, f"{self._kind}/{place}:{at}")
        return tuple(AdmissionField(name, found[name]) for name in sorted(found))

    def program(self, parameters: Json) -> CelProgram:
        """The policy for one constraint."""
        return CelProgram(self, parameters)


class CelProgram:
    """A template's policy with one constraint's parameters; what depends on these alone is computed here, once."""

    def __init__(self, policy: CelPolicy, parameters: Json) -> None:
        self._policy = policy
        self._code = policy.loaded.code
        self._slots = policy.loaded.settle({PARAMETERS: parameters})

    def __call__(self, review: Mapping[str, Json], inventory: Inventory) -> list[Finding]:
        """One finding for each validation that is false, or that fails when the policy is strict."""
        slots = self._slots.copy()
        slots[: len(INPUTS)] = self._inputs(review)
        policy = self._policy
        if policy.conditions:
            failures = self._unmet(slots)
            if failures is None or failures:
                return [Finding(_joined(failures), None, error=True)] if failures and policy.strict else []
        found = (self._finding(validation, slots) for validation in policy.validations)
        return [finding for finding in found if finding]

    @property
    def reads(self) -> frozenset[tuple[str, ...]]:
        """The places in the review document that the answer may depend on, as for Rego."""
        return self._policy.reads

    def _inputs(self, review: Mapping[str, Json]) -> tuple[Json, ...]:
        """The values of INPUTS."""
        obj, old = review.get("object"), review.get("oldObject")
        request = request_of(review) if self._policy.reads_request else None
        if review.get("operation") == "DELETE":  # Rego sees the old object twice
            obj = None
        return obj, old, request, review.get("namespaceObject") or None, old if obj is None else obj

    def _unmet(self, slots: Slots) -> list[str] | None:
        """None when a condition is false, else what failed: nothing, when all are true."""
        failures = []
        for condition in self._policy.conditions:
            try:
                if not self._holds(condition, slots):
                    return None
            except Failure as failure:
                failures.append(str(failure))
        return failures

    def _finding(self, validation: _Validation, slots: Slots) -> Finding | None:
        try:
            if self._holds(validation.condition, slots):
                return None
        except Failure as failure:
            return Finding(str(failure), None, error=True) if self._policy.strict else None
        return Finding(self._said(validation.message_function, slots) or validation.message, None)

    def _holds(self, condition: _Condition, slots: Slots) -> Json:
        if condition.broken:
            raise Failure(condition.broken)
        try:
            return self._code[condition.function](slots)
        except Failure as failure:
            what = f"expression '{condition.expression}' resulted in error: {failure}"
            raise Failure(what) from failure

    def _said(self, function: str, slots: Slots) -> str:
        """What the message's expression gives, the empty text when Gatekeeper would not take it."""
        if not function:
            return ""
        try:
            text: str = self._code[function](slots)
        except Failure:
            return ""
        text = text.strip()
        return text if "\n" not in text and len(text.encode(errors="replace")) <= _LONGEST_MESSAGE else ""


def _texts(fields: Fields) -> Iterator[tuple[str, str]]:
    """All expressions of a source, by their place in it."""
    for name in ("variables", "matchCondition", "validations"):
        for at, part in enumerate(fields.mappings(name, required=False)):
            for field in ("expression", "messageExpression"):
                yield f"{name}[{at}].{field}", part.text(field, "")


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


def _joined(failures: list[str]) -> str:
    """Several errors as Kubernetes writes them: in brackets, equal ones once."""
    distinct = list(dict.fromkeys(failures))
    return distinct[0] if len(distinct) == 1 else f"[{', '.join(distinct)}]"
