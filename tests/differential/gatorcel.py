"""What gator says of templates in CEL, many in one process, and what we say."""

from __future__ import annotations

import json
import subprocess
from collections.abc import Mapping, Sequence
from pathlib import Path
from typing import Any

from constraints.drivers.cel import CelDriver
from constraints.inventory import EMPTY

Source = Mapping[str, Any]
_MATCH = {"match": {"kinds": [{"apiGroups": [""], "kinds": ["Pod"]}]}}


def ours(source: Source, obj: Mapping[str, Any]) -> list[str]:
    """The messages of the violations."""
    review = {"object": obj, "oldObject": None, "operation": "", "namespaceObject": {}}
    program = CelDriver().compile("Probe", source).program(None)
    return [finding.message for finding in program(review, EMPTY)]


def theirs(gator: Path, sources: Sequence[Source], obj: Mapping[str, Any], folder: Path) -> list[list[str]]:
    """The messages for each source. Raises CalledProcessError, TimeoutExpired."""
    for at, source in enumerate(sources):
        (folder / f"t{at}.yaml").write_text(json.dumps(_template(f"Probe{at}", source)))
        (folder / f"c{at}.yaml").write_text(json.dumps(_constraint(f"Probe{at}")))
    (folder / "object.yaml").write_text(json.dumps(obj))
    command = [str(gator), "test", "-f", str(folder), "-o", "json"]
    done = subprocess.run(command, capture_output=True, text=True, timeout=300, check=False)
    if not done.stdout.strip():
        raise subprocess.CalledProcessError(done.returncode, command, done.stdout, done.stderr)
    found: list[list[str]] = [[] for _ in sources]
    for result in json.loads(done.stdout) or ():
        found[int(result["constraint"]["kind"].removeprefix("Probe"))].append(result["msg"])
    return found


def _template(kind: str, source: Source) -> dict[str, Any]:
    code = [{"engine": "K8sNativeValidation", "source": source}]
    return {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": kind.lower()},
        "spec": {
            "crd": {"spec": {"names": {"kind": kind}}},
            "targets": [{"target": "admission.k8s.gatekeeper.sh", "code": code}],
        },
    }


def _constraint(kind: str) -> dict[str, Any]:
    return {
        "apiVersion": "constraints.gatekeeper.sh/v1beta1",
        "kind": kind,
        "metadata": {"name": "c"},
        "spec": _MATCH,
    }
