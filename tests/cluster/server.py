"""Starts the real API server of the cluster tests, and ends it whatever happens."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any
from urllib.parse import parse_qs, urlsplit

# Only service accounts are of interest: the tests themselves are the administrator.
AUDIT_POLICY = """
apiVersion: audit.k8s.io/v1
kind: Policy
omitStages: [RequestReceived]
rules:
  - {level: Metadata, userGroups: ["system:serviceaccounts"]}
  - {level: None}
"""
FLAGS = (
    # A continue token expires as soon as etcd is compacted, as before Kubernetes 1.34, and not up to 15 s later.
    "--feature-gates=ListFromCacheSnapshot=false",
    # The one standard plug-in that asks for more rights than RBAC: it is on in OpenShift.
    "--enable-admission-plugins=OwnerReferencesPermissionEnforcement",
)


@dataclass(frozen=True, slots=True)
class Request:
    """One request as the server's own audit log tells it; `code` is the status that was answered."""

    user: str
    verb: str
    group: str
    resource: str
    namespace: str
    name: str
    code: int
    query: dict[str, list[str]]


class ApiServer:
    """A server that runs: where it is, what it was asked, and a way to let continue tokens expire."""

    def __init__(self, process: subprocess.Popen[str], folder: Path, ready: dict[str, str]) -> None:
        self._process = process
        self._log = folder / "audit.log"
        self.url = ready["url"]
        self.ca = ready["ca"]
        self.token = ready["token"]

    def compact(self) -> int:
        """Let etcd forget every revision but the latest, whose number is returned."""
        assert self._process.stdin is not None
        assert self._process.stdout is not None
        self._process.stdin.write("compact\n")
        self._process.stdin.flush()
        answer = json.loads(self._process.stdout.readline())
        return int(answer["revision"])

    def requests(self, user: str) -> list[Request]:
        """What `user` has asked so far, in order; requests for no resource (discovery) are left out."""
        events = (json.loads(line) for line in self._log.read_text().splitlines())
        return [request_of(event) for event in events if event["user"]["username"] == user and "objectRef" in event]


def request_of(event: dict[str, Any]) -> Request:
    """A request from an event of the audit log; a subresource is written as in RBAC, `pods/status`."""
    about = event["objectRef"]
    return Request(
        user=event["user"]["username"],
        verb=event["verb"],
        group=about.get("apiGroup", ""),
        resource="/".join(filter(None, (about["resource"], about.get("subresource")))),
        namespace=about.get("namespace", ""),
        name=about.get("name", ""),
        code=event.get("responseStatus", {}).get("code", 0),
        query=parse_qs(urlsplit(event["requestURI"]).query),
    )


@contextmanager
def running(binary: Path, folder: Path) -> Iterator[ApiServer]:
    """A fresh server with its data in `folder`; it ends with this context, and with this process at the latest."""
    policy = folder / "audit-policy.yaml"
    policy.write_text(AUDIT_POLICY)
    logging = [f"--audit-log-path={folder / 'audit.log'}", f"--audit-policy-file={policy}"]
    command = [str(binary), "-data", str(folder / "data"), "--", *FLAGS, *logging]
    errors = folder / "stderr"
    with (
        errors.open("w") as stderr,
        subprocess.Popen(
            command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=stderr, text=True, bufsize=1
        ) as process,
    ):
        try:
            assert process.stdout is not None
            line = process.stdout.readline()
            if not line:
                raise RuntimeError(f"the API server did not start: {errors.read_text()[-2000:]}")
            yield ApiServer(process, folder, json.loads(line))
        finally:
            process.kill()
