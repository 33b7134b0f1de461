"""Holds templates and constraints; says what they find in one object."""

from __future__ import annotations

from collections.abc import Callable, Container, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass
from sys import intern
from types import MappingProxyType

from constraints.constraint import parse
from constraints.drivers import Driver, Policy, Program, make_drivers
from constraints.errors import (
    CompileError,
    ConstraintError,
    EngineMissing,
    EvaluationError,
    MatchError,
    NamespaceMissing,
    PolicyError,
)
from constraints.fields import quoted
from constraints.inventory import EMPTY, Inventory
from constraints.match import compile_match, reads_namespace, takes_kind
from constraints.model import (
    ANY,
    SCOPED,
    AdmissionField,
    Cause,
    Constraint,
    Finding,
    Gap,
    Json,
    Kind,
    Object,
    ObjectRef,
    Point,
    Review,
    Violation,
)
from constraints.review import document, doubles, integers, mapping
from constraints.template import Template
from constraints.timing import OutOfTime, Timekeeper, Untimed

_UNDECIDABLE = "spec.match cannot be decided"
_UNMATCHED = "unable to match constraints: error matching the requested object: {} :failed to run Match criteria: {}"


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A constraint ready to be asked. `takes` is asked once for a group and kind, `matches` for each object.

    `reads_namespace`: its answer depends on the Namespace that an object lives in. `integers`: what it sees has to be
    read once more, so that whole numbers are integers.
    """

    constraint: Constraint
    takes: Callable[[str, str], bool]
    matches: Callable[[Review], bool]
    program: Program
    reads_namespace: bool = True
    integers: bool = False
    key: str = ""  # the constraint's, which makes a new text each time


_NO_TIME = "the evaluation needs more time than it is given"

_KEPT = (("apiVersion",), ("kind",), ("metadata",))
Outcome = Violation | Gap
Hit = Rule | Outcome


class Engine:
    """Templates and constraints, indexed by kind.

    `point` says whose rules of enforcement hold; at gator's, numbers are taken as `gator test` reads them, and
    parameters with `exact` as `gator verify` does. `timing` sees to the time of evaluations. Not for several threads
    at once.
    """

    def __init__(
        self,
        point: Point = Point.AUDIT,
        drivers: Mapping[str, Driver] | None = None,
        *,
        exact: bool = False,
        timing: Timekeeper | None = None,
    ) -> None:
        self.point = point
        self._exact = exact
        self._timing = timing or Untimed()
        self._left_out: dict[str, Constraint] = {}
        self._drivers = make_drivers() if drivers is None else drivers
        self._templates: dict[str, Template] = {}
        self._policies: dict[str, Policy] = {}
        self._constraints: dict[str, Constraint] = {}
        self._rules: dict[str, Rule] = {}
        self._by_kind: dict[tuple[str, str], tuple[Rule, ...]] = {}

    @property
    def templates(self) -> Mapping[str, Template]:
        """By the kind of their constraints."""
        return MappingProxyType(self._templates)

    @property
    def constraints(self) -> Mapping[str, Constraint]:
        """By key (`Kind/name`), also those that are not enforced at this point."""
        return MappingProxyType(self._constraints)

    def add_template(self, obj: Object) -> Template:
        """Add a template, or replace the one of its kind; constraints of that kind must be added again.

        Raises TemplateError, EngineMissing, CompileError; what was there before then stays.
        """
        with _compiling():
            template = Template.parse(obj)
            policy = self._compile(template)
        self.remove_template(template.kind)
        self._templates[template.kind] = template
        self._policies[template.kind] = policy
        return template

    def admission_fields(self, kind: str) -> tuple[AdmissionField, ...]:
        """What the template of `kind` reads that only an admission request has; nothing where that cannot be told."""
        found: tuple[AdmissionField, ...] = ()
        with suppress(PolicyError), _compiling():
            found = tuple(self._policies[kind].admission_fields)
        return found

    def program(self, key: str) -> Program:
        """The code of the constraint `Kind/name`, as it was compiled when it was added, to look at."""
        return self._rules[key].program

    def program_without_parameters(self, kind: str) -> Program:
        """The code of the template of `kind`, as a constraint without parameters would have it. Raises CompileError."""
        with _compiling():
            return self._policies[kind].program({})

    def remove_template(self, kind: str) -> None:
        """Remove the template of `kind` and all its constraints."""
        self._templates.pop(kind, None)
        self._policies.pop(kind, None)
        for key in [key for key, found in self._constraints.items() if found.kind == kind]:
            self.remove_constraint(key)

    def add_constraint(self, obj: Object) -> Constraint:
        """Add a constraint, or replace the one of its key.

        Raises ConstraintError with the constraint's key as its source, and CompileError; what was there before then
        stays.
        """
        try:
            with _compiling(_key(obj)):
                rule = self._rule(obj)
        except ConstraintError as error:
            raise ConstraintError(error.message, source=_key(obj)) from error
        found = rule.constraint
        self.remove_constraint(found.key)
        self._constraints[found.key] = found
        self._rules[found.key] = rule
        return found

    def remove_constraint(self, key: str) -> None:
        """Remove the constraint `Kind/name`; nothing happens when it is not there."""
        self._constraints.pop(key, None)
        self._rules.pop(key, None)
        self._by_kind.clear()

    def answers(self, template: Template) -> str:
        """The engine that answers for a template, the empty text where there is none."""
        codes = {
            code.engine for code in template.code
        }  # the drivers' order decides, not the template's (compatibility, section 1)
        return next((name for name in self._drivers if name in codes), "")

    def enforced(self) -> tuple[Constraint, ...]:
        """The constraints that have an action at this point."""
        return tuple(constraint for constraint in self._constraints.values() if constraint.enforced)

    def reads_namespace(self, kind: Kind) -> bool:
        """Whether some answer about an object of `kind` depends on the Namespace that it lives in."""
        return any(rule.reads_namespace for rule in self._rules_for(kind))

    def reads_metadata_only(self, kind: Kind) -> bool:
        """Whether no answer about an object of `kind` depends on more of it than its metadata, which is all that
        `spec.match` reads."""
        return all(_reads_metadata_only(rule.program) for rule in self._rules_for(kind))

    def review(self, review: Review, inventory: Inventory = EMPTY, unless: Kind | None = None) -> list[Outcome]:
        """What the constraints find in one object; constraints that take the kind `unless` too are left out."""
        hits: Sequence[Hit] = self.matching(review, unless)
        if inventory.partial or self._timing.spent:
            hits = self.askable(hits, inventory)
        return self.evaluate(review, hits, inventory)

    def matching(self, review: Review, unless: Kind | None = None) -> list[Hit]:
        """The first part of `review`: the constraints to ask, and what is known where that cannot be decided."""
        hits: list[Hit] = []
        for rule in self._rules_for(review.ref.kind):
            if unless is not None and rule.constraint.may_match(unless):
                continue
            try:
                if not rule.matches(review):
                    continue
                if review.lost and rule.reads_namespace:
                    hits.append(_lost(rule.constraint, review, "its policy reads it"))
                else:
                    hits.append(rule)
            except MatchError as error:
                hits.append(self._undecidable(rule.constraint, review, error))
            except Exception as error:  # as strange as its policy may be: the other ones go on
                hits.append(_gap(rule.constraint, review, "MatchFailed", f"{_UNDECIDABLE}: {_cause(error)}"))
        return hits

    def askable(self, hits: Sequence[Hit], inventory: Inventory = EMPTY) -> Sequence[Hit]:
        """The second part: those of `hits` that can be asked now.

        Left out are constraints that have used up their time, see `unfinished`, and those that read an inventory that is
        `partial`; who made it so says why.
        """
        spent = self._timing.spent
        if inventory.partial:
            hits = [hit for hit in hits if not isinstance(hit, Rule) or not self._reads_inventory(hit)]
        return self._unspent(hits, spent) if spent else hits

    def evaluate(self, review: Review, hits: Iterable[Hit], inventory: Inventory = EMPTY) -> list[Outcome]:
        """The last part: what the constraints say that can be asked."""
        outcomes: list[Outcome] = []
        seen: dict[str, Json] | None = None
        whole: dict[str, Json] | None = None
        timing = self._timing
        for hit in hits:
            if not isinstance(hit, Rule):
                outcomes.append(hit)
                continue
            if seen is None:
                seen = document(review, self.point)
            if hit.integers:
                whole = integers(seen) if whole is None else whole
                outcomes += _outcomes(hit, review, whole, inventory, timing)
            else:
                outcomes += _outcomes(hit, review, seen, inventory, timing)
        return outcomes

    def _reads_inventory(self, rule: Rule) -> bool:
        return self._templates[rule.constraint.kind].inventory

    def _unspent(self, hits: Iterable[Hit], spent: Container[str]) -> list[Hit]:
        able: list[Hit] = []
        for hit in hits:
            if isinstance(hit, Rule) and hit.key in spent:
                self._left_out[hit.constraint.key] = hit.constraint
            else:
                able.append(hit)
        return able

    def unfinished(self) -> list[Gap]:
        """A gap for each constraint that was not asked about some object, for want of time, since this was last called."""
        left_out, self._left_out = self._left_out, {}
        return [_out_of_time(constraint) for constraint in left_out.values()]

    def _rule(self, obj: Object) -> Rule:
        kind = obj.get("kind")
        template = self._templates.get(kind) if isinstance(kind, str) else None
        if template is None:
            raise ConstraintError(f"missing ConstraintTemplate: no template defines kind {quoted(kind)}")
        found = parse(obj, template, self.point)
        policy = self._policies[template.kind]
        # gator reads whole numbers as floats. CEL gets its objects as JSON once more, but the parameters as they are;
        # no cluster has such floats, and looking for them takes time
        whole = self.point is Point.GATOR and policy.integers
        program = policy.program(doubles(found.parameters) if whole and not self._exact else found.parameters)
        reads = reads_namespace(found.match) or _reads_namespace(program)
        return Rule(found, takes_kind(found.match), compile_match(found.match), program, reads, whole, found.key)

    def _rules_for(self, kind: Kind) -> tuple[Rule, ...]:
        key = (kind.group, kind.kind)
        found = self._by_kind.get(key)
        if found is None:
            enforced = (rule for rule in self._rules.values() if rule.constraint.enforced)
            found = self._by_kind[key] = tuple(rule for rule in enforced if rule.takes(*key))
        return found

    def _undecidable(self, constraint: Constraint, review: Review, error: MatchError) -> Outcome:
        if self.point is Point.GATOR:
            text = _UNMATCHED.format(review.ref.name, error.message)
            return _violations(constraint, review.ref, [Finding(text, None, error=True)])[0]
        if isinstance(error, NamespaceMissing):
            return _lost(constraint, review, "its spec.match reads it")
        return _gap(constraint, review, "MatchFailed", f"{_UNDECIDABLE}: {error.message}")

    def _compile(self, template: Template) -> Policy:
        name = self.answers(template)
        if name:
            source = next(code.source for code in reversed(template.code) if code.engine == name)
            return self._drivers[name].compile(template.kind, source)
        engines = [code.engine for code in template.code]
        known = ", ".join(self._drivers) or "none"
        raise EngineMissing(
            f"ConstraintTemplate {quoted(template.name)}: no engine for its code {quoted(engines)}; engines here: {known}"
        )


@contextmanager
def _compiling(source: str = "") -> Iterator[None]:
    """Makes whatever goes wrong while one template or constraint is compiled an error of that one alone."""
    try:
        yield
    except PolicyError:
        raise
    except Exception as error:  # a policy is strangers' code, and part of it is evaluated here: the others go on
        raise CompileError(f"could not be compiled: {_cause(error)}", source=source) from error


def _outcomes(
    rule: Rule, review: Review, seen: Mapping[str, Json], inventory: Inventory, timing: Timekeeper
) -> Sequence[Outcome]:
    """What a rule says, within its time. OutOfTime may come at any point of the outer block, and nowhere else."""
    try:
        try:
            timing.running = (rule.constraint, review)
            found = rule.program(seen, inventory)
            findings = found if type(found) is list else list(found)
        except EvaluationError as error:
            findings = [Finding(error.message, None, error=True)]
        except Exception as error:  # a policy is strangers' code: whatever it does, the other policies go on
            return (_gap(rule.constraint, review, "EvaluationFailed", f"could not be evaluated: {_cause(error)}"),)
        finally:
            timing.running = None
            if timing.calls:
                timing.settle()
    except OutOfTime:
        if timing.calls:
            timing.settle()  # it came while settling; there is no second one soon
        findings = [Finding(_NO_TIME, None, error=True)]
    return _violations(rule.constraint, review.ref, findings) if findings else ()


def _violations(constraint: Constraint, ref: ObjectRef, findings: Iterable[Finding]) -> list[Violation]:
    action = constraint.action
    actions = constraint.actions if action == SCOPED else ()
    return [
        Violation(constraint, ref, intern(one.message), one.details, action, actions, one.error) for one in findings
    ]


def _gap(constraint: Constraint, review: Review, reason: str, what: str) -> Gap:
    return Gap(
        cause=Cause.EVALUATION,
        reason=reason,
        message=f"constraint {constraint.key} {what}, for {review.ref}",
        kind=review.ref.kind,
        object=review.ref,
        policy=constraint.key,
    )


def _out_of_time(constraint: Constraint) -> Gap:
    return Gap(
        cause=Cause.EVALUATION,
        reason="EvaluationTimeout",
        message=f"constraint {constraint.key} has used up its time of this run: objects that came later were not evaluated",
        policy=constraint.key,
    )


def _lost(constraint: Constraint, review: Review, needed: str) -> Gap:
    """The same for every object there, so that it can be said once."""
    namespace = review.ref.namespace
    why = review.lost or "it was not given"
    return Gap(
        cause=Cause.NAMESPACE,
        reason="NamespaceUnknown",
        message=f"constraint {constraint.key}: Namespace {namespace} is not known, and {needed}: {why}",
        policy=constraint.key,
        namespace=namespace,
    )


def _reads_namespace(program: Program) -> bool:
    return any(not path or path[0] in (ANY, "namespaceObject") for path in program.reads)


def _reads_metadata_only(program: Program) -> bool:
    return not any(
        not path or path[0] == ANY or (path[0] == "object" and path[1:2] not in _KEPT) for path in program.reads
    )


def _cause(error: Exception) -> str:
    name = type(error).__name__
    return str(error) if isinstance(error, PolicyError) else f"{name}: {error}" if str(error) else name


def _key(obj: Object) -> str:
    name = mapping(obj.get("metadata")).get("name")
    return "/".join(part if isinstance(part, str) else quoted(part) for part in (obj.get("kind"), name))
