"""What a Connection, and the older ConfigMap, may say, and what is told of one that makes no sense."""

from __future__ import annotations

import json
import sys
from typing import Any

import pytest
from exporting import PLACE

from audit.errors import ExportError
from audit.export.connection import Connection
from audit.export.drivers import DRIVERS, driver_of

METADATA = {"name": "audit-connection", "namespace": "patrol", "uid": "u"}
CONFIG = {"path": "/tmp/violations", "maxAuditResults": 3.0}


def connection(**spec: Any) -> dict[str, Any]:
    return {"kind": "Connection", "metadata": METADATA, "spec": spec}


def config_map(**data: Any) -> dict[str, Any]:
    return {"kind": "ConfigMap", "metadata": METADATA, "data": data}


def test_both_shapes_say_the_same() -> None:
    found = Connection.of(connection(driver="disk", config=CONFIG))
    assert found == Connection.of(config_map(driver="disk", config=json.dumps(CONFIG)))
    assert found.origin == "Connection patrol/audit-connection"
    assert driver_of(found, PLACE).name == "disk"


def test_every_driver_may_be_asked_for_extended_messages() -> None:
    found = Connection.of(connection(driver="stdout", config={"extended": True}))
    assert found.extended
    assert found.config == {}
    with pytest.raises(ExportError, match=r"spec\.config\.extended must be true or false, not 'yes'"):
        Connection.of(connection(driver="stdout", config={"extended": "yes"}))


@pytest.mark.parametrize(
    ("obj", "told"),
    [
        (connection(), "Connection patrol/audit-connection: spec.driver is missing"),
        (connection(driver=3, config={}), "spec.driver must be a text, not 3"),
        (connection(driver="disk"), "spec.config is missing"),
        (connection(driver="disk", config={}, paht="/"), "spec.paht is no field of a Connection: there are config, dr"),
        (config_map(driver="disk", config="{}", extended="true"), "data.extended is no field of a ConfigMap: there "),
        (connection(driver="disk", config="x"), "spec.config must be an object, not a text"),
        ({"kind": "Connection", "metadata": METADATA}, "spec is missing"),
        ({"kind": "Connection", "metadata": METADATA, "spec": []}, "spec must be an object, not a list"),
        (config_map(driver="disk"), "ConfigMap patrol/audit-connection: data.config is missing"),
        (config_map(driver="disk", config="{,"), r"data.config is no JSON: Expecting property name .* column 2"),
        (config_map(driver="disk", config="[" * 100_000), "data.config is no JSON: it cannot be read"),
        (config_map(driver="disk", config='{"a": {"b": 1, "b": 2}}'), "data.config has the field 'b' more than once"),
        (config_map(driver="disk", config="3"), "data.config must be an object, not a number"),
        ({"kind": "ConfigMap", "metadata": METADATA, "data": None}, "data is missing"),
    ],
)
def test_what_makes_no_sense_is_named(obj: dict[str, Any], told: str) -> None:
    with pytest.raises(ExportError, match=told) as error:
        Connection.of(obj)
    assert error.value.reason == "InvalidConnection"


def test_the_place_of_a_config_is_told_as_it_is_in_the_object() -> None:
    made = Connection.of(config_map(driver="disk", config='{"path": "/tmp/x"}'))
    with pytest.raises(ExportError, match=r"audit-connection: data\.config\.maxAuditResults is missing"):
        driver_of(made, PLACE)


@pytest.mark.parametrize("name", DRIVERS)
def test_all_drivers_are_made_by_their_names(name: str) -> None:
    configs: dict[str, dict[str, Any]] = {
        "disk": CONFIG,
        "stdout": {},
        "http": {"url": "http://collector"},
        "dapr": {"component": "p"},
        "syslog": {"address": "udp://collector"},
        "kafka": {"brokers": "kafka:9092"},
    }
    if name == "kafka":
        pytest.importorskip("confluent_kafka", reason="the extra kafka is not installed")
    assert driver_of(Connection(name, configs[name]), PLACE).name == name


def test_a_driver_without_its_library_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delitem(sys.modules, "audit.export.kafka", raising=False)
    monkeypatch.setitem(sys.modules, "confluent_kafka", None)
    made = Connection.of(connection(driver="kafka", config={"brokers": "kafka:9092"}))
    told = r"audit-connection: spec\.driver kafka needs confluent-kafka: install kube-patrol\[kafka\]"
    with pytest.raises(ExportError, match=told) as error:
        driver_of(made, PLACE)
    assert error.value.reason == "InvalidConnection"
