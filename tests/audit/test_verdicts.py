"""What is known of a page travels as values."""

from __future__ import annotations

import pickle
from collections import Counter
from typing import Any

import pytest
from builders import DEPLOYMENT, POD, constraint, violation

from audit.errors import OtherVersion
from audit.verdicts import Owner, Reviewed, Verdict, received, top_owner
from audit.version import ours
from constraints import Cause, Gap, Kind

REPLICA_SET = Kind("apps", "v1", "ReplicaSet")
CRON_JOB = Kind("batch", "v1", "CronJob")
JOB = Kind("batch", "v1", "Job")


def owned(kind: Kind, called: str, labels: Any = None, **reference: Any) -> dict[str, Any]:
    """An object that a controller has made."""
    by = {
        "apiVersion": kind.api_version,
        "kind": kind.kind,
        "name": called,
        "uid": "u",
        "controller": True,
        **reference,
    }
    return {"metadata": {"name": "p", "labels": labels, "ownerReferences": [{"kind": "Other"}, by]}}


@pytest.mark.parametrize(
    ("obj", "owner"),
    [
        pytest.param({"metadata": {}}, None, id="nobody"),
        pytest.param(owned(POD, "x", controller=False), None, id="an owner that does not control it"),
        pytest.param(
            owned(Kind("apps", "v1", "StatefulSet"), "db"),
            Owner(Kind("apps", "v1", "StatefulSet"), "db", "u"),
            id="its controller",
        ),
        pytest.param(
            owned(REPLICA_SET, "web-6d4cf56db6", {"pod-template-hash": "6d4cf56db6"}),
            Owner(DEPLOYMENT, "web"),
            id="the Deployment of its ReplicaSet",
        ),
        pytest.param(
            owned(REPLICA_SET, "web-6d4cf56db6"),
            Owner(REPLICA_SET, "web-6d4cf56db6", "u"),
            id="a ReplicaSet of which no label tells that a Deployment made it",
        ),
        pytest.param(owned(JOB, "backup-28914720"), Owner(CRON_JOB, "backup"), id="the CronJob of its Job"),
        pytest.param(owned(JOB, "backup-20251231"), Owner(JOB, "backup-20251231", "u"), id="a Job named by a date"),
        pytest.param(owned(JOB, "backup"), Owner(JOB, "backup", "u"), id="a Job that somebody made"),
        pytest.param(owned(JOB, "b", name=7), None, id="an owner without a name"),
        pytest.param({"metadata": {"ownerReferences": [None, {"controller": True}]}}, None, id="owners that are none"),
        pytest.param({"metadata": {"ownerReferences": {}}}, None, id="owners that are no list"),
    ],
)
def test_the_top_owner_is_told_by_the_object_alone(obj: dict[str, Any], owner: Owner | None) -> None:
    assert top_owner(obj) == owner


ONE, TWO, THREE = constraint("one"), constraint("two"), constraint("three")


def verdict(name: str = "p") -> Verdict:
    """An object that breaks the first constraint twice, passes the second, and at which the third one failed."""
    broken = (violation(ONE, name), violation(ONE, name, message="again"))
    failed = Gap(Cause.EVALUATION, "EvaluationFailed", "x", policy=THREE.key)
    return Verdict(broken[0].object, None, (ONE.key, TWO.key, THREE.key), broken, (failed,))


def test_a_pass_is_a_match_without_violations_and_gaps() -> None:
    assert verdict().passed == (TWO.key,)
    clean = Verdict(verdict().object, None, (ONE.key, TWO.key))
    assert clean.passed == (ONE.key, TWO.key)
    assert Reviewed(POD, (verdict(), clean)).passes() == Counter({ONE.key: 1, TWO.key: 2})


@pytest.mark.parametrize("most", [1, 2, 4, 5, 9])
def test_parts_of_a_page_add_up_to_it(most: int) -> None:
    found = [violation(constraint(), f"p{number}") for number in range(5)]
    verdicts = tuple(Verdict(each.object, (each.constraint.key,), (each,)) for each in found)
    whole = Reviewed(POD, verdicts, 9, 2, (Gap(Cause.CONSTRAINT, "x", "y"),), ("a", "b"))
    parts = list(whole.parts(most))
    assert max(len(part.verdicts) for part in parts) <= most
    assert [each for part in parts for each in part.verdicts] == list(verdicts)
    assert {part.kind for part in parts} == {POD}
    rest = [(part.objects, part.excluded, part.unfinished, part.others) for part in parts]
    assert rest == [(9, 2, whole.unfinished, whole.others), *[(0, 0, (), ())] * (len(parts) - 1)]
    assert list(Reviewed(POD, (), 3).parts(most)) == [Reviewed(POD, (), 3)]


def test_a_reviewed_page_is_the_same_after_it_was_sent() -> None:
    page = Reviewed(POD, (Verdict(verdict().object, Owner(DEPLOYMENT, "web"), (ONE.key,)),), 2, 1)
    assert pickle.loads(pickle.dumps(page)) == page
    sent: Reviewed = pickle.loads(pickle.dumps(Reviewed(POD, (verdict(),))))
    assert [(v.constraint.key, v.message) for v in sent.violations()] == [
        (v.constraint.key, v.message) for v in verdict().violations
    ]


def test_a_page_of_another_version_is_refused_before_it_is_read() -> None:
    with pytest.raises(OtherVersion, match=f"of kube-patrol 9.9 cannot be used by kube-patrol {ours()}"):
        received(Reviewed, "9.9", b"whatever it has there")
