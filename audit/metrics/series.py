"""A finished run as metric families."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from operator import attrgetter

from prometheus_client.core import GaugeMetricFamily
from prometheus_client.metrics_core import Metric

from audit.aggregate import Summary
from audit.fields import valid_text
from audit.model import ConstraintRecord, Outcome
from constraints import Gap
from constraints.model import Cause, Kind

Labels = tuple[str, ...]
Standings = Mapping[Labels, tuple[int, bool]]
ACTIONS = ("deny", "dryrun", "warn", "scoped", "unrecognized")  # all five are always there (compatibility, section 2)
STATUSES = ("active", "error")
OTHER = "_other"
KIND_LABELS = ("group", "version", "kind")
CONSTRAINT_LABELS = ("kind", "name")


def capped(rows: Mapping[Labels, float], limit: int) -> list[tuple[Labels, float]]:
    """At most `limit` rows: those with the largest values, and one with the sum of all the others."""
    ordered = sorted(rows.items())
    if len(ordered) <= limit:
        return ordered
    ordered.sort(key=lambda row: row[1], reverse=True)
    kept, rest = ordered[: limit - 1], ordered[limit - 1 :]
    return [*sorted(kept), ((OTHER,) * len(rest[0][0]), sum(value for _, value in rest))]


def of_run(summary: Summary, limit: int) -> tuple[Metric, ...]:
    """Every family that tells what this whole run has seen, none with more than `limit` series."""
    return (
        *_of_gatekeeper(summary),
        *_of_errors(summary, limit),
        *_of_kinds(summary, limit),
        _gauge(
            "kube_patrol_phase_seconds",
            "Time that each phase of the last run took.",
            ("phase",),
            {(phase,): seconds for phase, seconds in summary.phases.items()}.items(),
        ),
    )


def _of_gatekeeper(summary: Summary) -> Iterable[Metric]:
    by_action = Counter(dict.fromkeys(ACTIONS, 0))
    for record in summary.records:
        by_action[_known(record.action)] += summary.standing[record.key].total or 0
    yield _gauge(
        "gatekeeper_violations",
        "Violations that are known since the last run.",
        ("enforcement_action",),
        (((action,), number) for action, number in by_action.items()),
    )
    yield _gauge(
        "gatekeeper_constraints",
        "Constraints that are known.",
        ("enforcement_action", "status"),
        constraints_by_status(summary.records).items(),
    )
    yield _gauge(
        "gatekeeper_constraint_templates",
        "Templates that are known.",
        ("status",),
        (((status,), summary.templates[status]) for status in STATUSES),
    )


def constraints_by_status(records: Sequence[ConstraintRecord]) -> Counter[Labels]:
    """Every action with `active` and `error`; a constraint that names no such action is nowhere, as in Gatekeeper."""
    rows: Counter[Labels] = Counter({(action, status): 0 for action in ACTIONS for status in STATUSES})
    for record in records:
        if record.constraint is not None:
            rows[_known(record.action), "active"] += 1
            continue
        if record.action in ACTIONS[:4]:
            rows[record.action, "error"] += 1
    return rows


def known_violations(summary: Summary) -> Standings:
    """Kind, name and action of each constraint of which anything is known, with its total and whether that is stale."""
    rows = ((record, summary.standing[record.key]) for record in summary.records)
    return {(*r.names, r.action): (each.total, each.stale) for r, each in rows if each.total is not None}


def of_violations(known: Standings, limit: int, doubtful: bool) -> Metric:
    """The violations of each constraint; all are stale when it is `doubtful` whether they still hold."""
    rows = {(*labels, _truth(stale or doubtful)): float(total) for labels, (total, stale) in known.items()}
    return _gauge(
        "kube_patrol_violations",
        "Violations of a constraint; stale: not all of it could be seen in the last run, and the rest is as it was.",
        (*CONSTRAINT_LABELS, "enforcement_action", "stale"),
        capped(rows, limit),
    )


def _of_errors(summary: Summary, limit: int) -> Iterable[Metric]:
    errors: dict[Labels, float] = {(each.kind, each.name): summary.errors[each.key] for each in summary.constraints}
    yield _gauge(
        "kube_patrol_evaluation_errors",
        "Objects at which the policy of a constraint failed in the last run; they count as violations too.",
        CONSTRAINT_LABELS,
        capped(errors, limit),
    )


_OF_A_KIND = (
    ("objects", "Objects of a kind listed in the last run.", attrgetter("objects")),
    ("objects_excluded", "Objects of a kind that a Config excludes from the audit.", attrgetter("excluded")),
    ("list_pages", "Pages in which a kind was listed.", attrgetter("pages")),
    ("list_seconds", "Time that the requests for a kind took.", attrgetter("list_seconds")),
    ("review_seconds", "Time that the evaluation of a kind took.", attrgetter("review_seconds")),
    ("kind_violations", "Violations by objects of a kind in the last run.", attrgetter("violations")),
)


def _of_kinds(summary: Summary, limit: int) -> Iterable[Metric]:
    for name, text, value in _OF_A_KIND:
        rows = {_labels(kind): value(stats) for kind, stats in summary.kinds.items()}
        yield _gauge(f"kube_patrol_{name}", text, KIND_LABELS, capped(rows, limit))
    hidden = {gap.kind for gap in summary.gaps if gap.kind and gap.cause in (Cause.LIST, Cause.DISCOVERY)}
    listed = len(summary.kinds.keys() - hidden)
    states = {"listed": listed, "skipped": len(summary.skipped), "incomplete": len(hidden)}
    yield _gauge(
        "kube_patrol_kinds",
        "Kinds in the last run: listed whole, skipped as no constraint takes them, incomplete as listing failed.",
        ("state",),
        (((state,), number) for state, number in states.items()),
    )


def of_ending(gaps: Sequence[Gap], outcome: Outcome, limit: int) -> tuple[Metric, ...]:
    """How the last run ended, whole or not."""
    rows: Counter[Labels] = Counter((gap.cause.value, gap.reason) for gap in gaps)
    return (
        _gauge(
            "kube_patrol_gaps",
            "What could not be audited in the last run, by the step that failed and the reason.",
            ("cause", "reason"),
            capped(rows, limit),
        ),
        _gauge(
            "kube_patrol_last_run_outcome",
            "1 for how the last run ended, 0 for the other ways.",
            ("outcome",),
            (((each.value,), float(each is outcome)) for each in Outcome),
        ),
        GaugeMetricFamily(
            "kube_patrol_last_run_complete",
            "1 when everything was audited and written in the last run, else 0.",
            float(outcome is Outcome.COMPLETE),
        ),
    )


def _truth(value: bool) -> str:
    return "true" if value else "false"


def _known(action: str) -> str:
    return action if action in ACTIONS else "unrecognized"


def _labels(kind: Kind) -> Labels:
    return (kind.group, kind.version, kind.kind)


def _gauge(name: str, text: str, labels: Sequence[str], rows: Iterable[tuple[Labels, float]]) -> Metric:
    family = GaugeMetricFamily(name, text, labels=labels)
    for values, number in rows:
        family.add_metric([valid_text(value) for value in values], number)
    return family
