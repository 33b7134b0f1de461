"""How a run ended, in one word and one sentence: log, metrics, readiness and exit code tell it from here (pure)."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping

from audit.aggregate import Summary
from audit.errors import AuditError, NotLeader
from audit.model import Ending, Outcome
from constraints import Gap
from constraints.model import Cause

EXIT_CODES: Mapping[Outcome, int] = {  # 2 is for wrong use, see audit.cli
    Outcome.COMPLETE: 0,
    Outcome.FAILED: 1,
    Outcome.GAPS: 3,
    Outcome.UNWRITTEN: 4,
    Outcome.NO_POLICIES: 5,
    Outcome.INTERRUPTED: 6,
    Outcome.NOT_LEADER: 6,
}
NOT_SERVED = "NotServed"
NOT_LEADER = NotLeader.__name__
_ABOUT_POLICIES = frozenset({Cause.TEMPLATE, Cause.CONSTRAINT, Cause.CONFIG, Cause.INVENTORY, Cause.SINK})
_PASSING = frozenset(  # answers of an API server that is busy, down or behind something that is
    {
        *("TooManyRequests", "ServerError", "InternalError", "ServiceUnavailable", "ServerTimeout", "Timeout"),
        *("TimedOut", "Unreachable", "NotConnected", "Cut", "BadBody", "Conflict", "Gone", "Expired"),
    }
)
_NOT_CONNECTED = "NotConnected"
_CUT: Mapping[Outcome, Gap] = {
    Outcome.INTERRUPTED: Gap(Cause.RUN, "Interrupted", "the run was told to stop before its end"),
    Outcome.NOT_LEADER: Gap(Cause.RUN, "NotLeader", "the run was ended early, for another replica may lead now"),
}


def cut_gap(outcome: Outcome) -> Gap:
    """What is missing of a run that was ended early, `interrupted` or `not_leader`."""
    return _CUT[outcome]


def failure_gap(error: BaseException) -> Gap:
    """What is missing of a run that raised `error`: everything that it had not done by then."""
    if isinstance(error, AuditError):
        return Gap(Cause.RUN, error.reason, f"the run failed: {error}")
    name = type(error).__name__
    return Gap(Cause.RUN, name, f"the run failed: {name}: {error}")


def ending(summary: Summary) -> Ending:
    """How the run ended, as far as that is known when this is asked: a sink that fails later is still to come."""
    if summary.cut is not None:
        return Ending(summary.cut, "; ".join(gap.message for gap in summary.gaps if gap.cause is Cause.RUN))
    without = [gap for gap in summary.gaps if _no_policies(gap)]
    if without:
        return Ending(Outcome.NO_POLICIES, without[0].message)
    blind = _unread(summary)
    if blind:
        return Ending(Outcome.FAILED, f"nothing could be audited: {blind[0].message}")
    unwritten = sorted((g for g in summary.gaps if g.cause is Cause.SINK), key=lambda gap: gap.reason != NOT_LEADER)
    if unwritten:
        more = f"; {_counted(summary.gaps)} in all" if len(summary.gaps) > 1 else ""
        outcome = Outcome.NOT_LEADER if unwritten[0].reason == NOT_LEADER else Outcome.UNWRITTEN
        return Ending(outcome, unwritten[0].message + more)
    return Ending(Outcome.GAPS, _counted(summary.gaps)) if summary.gaps else Ending(Outcome.COMPLETE)


def misses_policies(summary: Summary) -> bool:
    """Whether policies could not be read, or their results not be written, for a reason that may soon be gone."""
    return summary.cut is Outcome.FAILED or any(
        gap.cause in _ABOUT_POLICIES and gap.reason in _PASSING for gap in summary.gaps
    )


def _no_policies(gap: Gap) -> bool:
    return gap.cause is Cause.TEMPLATE and gap.reason == NOT_SERVED and not gap.policy


def _unread(summary: Summary) -> list[Gap]:
    """Why nothing at all was audited: not one policy, or with policies not one kind, could be read."""
    if not any(constraint.enforced for constraint in summary.constraints):
        return [gap for gap in summary.gaps if _policies_unread(gap)]
    if summary.kinds:
        return []
    unlisted = [gap for gap in summary.gaps if gap.cause in (Cause.LIST, Cause.DISCOVERY)]
    # The API server may well answer for kinds that were left out as nothing can match them; unless it does for nobody.
    is_silent = any(map(_policies_unread, summary.gaps)) or all(gap.reason == _NOT_CONNECTED for gap in unlisted)
    return unlisted if is_silent or not summary.skipped else []


def _policies_unread(gap: Gap) -> bool:
    """Templates or constraints could not be listed: such a gap names no single one of them."""
    all_templates = gap.cause is Cause.TEMPLATE and not gap.policy and gap.kind is None
    return all_templates or (gap.cause is Cause.CONSTRAINT and gap.kind is not None)


def _counted(gaps: Iterable[Gap]) -> str:
    rows = Counter(f"{gap.cause.value} {gap.reason}" for gap in gaps)
    each = ", ".join(f"{name} ({number})" if number > 1 else name for name, number in sorted(rows.items()))
    return f"{rows.total()} gap{'s' if rows.total() > 1 else ''}: {each}"
