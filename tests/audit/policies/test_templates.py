"""The engine follows the cluster's templates, and compiles only what changed."""

from __future__ import annotations

from typing import Any

import pytest
from loading import of_templates
from policybuilders import BAD_REGO, INVENTORY_REGO, alien_template, constraint, template

from audit.model import kind_of
from audit.policies.templates import TemplateBook, gaps
from constraints import Cause, Engine


class Ticks:
    """A clock that goes on one second each time it is looked at."""

    now = 0.0

    def __call__(self) -> float:
        self.now += 1.0
        return self.now


def book(referential: bool = True) -> tuple[Engine, TemplateBook]:
    engine = Engine()
    return engine, TemplateBook(engine, referential, Ticks())


def names(ingestions: Any) -> list[str]:
    return [each.name for each in ingestions]


def test_templates_are_compiled_once() -> None:
    engine, templates = book()
    [first] = templates.update(of_templates(template()))
    assert (first.name, first.seconds, first.accepted) == ("k8stest", 1.0, True)
    compiled = engine.templates["K8sTest"]
    assert templates.update(of_templates(template(status={"created": True}))) == ()
    assert engine.templates["K8sTest"] is compiled
    assert templates.records[0].obj["status"] == {"created": True}


@pytest.mark.parametrize("change", ["labels", "uid", "spec"])
def test_a_template_is_compiled_again_when_it_changes(change: str) -> None:
    engine, templates = book()
    templates.update(of_templates(template(), template("K8sSame")))
    same, changed = engine.templates["K8sSame"], template()
    if change == "spec":
        changed["spec"]["targets"][0]["rego"] += "\n"
    else:
        changed["metadata"][change] = {"a": "b"} if change == "labels" else "uid-2"
    assert names(templates.update(of_templates(changed, template("K8sSame")))) == ["k8stest"]
    assert engine.templates["K8sSame"] is same


def test_a_removed_template_leaves_the_engine() -> None:
    engine, templates = book()
    templates.update(of_templates(template(), template("K8sSame")))
    templates.update(of_templates(template("K8sSame")))
    assert list(engine.templates) == ["K8sSame"]
    assert [record.name for record in templates.records] == ["k8ssame"]


def test_a_rego_error_is_a_gap_that_names_line_and_column() -> None:
    engine, templates = book()
    templates.update(of_templates(template(), template("K8sBad", BAD_REGO)))
    [bad, good] = templates.records
    assert (good.errors, bad.template, list(engine.templates)) == ((), None, ["K8sTest"])
    [gap] = gaps(bad)
    assert (gap.cause, gap.reason, gap.policy) == (Cause.TEMPLATE, "CompileError", "K8sBad")
    assert gap.message.startswith('ConstraintTemplate "k8sbad": ')
    assert bad.errors[0].span is not None
    assert f"{bad.errors[0].span}" in gap.message
    assert bad.errors[0].span.line == 3


def test_a_template_for_an_unknown_engine_is_a_gap() -> None:
    _, templates = book()
    templates.update(of_templates(alien_template()))
    [gap] = gaps(templates.records[0])
    assert (gap.cause, gap.reason, gap.policy) == (Cause.TEMPLATE, "NoEngine", "K8sOther")
    assert gap.message.startswith('ConstraintTemplate "k8sother": no engine for its code')
    assert "Starlark" in gap.message


def test_a_template_that_breaks_does_not_go_on_with_its_old_code() -> None:
    engine, templates = book()
    templates.update(of_templates(template()))
    engine.add_constraint(constraint())
    [ingestion] = templates.update(of_templates(template(rego=BAD_REGO)))
    assert not ingestion.accepted
    assert (dict(engine.templates), dict(engine.constraints)) == ({}, {})
    assert templates.update(of_templates(template(rego=BAD_REGO))) == ()
    assert len(templates.records[0].errors) == 1


def test_referential_templates_can_be_forbidden() -> None:
    engine, templates = book(referential=False)
    templates.update(of_templates(template("K8sUnique", INVENTORY_REGO), template()))
    assert list(engine.templates) == ["K8sTest"]
    [error] = templates.records[1].errors
    assert error.code == "ingest_error"
    assert str(error) == (
        'ConstraintTemplate "k8sunique": its code reads data.inventory, '
        "which --enable-referential-rules=false does not allow"
    )


def test_referential_templates_are_allowed_by_default() -> None:
    engine, templates = book()
    templates.update(of_templates(template("K8sUnique", INVENTORY_REGO)))
    assert engine.templates["K8sUnique"].inventory


@pytest.mark.parametrize(
    "spec",
    [
        None,
        7,
        {},
        {"crd": []},
        {"crd": {"spec": {"names": {"kind": 7}}}},
        {"crd": {"spec": {"names": {"kind": "../x"}}}},
    ],
)
def test_a_template_without_a_usable_kind_is_an_error_by_its_name(spec: Any) -> None:
    engine, templates = book()
    templates.update(of_templates(template(spec=spec)))
    [record] = templates.records
    assert (kind_of(record.obj), record.kind, len(record.errors)) == ("", "k8stest", 1)
    assert 'ConstraintTemplate "k8stest": ' in gaps(record)[0].message
    assert not engine.templates
