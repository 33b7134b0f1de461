"""docs/export.md: its examples do what they say, and it knows every driver with its fields."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml
from policybuilders import samples_with

from audit.app import serve
from audit.cli import main
from audit.demo import load
from audit.embedded import EmbeddedCluster
from audit.export.drivers import DRIVERS
from audit.settings.arguments import parse
from audit.settings.config import AuditConfig, ClusterConfig, Config, ExportConfig, LogConfig

ROOT = Path(__file__).parent.parent
PAGE = (ROOT / "docs" / "export.md").read_text()
OBJECTS: list[dict[str, Any]] = [yaml.safe_load(text) for text in re.findall(r"```yaml\n(.*?)```", PAGE, re.DOTALL)]
EXAMPLES = [obj for obj in OBJECTS if obj["kind"] in ("Connection", "ConfigMap")]
[READER] = [obj for obj in OBJECTS if obj["kind"] == "Deployment"]
MESSAGES = [json.loads(line) for line in re.search(r"```json\n(.*?)```", PAGE, re.DOTALL)[1].splitlines()]  # type: ignore[index]


@pytest.mark.parametrize("example", EXAMPLES, ids=lambda example: str(example["kind"]))
def test_each_example_exports_what_the_page_shows(
    cluster: EmbeddedCluster, tmp_path: Path, example: dict[str, Any]
) -> None:
    load(cluster, samples_with(["K8sRequiredLabels"]))
    cluster.load([yaml.safe_load(json.dumps(example).replace("/tmp/violations", str(tmp_path / "violations")))])
    home = example["metadata"]["namespace"]
    config = Config(
        audit=AuditConfig(once=True, cache_dir=str(tmp_path / "cache")),
        cluster=ClusterConfig(str(cluster.kubeconfig(tmp_path / "kubeconfig")), False, pod_namespace=home),
        log=LogConfig(file=str(tmp_path / "log")),
        export=ExportConfig(enabled=True, spill_dir=str(tmp_path / "spill")),
    )
    assert serve(config) == 0
    [file] = (tmp_path / "violations" / "audit-channel").glob("*.log")
    written = [json.loads(line) for line in file.read_text().splitlines()]
    assert [written[0]["message"], written[-1]["message"]] == [MESSAGES[0]["message"], MESSAGES[-1]["message"]]
    [shown] = [each for each in written if each.get("resourceName") == MESSAGES[1]["resourceName"]]
    kept = [name for name in shown if name not in ("constraintAnnotations", "resourceLabels")]
    assert list(MESSAGES[1]) == kept
    assert {**MESSAGES[1], "id": ""}.items() <= {**shown, "id": ""}.items()


def test_every_driver_is_in_the_table() -> None:
    assert re.findall(r"^\| `(\w+)` \| .*\| .* \|$", PAGE.split("### disk")[0], re.MULTILINE) == list(DRIVERS)


def test_the_reader_is_a_patch_of_our_deployment_that_turns_export_on_and_reads_what_comes(
    tmp_path: Path, capfdbinary: pytest.CaptureFixture[bytes]
) -> None:
    [deployment] = yaml.safe_load_all((ROOT / "manifests" / "deployment.yaml").read_text())
    assert READER["metadata"].items() <= deployment["metadata"].items()
    audit, reader = READER["spec"]["template"]["spec"]["containers"]
    [ours] = deployment["spec"]["template"]["spec"]["containers"]
    assert (audit["name"], reader["image"]) == (ours["name"], ours["image"])
    assert Config.of(parse([], {each["name"]: each["value"] for each in audit["env"]})).export.enabled
    folder = tmp_path / "audit-channel"
    folder.mkdir()
    (folder / "2026-11-20T23_17_21Z.log").write_text("{}\n")
    arguments = [word.replace("/tmp/violations", str(tmp_path)) for word in reader["args"]]
    assert main([*arguments, "--once"]) == 0
    assert capfdbinary.readouterr().out == b"{}\n"
