"""What an engine says of one object: violations, and gaps where something could not be decided."""

from __future__ import annotations

from collections.abc import Sequence
from sys import intern
from typing import Final

from constraints.errors import EvaluationError, MatchError, NamespaceMissing, PolicyError
from constraints.model import SCOPED, Cause, Constraint, Finding, Gap, Point, Review, Violation

Answer = Violation | Gap

OUT_OF_TIME: Final = (Finding("the evaluation needs more time than it is given", None, error=True),)
"""What is found by an evaluation that was ended because it took too long."""
_UNDECIDABLE: Final = "spec.match cannot be decided"
_UNMATCHED: Final = (
    "unable to match constraints: error matching the requested object: {} :failed to run Match criteria: {}"
)


def answers(constraint: Constraint, review: Review, found: Sequence[Finding] | Exception) -> Sequence[Answer]:
    """What came of asking a constraint: a violation for each finding, and for an error that the policy's language
    defines; a gap for any other failure."""
    if isinstance(found, Exception):
        if not isinstance(found, EvaluationError):
            return [_gap(constraint, review, "EvaluationFailed", f"could not be evaluated: {cause(found)}")]
        found = [Finding(found.message, None, error=True)]
    action, ref = constraint.action, review.ref
    actions = constraint.actions if action == SCOPED else ()
    violations = []
    for one in found:
        made = Violation(constraint, ref, intern(one.message), one.details, action, actions, one.error)
        violations.append(made)  # a comprehension would be one more call
    return violations


def undecided(constraint: Constraint, review: Review, error: Exception, point: Point) -> Answer:
    """What is said where `error` is all that asking whether a constraint matches an object gave."""
    if not isinstance(error, MatchError):
        return _gap(constraint, review, "MatchFailed", f"{_UNDECIDABLE}: {cause(error)}")
    if point is Point.GATOR:
        text = _UNMATCHED.format(review.ref.name, error.message)
        return answers(constraint, review, [Finding(text, None, error=True)])[0]
    if isinstance(error, NamespaceMissing):
        return lost(constraint, review, "its spec.match reads it")
    return _gap(constraint, review, "MatchFailed", f"{_UNDECIDABLE}: {error.message}")


def lost(constraint: Constraint, review: Review, needed: str) -> Gap:
    """A Namespace that is needed is not known. The same for every object there, so that it can be said once."""
    namespace = review.ref.namespace
    why = review.lost or "it was not given"
    return Gap(
        cause=Cause.NAMESPACE,
        reason="NamespaceUnknown",
        message=f"constraint {constraint.key}: Namespace {namespace} is not known, and {needed}: {why}",
        policy=constraint.key,
        namespace=namespace,
    )


def out_of_time(constraint: Constraint) -> Gap:
    """A constraint that is not asked any more in this run."""
    return Gap(
        cause=Cause.EVALUATION,
        reason="EvaluationTimeout",
        message=f"constraint {constraint.key} has used up its time of this run: objects that came later were not evaluated",
        policy=constraint.key,
    )


def cause(error: Exception) -> str:
    """What went wrong, with the kind of error unless it is one of ours."""
    name = type(error).__name__
    return str(error) if isinstance(error, PolicyError) else f"{name}: {error}" if str(error) else name


def _gap(constraint: Constraint, review: Review, reason: str, what: str) -> Gap:
    return Gap(
        cause=Cause.EVALUATION,
        reason=reason,
        message=f"constraint {constraint.key} {what}, for {review.ref}",
        kind=review.ref.kind,
        object=review.ref,
        policy=constraint.key,
    )
