"""The files of the chart: they name values, flags and CRDs that exist; what helm makes of them is in tests/cluster."""

from __future__ import annotations

import json
import re
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.export.drivers import DRIVERS
from audit.settings.flags import BY_NAME, IN_VAIN

MANIFESTS = Path(__file__).parent.parent / "manifests"
CHART = MANIFESTS / "helm" / "kube-patrol"
VALUES: dict[str, Any] = yaml.safe_load((CHART / "values.yaml").read_text())
SCHEMA: dict[str, Any] = json.loads((CHART / "values.schema.json").read_text())
AUDIT: dict[str, Any] = SCHEMA["properties"]["audit"]
TEMPLATES = {path.name: path.read_text() for path in (CHART / "templates").iterdir()}
EVERYTHING = "\n".join(TEMPLATES.values())
TABLE = dict(re.findall(r"^(\w+): ([\w-]+)$", TEMPLATES["_flags.tpl"], re.MULTILINE))
UNUSED = yaml.safe_load("\n".join(re.findall(r"^- \S+$", TEMPLATES["_unused.tpl"], re.MULTILINE)))
WRITTEN = {  # flags that the chart gives with a value of another form, or under a condition
    "enable-violation-export",
    "health-addr",
    "leader-elect-lease-name",
    "log-level",
    "operation",
    "prometheus-port",
}
NOT_FOR_A_DEPLOYMENT = {
    "debug-use-fake-pod": "the Pod is a real one",
    "once": "a Deployment would start it again and again",
    "pod-name": "comes from the Pod",
    "pod-namespace": "comes from the Pod",
}


def test_every_flag_that_has_an_effect_is_a_value_or_is_not_for_a_deployment() -> None:
    assert BY_NAME.keys() - IN_VAIN - {*TABLE.values(), *WRITTEN, *NOT_FOR_A_DEPLOYMENT} == set()
    assert not {*TABLE.values(), *WRITTEN} & NOT_FOR_A_DEPLOYMENT.keys()


def test_the_chart_gives_flags_that_exist() -> None:
    assert {*TABLE.values(), *WRITTEN} - BY_NAME.keys() == set()
    assert set(re.findall(r"- --([a-z][a-z-]+)=", EVERYTHING)) == WRITTEN - {"log-level"}
    assert '"log-level"' in TEMPLATES["_flags.tpl"]


def test_flags_of_the_table_are_values_that_the_schema_knows() -> None:
    assert TABLE.keys() - SCHEMA["properties"].keys() - AUDIT["properties"].keys() == set()


def test_the_schema_describes_each_default() -> None:
    assert VALUES.keys() - SCHEMA["properties"].keys() == set()
    assert VALUES["audit"].keys() - AUDIT["properties"].keys() == set()


def test_the_schema_refuses_names_that_it_does_not_have() -> None:
    assert SCHEMA["additionalProperties"] is False
    assert AUDIT["additionalProperties"] is False


@pytest.mark.parametrize(
    ("schema", "prefix", "where"), [(SCHEMA, "", ".Values"), (AUDIT, "audit.", r"(?:\.Values\.|\$)audit")]
)
def test_every_value_of_the_schema_is_read_or_told_to_have_no_effect(
    schema: dict[str, Any], prefix: str, where: str
) -> None:
    names = {name for name in schema["properties"] if f"{prefix}{name}" not in UNUSED}
    read = set(re.findall(rf"{where}\.(\w+)", EVERYTHING)) | TABLE.keys()
    assert names - read == {"global"} - ({"global"} if prefix else set())  # what helm gives to charts in charts


def test_what_has_no_effect_is_known_to_the_schema_and_has_no_default() -> None:
    known = {*SCHEMA["properties"], *(f"audit.{name}" for name in AUDIT["properties"])}
    assert set(UNUSED) - known == set()
    assert set(UNUSED) & {*VALUES, *(f"audit.{name}" for name in VALUES["audit"])} == set()


def test_every_driver_can_be_chosen() -> None:
    assert SCHEMA["properties"]["exportBackend"]["enum"] == ["", *DRIVERS]


def test_the_crds_are_those_of_the_manifests() -> None:
    theirs = {path.name: path.read_text() for path in (MANIFESTS / "crds").iterdir()}
    assert {path.name: path.read_text() for path in (CHART / "crds").iterdir()} == theirs


def test_the_chart_and_its_image_carry_the_version_of_the_project() -> None:
    (version,) = re.findall(r'^version = "(.+)"$', (MANIFESTS.parent / "pyproject.toml").read_text(), re.MULTILINE)
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], str(chart["appVersion"]), str(VALUES["image"]["release"])) == (version, version, version)
