"""Gatekeeper's recorded answers about `spec.match`, the library's Rego and templates in CEL, from ../shared.

Which constraints else are refused is test_refused.py's.
"""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from beside import GOLDEN, LIBRARY
from conformance.run_golden import ALWAYS, Golden, label, lines, main


@pytest.fixture(scope="module")
def golden() -> Golden:
    return Golden([LIBRARY])


@pytest.mark.beside(GOLDEN)
@pytest.mark.parametrize(
    ("name", "at_least"),
    [
        pytest.param("rego.jsonl.gz", 400, id="the library's Rego"),
        pytest.param("probe_numbers.json", 1, id="numbers"),
        pytest.param("match.jsonl.gz", 190, id="spec.match"),
        pytest.param("refused.jsonl.gz", 25, id="what spec.match refuses"),
        pytest.param("cel.jsonl.gz", 80, id="templates in CEL"),
    ],
)
def test_answers_are_those_of_gatekeeper(name: str, at_least: int, golden: Golden) -> None:
    cases = [case for case in lines(GOLDEN / name) if case["template"] == ALWAYS or "refused" not in case]
    assert len(cases) >= at_least
    assert [(label(case), why) for case in cases if (why := golden.why_not(case, GOLDEN))] == []


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
