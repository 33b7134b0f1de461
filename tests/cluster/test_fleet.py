"""An audit of 2,000 Pods and what belongs to them, under the ServiceAccount of our manifests, held against two others.

The run is made once: chunks, statuses, log events and requests are looked at by one test each.
"""

from __future__ import annotations

import json
import subprocess
from collections import Counter, defaultdict
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from cluster.api import Object
from cluster.deployed import Cluster, bench_policies, pod_name
from cluster.patrol import Outcome, patrol

from constraints import Engine, Violation
from constraints.match import takes_kind
from constraints.review import review_of

pytestmark = pytest.mark.cluster
PODS = 2000
CHUNK = 100
LIMIT = 7
READ_BESIDES = {("", "namespaces"), ("apiextensions.k8s.io", "customresourcedefinitions")}  # whatever constraints match


@dataclass(frozen=True, slots=True)
class Audited:
    """A cluster after the run: all its objects as listed before it, and its constraints with the statuses after it."""

    cluster: Cluster
    outcome: Outcome
    objects: list[Object]
    constraints: dict[str, Object]


@pytest.fixture(scope="module")
def audited(clusters: Callable[[], Cluster], bench: Path) -> Audited:
    cluster = clusters()
    policies = [obj for prefix in "tc" for obj in bench_policies(prefix)]
    constraints = [obj for obj in policies if "targets" not in obj["spec"]]
    cluster.load_policies(of_kind(policies, "ConstraintTemplate"), constraints)
    cluster.load_fleet(PODS)
    objects = list(cluster.api.everything())
    outcome = cluster.patrol().once(f"--audit-chunk-size={CHUNK}", f"--constraint-violations-limit={LIMIT}")
    return Audited(cluster, outcome, objects, {key(c): c for c in cluster.constraints()})


@pytest.fixture(scope="module")
def tested(audited: Audited, tmp_path_factory: pytest.TempPathFactory) -> Iterator[subprocess.Popen[str]]:
    """`patrol test` over the same objects in a file; it works while `expected` does."""
    objects = tmp_path_factory.mktemp("objects") / "objects.json"
    objects.write_text("".join(f"---\n{json.dumps(item)}\n" for item in audited.objects))
    with patrol(["test", "-f", str(objects), "-o", "json"]) as process:
        yield process
        process.kill()


@pytest.fixture(scope="module")
def expected(audited: Audited, tested: subprocess.Popen[str]) -> dict[str, list[Violation]]:
    """What each constraint says about the listed objects, asked one by one."""
    engine = Engine()
    for template in of_kind(audited.objects, "ConstraintTemplate"):
        engine.add_template(template)
    for constraint in audited.constraints.values():
        engine.add_constraint(constraint)
    namespaces = {item["metadata"]["name"]: item for item in of_kind(audited.objects, "Namespace")}
    found: dict[str, list[Violation]] = {name: [] for name in audited.constraints}
    for item in audited.objects:
        for outcome in engine.review(review_of(item, namespaces.get(item["metadata"].get("namespace")))):
            assert isinstance(outcome, Violation), outcome
            found[outcome.constraint.key].append(outcome)
    return found


def test_the_run_ends_well_and_without_gaps(audited: Audited) -> None:
    assert audited.outcome.code == 0, audited.outcome.told()
    assert [c["status"]["auditGaps"] for c in audited.constraints.values() if "auditGaps" in c["status"]] == []
    assert [event for event in audited.outcome.log.events() if event["level"] in ("warning", "error")] == []
    assert len(of_kind(audited.objects, "Pod")) == PODS


def test_totals_are_those_of_evaluating_each_object_by_itself(
    audited: Audited, expected: dict[str, list[Violation]]
) -> None:
    totals = {name: constraint["status"]["totalViolations"] for name, constraint in audited.constraints.items()}
    assert totals == {name: len(found) for name, found in expected.items()}
    assert sum(totals.values()) > 6 * PODS


def test_statuses_keep_the_first_violations_in_descending_order(
    audited: Audited, expected: dict[str, list[Violation]]
) -> None:
    for name, constraint in audited.constraints.items():
        first = sorted((entry(violation) for violation in expected[name]), key=rank)[:LIMIT]
        assert constraint["status"].get("violations", []) == first[::-1], name


def test_every_violation_is_logged_once(audited: Audited, expected: dict[str, list[Violation]]) -> None:
    logged = Counter(
        (event["constraint_kind"], event["resource_kind"], event["resource_namespace"], event["resource_name"])
        for event in audited.outcome.log.events("violation_audited")
    )
    assert logged == Counter(
        (violation.constraint.kind, violation.object.kind.kind, violation.object.namespace, violation.object.name)
        for found in expected.values()
        for violation in found
    )


def test_patrol_test_gives_the_same_totals_for_the_same_objects_in_a_file(
    audited: Audited, tested: subprocess.Popen[str]
) -> None:
    results, complaints = tested.communicate(timeout=300)
    assert tested.returncode == 1, complaints
    totals = Counter(key(result["constraint"]) for result in json.loads(results))
    statuses = {name: constraint["status"]["totalViolations"] for name, constraint in audited.constraints.items()}
    assert totals == Counter({name: total for name, total in statuses.items() if total})


def test_one_audit_id_is_in_the_log_and_in_all_statuses(audited: Audited) -> None:
    started, finished = audited.outcome.log.events("audit_started"), audited.outcome.log.events("audit_finished")
    assert len(started) == len(finished) == 1
    stamps = {constraint["status"]["auditTimestamp"] for constraint in audited.constraints.values()}
    assert stamps == {started[0]["audit_id"]} == {finished[0]["audit_id"]}


def test_templates_and_constraints_say_that_this_pod_enforces_them(audited: Audited) -> None:
    api = audited.cluster.api
    for template in api.items("/apis/templates.gatekeeper.sh/v1/constrainttemplates"):
        assert template["status"]["created"] is True
        assert [pod["id"] for pod in template["status"]["byPod"]] == [pod_name("b")]
    for constraint in audited.constraints.values():
        (pod,) = constraint["status"]["byPod"]
        assert (pod["id"], pod["enforced"], pod["constraintUID"]) == (
            pod_name("b"),
            True,
            constraint["metadata"]["uid"],
        )


def test_pages_are_asked_for_with_the_continue_tokens_of_the_server(audited: Audited) -> None:
    pages = [r for r in audited.cluster.asked() if (r.verb, r.resource) == ("list", "pods")][-PODS // CHUNK :]
    assert {page.query["limit"][0] for page in pages} == {str(CHUNK)}
    tokens = [page.query.get("continue", [""])[0] for page in pages]
    assert tokens[0] == ""
    assert len(set(tokens)) == PODS // CHUNK


def test_exactly_the_kinds_that_some_constraint_matches_are_listed(audited: Audited) -> None:
    asked = {(request.group, request.resource) for request in audited.cluster.asked() if request.verb == "list"}
    listed = {(group, resource) for group, resource in asked if not group.endswith("gatekeeper.sh")}
    api = audited.cluster.api
    versions = ["v1", *(group["preferredVersion"]["groupVersion"] for group in api.get("/apis")["groups"])]
    matches = [takes_kind(item["spec"].get("match", {})) for item in audited.constraints.values()]
    matched = {
        (group, resource["name"])
        for group, version in ((version.rpartition("/")[0], version) for version in versions)
        for resource in api.get(f"/apis/{version}" if "/" in version else f"/api/{version}")["resources"]
        if "list" in resource["verbs"] and "/" not in resource["name"]
        if any(takes(group, resource["kind"]) for takes in matches)
    }
    assert ("", "pods") in matched
    assert listed - READ_BESIDES == matched - READ_BESIDES


def entry(violation: Violation) -> dict[str, Any]:
    """A violation as it stands in a status (compatibility, section 4.1); the messages of these policies are short."""
    item = violation.object
    assert len(violation.message.encode()) <= 256
    return {
        "group": item.kind.group,
        "version": item.kind.version,
        "kind": item.kind.kind,
        **({"namespace": item.namespace} if item.namespace else {}),
        "name": item.name,
        "message": violation.message,
        "enforcementAction": violation.action,
    }


def rank(row: dict[str, Any]) -> list[bytes]:
    """The order of a capped list (compatibility, section 4.1)."""
    fields = ("group", "version", "kind", "namespace", "name", "message", "enforcementAction")
    return [row.get(field, "").encode() for field in fields]


def key(constraint: Object) -> str:
    """Kind and name of a constraint."""
    return f"{constraint['kind']}/{constraint['metadata']['name']}"


def of_kind(objects: Iterable[Object], kind: str) -> list[Object]:
    """The objects of one kind."""
    by_kind: defaultdict[str, list[Object]] = defaultdict(list)
    for item in objects:
        by_kind[item["kind"]].append(item)
    return by_kind[kind]
