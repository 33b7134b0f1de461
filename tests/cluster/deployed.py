"""A server with our manifests installed: what every test of the real cluster begins with."""

from __future__ import annotations

import json
import subprocess
import sys
import tempfile
from collections.abc import Iterable, Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import yaml
from beside import BENCH
from cluster.api import Api, Object, apply_all
from cluster.patrol import ROOT, Patrol
from cluster.server import ApiServer, Request

MANIFESTS = ROOT / "manifests"
ACCOUNT = "system:serviceaccount:kube-patrol:kube-patrol"


class Cluster:
    """A server, its administrator `api`, and scratch space in `folder`."""

    def __init__(self, server: ApiServer, folder: Path) -> None:
        self.server = server
        self.folder = folder
        self.api = Api(server.url, server.ca, server.token)

    def install(self) -> None:
        """Apply what `kubectl apply -k manifests` would; nothing schedules the Deployment."""
        apply_all(self.api, manifests())

    def account_token(self) -> str:
        """A token of the ServiceAccount that the Deployment runs as."""
        account = "/api/v1/namespaces/kube-patrol/serviceaccounts/kube-patrol/token"
        request = {
            "apiVersion": "authentication.k8s.io/v1",
            "kind": "TokenRequest",
            "spec": {"expirationSeconds": 3600},
        }
        return str(self.api.send("POST", account, request)["status"]["token"])

    def patrol(self, letter: str = "b", pod: str = "") -> Patrol:
        """The program as it is deployed: with the rights of its ServiceAccount, as one of its pods, or as `pod`."""
        pod = pod or pod_name(letter)
        folder = Path(tempfile.mkdtemp(dir=self.folder, prefix=f"{pod}-"))
        return Patrol(self.kubeconfig(self.account_token(), folder), folder, pod)

    def kubeconfig(self, token: str, folder: Path) -> Path:
        """A kubeconfig for the user with `token`."""
        cluster = {"server": self.server.url, "certificate-authority": self.server.ca}
        config = {
            "apiVersion": "v1",
            "kind": "Config",
            "clusters": [{"name": "real", "cluster": cluster}],
            "users": [{"name": "user", "user": {"token": token}}],
            "contexts": [{"name": "real", "context": {"cluster": "real", "user": "user"}}],
            "current-context": "real",
        }
        path = folder / "kubeconfig"
        path.write_text(json.dumps(config))
        return path

    def load_policies(self, templates: Iterable[Object], constraints: Iterable[Object]) -> None:
        """Apply templates, let the program make the CRDs of their constraints, and apply those."""
        apply_all(self.api, templates)
        outcome = self.patrol("z").once()
        assert outcome.code == 0, outcome.told()
        apply_all(self.api, constraints)

    def load_fleet(self, pods: int) -> None:
        """Create the objects of the benchmarks: `pods` Pods and what belongs to them."""
        where = ["--server", self.server.url, "--token", self.server.token]
        subprocess.run([sys.executable, str(BENCH / "fleet.py"), str(pods), *where], check=True)

    def status(self, constraint: Object) -> Object:
        """The status of a constraint as it is stored now."""
        status: Object = self.api.get(self.api.path(constraint)).get("status", {})
        return status

    def constraints(self) -> Iterator[Object]:
        """All constraints of all kinds."""
        version = "constraints.gatekeeper.sh/v1beta1"
        for resource in self.api.get(f"/apis/{version}")["resources"]:
            if "/" not in resource["name"]:
                yield from self.api.items(f"/apis/{version}/{resource['name']}")

    def asked(self) -> list[Request]:
        """What the program has asked so far, as the server's audit log tells it."""
        return self.server.requests(ACCOUNT)


def pod_name(letter: str) -> str:
    """The name of a pod of our Deployment; a consonant stands for its random part."""
    return f"kube-patrol-audit-6c9d5b7f8-{letter * 5}"


def manifests() -> list[Object]:
    """The objects of our kustomization, in its order."""
    kustomization = yaml.safe_load((MANIFESTS / "kustomization.yaml").read_text())
    return [obj for path in kustomization["resources"] for obj in documents(MANIFESTS / path)]


def bench_policies(prefix: str) -> list[Object]:
    """The templates (`t`) or constraints (`c`) of the benchmarks."""
    return [obj for path in sorted((BENCH / "policies").glob(f"{prefix}-*.yaml")) for obj in documents(path)]


def documents(path: Path) -> list[Any]:
    """The YAML documents of a file."""
    return [obj for obj in yaml.safe_load_all(path.read_text()) if obj]


@contextmanager
def without_rights(cluster: Cluster, manifest: Path) -> Iterator[None]:
    """Takes the rights of a manifest's first role away while the block lasts."""
    role: Object = documents(manifest)[0]
    path = cluster.api.path(role)
    cluster.api.merge(path, {"rules": []})
    try:
        yield
    finally:
        cluster.api.merge(path, {"rules": role["rules"]})
