"""A plain HTTP client for the embedded cluster, and a definition to create."""

from __future__ import annotations

import http.client
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from typing import Any
from urllib.parse import urlsplit

import orjson
import pytest

from audit.embedded import EmbeddedCluster


@dataclass(frozen=True)
class Answer:
    """What came back."""

    status: int
    body: bytes
    headers: dict[str, str] = field(default_factory=dict)

    @property
    def json(self) -> Any:
        return orjson.loads(self.body)


Ask = Callable[..., Answer]


@pytest.fixture
def ask(cluster: EmbeddedCluster) -> Iterator[Ask]:
    """`ask(method, path, body, **headers)`; underscores in header names stand for dashes."""
    connections: list[http.client.HTTPConnection] = []

    def send(method: str, path: str, body: Any = None, **headers: str) -> Answer:
        connection = http.client.HTTPConnection(urlsplit(cluster.url).netloc, timeout=10)
        connections.append(connection)
        data = body if body is None or isinstance(body, bytes) else orjson.dumps(body)
        named = {name.replace("_", "-"): value for name, value in headers.items()}
        connection.request(method, path, data, {"Content-Type": "application/json"} | named)
        reply = connection.getresponse()
        return Answer(reply.status, reply.read(), {name.lower(): value for name, value in reply.getheaders()})

    yield send
    for connection in connections:
        connection.close()


def widgets(**spec: Any) -> dict[str, Any]:
    """A definition of namespaced Widgets with a schema, a status subresource, a column and two versions."""
    schema = {
        "type": "object",
        "properties": {
            "spec": {
                "type": "object",
                "required": ["size"],
                "properties": {
                    "size": {"type": "integer", "minimum": 1},
                    "color": {"type": "string", "default": "red"},
                    "free": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
                },
            },
            "status": {"type": "object", "x-kubernetes-preserve-unknown-fields": True},
        },
    }
    column = {"name": "Size", "type": "integer", "jsonPath": ".spec.size"}
    version = {
        "served": True,
        "schema": {"openAPIV3Schema": schema},
        "subresources": {"status": {}},
        "additionalPrinterColumns": [column],
    }
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {"name": "widgets.demo.io"},
        "spec": {
            "group": "demo.io",
            "scope": "Namespaced",
            "names": {"plural": "widgets", "kind": "Widget", "shortNames": ["wd"], "categories": ["demo"]},
            "versions": [
                {"name": "v1", "storage": True, **version},
                {"name": "v1beta1", "storage": False, **version},
            ],
            **spec,
        },
    }


@pytest.fixture
def widget_definition() -> dict[str, Any]:
    """The definition that `widgets_served` has created."""
    return widgets()


@pytest.fixture
def widgets_served(cluster: EmbeddedCluster, widget_definition: dict[str, Any]) -> str:
    """Widgets are served; the value is the path of their collection."""
    cluster.load([widget_definition])
    return "/apis/demo.io/v1/namespaces/default/widgets"
