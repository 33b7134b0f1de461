"""How many bytes of a cluster an audit holds at a time, counted while a client, a lister and a source read it."""

from __future__ import annotations

import tracemalloc
from dataclasses import dataclass
from threading import Event

import orjson

from audit.errors import BodyTooLarge
from audit.kube.client import Client
from audit.kube.lister import Lister
from audit.kube.pagesize import PageBounds, PageSizes
from audit.kube.request import Reply, Request
from audit.model import Page, Resource
from audit.plan import Listing
from audit.sources.ahead import Room
from audit.sources.cluster import ClusterSource, Pace
from constraints import Gap, Kind

MAPS = Resource(Kind("", "v1", "ConfigMap"), "configmaps", True)
SECRETS = Resource(Kind("", "v1", "Secret"), "secrets", True)
KIB, MIB = 1 << 10, 1 << 20


@dataclass
class Large:
    """An API server with `count` objects of `size` bytes of each kind, made when they are asked for."""

    count: int
    size: int

    def exchange(self, request: Request) -> Reply:
        query = dict(request.query)
        start, limit = int(query.get("continue", 0)), int(query.get("limit", 0)) or self.count
        end = min(start + limit, self.count)
        if (end - start) * self.size > request.largest:
            raise BodyTooLarge(f"{request}: the reply is larger than {request.largest:,} bytes", status=200)
        kind = {"configmaps": "ConfigMap", "secrets": "Secret"}[request.resource]
        metadata = {"resourceVersion": "1", **({"continue": str(end)} if end < self.count else {})}
        items = [self._object(at) for at in range(start, end)]
        return Reply(
            200, {}, orjson.dumps({"kind": f"{kind}List", "apiVersion": "v1", "metadata": metadata, "items": items})
        )

    def _object(self, number: int) -> dict[str, object]:
        return {"metadata": {"namespace": "a", "name": f"o{number:05d}"}, "data": {"x": "x" * self.size}}


def test_the_bytes_held_are_those_of_some_pages_whatever_the_cluster_holds() -> None:
    bounds = PageBounds(page=MIB // 2, largest=2 * MIB)
    server = Large(count=200, size=100 * KIB)  # 40 MB of two kinds; 50 of them would be a page of 5 MB
    lister = Lister(Client(server), PageSizes(bounds))
    source = ClusterSource(lister, (Listing(MAPS), Listing(SECRETS)), Pace(room=Room(4, MIB)), Event())
    objects, held = 0, []
    tracemalloc.start()
    try:
        for item in source.pages():
            assert not isinstance(item, Gap)
            objects += len(item.objects) if isinstance(item, Page) else 0
            held.append(tracemalloc.get_traced_memory()[0])
            del item
    finally:
        tracemalloc.stop()
    assert objects == 400
    # What waits, one page that is being made by this server (its objects and its text), one that waits for room, and
    # one in work.
    assert max(held) < 8 * MIB
