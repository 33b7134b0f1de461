"""How a run ended, in one word."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pytest
from builders import POD, constraint, record, summary, unlisted

from audit.aggregate import KindStats, Summary
from audit.errors import Forbidden
from audit.model import Outcome
from audit.outcomes import EXIT_CODES, ending, failure_gap
from constraints import Cause, Gap, Kind

CONSTRAINTS = Kind("constraints.gatekeeper.sh", "v1beta1", "K8sTest")
UNWRITTEN = Gap(Cause.SINK, "Forbidden", "sink status: 403")
NO_CRDS = Gap(Cause.TEMPLATE, "NotServed", "the cluster does not serve templates.gatekeeper.sh")
EVALUATION = Gap(Cause.EVALUATION, "EvaluationTimeout", "x", policy="K8sTest/one")


def run(*gaps: Gap, seen: bool = True, policies: bool = True, **more: Any) -> Summary:
    """A run with these gaps; `seen`: one kind was listed."""
    kinds = {POD: KindStats(POD, objects=1)} if seen else {}
    return summary(*([record(constraint())] if policies else []), kinds=kinds, gaps=gaps, **more)


@pytest.mark.parametrize(
    ("of", "outcome", "reason"),
    [
        pytest.param(run(), Outcome.COMPLETE, "", id="everything was audited and written"),
        pytest.param(run(seen=False, policies=False), Outcome.COMPLETE, "", id="there are no policies yet"),
        pytest.param(run(EVALUATION), Outcome.GAPS, "1 gap: evaluation EvaluationTimeout", id="a gap"),
        pytest.param(
            run(EVALUATION, unlisted(), unlisted()),
            Outcome.GAPS,
            "3 gaps: evaluation EvaluationTimeout, list Forbidden (2)",
            id="gaps are counted",
        ),
        pytest.param(run(UNWRITTEN), Outcome.UNWRITTEN, "sink status: 403", id="a status could not be written"),
        pytest.param(
            run(unlisted(), UNWRITTEN),
            Outcome.UNWRITTEN,
            "sink status: 403; 2 gaps: list Forbidden, sink Forbidden in all",
            id="what was not written is worse than a gap",
        ),
        pytest.param(run(NO_CRDS, seen=False, policies=False), Outcome.NO_POLICIES, NO_CRDS.message, id="no CRDs"),
        pytest.param(
            run(unlisted(), seen=False),
            Outcome.FAILED,
            "nothing could be audited: v1/Pod: could not be listed",
            id="no kind could be listed",
        ),
        pytest.param(
            run(unlisted(), seen=False, skipped=(CONSTRAINTS,)),
            Outcome.GAPS,
            "1 gap: list Forbidden",
            id="the kinds that policies match could not be listed, others were not asked for",
        ),
        pytest.param(
            run(replace(unlisted(), reason="NotConnected"), seen=False, skipped=(CONSTRAINTS,)),
            Outcome.FAILED,
            "nothing could be audited: v1/Pod: could not be listed",
            id="there was no API server for the kinds that policies match",
        ),
        pytest.param(
            run(Gap(Cause.TEMPLATE, "Forbidden", "403"), unlisted(), seen=False, skipped=(CONSTRAINTS,)),
            Outcome.FAILED,
            "nothing could be audited: v1/Pod: could not be listed",
            id="neither policies nor the kinds that they match could be listed",
        ),
        pytest.param(
            run(Gap(Cause.TEMPLATE, "Forbidden", "403"), seen=False, policies=False),
            Outcome.FAILED,
            "nothing could be audited: 403",
            id="templates could not be listed, and none are known",
        ),
        pytest.param(
            run(Gap(Cause.CONSTRAINT, "Forbidden", "403", CONSTRAINTS, policy="K8sTest"), seen=False, policies=False),
            Outcome.FAILED,
            "nothing could be audited: 403",
            id="constraints could not be listed, and none are known",
        ),
        pytest.param(
            run(Gap(Cause.TEMPLATE, "CompileError", "x", policy="K8sTest"), seen=False, policies=False),
            Outcome.GAPS,
            "1 gap: template CompileError",
            id="the only template is broken",
        ),
        pytest.param(
            run(Gap(Cause.TEMPLATE, "Forbidden", "403")),
            Outcome.GAPS,
            "1 gap: template Forbidden",
            id="templates could not be listed, and those of the last run were used",
        ),
        pytest.param(
            run(failure_gap(Forbidden("GET /api: 403", reason="Forbidden")), cut=Outcome.FAILED),
            Outcome.FAILED,
            "the run failed: GET /api: 403",
            id="discovery was refused",
        ),
        pytest.param(
            run(unlisted(), UNWRITTEN, Gap(Cause.RUN, "Interrupted", "told to stop"), cut=Outcome.INTERRUPTED),
            Outcome.INTERRUPTED,
            "told to stop",
            id="it was told to stop",
        ),
    ],
)
def test_a_run_ends_in_one_way_and_says_why(of: Summary, outcome: Outcome, reason: str) -> None:
    end = ending(of)
    assert (end.outcome, end.reason) == (outcome, reason)


def test_only_a_complete_run_exits_with_zero_and_none_with_the_code_of_wrong_use() -> None:
    assert set(EXIT_CODES) == set(Outcome)
    assert [outcome for outcome, code in EXIT_CODES.items() if code == 0] == [Outcome.COMPLETE]
    assert 2 not in EXIT_CODES.values()


def test_a_failure_is_named_by_the_servers_word_and_a_mistake_of_ours_by_its_type() -> None:
    assert failure_gap(Forbidden("x", reason="Expired")).reason == "Expired"
    assert failure_gap(KeyError("uid")).message == "the run failed: KeyError: 'uid'"
