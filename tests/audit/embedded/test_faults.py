"""Faults on request, and the log of requests."""

from __future__ import annotations

import http.client
import time
from typing import Any

import pytest

from audit.embedded import EmbeddedCluster, Fault

PODS = "/api/v1/pods"


def configmaps(count: int) -> list[dict[str, Any]]:
    return [{"apiVersion": "v1", "kind": "ConfigMap", "metadata": {"name": f"c{n}"}} for n in range(count)]


@pytest.mark.parametrize(
    ("status", "reason"),
    [(429, "TooManyRequests"), (500, "InternalError"), (503, "ServiceUnavailable"), (403, "Forbidden")],
)
def test_a_fault_refuses_as_often_as_it_is_told(cluster: EmbeddedCluster, ask: Any, status: int, reason: str) -> None:
    cluster.faults.append(Fault(PODS, status=status, times=2))
    answers = [ask("GET", PODS) for _ in range(3)]
    assert [answer.status for answer in answers] == [status, status, 200]
    assert answers[0].json["reason"] == reason


def test_a_fault_asks_to_wait(cluster: EmbeddedCluster, ask: Any) -> None:
    cluster.faults.append(Fault(PODS, status=429, retry_after=3))
    answer = ask("GET", PODS)
    assert answer.headers["retry-after"] == "3"
    assert answer.json["details"] == {"retryAfterSeconds": 3}


def test_a_fault_hits_only_what_it_matches(cluster: EmbeddedCluster, ask: Any) -> None:
    cluster.faults.append(Fault("/api/v1/*s", method="GET", query="limit=5", status=500, times=None))
    assert ask("GET", f"{PODS}?limit=5").status == 500
    assert ask("GET", PODS).status == 200
    assert ask("DELETE", f"{PODS}?limit=5").status == 200
    cluster.faults.clear()
    assert ask("GET", f"{PODS}?limit=5").status == 200


@pytest.mark.parametrize("fresh", [True, False])
def test_a_token_is_gone_after_some_pages(cluster: EmbeddedCluster, ask: Any, fresh: bool) -> None:
    cluster.load(configmaps(3))
    path = "/api/v1/configmaps?limit=1"
    cluster.faults.append(Fault("/api/v1/configmaps", query="continue=", after=1, status=410, fresh_token=fresh))
    first = ask("GET", path).json["metadata"]["continue"]
    second = ask("GET", f"{path}&continue={first}").json["metadata"]["continue"]
    gone = ask("GET", f"{path}&continue={second}")
    assert (gone.status, gone.json["reason"]) == (410, "Expired")
    offered = gone.json["metadata"].get("continue", "")
    assert bool(offered) is fresh
    if fresh:
        (item,) = ask("GET", f"{path}&continue={offered}").json["items"]
        assert item["metadata"]["name"] == "c2"


@pytest.mark.parametrize("size", [0, 20])
def test_a_connection_is_cut(cluster: EmbeddedCluster, ask: Any, size: int) -> None:
    cluster.faults.append(Fault(PODS, cut=size))
    with pytest.raises(http.client.IncompleteRead) as cut:
        ask("GET", PODS)
    assert len(cut.value.partial) == size
    assert ask("GET", PODS).status == 200


def test_an_answer_is_slow(cluster: EmbeddedCluster, ask: Any) -> None:
    cluster.faults.append(Fault(PODS, delay=0.1))
    started = time.monotonic()
    assert ask("GET", PODS).status == 200
    assert time.monotonic() - started >= 0.1


def test_a_page_is_not_json(cluster: EmbeddedCluster, ask: Any) -> None:
    cluster.faults.append(Fault(PODS, body=b"<html>"))
    answer = ask("GET", PODS)
    assert (answer.status, answer.body) == (200, b"<html>")


def test_requests_are_logged(cluster: EmbeddedCluster, ask: Any) -> None:
    ask("GET", f"{PODS}?limit=5", User_Agent="tester/1")
    (asked,) = cluster.asked
    assert (asked.method, asked.path, asked.query, asked.user_agent) == ("GET", PODS, {"limit": "5"}, "tester/1")
    assert asked.status == 200
