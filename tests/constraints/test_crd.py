from __future__ import annotations

from probes import template

from constraints import Template
from constraints.crd import crd

SCHEMA = {"type": "object", "properties": {"a": {"type": "string"}}}


def made(**more: object) -> Template:
    obj = template(schema=SCHEMA, kind="K8sProbe")
    obj["metadata"] |= {"uid": "u-1", "labels": {"team": "a"}, **more}
    obj["spec"]["crd"]["spec"]["names"]["shortNames"] = ["kp"]
    return Template.parse(obj)


def test_the_crd_is_named_and_owned_after_its_template() -> None:
    found = crd(made())
    assert found["metadata"] == {
        "name": "k8sprobe.constraints.gatekeeper.sh",
        "labels": {"team": "a", "gatekeeper.sh/constraint": "yes"},
        "ownerReferences": [
            {
                "apiVersion": "templates.gatekeeper.sh/v1",
                "kind": "ConstraintTemplate",
                "name": "k8sprobe",
                "uid": "u-1",
                "controller": True,
                "blockOwnerDeletion": True,
            }
        ],
    }
    assert found["spec"]["names"] == {
        "kind": "K8sProbe",
        "listKind": "K8sProbeList",
        "plural": "k8sprobe",
        "singular": "k8sprobe",
        "categories": ["constraint", "constraints"],
        "shortNames": ["kp"],
    }
    assert (found["spec"]["group"], found["spec"]["scope"]) == ("constraints.gatekeeper.sh", "Cluster")


def test_both_versions_are_served_and_v1beta1_is_stored() -> None:
    versions = crd(made())["spec"]["versions"]
    assert [(v["name"], v["served"], v["storage"]) for v in versions] == [
        ("v1beta1", True, True),
        ("v1alpha1", True, False),
    ]
    assert all(version["subresources"] == {"status": {}} for version in versions)
    assert [column["jsonPath"] for column in versions[0]["additionalPrinterColumns"]] == [
        ".spec.enforcementAction",
        ".status.totalViolations",
    ]


def test_the_schema_holds_match_actions_and_the_parameters_of_the_template() -> None:
    schema = crd(made())["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    spec = schema["properties"]["spec"]["properties"]
    assert list(spec) == ["enforcementAction", "match", "scopedEnforcementActions", "parameters"]
    assert spec["parameters"] == SCHEMA
    assert spec["enforcementAction"] == {"type": "string", "default": "deny"}
    assert schema["properties"]["metadata"]["properties"]["name"] == {"type": "string", "maxLength": 63}
    assert schema["properties"]["status"] == {"x-kubernetes-preserve-unknown-fields": True}


def test_a_template_without_parameters_has_none_in_its_crd() -> None:
    schema = crd(Template.parse(template()))["spec"]["versions"][0]["schema"]["openAPIV3Schema"]
    assert "parameters" not in schema["properties"]["spec"]["properties"]
