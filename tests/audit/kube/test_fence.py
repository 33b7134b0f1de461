"""Who does not lead does not write."""

from __future__ import annotations

import pytest

from audit.errors import NotLeader, Unreachable
from audit.kube.client import Client, Clock
from audit.kube.fence import Fence
from audit.kube.request import Reply, Request, create_object, get_object, merge_patch, update_object
from audit.model import Resource
from constraints import Kind

PODS = Resource(Kind("", "v1", "Pod"), "pods", True)
POD = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p", "namespace": "ns"}}


class Server:
    """Answers everything but the first `cut` requests; remembers the methods."""

    def __init__(self, cut: int = 0) -> None:
        self.cut, self.methods = cut, list[str]()

    def exchange(self, request: Request) -> Reply:
        self.methods.append(request.method)
        if len(self.methods) <= self.cut:
            raise Unreachable("cut")
        return Reply(200, {}, b'{"kind":"Pod","apiVersion":"v1","metadata":{"name":"p","namespace":"ns"}}')


WRITES = [
    pytest.param(create_object(PODS, POD), id="create"),
    pytest.param(update_object(PODS, POD), id="update"),
    pytest.param(merge_patch(PODS, "p", {"status": {}}, "ns", "status"), id="patch"),
]


@pytest.mark.parametrize("request_", WRITES)
def test_a_write_of_one_who_does_not_lead_is_not_sent(request_: Request) -> None:
    server = Server()
    with pytest.raises(NotLeader, match="not sent, for another replica may lead now"):
        Client(Fence(server, lambda: False)).send(request_)
    assert server.methods == []


@pytest.mark.parametrize("request_", WRITES)
def test_a_leader_writes(request_: Request) -> None:
    server = Server()
    Client(Fence(server, lambda: True)).send(request_)
    assert server.methods == [request_.method]


def test_everybody_may_read() -> None:
    server = Server()
    Client(Fence(server, lambda: False)).send(get_object(PODS, "p", "ns"))
    assert server.methods == ["GET"]


def test_leading_is_asked_anew_before_a_write_is_repeated() -> None:
    server, answers = Server(cut=1), iter([True, False])
    client = Client(Fence(server, lambda: next(answers)), clock=Clock(sleep=lambda seconds: None))
    with pytest.raises(NotLeader):
        client.send(merge_patch(PODS, "p", {"status": {}}, "ns", "status"))
    assert server.methods == ["PATCH"]
