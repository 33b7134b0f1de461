"""The files of the chart: they name values, flags and CRDs that exist; what helm makes of them is in tests/cluster."""

from __future__ import annotations

import json
import re
from importlib.util import find_spec
from pathlib import Path
from typing import Any

import pytest
import yaml

from audit.errors import ExportError
from audit.export.connection import Connection
from audit.export.driver import Means
from audit.export.drivers import DRIVERS, driver_of
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
FIELDS = yaml.safe_load(TEMPLATES["_drivers.tpl"].split('"kube-patrol.drivers" -}}')[1].split("{{- end")[0])
GIVEN = {  # something that each field takes
    "address": "udp://collector:514",
    "brokers": "kafka:9092",
    "component": "pubsub",
    "maxAuditResults": 3,
    "path": "/tmp/violations",
    "url": "http://collector",
}
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
    assert list(FIELDS) == list(DRIVERS)


@pytest.mark.parametrize("name", [name for name in DRIVERS if name != "kafka" or find_spec("confluent_kafka")])
def test_the_chart_knows_the_fields_of_each_driver_and_which_are_needed(name: str) -> None:
    needed = set((FIELDS[name] or {}).get("needed", ()))
    others = set((FIELDS[name] or {}).get("others", ()))
    config = {field: value for field, value in GIVEN.items() if field in needed}
    assert config.keys() == needed
    assert made(name, config) == ""
    for field in needed:
        left = {other: value for other, value in config.items() if other != field}
        assert made(name, left) == f" spec.config.{field} is missing"
    told = made(name, {**config, "0": ""}).partition(": ")[2]  # like none of them: so all are told
    assert set(re.findall(r"\w+", told)) - {"there", "are", "none", "extended"} == needed | others


def made(driver: str, config: dict[str, Any]) -> str:
    """What is wrong with a Connection."""
    try:
        driver_of(Connection(driver, config), Means("audit-channel", lambda name: {}, {}))
    except ExportError as error:
        return str(error).partition(":")[2]
    return ""


def test_the_crds_are_those_of_the_manifests() -> None:
    theirs = {path.name: path.read_text() for path in (MANIFESTS / "crds").iterdir()}
    assert {path.name: path.read_text() for path in (CHART / "crds").iterdir()} == theirs


def test_the_chart_and_its_image_carry_the_version_of_the_project() -> None:
    (version,) = re.findall(r'^version = "(.+)"$', (MANIFESTS.parent / "pyproject.toml").read_text(), re.MULTILINE)
    chart = yaml.safe_load((CHART / "Chart.yaml").read_text())
    assert (chart["version"], str(chart["appVersion"]), str(VALUES["image"]["release"])) == (version, version, version)
