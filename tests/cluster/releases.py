"""The real helm, and our chart: what it renders, refuses and installs."""

from __future__ import annotations

import subprocess
from collections.abc import Mapping
from pathlib import Path
from typing import Any

import yaml
from cluster.api import Object
from cluster.deployed import MANIFESTS
from cluster.patrol import environment

CHART = MANIFESTS / "helm" / "kube-patrol"
Values = Mapping[str, Any]
# What the page on exporting of Gatekeeper's documentation gives to helm, for disk and for Dapr.
DISK = (
    "--set=enableViolationExport=true",
    "--set=audit.connection=audit-connection",
    "--set=audit.channel=audit-channel",
    "--set=audit.exportConfig.maxAuditResults=3",
    "--set=exportBackend=disk",
)
DAPR_ANNOTATIONS = {
    "dapr.io/enabled": "true",
    "dapr.io/app-id": "audit",
    "dapr.io/metrics-port": "9999",
    "dapr.io/sidecar-seccomp-profile-type": "RuntimeDefault",
}


class Helm:
    """The real helm, as one user of one cluster where that is needed."""

    def __init__(self, binary: Path, folder: Path) -> None:
        self._binary = binary
        self._folder = folder
        self.kubeconfig = folder / "none"

    def run(self, *arguments: str, values: Values | None = None) -> subprocess.CompletedProcess[str]:
        """Any command; `values` go into a file."""
        if values is not None:
            path = self._folder / "values.yaml"
            path.write_text(yaml.safe_dump(dict(values)))
            arguments = (*arguments, f"--values={path}")
        home = {"HOME": str(self._folder), "KUBECONFIG": str(self.kubeconfig)}
        command = [str(self._binary), *arguments]
        return subprocess.run(command, env={**environment(), **home}, capture_output=True, text=True, timeout=180)

    def does(self, *arguments: str, values: Values | None = None) -> str:
        """What a command prints. Fails when it fails."""
        done = self.run(*arguments, values=values)
        assert done.returncode == 0, done.stderr
        return done.stdout

    def render(self, *arguments: str, values: Values | None = None, release: str = "kube-patrol") -> list[Object]:
        """The objects that would be installed in the namespace `kube-patrol`."""
        command = ("template", release, str(CHART), "--namespace=kube-patrol", *arguments)
        return [obj for obj in yaml.safe_load_all(self.does(*command, values=values)) if obj]

    def refusal(self, *arguments: str, values: Values | None = None) -> str:
        """What is said when nothing is rendered."""
        done = self.run("template", "kube-patrol", str(CHART), *arguments, values=values)
        assert done.returncode == 1, done.stdout
        return done.stderr
