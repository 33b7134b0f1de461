"""Which constraints are asked about a kind of object, and what they read of it."""

from __future__ import annotations

from typing import Any

import pytest
from answering import Answering
from canned import engine, say
from probes import constraint, pod, template

from constraints import Engine, Gap, Kind, Violation
from constraints.drivers import make_drivers
from constraints.model import Finding
from constraints.review import review_of

PODS = [{"apiGroups": [""], "kinds": ["Pod"]}]


def test_only_constraints_of_the_kind_are_asked() -> None:
    made = engine(
        say("x"),
        constraint("pods", match={"kinds": PODS}),
        constraint("all"),
        constraint("x", match={"kinds": [{"kinds": ["X"]}]}),
    )
    assert [v.constraint.name for v in made.review(review_of(pod()))] == ["pods", "all"]


def reading(*reads: tuple[str, ...]) -> Engine:
    """An engine with one constraint, whose program says what it reads."""
    made = Engine(drivers={"Rego": Answering(lambda review, inventory: [Finding("asked")], frozenset(reads))})
    made.add_template(template())
    made.add_constraint(constraint())
    return made


@pytest.mark.parametrize(
    ("reads", "depends"),
    [
        ([("object", "spec")], False),
        ([("namespace",), ("object",)], False),
        ([("object",), ("namespaceObject", "metadata", "labels")], True),
        ([("namespaceObject",)], True),
        ([()], True),
        ([("*", "metadata")], True),
        ([], False),
    ],
)
def test_only_who_reads_the_namespace_needs_it(reads: list[tuple[str, ...]], depends: bool) -> None:
    made = reading(*reads)
    assert made.reads_namespace(Kind("", "v1", "Pod")) is depends
    (found,) = made.review(review_of(pod(), lost="no right to get it"))
    assert isinstance(found, Gap) is depends
    assert isinstance(made.review(review_of(pod()))[0], Violation)


@pytest.mark.parametrize(
    ("code", "depends"),
    [
        ({"engine": "Rego", "source": {"rego": "input.review.namespaceObject.metadata.labels.a"}}, True),
        ({"engine": "Rego", "source": {"rego": "input.review.namespace"}}, False),
        ({"engine": "Rego", "source": {"rego": "json.marshal(input.review)"}}, True),
        ({"engine": "Rego", "source": {"rego": "input.review[_].metadata.labels.a"}}, True),
        ({"engine": "K8sNativeValidation", "source": {"rego": "has(namespaceObject.metadata)"}}, True),
        ({"engine": "K8sNativeValidation", "source": {"rego": "request.namespace == 'a'"}}, False),
        ({"engine": "K8sNativeValidation", "source": {"rego": "variables.anyObject.a == object.a"}}, False),
    ],
    ids=lambda value: str(value),
)
def test_the_real_engines_tell_whether_they_read_the_namespace(code: dict[str, Any], depends: bool) -> None:
    text = code["source"]["rego"]
    rego = f'package x\nviolation[{{"msg": "m"}}] {{ x := {text}; x == x }}'
    source = {"rego": rego} if code["engine"] == "Rego" else {"validations": [{"expression": text}]}
    made = Engine(drivers=dict(reversed(make_drivers().items())))
    obj = template()
    obj["spec"]["targets"][0] = {**obj["spec"]["targets"][0], "code": [{"engine": code["engine"], "source": source}]}
    obj["spec"]["targets"][0].pop("rego", None)
    made.add_template(obj)
    made.add_constraint(constraint())
    assert made.reads_namespace(Kind("", "v1", "Pod")) is depends


@pytest.mark.parametrize(
    ("reads", "only"),
    [
        ([], True),
        ([("kind", "kind"), ("namespaceObject",)], True),
        ([("object", "metadata", "labels", "a"), ("object", "kind")], True),
        ([("object", "metadata")], True),
        ([("object", "metadata"), ("object", "data", "x")], False),
        ([("object",)], False),
        ([("object", "*")], False),
        ([("*", "metadata")], False),
        ([()], False),
    ],
)
def test_an_engine_knows_for_which_kinds_metadata_is_enough(reads: list[tuple[str, ...]], only: bool) -> None:
    made = reading(*reads)
    assert made.reads_metadata_only(Kind("", "v1", "Pod")) is only


def test_metadata_is_enough_where_no_constraint_asks() -> None:
    assert Engine().reads_metadata_only(Kind("", "v1", "Secret"))


@pytest.mark.parametrize(
    ("reads", "managed"),
    [
        ([("object", "metadata", "labels"), ("object", "spec"), ("*x",)], False),
        ([("object", "metadata", "?"), ("object", "?"), ("oldObject",)], False),
        ([("object", "metadata")], True),
        ([("object", "metadata", "managedFields", "*", "manager")], True),
        ([("object", "metadata", "managedFields", "?")], True),
        ([("object", "metadata", "*", "x")], True),
        ([("object", "*", "labels")], False),
        ([("object", "*")], True),
        ([("*",)], True),
        ([()], True),
    ],
)
def test_an_engine_knows_for_which_kinds_managed_fields_matter(reads: list[tuple[str, ...]], managed: bool) -> None:
    assert reading(*reads).reads_managed_fields(Kind("", "v1", "Pod")) is managed


def test_managed_fields_do_not_matter_where_no_constraint_asks() -> None:
    assert not Engine().reads_managed_fields(Kind("", "v1", "Pod"))
