"""A server of one Lease, and a clock that moves when told to."""

from __future__ import annotations

import json
from dataclasses import dataclass, field
from typing import Any

from audit.errors import Unreachable
from audit.kube.client import Clock
from audit.kube.request import Reply, Request

LEASE = {"apiVersion": "coordination.k8s.io/v1", "kind": "Lease"}
PATH = "/apis/coordination.k8s.io/v1/namespaces/ns/leases"


@dataclass
class Time:
    """A clock that moves when told to, and when somebody sleeps."""

    now: float = 1000.0

    def clock(self) -> Clock:
        return Clock(now=lambda: self.now, elapsed=lambda: self.now, sleep=self.sleep, chance=lambda: 0.0)

    def sleep(self, seconds: float) -> None:
        self.now += seconds


@dataclass
class Leases:
    """A server of one Lease with optimistic locking; `down` cuts connections, `cost` is what a request takes."""

    time: Time
    lease: dict[str, Any] | None = None
    down: bool = False
    cost: float = 0.0
    seen: list[Request] = field(default_factory=list)

    def exchange(self, request: Request) -> Reply:
        self.seen.append(request)
        self.time.now += self.cost
        if self.down:
            raise Unreachable("cut")
        return {"GET": self.get, "POST": self.create, "PUT": self.update}[request.method](request)

    def get(self, _: Request) -> Reply:
        return Reply(404) if self.lease is None else Reply(200, {}, json.dumps(self.lease).encode())

    def create(self, request: Request) -> Reply:
        return Reply(409) if self.lease is not None else self.store(json.loads(request.body or b""), "1")

    def update(self, request: Request) -> Reply:
        body = json.loads(request.body or b"")
        if self.lease is None:
            return Reply(404)
        version = self.lease["metadata"]["resourceVersion"]
        if body["metadata"]["resourceVersion"] != version:
            return Reply(409)
        return self.store(body, str(int(version) + 1))

    def store(self, body: dict[str, Any], version: str) -> Reply:
        body["metadata"]["resourceVersion"] = version
        self.lease = body
        return self.get(Request("GET", ""))

    @property
    def spec(self) -> dict[str, Any]:
        assert self.lease is not None
        return self.lease["spec"]
