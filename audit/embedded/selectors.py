"""Label and field selectors of a request: text to predicate."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from typing import Final

from audit.embedded.refusals import bad_request
from audit.embedded.registry import Served
from audit.embedded.store import Entry
from constraints.dataclass import dataclass
from constraints.model import Json

Predicate = Callable[[Entry], bool]
_LabelTest = Callable[[Mapping[str, str]], bool]

_SET = re.compile(r"\s*(?P<key>[^\s,!=()]+)\s+(?P<op>in|notin)\s*\((?P<values>[^)]*)\)\s*\Z")
_EQUAL = re.compile(r"\s*(?P<key>[^\s,!=()]+)\s*(?P<op>==|!=|=)\s*(?P<value>[^\s,!=()]*)\s*\Z")
_EXISTS = re.compile(r"\s*(?P<not>!?)\s*(?P<key>[^\s,!=()]+)\s*\Z")

# By "group/plural" of the storage; metadata.name and metadata.namespace are selectable everywhere.
FIELDS: Final[Mapping[str, frozenset[str]]] = {
    "/pods": frozenset(
        [
            "spec.nodeName",
            "spec.restartPolicy",
            "spec.schedulerName",
            "spec.serviceAccountName",
            "spec.hostNetwork",
            "status.phase",
            "status.podIP",
            "status.nominatedNodeName",
        ]
    ),
    "/events": frozenset(
        [
            "involvedObject.kind",
            "involvedObject.namespace",
            "involvedObject.name",
            "involvedObject.uid",
            "involvedObject.apiVersion",
            "involvedObject.resourceVersion",
            "involvedObject.fieldPath",
            "reason",
            "reportingComponent",
            "source",
            "type",
            "regarding.kind",
            "regarding.namespace",
            "regarding.name",
            "regarding.uid",
        ]
    ),
    "/namespaces": frozenset({"status.phase"}),
    "/nodes": frozenset({"spec.unschedulable"}),
    "/secrets": frozenset({"type"}),
    "/services": frozenset({"spec.clusterIP", "spec.type"}),
    "/replicationcontrollers": frozenset({"status.replicas"}),
    "apps/replicasets": frozenset({"status.replicas"}),
    "batch/jobs": frozenset({"status.successful"}),
    "certificates.k8s.io/certificatesigningrequests": frozenset({"spec.signerName"}),
}


def label_test(text: str) -> _LabelTest:
    """A predicate on labels; raises Refusal when `text` is not a label selector."""
    tests = [_requirement(part, text) for part in _split(text)]
    return lambda labels: all(test(labels) for test in tests)


def _split(text: str) -> list[str]:
    """At commas that are not inside parentheses."""
    return [part for part in re.split(r",(?![^(]*\))", text) if part.strip()]


def _requirement(part: str, text: str) -> _LabelTest:
    if found := _SET.match(part):
        return _membership(found["key"], found["op"] == "in", {value.strip() for value in found["values"].split(",")})
    if found := _EQUAL.match(part):
        return _membership(found["key"], found["op"] != "!=", {found["value"]})
    if found := _EXISTS.match(part):
        key, wanted = found["key"], not found["not"]
        return lambda labels: (key in labels) is wanted
    raise bad_request(f"unable to parse requirement: {part.strip()!r} in the label selector {text!r}")


def _membership(key: str, wanted: bool, values: set[str]) -> _LabelTest:
    if wanted:
        return lambda labels: key in labels and labels[key] in values
    return lambda labels: labels.get(key) not in values


@dataclass(frozen=True, slots=True)
class _FieldTest:
    path: tuple[str, ...]
    equal: bool
    value: str


def field_test(text: str, served: Served) -> Predicate:
    """A predicate on entries; raises Refusal for a field that this resource cannot be selected by."""
    tests = [_field_requirement(part, served) for part in text.split(",") if part.strip()]
    return lambda entry: _fields_match(entry.decoded(), tests)


def _field_requirement(part: str, served: Served) -> _FieldTest:
    found = re.match(r"\s*([^=!\s]+)\s*(==|!=|=)\s*(.*?)\s*\Z", part)
    if found is None:
        raise bad_request(f"invalid selector: '{part}'; can't understand '{part}'")
    label, operator, value = found.groups()
    known = {"metadata.name", "metadata.namespace", *served.selectable} | FIELDS.get(served.storage, frozenset())
    if label not in known:
        raise bad_request(
            f'Unable to find "{served.kind}" that match label selector "", field selector "{part.strip()}": field label not supported: {label}'
        )
    return _FieldTest(_stored_path(label), operator != "!=", value)


def _stored_path(label: str) -> tuple[str, ...]:
    """Events are stored as core ones, whichever group they are asked from."""
    head, _, rest = label.partition(".")
    return ("involvedObject", rest) if head == "regarding" else tuple(label.split("."))


def _fields_match(obj: Mapping[str, Json], tests: list[_FieldTest]) -> bool:
    return all((_text(obj, test.path) == test.value) is test.equal for test in tests)


def _text(obj: Json, path: tuple[str, ...]) -> str:
    """The value at `path` as selectors compare it; a missing one is the empty string."""
    for name in path:
        obj = obj.get(name) if isinstance(obj, Mapping) else None
    if isinstance(obj, bool):
        return "true" if obj else "false"
    return "" if obj is None else str(obj)


def predicate(served: Served, labels: str, fields: str) -> Predicate | None:
    """Both selectors as one predicate, None when nothing is selected."""
    on_labels = label_test(labels) if labels else None
    on_fields = field_test(fields, served) if fields else None
    if on_labels and on_fields:
        return lambda entry: on_labels(entry.labels) and on_fields(entry)
    if on_labels:
        return lambda entry: on_labels(entry.labels)
    return on_fields
