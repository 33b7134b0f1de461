"""The CRD of a template's constraints (compatibility, section 5.2)."""

from __future__ import annotations

import re
from typing import Final

from constraints.model import Json
from constraints.template import Template

GROUP: Final = "constraints.gatekeeper.sh"
VERSIONS: Final = ("v1beta1", "v1alpha1")
LABEL: Final = "gatekeeper.sh/constraint"
_DNS_NAME = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_STRING: Final = {"type": "string"}
_STRINGS: Final = {"type": "array", "items": _STRING}
_WILDCARD: Final = {"type": "string", "pattern": r"^\*?[-:a-z0-9]*\*?$"}

DNS_NAME_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def broken_name_rule(name: str) -> str:
    """The rule of DNS-1123 subdomains that `name` breaks, in Kubernetes' words; empty when it breaks none."""
    if len(name) > 253:
        return "must be no more than 253 characters"
    return "" if _DNS_NAME.match(name) else DNS_NAME_RULE


def name_of(template: Template) -> str:
    """`<lowerkind>.constraints.gatekeeper.sh`."""
    return f"{template.kind.lower()}.{GROUP}"


def crd(template: Template) -> dict[str, Json]:
    """The CustomResourceDefinition that lets a cluster store constraints of `template`."""
    lower = template.kind.lower()
    return {
        "apiVersion": "apiextensions.k8s.io/v1",
        "kind": "CustomResourceDefinition",
        "metadata": {
            "name": name_of(template),
            "labels": {**template.labels, LABEL: "yes"},
            "ownerReferences": [_owner(template)],
        },
        "spec": {
            "group": GROUP,
            "scope": "Cluster",
            "names": {
                "kind": template.kind,
                "listKind": f"{template.kind}List",
                "plural": lower,
                "singular": lower,
                "categories": ["constraint", "constraints"],
                **({"shortNames": list(template.short_names)} if template.short_names else {}),
            },
            "conversion": {"strategy": "None"},
            "versions": [_version(template, name) for name in VERSIONS],
        },
    }


def constraint_schema(template: Template) -> dict[str, Json]:
    """What a whole constraint looks like; `metadata` beside its name is Kubernetes' own."""
    return {
        "type": "object",
        "properties": {
            "metadata": {"type": "object", "properties": {"name": {"type": "string", "maxLength": 63}}},
            "spec": {"type": "object", "properties": _spec(template)},
            "status": {"x-kubernetes-preserve-unknown-fields": True},
        },
    }


def _owner(template: Template) -> dict[str, Json]:
    return {
        "apiVersion": template.obj["apiVersion"],
        "kind": "ConstraintTemplate",
        "name": template.name,
        "uid": template.uid,
        "controller": True,
        "blockOwnerDeletion": True,
    }


def _version(template: Template, name: str) -> dict[str, Json]:
    return {
        "name": name,
        "served": True,
        "storage": name == VERSIONS[0],
        "subresources": {"status": {}},
        "additionalPrinterColumns": [
            {"name": "enforcement-action", "type": "string", "jsonPath": ".spec.enforcementAction"},
            {"name": "total-violations", "type": "integer", "jsonPath": ".status.totalViolations"},
        ],
        "schema": {"openAPIV3Schema": constraint_schema(template)},
    }


def _spec(template: Template) -> dict[str, Json]:
    return {
        "enforcementAction": {"type": "string", "default": "deny"},
        "match": MATCH,
        "scopedEnforcementActions": _SCOPED_ACTIONS,
        **({} if template.schema is None else {"parameters": template.schema}),
    }


_SCOPED_ACTIONS: Final = {
    "type": "array",
    "items": {
        "type": "object",
        "properties": {
            "action": _STRING,
            "enforcementPoints": {"type": "array", "items": {"type": "object", "properties": {"name": _STRING}}},
        },
    },
}

_SELECTOR: Final = {
    "type": "object",
    "properties": {
        "matchLabels": {"type": "object", "additionalProperties": _STRING},
        "matchExpressions": {
            "type": "array",
            "items": {
                "type": "object",
                "properties": {"key": _STRING, "operator": _STRING, "values": _STRINGS},
            },
        },
    },
}

MATCH: Final = {
    "type": "object",
    "properties": {
        "source": {"type": "string", "enum": ["All", "Generated", "Original"]},
        "kinds": {
            "type": "array",
            "items": {"type": "object", "properties": {"apiGroups": _STRINGS, "kinds": _STRINGS}},
        },
        "scope": _STRING,
        "namespaces": {"type": "array", "items": _WILDCARD},
        "excludedNamespaces": {"type": "array", "items": _WILDCARD},
        "labelSelector": _SELECTOR,
        "namespaceSelector": _SELECTOR,
        "name": _WILDCARD,
    },
}
