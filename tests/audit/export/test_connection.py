"""What a Connection, and the older ConfigMap, may say, and what is told of one that makes no sense."""

from __future__ import annotations

import json
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
        (connection(driver="disk", config="x"), "spec.config must be an object, not str"),
        ({"kind": "Connection", "metadata": METADATA}, "spec is missing"),
        ({"kind": "Connection", "metadata": METADATA, "spec": []}, "spec must be an object, not list"),
        (config_map(driver="disk"), "ConfigMap patrol/audit-connection: data.config is missing"),
        (config_map(driver="disk", config="{,"), r"data.config is no JSON: Expecting property name .* column 2"),
        (config_map(driver="disk", config="[" * 100_000), "data.config is no JSON: it cannot be read"),
        (config_map(driver="disk", config="3"), "data.config must be an object, not int"),
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


def test_all_drivers_are_made_by_their_names() -> None:
    configs = {
        "disk": CONFIG,
        "stdout": {},
        "http": {"url": "http://collector"},
        "dapr": {"component": "p"},
        "syslog": {"address": "udp://collector"},
    }
    assert {name: driver_of(Connection(name, configs[name]), PLACE).name for name in DRIVERS} == {n: n for n in DRIVERS}
