"""Versions, quantities and UUIDs with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import call

from constraints.errors import EvaluationError


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("semver.compare", ["1.0.0", "1.0.0"], "0"),
        ("semver.compare", ["2.0.0", "10.0.0"], "-1"),
        ("semver.compare", ["1.0.0-alpha", "1.0.0"], "-1"),
        ("semver.compare", ["1.0.0-alpha.1", "1.0.0-alpha.beta"], "-1"),
        ("semver.compare", ["1.0.0-2", "1.0.0-10"], "-1"),
        ("semver.compare", ["1.0.0-a", "1.0.0-a.1"], "-1"),
        ("semver.compare", ["v1.0.0+x", "1.0.0"], "0"),
        ("semver.compare", ["1.0.0-9", "1.0.0-99999999999999999999"], "-1"),
        ("semver.compare", ["1", "1.0.0"], 'eval_builtin_error: operand 1: string "1" is not a valid SemVer'),
        ("semver.compare", ["1.0.0", "x"], 'eval_builtin_error: operand 2: string "x" is not a valid SemVer'),
        ("semver.compare", [1, "1.0.0"], "eval_type_error: operand 1 must be string but got number"),
        ("semver.is_valid", ["1.0.0"], "true"),
        ("semver.is_valid", ["v1.2.3-a.b+c"], "true"),
        ("semver.is_valid", ["1.0"], "false"),
        ("semver.is_valid", ["1.0.0.0"], "false"),
        ("semver.is_valid", ["1.0.0-a..b"], "false"),
        ("semver.is_valid", ["9223372036854775808.0.0"], "false"),
        ("semver.is_valid", [1], "false"),
        ("units.parse", ["10Ki"], "10240"),
        ("units.parse", ["10KI"], "10240"),
        ("units.parse", ["10E"], "10000000000000000000"),
        ("units.parse", ["5E"], "5000000000000000000"),
        ("units.parse", ["1e3M"], "1000000000"),
        ("units.parse", ["100m"], "0.1000000000"),
        ("units.parse", ["-3.5E2m"], "-0.3500000000"),
        ("units.parse", ["0.0005K"], "0.5000000000"),
        ("units.parse", [".5K"], "500"),
        ("units.parse", ['"100TI"'], "109951162777600"),
        ("units.parse", ["1.23456789012m"], "0.0012345679"),
        ("units.parse", [""], "eval_builtin_error: units.parse: no amount provided"),
        ("units.parse", ["G"], "eval_builtin_error: units.parse: no amount provided"),
        ("units.parse", ["0.0.0"], "eval_builtin_error: units.parse: could not parse amount to a number"),
        ("units.parse", ["100 k"], "eval_builtin_error: units.parse: spaces not allowed in resource strings"),
        ("units.parse", ["12Xi"], "eval_builtin_error: units.parse: unit Xi not recognized"),
        ("units.parse", ["1e1234567"], "eval_builtin_error: units.parse: exponent too large"),
        ("units.parse", ["7" * 5000], "7" * 5000),
        ("units.parse", [f"{'7' * 5000}.5"], f"{'7' * 5000}.5000000000"),
        ("units.parse_bytes", ["1.1KiB"], "1126"),
        ("units.parse_bytes", ["10eb"], "10000000000000000000"),
        ("units.parse_bytes", ["1e3"], "1000"),
        ("units.parse_bytes", ["12345678901234567890.5k"], "12345678901234567889920"),
        ("units.parse_bytes", ["1.5"], "1"),
        (
            "units.parse_bytes",
            ["10 KB"],
            "eval_builtin_error: units.parse_bytes: spaces not allowed in resource strings",
        ),
        ("units.parse_bytes", ["foo"], "eval_builtin_error: units.parse_bytes: no byte amount provided"),
        ("units.parse_bytes", ["10x"], "eval_builtin_error: units.parse_bytes: byte unit x not recognized"),
        (
            "units.parse_bytes",
            ["1.1.1k"],
            "eval_builtin_error: units.parse_bytes: could not parse byte amount to a number",
        ),
        ("units.parse", ["1e50000Ki"], f"1024{'0' * 50_000}"),
        ("units.parse", ["-0.00000000001"], "-0.0000000000"),
        ("units.parse", ["1e-999999"], "0.0000000000"),
        ("units.parse_bytes", ["99999999999999999999999.5"], "100000000000000000000000"),
        ("units.parse_bytes", ["1e-999999"], "0"),
        ("uuid.parse", ["00000000-0000-4000-8000-000000000000"], '{"variant": "RFC4122", "version": 4}'),
        (
            "uuid.parse",
            ["6ba7b810-9dad-11d1-80b4-00c04fd430c8"],
            '{"clocksequence": 180, "macvariables": "global:unicast", "nodeid": "00-c0-4f-d4-30-c8", "time": 886630433151182400, "variant": "RFC4122", "version": 1}',
        ),
        (
            "uuid.parse",
            ["urn:uuid:000003e8-1f4d-21ed-9201-0242ac130003"],
            '{"clocksequence": 4609, "domain": "Group", "id": 1000, "macvariables": "local:unicast", "nodeid": "02-42-ac-13-00-03", "time": 1660865109129725600, "variant": "RFC4122", "version": 2}',
        ),
        ("uuid.parse", ["{6ba7b8109dad11d180b400c04fd430c8}"], "undefined"),
        (
            "uuid.parse",
            ["6ba7b8109dad11d180b400c04fd430c8"],
            '{"clocksequence": 180, "macvariables": "global:unicast", "nodeid": "00-c0-4f-d4-30-c8", "time": 886630433151182400, "variant": "RFC4122", "version": 1}',
        ),
        (
            "uuid.parse",
            ["00000000-0000-1000-c000-000000000000"],
            '{"clocksequence": 0, "macvariables": "global:unicast", "nodeid": "00-00-00-00-00-00", "time": 6227451273709551616, "variant": "Microsoft", "version": 1}',
        ),
        ("uuid.parse", ["zz"], "undefined"),
    ],
)
def test_versions_quantities_and_uuids_are_opa_s(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer


@pytest.mark.parametrize(
    ("name", "quantity"),
    [("units.parse", "7" * 1_000_001), ("units.parse_bytes", "7" * 1_000_001)],
)
def test_a_quantity_of_too_many_digits_is_an_error_and_never_undefined(name: str, quantity: str) -> None:
    with pytest.raises(EvaluationError, match="out of range"):
        call(name, quantity)
