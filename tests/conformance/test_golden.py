"""Gatekeeper's recorded answers about `spec.match` and about the library's Rego, from ../shared/conformance/golden."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.run_golden import ALWAYS, LIBRARY, Golden, label, lines, main

GOLDEN = LIBRARY.parent / "golden"
CEL = GOLDEN / "cel.jsonl.gz"
REGO = GOLDEN / "rego.jsonl.gz"
NUMBERS = GOLDEN / "probe_numbers.json"
MATCH = GOLDEN / "match.jsonl.gz"
REFUSED = GOLDEN / "refused.jsonl.gz"


def cases(file: Path) -> Iterator[Any]:
    """The cases of a file; none where the file is absent. Which constraints are refused is test_refused.py's."""
    for case in lines(file) if file.exists() else ():
        if case["template"] == ALWAYS or "refused" not in case:
            yield pytest.param(case, id=label(case))


@pytest.fixture(scope="module")
def golden() -> Golden:
    return Golden([LIBRARY])


@pytest.mark.skipif(not REGO.exists(), reason="the golden answers are not beside this checkout (../shared)")
@pytest.mark.parametrize("case", [*cases(REGO), *cases(NUMBERS)])
def test_rego_answers_as_gatekeeper_does(case: dict[str, Any], golden: Golden) -> None:
    assert golden.why_not(case, GOLDEN) == ""


@pytest.mark.skipif(not MATCH.exists(), reason="the golden answers are not beside this checkout (../shared)")
@pytest.mark.parametrize("case", list(cases(MATCH)))
def test_match_answers_as_gatekeeper_does(case: dict[str, Any], golden: Golden) -> None:
    assert golden.why_not(case, GOLDEN) == ""


@pytest.mark.skipif(not REFUSED.exists(), reason="the golden answers are not beside this checkout (../shared)")
@pytest.mark.parametrize("case", list(cases(REFUSED)))
def test_constraints_are_refused_where_gatekeeper_refuses_them(case: dict[str, Any], golden: Golden) -> None:
    assert golden.why_not(case, GOLDEN) == ""


@pytest.mark.skipif(not CEL.exists(), reason="the golden answers are not beside this checkout (../shared)")
def test_templates_in_cel_answer_as_gatekeepers_do(golden: Golden) -> None:
    answers = {label(case): golden.why_not(case, GOLDEN) for case in lines(CEL)}
    assert len(answers) > 50
    assert {name for name, why in answers.items() if why} == set()


@pytest.fixture
def recorded(tmp_path: Path) -> Path:
    """A file with a case that passes, one that lacks a violation and one for an engine that does not exist."""
    template = {
        "apiVersion": "templates.gatekeeper.sh/v1",
        "kind": "ConstraintTemplate",
        "metadata": {"name": "always"},
        "spec": {
            "crd": {"spec": {"names": {"kind": "Always"}}},
            "targets": [
                {"target": "admission.k8s.gatekeeper.sh", "rego": 'package a\nviolation[{"msg": "always"}] { true }'}
            ],
        },
    }
    constraint = {"apiVersion": "constraints.gatekeeper.sh/v1beta1", "kind": "Always", "metadata": {"name": "a"}}
    violation = {"object": 0, "msg": "always", "details": {}, "enforcementAction": "deny"}
    pod = {"apiVersion": "v1", "kind": "Pod", "metadata": {"name": "p"}}
    case = {
        "template": "own",
        "template_source": template,
        "engine": "Rego",
        "constraint": constraint,
        "objects": [pod],
        "independent": True,
        "violations": [violation],
    }
    rows = [
        {**case, "variant": "passes"},
        {**case, "variant": "lacks", "violations": []},
        {**case, "variant": "no-engine", "engine": "Tea-leaves"},
    ]
    file = tmp_path / "own.jsonl"
    file.write_text("".join(json.dumps(row) + "\n" for row in rows))
    return file


def test_the_command_prints_failing_cases_and_counts(recorded: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main([str(recorded)]) == 1
    lacks, no_engine, last = capsys.readouterr().out.splitlines()
    assert lacks == "own.jsonl own Rego lacks: 1 not in Gatekeeper's answer, e.g. object 0: 'always' {} deny"
    assert no_engine.startswith("own.jsonl own Tea-leaves no-engine: refused: ")
    assert last == "1 passed, 2 failed"
