"""Status writes that lose nothing."""

from __future__ import annotations

import json

import pytest

from audit.errors import BadBody, Conflict, Forbidden, NotFound
from audit.kube.client import Client, Retries
from audit.kube.patch import StatusWriter, Subject, Written
from audit.kube.request import Reply
from audit.model import Resource
from constraints import Kind

RULES = Resource(Kind("constraints.gatekeeper.sh", "v1beta1", "K8sRule"), "k8srule", False)
PATH = "/apis/constraints.gatekeeper.sh/v1beta1/k8srule/mine"
MINE = Subject(RULES, "mine")
RULE = {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "K8sRule"}
OK = Reply(200, {}, json.dumps({**RULE, "metadata": {"name": "mine"}, "status": {"totalViolations": 3}}).encode())


def stored(version, uid="", **status):
    metadata = {"name": "mine", "resourceVersion": version, "uid": uid}
    return Reply(200, {}, json.dumps({**RULE, "metadata": metadata, "status": status}).encode())


def gone():
    status = {"kind": "Status", "status": "Failure", "reason": "NotFound", "details": {"name": "mine"}}
    return Reply(404, {}, json.dumps(status).encode())


@pytest.fixture
def slept():
    return []


@pytest.fixture
def writer(script, slept):
    def make(*replies):
        transport = script(*replies)
        return StatusWriter(Client(transport, retries=Retries(attempts=1)), sleep=slept.append), transport

    return make


def shown(transport):
    return [(request.method, request.path, json.loads(request.body or b"null")) for request in transport.seen]


def test_a_patch_touches_only_its_fields(writer):
    write, transport = writer(OK)
    assert write.patch(MINE, {"status": {"violations": None}}) is Written.WRITTEN
    assert shown(transport) == [("PATCH", f"{PATH}/status", {"status": {"violations": None}})]


def test_a_conflict_sends_the_whole_patch_again(writer, refusal, slept):
    write, transport = writer(refusal(409), refusal(409), OK)
    body = {"status": {"totalViolations": 3, "violations": [{"name": "a"}]}}
    assert write.patch(MINE, body) is Written.WRITTEN
    assert shown(transport) == [("PATCH", f"{PATH}/status", body)] * 3
    assert len(slept) == 2


def test_conflicts_without_end_are_an_error(writer, refusal):
    write, transport = writer(*[refusal(409, "Conflict", "busy")] * 6)
    with pytest.raises(Conflict, match="busy"):
        write.patch(MINE, {"status": {}})
    assert len(transport.seen) == 6


def test_other_refusals_are_errors_at_once(writer, refusal):
    write, _ = writer(refusal(403))
    with pytest.raises(Forbidden):
        write.patch(MINE, {"status": {}})


def test_an_object_that_is_no_more_is_not_an_error(writer, refusal):
    write, _ = writer(refusal(404), gone())
    assert write.patch(MINE, {"status": {}}) is Written.GONE


def test_a_kind_without_a_status_subresource_is_an_error(writer, refusal):
    write, _ = writer(refusal(404), OK)
    with pytest.raises(NotFound, match=r"^constraints\.gatekeeper\.sh/v1beta1/K8sRule mine: it exists, but its kind"):
        write.patch(MINE, {"status": {}})


def add_pod(current):
    pods = current["status"].get("byPod", [])
    return None if "us" in pods else {"status": {"byPod": [*pods, "us"]}}


def test_a_change_is_made_to_what_is_there_and_only_if_it_is_still_so(writer):
    write, transport = writer(stored("7", byPod=["them"]), OK)
    assert write.change(RULES, "mine", add_pod) is Written.WRITTEN
    assert shown(transport) == [
        ("GET", PATH, None),
        ("PATCH", f"{PATH}/status", {"metadata": {"resourceVersion": "7"}, "status": {"byPod": ["them", "us"]}}),
    ]


def test_a_change_that_came_second_is_made_again_to_what_is_there_now(writer, refusal):
    write, transport = writer(stored("7"), refusal(409), stored("8", byPod=["them"]), OK)
    assert write.change(RULES, "mine", add_pod) is Written.WRITTEN
    assert shown(transport)[-1][2] == {"metadata": {"resourceVersion": "8"}, "status": {"byPod": ["them", "us"]}}


def test_a_change_of_nothing_is_not_sent(writer):
    write, transport = writer(stored("7", byPod=["us"]))
    assert write.change(RULES, "mine", add_pod) is Written.UNCHANGED
    assert len(transport.seen) == 1


def test_a_change_of_an_object_that_is_no_more_is_not_an_error(writer, refusal):
    write, _ = writer(refusal(404), gone())
    assert write.change(RULES, "mine", add_pod) is Written.GONE


def test_a_change_of_something_that_is_no_object_is_an_error(writer):
    write, _ = writer(Reply(200, {}, b"[]"))
    with pytest.raises(BadBody, match=f"^GET {PATH}: the reply is a list, not an object$"):
        write.change(RULES, "mine", add_pod)


THAT = Subject(RULES, "mine", uid="u1", version="5")
PATCH = {"status": {"totalViolations": 3}}


def versions(transport):
    return [(method, (body or {}).get("metadata", {}).get("resourceVersion")) for method, _, body in shown(transport)]


def test_the_state_that_was_seen_last_is_the_precondition_for_one_very_object(writer):
    write, transport = writer(OK)
    assert write.patch(THAT, PATCH) is Written.WRITTEN
    assert shown(transport) == [("PATCH", f"{PATH}/status", {**PATCH, "metadata": {"resourceVersion": "5"}})]


def test_an_object_that_changed_meanwhile_is_written_all_the_same(writer, refusal):
    write, transport = writer(refusal(409), stored("7", "u1"), refusal(409), stored("8", "u1"), OK)
    assert write.patch(THAT, PATCH) is Written.WRITTEN
    assert versions(transport) == [("PATCH", "5"), ("GET", None), ("PATCH", "7"), ("GET", None), ("PATCH", "8")]


def test_an_object_that_was_made_anew_is_left_alone(writer, refusal):
    write, transport = writer(refusal(409), stored("7", "u2"))
    assert write.patch(THAT, PATCH) is Written.GONE
    assert versions(transport) == [("PATCH", "5"), ("GET", None)]


def test_an_object_that_is_removed_between_two_looks_is_no_error(writer, refusal):
    write, _ = writer(refusal(409), stored("7", "u1"), refusal(404), gone())
    assert write.patch(THAT, PATCH) is Written.GONE


@pytest.mark.parametrize("about", [{}, {"details": {}}, {"details": {"name": "yours"}}])
def test_a_404_that_does_not_name_the_object_is_no_proof_that_it_is_gone(writer, refusal, about):
    write, _ = writer(refusal(404), refusal(404, **about))
    with pytest.raises(NotFound):
        write.patch(MINE, {"status": {}})
