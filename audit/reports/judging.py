"""What verdicts come to as results of policy reports (pure)."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import field
from typing import Final

from audit.fields import shortened
from audit.model import ConstraintRecord, TemplateRecord
from audit.reports.results import ERROR, FAIL, PASS, SKIP, WARN, ReportChoice, ReportResult, Rows, rows_of
from audit.verdicts import Verdict
from constraints import Constraint, Kind, ObjectRef, Violation
from constraints.dataclass import dataclass
from constraints.match import compile_match
from constraints.model import Object
from constraints.review import mapping, review_of

MESSAGE_BYTES: Final = 4096
SKIPPED: Final = "excluded from audits by the Config"
_CATEGORY_BYTES: Final = 256
_SEVERITIES: Final = frozenset({"critical", "high", "medium", "low", "info"})
_PREFIXES: Final = ("metadata.gatekeeper.sh/", "policies.kyverno.io/")  # the first one that says something counts
_BY_NAME: Final = frozenset({"scope", "namespaces", "excludedNamespaces", "name"})
_NO_TEMPLATE: Final[Object] = {}
_DENY: Final = "deny"

Matches = Callable[[ObjectRef], bool]


@dataclass(frozen=True, slots=True)
class Judged:
    """The results of one object, and what stands for them."""

    results: tuple[ReportResult, ...] = ()
    rows: Rows = ()


NOTHING: Final = Judged()


@dataclass(frozen=True, slots=True)
class _Policy:
    """What all results of one constraint have in common; `named` says of what is excluded whether it is concerned, as
    far as names tell.
    """

    constraint: Constraint
    passed: ReportResult
    named: Matches

    def result(self, outcome: str, message: str) -> ReportResult:
        policy, rule, _, _, category, severity, scored, properties = self.passed
        scored = scored and outcome != WARN
        text = message if len(message) <= MESSAGE_BYTES and message.isascii() else shortened(message, MESSAGE_BYTES)
        return ReportResult(policy, rule, outcome, text, category, severity, scored, properties)

    def broken(self, violation: Violation) -> ReportResult:
        """A violation that denies is a failure, every other one a warning; so is one that no score may count."""
        if violation.error:
            return self.result(ERROR, violation.message)
        denies = _DENY in (violation.actions or (violation.action,)) and self.passed.scored
        return self.result(FAIL if denies else WARN, violation.message)


@dataclass(slots=True)
class Judging:
    """Makes results of the verdicts of one run; what is alike in many objects is made once.

    `excludes`: it is known what the Config excludes; else objects that were left out have no result.
    """

    choice: ReportChoice = field(default_factory=ReportChoice)
    excludes: bool = True
    _policies: Mapping[str, _Policy] = field(default_factory=dict)
    _epoch: int = 0
    _clean: dict[tuple[str, ...], Judged] = field(default_factory=dict)
    _concerned: dict[Kind, Sequence[_Policy]] = field(default_factory=dict)

    @classmethod
    def of(
        cls,
        choice: ReportChoice,
        records: Iterable[ConstraintRecord],
        templates: Iterable[TemplateRecord],
        excludes: bool,
    ) -> Judging:
        """By the constraints and templates that the run holds objects against."""
        texts = {template.kind: template.obj for template in templates}
        constraints = [record.constraint for record in records if record.constraint is not None]
        policies = {c.key: _policy(c, texts.get(c.kind, _NO_TEMPLATE)) for c in constraints}
        return cls(choice, excludes, policies, hash(frozenset(policy.passed for policy in policies.values())))

    def mark(self, verdict: Verdict) -> int:
        """A number that is the same for verdicts, of all runs, whose results are; 0 for one that has to be judged."""
        if verdict.gaps or not verdict.violations:
            return 0
        parts: list[object] = [self._epoch, verdict.matched]
        for violation in verdict.violations:
            constraint = violation.constraint
            parts += (constraint.kind, constraint.name, violation.message, violation.error)
        return hash(tuple(parts))

    def verdict(self, verdict: Verdict) -> Judged:
        """The results of one verdict: each text of a constraint once, a pass where it has none and could be asked."""
        if not (verdict.violations or verdict.gaps):
            return self._passes(verdict.matched)
        found = set(self._passes(verdict.passed).results)
        for violation in verdict.violations:
            found.add(self._of(violation.constraint).broken(violation))
        for gap in verdict.gaps:
            policy = self._policies.get(gap.policy)
            if policy is not None:
                found.add(policy.result(ERROR, gap.message))
        return self._judged(found)

    def skipped(self, item: ObjectRef) -> Judged:
        """The results of an object that the Config excludes, by what its names tell: nobody looks at its labels."""
        policies = self._concerned.get(item.kind)
        if policies is None:
            wanted = [p for p in self._policies.values() if p.constraint.enforced and p.constraint.may_match(item.kind)]
            policies = self._concerned[item.kind] = wanted
        keys = tuple([policy.constraint.key for policy in policies if policy.named(item)])
        known = self._clean.get((SKIP, *keys))
        if known is None:
            found = [self._policies[key].result(SKIP, SKIPPED) for key in keys]
            known = self._clean[SKIP, *keys] = self._judged(found)
        return known

    def _passes(self, keys: tuple[str, ...]) -> Judged:
        known = self._clean.get(keys)
        if known is None:
            policies = [policy for key in keys if (policy := self._policies.get(key))]
            known = self._clean[keys] = self._judged({policy.passed for policy in policies})
        return known

    def _of(self, constraint: Constraint) -> _Policy:
        return self._policies.get(constraint.key) or _policy(constraint, _NO_TEMPLATE)

    def _judged(self, found: Iterable[ReportResult]) -> Judged:
        results = tuple(sorted(found))
        return Judged(results, rows_of(*self.choice.divided(results)))


def _policy(constraint: Constraint, template: Object) -> _Policy:
    metadata = (mapping(constraint.obj.get("metadata")), mapping(template.get("metadata")))
    annotations = [mapping(each.get("annotations")) for each in metadata]
    severity = _annotated(annotations, "severity").lower()
    properties = [("enforcementAction", constraint.action)]
    if constraint.scoped:
        properties.append(("enforcementActions", ",".join(constraint.actions)))
    passed = ReportResult(
        constraint.name,
        constraint.kind,
        PASS,
        "",
        shortened(_annotated(annotations, "category"), _CATEGORY_BYTES),
        severity if severity in _SEVERITIES else "",
        _annotated(annotations, "scored").lower() != "false",
        tuple(properties),
    )
    return _Policy(constraint, passed, _named(constraint))


def _annotated(annotations: Iterable[Mapping[str, object]], name: str) -> str:
    """What the constraint says, else the template."""
    for of in annotations:
        for prefix in _PREFIXES:
            text = of.get(prefix + name)
            if isinstance(text, str) and text.strip():
                return text.strip()
    return ""


def _named(constraint: Constraint) -> Matches:
    matches = compile_match({name: part for name, part in constraint.match.items() if name in _BY_NAME})

    def named(item: ObjectRef) -> bool:
        metadata = {"name": item.name} | ({"namespace": item.namespace} if item.namespace else {})
        named = {"apiVersion": item.kind.api_version, "kind": item.kind.kind, "metadata": metadata}
        return matches(review_of(named))

    return named
