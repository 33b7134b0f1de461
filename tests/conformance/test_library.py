"""The suites of gatekeeper-library, from ../shared/conformance; `library-gaps.txt` names the templates that fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance import suites
from conformance.run_library import main

HERE = Path(__file__).parent
LIBRARY = HERE.parents[2] / "shared" / "conformance" / "library"
GAPS = dict(row.split(" ", 1) for row in (HERE / "library-gaps.txt").read_text().splitlines() if row)

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


def templates() -> Iterator[Any]:
    """Each template's folder; those in the list of gaps must fail."""
    for path in sorted(LIBRARY.rglob("template.yaml")):
        name = str(path.relative_to(LIBRARY))
        marks = [pytest.mark.xfail(strict=True, reason=GAPS[name])] if name in GAPS else []
        yield pytest.param(path.parent, id=name, marks=marks)


@pytest.mark.skipif(not LIBRARY.exists(), reason="the library is not beside this checkout (../shared)")
@pytest.mark.parametrize("folder", list(templates()))
def test_the_cases_of_a_template_pass(folder: Path) -> None:
    verdicts = [verdict for suite in suites.find(folder) for verdict in suites.verify(suite)]
    assert verdicts
    assert [str(verdict) for verdict in verdicts if verdict.why] == []


@pytest.mark.skipif(not LIBRARY.exists(), reason="the library is not beside this checkout (../shared)")
def test_every_gap_names_a_template() -> None:
    assert [name for name in GAPS if not (LIBRARY / name).exists()] == []


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
    (suite,) = suites.find(folder)
    return "; ".join(verdict.why for verdict in suites.verify(suite) if verdict.why)


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
        pytest.param("{violations: -1}", suites.RULE, id="a negative number is refused"),
        pytest.param("{violations: '1'}", suites.RULE, id="a number in quotes is refused"),
        pytest.param("{violations: true}", suites.RULE, id="a boolean is refused"),
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
    (suite,) = suites.find(folder)
    assert [verdict.why for verdict in suites.verify(suite)] == [""]


def test_an_invalid_test_fails_when_the_constraint_is_valid(folder: Path) -> None:
    (folder / "suite.yaml").write_text(
        SUITE.replace("ASSERTION", "{}").replace("name: kept", "name: kept, invalid: true")
    )
    (suite,) = suites.find(folder)
    assert [verdict.why for verdict in suites.verify(suite)] == [
        "the constraint is valid, but the test says that it is not"
    ]


def test_the_command_prints_failing_cases_and_counts(folder: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (folder / "suite.yaml").write_text(SUITE.replace("ASSERTION", "{violations: no}"))
    assert main([str(folder)]) == 1
    failing, last = capsys.readouterr().out.splitlines()
    assert failing.startswith(f"{folder}/suite.yaml / kept / one: unexpected number of violations")
    assert last == "0 passed, 1 failed"
