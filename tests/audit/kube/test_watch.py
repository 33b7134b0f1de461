"""Following a resource: over real HTTP from the embedded cluster, and what a server can say line by line."""

from __future__ import annotations

import threading
import time
from collections.abc import Callable, Iterator
from dataclasses import field
from itertools import islice
from pathlib import Path
from typing import Any

import orjson
import pytest
from kubernetes.client import Configuration

from audit.embedded import Account, EmbeddedCluster, Fault, Rule
from audit.errors import BadBody, Forbidden, Gone, KubeError, NotFound, ServerError, Unreachable
from audit.kube.auth import Access, connect
from audit.kube.client import Client, Retries
from audit.kube.connection import Bounds, Connection
from audit.kube.request import Request, Select
from audit.kube.watch import Event, Intervals, Item, Server, Snapshot, Watch, events, lines
from audit.model import Resource
from constraints import Kind
from constraints.dataclass import dataclass

MAPS = Resource(Kind("", "v1", "ConfigMap"), "configmaps", True)
PATH = "/api/v1/configmaps"
SOON = Intervals(first=0.01, longest=0.02, poll=0.01)
REQUEST = Request("GET", PATH)


def config_map(name: str, **labels: str) -> dict[str, Any]:
    metadata = {"name": name, "namespace": "default", "labels": labels}
    return {"apiVersion": "v1", "kind": "ConfigMap", "metadata": metadata}


Follow = Callable[..., Watch]


@pytest.fixture
def follow(cluster: EmbeddedCluster, tmp_path: Path) -> Iterator[Follow]:
    """Makes watches; they are closed, and their connections too, when the test ends."""
    made: list[Watch] = []
    connections = []

    def start(resource: Resource = MAPS, token: str = "", **more: Any) -> Watch:
        connection = connect(Access(str(cluster.kubeconfig(tmp_path / "config", token)), environ={}))
        connections.append(connection)
        server = Server(Client(connection, retries=Retries(attempts=1)), connection)
        made.append(Watch(server, resource, **{"intervals": SOON, **more}))
        return made[-1]

    yield start
    for watch in made:
        watch.close()
    for connection in connections:
        connection.close()


def told(item: Item) -> object:
    if isinstance(item, Snapshot):
        return sorted(obj["metadata"]["name"] for obj in item.objects)
    return (item.type, item.object["metadata"]["name"]) if isinstance(item, Event) else type(item)


def asked(cluster: EmbeddedCluster, watching: bool) -> list[dict[str, str]]:
    return [dict(each.query) for each in cluster.asked if each.path == PATH and ("watch" in each.query) == watching]


def test_it_gives_what_is_there_and_then_what_changes(cluster: EmbeddedCluster, follow: Follow) -> None:
    cluster.load([config_map("a")])
    items = iter(follow())
    first = next(items)
    assert isinstance(first, Snapshot)
    assert (first.objects[0]["apiVersion"], first.objects[0]["kind"]) == ("v1", "ConfigMap")
    cluster.load([config_map("b"), config_map("a", x="y")])
    cluster.delete("ConfigMap", "b", "default")
    found = [told(item) for item in islice(items, 3)]
    assert (told(first), found) == (["a"], [("ADDED", "b"), ("MODIFIED", "a"), ("DELETED", "b")])


def test_only_what_is_selected_is_followed(cluster: EmbeddedCluster, follow: Follow) -> None:
    cluster.load([config_map("a"), config_map("b", team="x")])
    items = iter(follow(select=Select(label_selector="team=x")))
    assert told(next(items)) == ["b"]
    cluster.load([config_map("c"), config_map("d", team="x")])
    assert told(next(items)) == ("ADDED", "d")


def test_a_watch_whose_time_is_over_goes_on_where_it_was(cluster: EmbeddedCluster, follow: Follow) -> None:
    items = iter(follow(intervals=Intervals(quiet=1, first=0.01, longest=0.02)))
    assert told(next(items)) == []
    change = threading.Timer(1.3, lambda: cluster.load([config_map("late")]))
    change.start()
    assert told(next(items)) == ("ADDED", "late")
    change.join()
    assert len(asked(cluster, watching=False)) == 1
    assert [query["timeoutSeconds"] for query in asked(cluster, watching=True)] == ["1", "1"]


def test_a_version_that_the_server_has_forgotten_is_listed_anew(cluster: EmbeddedCluster, follow: Follow) -> None:
    cluster.faults.append(Fault(PATH, query="watch=true", status=410))
    cluster.load([config_map("a")])
    found = [told(item) for item in islice(follow(), 3)]
    assert found == [["a"], Gone, ["a"]]


def test_a_cut_connection_is_tried_again_without_listing(cluster: EmbeddedCluster, follow: Follow) -> None:
    cluster.faults.append(Fault(PATH, query="watch=true", cut=0, times=2))
    items = iter(follow())
    assert [told(item) for item in islice(items, 3)] == [[], Unreachable, Unreachable]
    cluster.load([config_map("a")])
    assert told(next(items)) == ("ADDED", "a")
    assert len(asked(cluster, watching=False)) == 1


def test_a_kind_that_is_not_served_yet_is_asked_for_again_and_at_once_when_woken(
    cluster: EmbeddedCluster, follow: Follow
) -> None:
    watch = follow(
        Resource(Kind("x.io", "v1", "Thing"), "things", False), intervals=Intervals(first=60.0, longest=60.0)
    )
    items = iter(watch)
    assert told(next(items)) is NotFound
    threading.Timer(0.05, watch.wake).start()
    assert told(next(items)) is NotFound


def test_where_watching_is_forbidden_lists_take_its_place(cluster: EmbeddedCluster, follow: Follow) -> None:
    cluster.accounts["token"] = Account("reader", (Rule(("list",), ("",), ("configmaps",)),))
    items = iter(follow(token="token"))
    assert [told(item) for item in islice(items, 2)] == [[], Forbidden]
    cluster.load([config_map("a")])
    assert told(next(items)) == ["a"]


@pytest.mark.parametrize("body", [b"<html>", b"[]", b'{"type":"ADDED"}\n', b'{"type":"LOUD","object":{}}\n', b"null\n"])
def test_a_reply_that_is_no_watch_is_an_error_and_not_the_end(
    cluster: EmbeddedCluster, follow: Follow, body: bytes
) -> None:
    cluster.faults.append(Fault(PATH, query="watch=true", body=body))
    cluster.load([config_map("a")])
    items = iter(follow())
    assert told(next(items)) == ["a"]
    if body.endswith(b"\n"):  # a last line without its end is one that was cut
        assert told(next(items)) is BadBody
        assert told(next(items)) == ["a"]
    cluster.load([config_map("b")])
    assert told(next(items)) == ("ADDED", "b")


def test_closing_ends_a_watch_that_waits_for_a_quiet_server(cluster: EmbeddedCluster, follow: Follow) -> None:
    watch = follow(intervals=Intervals())
    listed = threading.Event()

    def read() -> None:
        for _ in watch:
            listed.set()

    thread = threading.Thread(target=read)
    thread.start()
    assert listed.wait(5)
    cluster.load([config_map("a")])
    watch.close()
    thread.join(5)
    assert not thread.is_alive()


def test_pauses_grow_and_are_bounded_and_a_short_watch_is_a_failure_whatever_it_brings() -> None:
    intervals = Intervals(first=0.5, longest=30.0, chance=lambda: 0.0)
    assert [intervals.after(number) for number in (1, 2, 3, 7, 1000)] == [0.5, 1.0, 2.0, 30.0, 30.0]


@dataclass(frozen=True)
class Recording(Intervals):
    """Remembers how many failures each pause was for, and does not wait."""

    failures: list[int] = field(default_factory=list)

    def after(self, failures: int) -> float:
        self.failures.append(failures)
        return 0.001


@pytest.mark.parametrize(
    "fault",
    [
        pytest.param({"body": b""}, id="end at once"),
        pytest.param({"status": 500}, id="are refused"),
        pytest.param({"status": 429}, id="are put off"),
        pytest.param({"cut": 0}, id="are cut"),
    ],
)
def test_where_no_watch_ever_comes_through_lists_take_their_place(
    cluster: EmbeddedCluster, follow: Follow, fault: dict[str, Any]
) -> None:
    cluster.faults.append(Fault(PATH, query="watch=true", times=None, **fault))
    intervals = Intervals(
        first=0.01, longest=60.0, poll=0.05
    )  # pauses of a server that is down are longer than this test waits
    items = (told(item) for item in follow(intervals=intervals))
    assert next(items) == []
    for names in (["a"], ["a", "b"], ["a", "b", "c"]):
        cluster.load([config_map(names[-1])])
        assert names in islice(items, 100)


@pytest.mark.parametrize("headers", [{}, {"Connection": "close"}], ids=["kept", "closed afterwards"])
def test_a_watch_has_to_begin_soon_and_may_then_be_quiet_for_long(canned: Any, headers: dict[str, str]) -> None:
    def quiet(handler: Any) -> None:
        handler.send_response(200)
        handler.send_header("Transfer-Encoding", "chunked")
        for name, text in headers.items():
            handler.send_header(name, text)
        handler.end_headers()
        time.sleep(0.6)
        handler.wfile.write(b"2\r\nok\r\n0\r\n\r\n")

    configuration = Configuration(host=canned.url)
    configuration.retries = False
    connection = Connection(configuration, None, Bounds(answer=0.3))
    request = Request("GET", PATH, timeout=20)
    canned.answer = quiet
    assert list(connection.stream(request).chunks()) == [b"ok"]
    canned.answer = lambda handler: time.sleep(0.6)
    with pytest.raises(Unreachable, match="no reply"):
        connection.stream(request)
    connection.close()


def test_a_server_that_forgets_at_once_each_time_is_asked_more_and_more_seldom(
    cluster: EmbeddedCluster, follow: Follow
) -> None:
    cluster.faults.append(Fault(PATH, query="watch=true", status=410, times=None))
    intervals = Recording()
    assert [told(item) for item in islice(follow(intervals=intervals), 9)] == [[], Gone] * 4 + [[]]
    assert intervals.failures == [1, 2, 3, 4]


def test_a_watch_that_ends_at_once_each_time_is_never_begun_again_without_a_pause(
    cluster: EmbeddedCluster, follow: Follow
) -> None:
    obj = {"kind": "ConfigMap", "apiVersion": "v1", "metadata": {"resourceVersion": str(cluster.revision)}}
    bookmark = orjson.dumps({"type": "BOOKMARK", "object": obj}) + b"\n"
    cluster.faults.append(Fault(PATH, query="watch=true", body=bookmark, times=20))
    intervals = Recording()
    items = iter(follow(intervals=intervals))
    assert told(next(items)) == []
    threading.Timer(0.0, lambda: cluster.load([config_map("a")])).start()
    assert told(next(items)) == ("ADDED", "a")
    assert intervals.failures == [1] * 20


@pytest.mark.parametrize(
    ("status", "kind"), [(410, Gone), (403, Forbidden), (500, ServerError), (504, ServerError), (None, ServerError)]
)
def test_what_the_server_reports_in_a_watch_is_raised(status: int | None, kind: type[KubeError]) -> None:
    report = {"type": "ERROR", "object": {"kind": "Status", "code": status, "message": "because"}}
    with pytest.raises(kind, match="because"):
        list(events(REQUEST, [orjson.dumps(report) + b"\n"]))


def test_events_know_the_version_after_them_also_where_lines_are_cut_anywhere() -> None:
    text = b'{"type":"ADDED","object":{"metadata":{"name":"a","resourceVersion":"7"}}}\n\n'
    text += b'{"type":"BOOKMARK","object":{"metadata":{"resourceVersion":"9"}}}\n{"type":"DEL'
    for size in (1, 3, 50, 500):
        chunks = (text[at : at + size] for at in range(0, len(text), size))
        assert [(event.type, event.version) for event in events(REQUEST, chunks)] == [("ADDED", "7"), ("BOOKMARK", "9")]


def test_a_line_without_end_is_refused_before_it_fills_the_memory() -> None:
    endless = iter(lambda: b"x" * 1_000_000, b"")
    with pytest.raises(BadBody, match="longer than"):
        list(lines(endless))
