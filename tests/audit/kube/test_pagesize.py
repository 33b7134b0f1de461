"""Pages are as large as they may be, whatever objects are like."""

from __future__ import annotations

import json
import random
from collections.abc import Iterator
from dataclasses import dataclass, field

import pytest

from audit.errors import BodyTooLarge, KubeError, Unreachable
from audit.kube.client import Client, Clock
from audit.kube.lister import Lister
from audit.kube.pagesize import MEBIBYTE, PageBounds, PageSizes
from audit.kube.request import Reply, Request
from audit.kube.tardy import Patience, Tardy
from audit.model import Resource
from constraints import Kind

MAPS = Resource(Kind("", "v1", "ConfigMap"), "configmaps", True)
PODS = Resource(Kind("", "v1", "Pod"), "pods", True)
CUSTOM = Resource(Kind("example.com", "v1", "Widget"), "widgets", True)
BOUNDS = PageBounds(page=100_000, largest=400_000)


@dataclass
class Server:
    """Serves objects of the given sizes as an API server does, and counts the bytes that it was made to send."""

    sizes: list[int]
    resource: Resource = MAPS
    knows_pages: bool = True
    limits: list[int] = field(default_factory=list)
    sent: int = 0
    refused: int = 0

    def exchange(self, request: Request) -> Reply:
        query = dict(request.query)
        limit, start = int(query.get("limit", 0)), int(query.get("continue", 0))
        self.limits.append(limit)
        end = start + limit if limit and self.knows_pages else len(self.sizes)
        metadata = {"resourceVersion": "1", **({"continue": str(end)} if end < len(self.sizes) else {})}
        end = min(end, len(self.sizes))
        items = [{"metadata": {"name": f"o{at}"}, "x": "x" * self.sizes[at]} for at in range(start, end)]
        kind = self.resource.kind
        document = {"kind": f"{kind.kind}List", "apiVersion": kind.api_version, "metadata": metadata, "items": items}
        body = json.dumps(document, separators=(",", ":")).encode()
        self.sent += min(len(body), request.largest)
        if len(body) > request.largest:
            self.refused += 1
            raise BodyTooLarge(f"{request}: the reply is larger than {request.largest:,} bytes", status=200)
        return Reply(200, {}, body)

    def names(self, lister: Lister, chunk: int = 500) -> Iterator[str]:
        for page in lister.pages(self.resource, chunk):
            yield from (item["metadata"]["name"] for item in json.loads(page.body)["items"])


def lister(server: Server, sizes: PageSizes | None = None) -> Lister:
    return Lister(Client(server), sizes or PageSizes(BOUNDS))


def mixed(seed: int) -> list[int]:
    """Runs of small and of large objects, as namespaces have them."""
    dice = random.Random(seed)
    runs = [[dice.choice([10, 1_000, 30_000, 90_000])] * dice.randint(1, 60) for _ in range(4)]
    return [size for run in runs for size in run]


@pytest.mark.parametrize("resource", [MAPS, PODS, CUSTOM], ids=lambda r: r.kind.kind)
@pytest.mark.parametrize("chunk", [0, 1, 7, 500])
@pytest.mark.parametrize("seed", range(2))
def test_every_object_comes_once_and_no_page_is_larger_than_it_may_be(resource, chunk, seed):
    server = Server(mixed(seed), resource)
    assert list(server.names(lister(server), chunk)) == [f"o{at}" for at in range(len(server.sizes))]
    assert server.sent <= sum(server.sizes) * 1.5 + 500_000 + 200 * len(server.limits)


def test_pages_of_small_objects_grow_to_the_whole_chunk():
    server = Server([100] * 3000)
    list(server.names(lister(server)))
    assert server.limits == [50, 200, 500, 500, 500, 500, 500, 500]


def test_pages_of_large_objects_have_about_the_bytes_of_a_page():
    server = Server([20_000] * 60)
    list(server.names(lister(server)))
    assert (server.limits[0], server.refused) == (50, 1)
    assert set(server.limits[2:]) == {4}


def test_a_kind_that_is_seldom_large_begins_with_the_whole_chunk():
    server = Server([100] * 1000, PODS)
    list(server.names(lister(server)))
    assert server.limits == [500, 500]


def test_what_was_learned_in_one_run_is_known_in_the_next():
    sizes = PageSizes(BOUNDS)
    first, second = Server([20_000] * 60), Server([20_000] * 60)
    list(first.names(lister(first, sizes)))
    list(second.names(lister(second, sizes)))
    assert (first.refused, second.refused, second.limits[0]) == (1, 0, 4)


def test_pages_grow_again_behind_large_objects():
    server = Server([90_000] * 3 + [10] * 2000)
    list(server.names(lister(server)))
    assert server.limits[-1] == 500


def test_an_object_that_is_too_large_by_itself_is_an_error_that_says_so():
    server = Server([10, 500_000])
    with pytest.raises(BodyTooLarge, match=r"^page 2 of v1/ConfigMap: GET .*: the reply is larger than 400,000 bytes$"):
        list(server.names(lister(server), 1))


def test_a_server_that_knows_no_pages_may_send_as_much_as_there_is_memory_for():
    server = Server([1000] * 300, CUSTOM, knows_pages=False)
    assert len(list(server.names(lister(server)))) == 300
    assert server.limits == [50, 6, 1]
    larger = Server([1000] * 500, CUSTOM, knows_pages=False)
    with pytest.raises(BodyTooLarge):
        list(larger.names(lister(larger)))


@dataclass
class Hanging:
    """Answers `pages` pages, each in `seconds`, and then no more."""

    seconds: float
    pages: int = 1000
    now: float = 0.0

    def exchange(self, request: Request) -> Reply:
        self.pages -= 1
        self.now += self.seconds if self.pages >= 0 else request.within
        if self.pages < 0:
            raise Unreachable("no reply in time", reason="Timeout")
        metadata = {"resourceVersion": "1", "continue": str(self.pages)}
        document = {"kind": "PodList", "apiVersion": "v1", "metadata": metadata, "items": []}
        return Reply(200, {}, json.dumps(document, separators=(",", ":")).encode())


@pytest.mark.parametrize(
    ("server", "seconds", "said"),
    [
        pytest.param(
            Hanging(1.0, pages=3), 63.0, "no reply in time; given up after 60 s", id="one that stops answering"
        ),
        pytest.param(Hanging(7.0), 301.0, "its pages took more than 300 s", id="one whose pages are slow without end"),
    ],
)
def test_a_list_ends_when_its_time_is_up(server, seconds, said):
    clock = Clock(elapsed=lambda: server.now, sleep=lambda _: None, chance=lambda: 0.0)
    client, tardy = Client(server, clock=clock), Tardy(Patience(page=60.0, kind=300.0))
    with pytest.raises(KubeError, match=said) as caught:
        list(Lister(client, None, tardy, lambda: server.now).pages(PODS, 500))
    assert (caught.value.reason, server.now, PODS.kind in tardy) == ("ListTimeout", seconds, True)


@pytest.mark.parametrize("mebibytes", [16, 100, 341, 10_000])
def test_what_four_readers_hold_and_what_is_in_work_fits_into_the_memory_for_pages(mebibytes):
    memory = mebibytes * MEBIBYTE
    bounds = PageBounds.within(memory)
    assert 4 * bounds.largest + memory // 4 + bounds.largest <= memory
    assert 2 * bounds.page <= bounds.largest
    assert bounds.page <= 4 * MEBIBYTE
    assert bounds.largest > 1.5 * MEBIBYTE  # an object as large as etcd takes it
