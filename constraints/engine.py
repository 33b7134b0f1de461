"""Holds templates and constraints; says what they find in one object."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import AbstractContextManager
from types import MappingProxyType
from typing import TypeVar

from constraints.answers import Answer, cause, out_of_time
from constraints.asking import Asking, Heard, Hit, attempt
from constraints.constraint import parse
from constraints.drivers import Driver, Policy, Program, make_drivers
from constraints.errors import CompileError, ConstraintError, EngineMissing, PolicyError
from constraints.fields import quoted
from constraints.inventory import EMPTY, Inventory
from constraints.match import compile_match, reads_namespace, takes_kind
from constraints.model import AdmissionField, Constraint, Gap, Kind, Object, Point, Review
from constraints.review import doubles, mapping
from constraints.rules import Rule, RuleTable, program_reads_managed_fields, program_reads_namespace
from constraints.template import Template
from constraints.timing import Timekeeper, Untimed

T = TypeVar("T")


class Engine:
    """Templates and constraints, indexed by kind.

    `point` says whose rules of enforcement hold; at gator's, numbers are taken as `gator test` reads them, and
    parameters with `exact` as `gator verify` does. `timekeeper` sees to the time of evaluations. Not for several
    threads at once.
    """

    def __init__(
        self,
        point: Point = Point.AUDIT,
        drivers: Mapping[str, Driver] | None = None,
        *,
        exact: bool = False,
        timekeeper: Timekeeper | None = None,
    ) -> None:
        self.point = point
        self._exact = exact
        self._timekeeper = timekeeper or Untimed()
        self._asking = Asking(point, self._timekeeper)
        self._left_out: dict[str, Constraint] = {}
        self._drivers = make_drivers() if drivers is None else drivers
        self._templates: dict[str, Template] = {}
        self._policies: dict[str, Policy] = {}
        self._constraints: dict[str, Constraint] = {}
        self._rules = RuleTable()

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
        template, policy = _compiled(attempt(Engine._compile, self, obj))
        self.remove_template(template.kind)
        self._templates[template.kind] = template
        self._policies[template.kind] = policy
        return template

    def admission_fields(self, kind: str) -> tuple[AdmissionField, ...]:
        """What the template of `kind` reads that only an admission request has; nothing where that cannot be told."""
        found = attempt(Engine._admission_fields, self, kind)
        return () if isinstance(found, Exception) else found

    def program(self, key: str) -> Program:
        """The code of the constraint `Kind/name`, as it was compiled when it was added, to look at."""
        return self._rules[key].program

    def program_without_parameters(self, kind: str) -> Program:
        """The code of the template of `kind`, as a constraint without parameters would have it. Raises CompileError."""
        return _compiled(attempt(Engine._program, self, kind))

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
            rule = _compiled(attempt(Engine._rule, self, obj), _key(obj))
        except ConstraintError as error:
            raise ConstraintError(error.message, source=_key(obj)) from error
        self.remove_constraint(rule.key)
        self._constraints[rule.key] = rule.constraint
        self._rules.add(rule)
        return rule.constraint

    def remove_constraint(self, key: str) -> None:
        """Remove the constraint `Kind/name`; nothing happens when it is not there."""
        self._constraints.pop(key, None)
        self._rules.remove(key)

    def engine_of(self, template: Template) -> str:
        """The engine that answers for a template, the empty text where there is none.

        The drivers' order decides, not the template's (compatibility, section 1).
        """
        codes = {code.engine for code in template.code}
        return next((name for name in self._drivers if name in codes), "")

    def enforced(self) -> tuple[Constraint, ...]:
        """The constraints that have an action at this point."""
        return tuple(constraint for constraint in self._constraints.values() if constraint.enforced)

    def reads_namespace(self, kind: Kind) -> bool:
        """Whether some answer about an object of `kind` depends on the Namespace that it lives in."""
        return any(rule.reads_namespace for rule in self._rules.about(kind))

    def reads_metadata_only(self, kind: Kind) -> bool:
        """Whether no answer about an object of `kind` depends on more of it than its metadata."""
        return all(rule.reads_metadata_only() for rule in self._rules.about(kind))

    def reads_managed_fields(self, kind: Kind) -> bool:
        """Whether some answer about an object of `kind` may depend on its `metadata.managedFields`."""
        return any(program_reads_managed_fields(rule.program) for rule in self._rules.about(kind))

    def watching(self, run: str) -> AbstractContextManager[None]:
        """Let the timekeeper see to the evaluations of this thread while the block lasts, which is a part of `run`."""
        return self._timekeeper.watching(run)

    def review(self, review: Review, inventory: Inventory = EMPTY, unless: Kind | None = None) -> list[Answer]:
        """What the constraints find in one object; constraints that take the kind `unless` too are left out."""
        asking, rules = self._asking, self._rules
        hits: Sequence[Hit]
        hits = (
            asking.matching(rules.about(review.ref.kind), review) if unless is None else self.matching(review, unless)
        )
        if inventory.partial or self._timekeeper.spent:
            hits = self.askable(hits, inventory)
        return asking.evaluate(review, hits, inventory)

    def matching(self, review: Review, unless: Kind | None = None) -> list[Hit]:
        """The first part of `review`: the constraints to ask, and what is known where that cannot be decided."""
        rules = self._rules.about(review.ref.kind)
        if unless is not None:
            rules = tuple(rule for rule in rules if not rule.constraint.may_match(unless))
        return self._asking.matching(rules, review)

    def askable(self, hits: Sequence[Hit], inventory: Inventory = EMPTY) -> Sequence[Hit]:
        """The second part: those of `hits` that can be asked now.

        Left out are constraints that have used up their time, see `unfinished`, and those that read an inventory that
        is `partial`; who made it so says why.
        """
        spent = self._timekeeper.spent
        if inventory.partial:
            hits = [hit for hit in hits if not (isinstance(hit, Rule) and hit.reads_inventory)]
        if spent:
            able = [hit for hit in hits if not (isinstance(hit, Rule) and hit.key in spent)]
            self._leave_out(hits, able)
            hits = able
        return hits

    def evaluate(self, review: Review, hits: Iterable[Hit], inventory: Inventory = EMPTY) -> list[Answer]:
        """The last part: what the constraints say that can be asked."""
        return self._asking.evaluate(review, hits, inventory)

    def evaluate_all(self, reviews: Sequence[Review], hits: Sequence[Hit], inventory: Inventory = EMPTY) -> list[Heard]:
        """The second and the last part for several objects that have the same hits, faster than one after the other."""
        able = self.askable(hits, inventory)
        heard = self._asking.evaluate_all(reviews, able, inventory)
        for each in heard if self._timekeeper.spent else ():
            self._leave_out(able, each.hits)
        return heard

    def unfinished(self) -> list[Gap]:
        """A gap for each constraint that was not asked about some object, for want of time, since this was last
        called.
        """
        left_out, self._left_out = self._left_out, {}
        return [out_of_time(constraint) for constraint in left_out.values()]

    def _leave_out(self, hits: Sequence[Hit], able: Sequence[Hit]) -> None:
        late = [hit.constraint for hit in hits if isinstance(hit, Rule) and hit not in able]
        self._left_out |= {constraint.key: constraint for constraint in late}

    def _compile(self, obj: Object) -> tuple[Template, Policy]:
        template = Template.parse(obj)
        name = self.engine_of(template)
        if name:
            source = next(code.source for code in reversed(template.code) if code.engine == name)
            return template, self._drivers[name].compile(template.kind, source)
        engines = [code.engine for code in template.code]
        known = ", ".join(self._drivers) or "none"
        raise EngineMissing(
            f"ConstraintTemplate {quoted(template.name)}: no engine for its code {quoted(engines)}; engines here: {known}"
        )

    def _admission_fields(self, kind: str) -> tuple[AdmissionField, ...]:
        return tuple(self._policies[kind].admission_fields)

    def _program(self, kind: str) -> Program:
        return self._policies[kind].program({})

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
        return Rule(
            constraint=found,
            takes=takes_kind(found.match),
            matches=compile_match(found.match),
            program=program,
            ask=program.__call__,  # a method is called in half the time that an object is
            reads_namespace=reads_namespace(found.match) or program_reads_namespace(program),
            reads_inventory=template.inventory,
            integers=whole,
            key=found.key,
        )


def _compiled(made: T | Exception, source: str = "") -> T:
    """What was made of one template or constraint. Whatever has gone wrong is an error of that one alone.

    Raises PolicyError, with that `source` where it has to be made here.
    """
    if isinstance(made, PolicyError):
        raise made
    if isinstance(made, Exception):
        raise CompileError(f"could not be compiled: {cause(made)}", source=source) from made
    return made


def _key(obj: Object) -> str:
    name = mapping(obj.get("metadata")).get("name")
    return "/".join(part if isinstance(part, str) else quoted(part) for part in (obj.get("kind"), name))
