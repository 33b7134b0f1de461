from __future__ import annotations

from typing import Any

import pytest
from probes import REGO, edited, template

from constraints import Template
from constraints.errors import TemplateError

TARGET = "spec.targets.0"
V1BETA1 = "templates.gatekeeper.sh/v1beta1"


def parsed(**changes: Any) -> Template:
    """A template with values at dotted paths (`__` for dots) replaced."""
    obj = template()
    for path, value in changes.items():
        edited(obj, path.replace("__", "."), value)
    return Template.parse(obj)


def test_a_template_keeps_what_names_and_owns_it() -> None:
    metadata = {"name": "probe", "uid": "u-1", "generation": 3, "labels": {"team": "a"}}
    found = parsed(metadata=metadata, spec__crd__spec__names={"kind": "Probe", "shortNames": ["pr"]})
    assert (found.name, found.kind, found.uid, found.generation) == ("probe", "Probe", "u-1", 3)
    assert (found.labels, found.short_names) == ({"team": "a"}, ("pr",))


def test_rego_and_libs_are_short_for_code_of_the_engine_rego() -> None:
    (code,) = Template.parse(template(libs=["package lib.a"])).code
    assert (code.engine, code.source) == ("Rego", {"rego": REGO, "libs": ("package lib.a",)})


def test_code_keeps_its_order_and_the_version_of_its_rego() -> None:
    cel = {"engine": "K8sNativeValidation", "source": {"validations": []}}
    rego = {"engine": "Rego", "source": {"rego": REGO, "version": "v1"}}
    found = parsed(spec__targets=[{"target": "admission.k8s.gatekeeper.sh", "code": [cel, rego]}])
    assert [code.engine for code in found.code] == ["K8sNativeValidation", "Rego"]
    assert found.code[1].source == {"rego": REGO, "libs": (), "version": "v1"}


@pytest.mark.parametrize(
    ("rego", "reads"),
    [
        pytest.param("package a\nx = data.inventory.cluster", True, id="as a name"),
        pytest.param('package a\nx = data["inventory"]', True, id="as a text"),
        pytest.param("package a\nx = input.data_inventory", False, id="not another name"),
    ],
)
def test_a_template_knows_whether_it_reads_the_inventory(rego: str, reads: bool) -> None:
    assert Template.parse(template(rego)).inventory is reads
    assert Template.parse(template(libs=[rego])).inventory is reads


@pytest.mark.parametrize(
    ("version", "validation", "schema"),
    [
        pytest.param("v1", None, None, id="v1 without validation takes no parameters"),
        pytest.param("v1beta1", None, {"x-kubernetes-preserve-unknown-fields": True}, id="v1beta1 takes any"),
        pytest.param("v1alpha1", {"legacySchema": False}, None, id="an explicit false counts in v1alpha1"),
        pytest.param(
            "v1",
            {"legacySchema": True, "openAPIV3Schema": {"properties": {"a": {"type": "array"}}}},
            {
                "x-kubernetes-preserve-unknown-fields": True,
                "properties": {"a": {"type": "array", "items": {"x-kubernetes-preserve-unknown-fields": True}}},
            },
            id="a legacy schema is opened at each level",
        ),
        pytest.param(
            "v1",
            {"openAPIV3Schema": {"type": "object", "properties": {"a": {"type": "string"}}}},
            {"type": "object", "properties": {"a": {"type": "string"}}},
            id="a v1 schema stays as it is",
        ),
    ],
)
def test_the_schema_of_parameters(version: str, validation: Any, schema: Any) -> None:
    found = parsed(apiVersion=f"templates.gatekeeper.sh/{version}", spec__crd__spec__validation=validation)
    assert found.schema == schema


WRONG = [
    ("apiVersion", "templates.gatekeeper.sh/v2", 'apiVersion is none of templates.gatekeeper.sh/v1, {}/v1beta1, {}/v1alpha1: "{}/v2"'.replace("{}", "templates.gatekeeper.sh")),
    ("apiVersion", 5, "apiVersion must be a string, it is: 5"),
    ("kind", "Pod", 'kind is not ConstraintTemplate: "Pod"'),
    ("metadata.name", "other", 'spec.crd.spec.names.kind is not in lower case the template\'s metadata.name "other": "Probe"'),
    ("metadata.labels", {"a": 1}, "metadata.labels.a must be a string, it is: 1"),
    ("metadata.generation", "x", 'metadata.generation must be an integer, it is: "x"'),
    ("spec", [], "spec must be an object, it is: []"),
    ("spec", ..., "spec is missing"),
    ("spec.crd", None, "spec.crd is missing"),
    ("spec.crd.spec.names.kind", "", 'spec.crd.spec.names.kind must not be empty: ""'),
    ("spec.crd.spec.names.kind", "A.b", "spec.crd.spec.names.kind is not a name for a kind (letters, digits and '-', at most 63): \"A.b\""),
    ("spec.crd.spec.names.shortNames", "x", 'spec.crd.spec.names.shortNames must be an array, it is: "x"'),
    ("spec.crd.spec.validation", {"legacySchema": "x"}, 'spec.crd.spec.validation.legacySchema must be a boolean, it is: "x"'),
    ("spec.crd.spec.validation", {"openAPIV3Schema": 1}, "spec.crd.spec.validation.openAPIV3Schema must be an object, it is: 1"),
    ("spec.targets", ..., "spec.targets is missing"),
    ("spec.targets", [], "spec.targets must hold exactly one target, it holds: 0"),
    ("spec.targets", ["x"], 'spec.targets[0] must be an object, it is "x"'),
    (f"{TARGET}.target", "x", 'spec.targets[0].target is not admission.k8s.gatekeeper.sh: "x"'),
    (f"{TARGET}.rego", ..., "spec.targets[0].code is missing, and so is rego: null"),
    (f"{TARGET}.rego", {"a": 1}, 'spec.targets[0].rego must be a string, it is: {"a":1}'),
    (f"{TARGET}.libs", [1], "spec.targets[0].libs[0] must be a string, it is: 1"),
    (f"{TARGET}.code", {}, "spec.targets[0].code must be an array, it is: {}"),
    (f"{TARGET}.code", [{"engine": "Rego"}], "spec.targets[0].code[0].source is missing"),
    (f"{TARGET}.code", [{"source": {}}], "spec.targets[0].code[0].engine is missing"),
    (f"{TARGET}.code", [{"engine": "Rego", "source": {"rego": ""}}], 'spec.targets[0].code[0].source.rego must not be empty: ""'),
    (f"{TARGET}.code", [{"engine": "Rego", "source": {"rego": REGO}}], 'spec.targets[0].rego stands beside an entry of code with engine: "Rego"'),
]  # fmt: skip


@pytest.mark.parametrize(("path", "value", "text"), [pytest.param(*row, id=f"{row[0]}={row[1]}") for row in WRONG])
def test_a_wrong_template_is_refused_with_its_name_the_field_and_the_value(path: str, value: Any, text: str) -> None:
    obj = edited(template(), path, value)
    with pytest.raises(TemplateError) as caught:
        Template.parse(obj)
    name = obj["metadata"]["name"]
    assert str(caught.value) == f'ConstraintTemplate "{name}": {text}'


def test_two_entries_of_code_for_one_engine_are_refused() -> None:
    code = [{"engine": "X", "source": {}}, {"engine": "X", "source": {}}]
    with pytest.raises(TemplateError, match=r'spec\.targets\[0\]\.code has more than one entry for engine: "X"'):
        parsed(spec__targets=[{"target": "admission.k8s.gatekeeper.sh", "code": code}])


@pytest.mark.parametrize("obj", [{}, {"metadata": 5}, {"kind": None, "metadata": {"name": ["x"]}}, []])
def test_an_object_that_is_no_template_at_all_is_refused(obj: Any) -> None:
    with pytest.raises(TemplateError, match=r"^ConstraintTemplate: "):
        Template.parse(obj)


@pytest.mark.parametrize(
    ("schema", "text"),
    [
        ({}, ".type is missing; must not be empty for specified object fields, it is: null"),
        ({"type": "strin"}, '.type is none of array, boolean, integer, number, object, string: "strin"'),
        ({"type": "array"}, ".items is missing; it must be specified, it is: null"),
        ({"type": "string", "pattern": "("}, ".pattern must be a valid regular expression (missing ), unterminated subpattern at position 0), it is: \"(\""),
        ({"type": "string", "pattern": "(?=a)"}, '.pattern must be a valid regular expression (lookarounds and backreferences are not supported), it is: "(?=a)"'),
        ({"type": "string", "enum": "x"}, '.enum must be an array, it is: "x"'),
        ({"type": "string", "minLength": 1.5}, ".minLength must be an integer, it is: 1.5"),
        ({"type": "object", "required": "x"}, '.required must be an array of strings, it is: "x"'),
        ({"type": "object", "properties": {"b": 1}}, ".properties[b] must be an object, it is: 1"),
        ({"type": "object", "properties": {"a": {"type": "string"}}, "additionalProperties": {"type": "string"}}, '.additionalProperties and properties are mutually exclusive: "object"'),
        ({"type": "array", "items": {"type": "string"}, "uniqueItems": True}, ".uniqueItems cannot be set, since its run time is quadratic: true"),
        ({"$ref": "#/x"}, '.$ref is not supported: "#/x"'),
        ({"type": "string", "default": 1}, '.default does not fit its schema (A.default: Invalid value: "number": A.default in body must be of type string: "number"): 1'.replace("A", "properties[a]")),
        ({"type": "object", "x-kubernetes-list-type": "atomic"}, '.type must be array beside x-kubernetes-list-type, it is: "object"'),
        ({"type": "array", "items": {"type": "string"}, "x-kubernetes-list-type": "x"}, '.x-kubernetes-list-type is none of atomic, set, map: "x"'),
        ({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "set"}, ".items.x-kubernetes-map-type must be atomic in the items of a set, it is: null"),
        ({"type": "array", "items": {"type": "object"}, "x-kubernetes-list-type": "map"}, ".x-kubernetes-list-map-keys must name distinct fields beside x-kubernetes-list-type map, it is: []"),
        ({"type": "string", "x-kubernetes-map-type": "atomic"}, '.type must be object beside x-kubernetes-map-type, it is: "string"'),
        ({"type": "object", "x-kubernetes-embedded-resource": True}, ".properties must not be empty beside x-kubernetes-embedded-resource without x-kubernetes-preserve-unknown-fields: null"),
        ({"type": "string", "x-kubernetes-preserve-unknown-fields": False}, ".x-kubernetes-preserve-unknown-fields must be true where it stands, it is: false"),
        ({"anyOf": [{"type": "string"}], "type": "string"}, '.anyOf[0].type must not stand inside anyOf, oneOf, allOf or not: "string"'),
        ({"allOf": [{"not": {"default": 1}}], "type": "string"}, ".allOf[0].not.default must not stand inside anyOf, oneOf, allOf or not: 1"),
        ({"type": "object", "definitions": {"a": {}}}, '.definitions is not supported: {"a":{}}'),
        ({"type": "object", "externalDocs": True}, ".externalDocs must be an object, it is: true"),
    ],
)  # fmt: skip
def test_a_schema_that_kubernetes_refuses_is_refused(schema: Any, text: str) -> None:
    with pytest.raises(TemplateError) as caught:
        Template.parse(template(schema={"type": "object", "properties": {"a": schema}}))
    where = "spec.crd.spec.validation.openAPIV3Schema.properties[a]"
    assert str(caught.value) == f'ConstraintTemplate "probe": {where}{text}'


def test_a_schema_of_endless_depth_is_refused() -> None:
    schema: Any = {"type": "string"}
    for _ in range(200):
        schema = {"type": "object", "properties": {"a": schema}}
    with pytest.raises(TemplateError, match="is deeper than 64 levels"):
        Template.parse(template(schema=schema))


@pytest.mark.parametrize(
    "schema",
    [
        pytest.param({"type": "string", "pattern": None, "enum": [], "oneOf": [], "required": []}, id="nulls and empty lists"),
        pytest.param({"type": "object", "properties": {}, "additionalProperties": {"type": "string"}}, id="no properties beside additional ones"),
        pytest.param({"type": "object", "properties": {"b": {"type": "string"}}, "additionalProperties": True}, id="properties beside any others"),
        pytest.param({"type": "string", "items": "string"}, id="items that are no schema"),
        pytest.param({"type": "object", "dependencies": {}}, id="no dependencies"),
        pytest.param({"type": "object", "additionalProperties": {"type": "string", "default": 1}}, id="defaults that are never used"),
        pytest.param({"x-kubernetes-int-or-string": True, "default": ["a"]}, id="a default of an integer or a text"),
        pytest.param({"type": "integer", "multipleOf": 0}, id="a factor that no number has"),
        pytest.param({"x-kubernetes-int-or-string": True, "anyOf": [{"type": "integer"}, {"type": "string"}]}, id="an integer or a text"),
    ],
)  # fmt: skip
def test_what_kubernetes_reads_as_absent_does_not_count(schema: Any) -> None:
    found = Template.parse(template(schema={"type": "object", "properties": {"a": schema}}))
    assert found.schema is not None
    assert None not in found.schema["properties"]["a"].values()


def test_a_legacy_schema_may_have_items_of_any_kind_of_value() -> None:
    legacy = template(schema={"properties": {"a": {"type": "array", "items": "string"}}})
    found = Template.parse({**legacy, "apiVersion": "templates.gatekeeper.sh/v1beta1"})
    assert found.schema is not None
    assert found.schema["properties"]["a"]["items"] == {"x-kubernetes-preserve-unknown-fields": True}


def test_a_legacy_schema_has_no_level_that_is_an_integer_or_a_text() -> None:
    legacy = template(schema={"properties": {"a": {"x-kubernetes-int-or-string": True}}})
    with pytest.raises(TemplateError, match="must be false beside x-kubernetes-int-or-string, it is: true"):
        Template.parse({**legacy, "apiVersion": "templates.gatekeeper.sh/v1beta1"})


def test_defaults_are_integers_however_the_template_was_read() -> None:
    found = Template.parse(template(schema={"type": "object", "properties": {"a": {"type": "number", "default": 5e6}}}))
    assert found.schema is not None
    assert repr(found.schema["properties"]["a"]["default"]) == "5000000"


def test_a_legacy_schema_takes_a_default_with_fields_that_it_does_not_name() -> None:
    part = {"type": "object", "properties": {"b": {"type": "string"}}, "default": {"c": 1}}
    legacy = template(schema={"properties": {"a": part}})
    assert Template.parse({**legacy, "apiVersion": "templates.gatekeeper.sh/v1beta1"}).legacy
