"""A cluster of large objects in a process of its own: an API server that makes them up while it answers.

`python -m inflating CONFIG_MAPS SECRETS KUBECONFIG [synced]` loads small objects with a mark in their data, writes the
kubeconfig, prints one line and serves until its standard input ends. Every mark becomes a large text on its way out.
With `synced` a policy on Namespaces reads all ConfigMaps as `data.inventory`.
"""

from __future__ import annotations

import sys
from collections.abc import Iterator, Sequence
from http.client import HTTPConnection
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from pathlib import Path
from threading import Thread
from typing import Any
from urllib.parse import urlsplit

import yaml

from audit.embedded import EmbeddedCluster
from constraints import Template
from constraints.crd import crd

ROOT = Path(__file__).resolve().parents[1]
MARKS = {b"<a ConfigMap>": b"x" * 1_000_000, b"<a Secret>": b"eHh4" * 175_000}
REGO = """
package large
violation[{"msg": msg}] {
  count(input.review.object.data.x) > input.parameters.most
  msg := sprintf("%v is large", [input.review.object.metadata.name])
}
"""


def policies() -> Iterator[dict[str, Any]]:
    """One that reads the data of ConfigMaps and Secrets, and what it needs."""
    for path in sorted((ROOT / "manifests" / "crds").glob("*.yaml")):
        yield from yaml.safe_load_all(path.read_text())
    parameters = {"type": "object", "properties": {"most": {"type": "integer"}}}
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "large"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "Large"}, "validation": {"openAPIV3Schema": parameters}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": REGO}],
        },
    }
    yield crd(Template.parse(template))
    yield template
    for kind, most in (("ConfigMap", 999_999), ("Secret", 699_999)):
        match = {"kinds": [{"apiGroups": [""], "kinds": [kind]}]}
        yield {
            "apiVersion": "constraints.gatekeeper.sh/v1beta1",
            "kind": "Large",
            "metadata": {"name": f"large-{kind.lower()}s"},
            "spec": {"match": match, "parameters": {"most": most}},
        }


COUNT = """
package counted
violation[{"msg": msg}] {
  maps := {name | data.inventory.namespace[input.review.object.metadata.name].v1.ConfigMap[name]}
  count(maps) > 0
  msg := sprintf("%d ConfigMaps", [count(maps)])
}
"""


def referring() -> Iterator[dict[str, Any]]:
    """A policy that reads the inventory, and what is to be in it."""
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "counted"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "Counted"}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "rego": COUNT}],
        },
    }
    yield crd(Template.parse(template))
    yield template
    yield {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": "Counted",
        "metadata": {"name": "config-maps"},
        "spec": {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Namespace"]}]}},
    }
    rows = [{"group": "", "version": "v1", "kind": "ConfigMap"}]
    yield {
        "apiVersion": "syncset.gatekeeper.sh/v1alpha1",
        "kind": "SyncSet",
        "metadata": {"name": "maps"},
        "spec": {"gvks": rows},
    }


def objects(config_maps: int, secrets: int) -> Iterator[dict[str, Any]]:
    """Small ones, each with its mark."""
    for kind, count in (("ConfigMap", config_maps), ("Secret", secrets)):
        for number in range(count):
            metadata = {"name": f"{kind.lower()}-{number:05d}", "namespace": "default"}
            yield {"apiVersion": "v1", "kind": kind, "metadata": metadata, "data": {"x": f"<a {kind}>"}}


class Quiet(ThreadingHTTPServer):
    """Says nothing of clients that leave before the end of a reply that is too large for them."""

    daemon_threads = True

    def handle_error(self, request: Any, client_address: Any) -> None:
        """Nobody reads it."""


class Inflating(BaseHTTPRequestHandler):
    """Passes requests on to the cluster at `behind`, and its replies back with every mark replaced."""

    protocol_version = "HTTP/1.1"
    behind = ""

    def _pass(self) -> None:
        size = int(self.headers.get("Content-Length") or 0)
        sent = {name: value for name, value in self.headers.items() if name.lower() != "host"}
        connection = HTTPConnection(self.behind)
        connection.request(self.command, self.path, self.rfile.read(size), sent)
        reply = connection.getresponse()
        body = reply.read()
        connection.close()
        for mark, text in MARKS.items():
            body = body.replace(mark, text)
        self.send_response(reply.status)
        for name, value in reply.getheaders():
            if name.lower() not in ("content-length", "transfer-encoding", "connection", "date", "server"):
                self.send_header(name, value)
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    do_GET = do_POST = do_PUT = do_PATCH = do_DELETE = _pass

    def log_message(self, *_: Any) -> None:
        """Keeps the output to the one line that is waited for."""


def main(arguments: Sequence[str]) -> None:
    """Serve a cluster with that many objects."""
    config_maps, secrets, kubeconfig, *synced = arguments
    with EmbeddedCluster() as cluster:
        cluster.load(policies())
        cluster.load(referring() if synced else ())
        cluster.load(objects(int(config_maps), int(secrets)))
        Inflating.behind = urlsplit(cluster.url).netloc
        server = Quiet(("127.0.0.1", 0), Inflating)
        Thread(target=server.serve_forever, daemon=True).start()
        path = cluster.kubeconfig(Path(kubeconfig))
        path.write_text(path.read_text().replace(cluster.url, f"http://127.0.0.1:{server.server_address[1]}"))
        sys.stdout.write("ready\n")
        sys.stdout.flush()
        sys.stdin.read()
        server.shutdown()


if __name__ == "__main__":
    main(sys.argv[1:])
