"""Suites in gator's format: what assertions mean, and which tests and cases are refused."""

from __future__ import annotations

from pathlib import Path

import pytest

from audit.gator import verify

TEMPLATE = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: named}
spec:
  crd:
    spec:
      names: {kind: Named}
      validation:
        openAPIV3Schema: {type: object, properties: {name: {type: string}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package named
      violation[{"msg": msg}] {
        input.review.object.metadata.name == input.parameters.name
        msg := sprintf("it is called %v", [input.parameters.name])
      }
"""
CONSTRAINT = """
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Named
metadata: {name: not-yes}
spec: {parameters: {name: yes}, match: {scope: Cluster}}
"""
SUITE = """
apiVersion: test.gatekeeper.sh/v1alpha1
kind: Suite
tests:
- {name: kept, template: t.yaml, constraint: c.yaml, cases: [{name: one, object: o.yaml, assertions: [ASSERTION]}]}
"""


@pytest.fixture
def folder(tmp_path: Path) -> Path:
    """A template, a constraint and an object that violates it."""
    (tmp_path / "t.yaml").write_text(TEMPLATE)
    (tmp_path / "c.yaml").write_text(CONSTRAINT)
    (tmp_path / "o.yaml").write_text("apiVersion: v1\nkind: Namespace\nmetadata: {name: yes}\n")
    return tmp_path


def one_case(folder: Path, assertion: str, **replaced: str) -> str:
    """Why the only case, with `assertion`, fails."""
    text = SUITE.replace("ASSERTION", assertion)
    for old, new in replaced.items():
        text = text.replace(f"{old}.yaml", new)
    (folder / "suite.yaml").write_text(text)
    (suite,) = verify.find(folder)
    return "; ".join(result.why for result in verify.verify(suite) if result.why)


@pytest.mark.parametrize(
    ("assertion", "why"),
    [
        pytest.param("{violations: yes}", "", id="an unquoted yes is a word here, not a boolean"),
        pytest.param("{violations: no}", "got 1 violations but want none", id="no means none"),
        pytest.param("{}", "", id="without violations at least one is wanted"),
        pytest.param("{violations: 1}", "", id="a number is exact"),
        pytest.param("{violations: 2}", "got 1 violations but want exactly 2", id="a number that is not met"),
        pytest.param("{violations: 1, message: 'called y'}", "", id="a message is an unanchored regular expression"),
        pytest.param(
            "{message: Called}",
            'got 0 violations containing "Called" but want at least 1',
            id="a message is case-sensitive",
        ),
        pytest.param("{violations: -1}", verify.RULE, id="a negative number is refused"),
        pytest.param("{violations: '1'}", verify.RULE, id="a number in quotes is refused"),
        pytest.param("{violations: true}", verify.RULE, id="a boolean is refused"),
        pytest.param("{message: '('}", "missing )", id="a wrong regular expression fails the case"),
        pytest.param("", "assertions must be non-empty", id="a case needs assertions"),
    ],
)
def test_an_assertion(folder: Path, assertion: str, why: str) -> None:
    found = one_case(folder, assertion)
    assert why in found
    assert bool(found) is bool(why)


def test_a_case_whose_object_is_missing_fails(folder: Path) -> None:
    assert "nothing.yaml: cannot be read: No such file" in one_case(folder, "{}", o="nothing.yaml")


def test_an_invalid_test_passes_when_the_schema_refuses_the_constraint(folder: Path) -> None:
    (folder / "c.yaml").write_text(CONSTRAINT.replace("name: yes", "name: 5"))
    assert "schema validation failed" in one_case(folder, "{}")
    (folder / "suite.yaml").write_text(
        SUITE.replace("ASSERTION", "{}").replace("name: kept", "name: kept, invalid: true")
    )
    (suite,) = verify.find(folder)
    assert [result.why for result in verify.verify(suite)] == [""]


def test_an_invalid_test_fails_when_the_constraint_is_valid(folder: Path) -> None:
    (folder / "suite.yaml").write_text(
        SUITE.replace("ASSERTION", "{}").replace("name: kept", "name: kept, invalid: true")
    )
    (suite,) = verify.find(folder)
    assert [result.why for result in verify.verify(suite)] == [
        "the constraint is valid, but the test says that it is not"
    ]
