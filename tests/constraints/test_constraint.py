from __future__ import annotations

from typing import Any

import pytest
from probes import constraint, edited, template

from constraints import Constraint, Kind, Point, Template
from constraints.constraint import parse
from constraints.errors import ConstraintError

TEMPLATE = Template.parse(
    template(
        schema={
            "type": "object",
            "properties": {
                "a": {"type": "string", "default": "A"},
                "o": {"type": "object", "properties": {"x": {"type": "integer"}}},
            },
        }
    )
)
GOLDEN_NAME_RULE = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def parsed(obj: dict[str, Any], point: Point = Point.AUDIT) -> Constraint:
    return parse(obj, TEMPLATE, point)


def test_a_constraint_keeps_what_names_it() -> None:
    obj = constraint(parameters={}, match={"scope": "Cluster"})
    obj["metadata"] |= {"uid": "u", "generation": 2, "annotations": {"a": "b"}}
    found = parsed(obj)
    assert (found.key, found.uid, found.generation, found.annotations) == ("Probe/probe", "u", 2, {"a": "b"})
    assert (found.match, found.action, found.actions, found.obj) == ({"scope": "Cluster"}, "deny", ("deny",), obj)


@pytest.mark.parametrize(
    ("spec", "parameters"),
    [
        pytest.param({}, {}, id="absent parameters are an empty object, without defaults"),
        pytest.param({"parameters": {}}, {"a": "A"}, id="defaults are filled in"),
        pytest.param({"parameters": {"a": "x", "o": {"x": 1}}}, {"a": "x", "o": {"x": 1}}, id="given ones stay"),
    ],
)
def test_parameters(spec: dict[str, Any], parameters: Any) -> None:
    assert parsed(constraint(**spec)).parameters == parameters


def test_a_constraint_without_a_spec_enforces_with_deny() -> None:
    assert parsed(edited(constraint(), "spec", ...)).actions == ("deny",)


WRONG = [
    ("metadata", {}, "invalid Constraint: missing metadata.name"),
    ("metadata", [], "invalid Constraint: missing metadata.name"),
    ("metadata.name", 5, "invalid Constraint: missing metadata.name"),
    ("metadata.name", "Probe", f'invalid Constraint: invalid name: "{GOLDEN_NAME_RULE}"'),
    ("metadata.name", "a" * 260, 'invalid Constraint: invalid name: "must be no more than 253 characters"'),
    ("metadata.name", "a" * 64, "schema validation failed: [].metadata.name: Too long: may not be more than 63 bytes"),
    ("apiVersion", "constraints.gatekeeper.sh/v1", 'invalid Constraint: apiVersion: unsupported version "v1"; supported versions: v1beta1, v1alpha1'),
    ("apiVersion", "x/v1beta1", 'invalid Constraint: apiVersion: unsupported group "x", it must be constraints.gatekeeper.sh'),
    ("bogus", 1, "invalid Constraint: unknown fields: [bogus]"),
    ("spec", None, 'schema validation failed: [].spec: Invalid value: "null": spec in body must be of type object: "null"'),
    ("spec.bogus", 1, "invalid Constraint: unknown fields: [spec.bogus]"),
    ("spec.parameters", {"z": 1, "o": {"y": 1}}, "invalid Constraint: unknown fields: [spec.parameters.o.y spec.parameters.z]"),
    ("spec.parameters", [], 'schema validation failed: [].spec.parameters: Invalid value: "array": spec.parameters in body must be of type object: "array"'),
    ("spec.parameters", {"a": None}, 'schema validation failed: [].spec.parameters.a: Invalid value: "null": spec.parameters.a in body must be of type string: "null"'),
    ("spec.match", None, 'schema validation failed: [].spec.match: Invalid value: "null": spec.match in body must be of type object: "null"'),
    ("spec.match", {"kinds": ["x"]}, 'schema validation failed: [].spec.match.kinds[0]: Invalid value: "string": spec.match.kinds[0] in body must be of type object: "string"'),
    ("spec.match", {"labelSelector": None}, "invalid Constraint: .spec.match.labelSelector accessor error: <nil> is of the type <nil>, expected map[string]interface{}"),
    ("spec.match", {"namespaceSelector": "x"}, "invalid Constraint: .spec.match.namespaceSelector accessor error: x is of the type string, expected map[string]interface{}"),
    ("spec.match", {"namespaces": ["Prod"]}, 'schema validation failed: [].spec.match.namespaces[0]: Invalid value: "Prod": spec.match.namespaces[0] in body should match \'^\\*?[-:a-z0-9]*\\*?$\''),
    ("spec.match", {"source": "all"}, 'schema validation failed: [].spec.match.source: Unsupported value: "all": supported values: "All", "Generated", "Original"'),
    ("spec.enforcementAction", 5, 'schema validation failed: [].spec.enforcementAction: Invalid value: "number": spec.enforcementAction in body must be of type string: "number"'),
    ("spec.enforcementAction", "Deny", 'could not validate enforcement actions: unrecognized enforcementAction "Deny" in spec.enforcementAction, supported values are: deny, dryrun, warn, scoped'),
    ("spec.enforcementAction", "scoped", "missing required field: spec.scopedEnforcementActions must be defined"),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "text"), [pytest.param(*row, id=f"{row[0]}={row[1]}") for row in WRONG])
def test_a_wrong_constraint_is_refused(path: str, value: Any, text: str) -> None:
    with pytest.raises(ConstraintError) as caught:
        parsed(edited(constraint(), path, value))
    assert caught.value.message == text


def test_several_problems_are_told_at_once() -> None:
    with pytest.raises(ConstraintError) as caught:
        parsed(constraint(parameters={"a": 1, "o": {"x": "1"}}))
    assert caught.value.message == (
        'schema validation failed: [[].spec.parameters.a: Invalid value: "number": spec.parameters.a in body must be of '
        'type string: "number", [].spec.parameters.o.x: Invalid value: "string": spec.parameters.o.x in body must be of '
        'type integer: "string"]'
    )


POD, DEPLOYMENT = Kind("", "v1", "Pod"), Kind("apps", "v1", "Deployment")


@pytest.mark.parametrize(
    ("kinds", "kind", "may"),
    [
        pytest.param(None, POD, True, id="no kinds take every kind"),
        pytest.param([], POD, True, id="an empty list too"),
        pytest.param([{"kinds": ["Pod"]}], POD, True, id="without groups every group"),
        pytest.param([{"apiGroups": ["apps"], "kinds": ["Pod"]}], POD, False, id="another group"),
        pytest.param([{"apiGroups": ["apps"]}], DEPLOYMENT, True, id="without kinds every kind"),
        pytest.param([{"apiGroups": ["*"], "kinds": ["*"]}], DEPLOYMENT, True, id="stars"),
        pytest.param([{"kinds": ["Pod"]}, {"kinds": ["Deployment"]}], DEPLOYMENT, True, id="any entry suffices"),
        pytest.param([{"apiGroups": ["apps"], "kinds": ["X"]}], Kind("apps", "v1", ""), True, id="any kind of a group"),
        pytest.param(
            [{"apiGroups": ["apps"], "kinds": ["X"]}], Kind("batch", "v1", ""), False, id="no kind of a group"
        ),
    ],
)
def test_which_kinds_a_constraint_may_match(kinds: Any, kind: Kind, may: bool) -> None:
    spec = {} if kinds is None else {"match": {"kinds": kinds}}
    assert parsed(constraint(**spec)).may_match(kind) is may
