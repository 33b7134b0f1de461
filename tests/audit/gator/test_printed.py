from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.gator import main
from audit.gator.printed import Printed

POLICIES = """
apiVersion: templates.gatekeeper.sh/v1
kind: ConstraintTemplate
metadata: {name: loud}
spec:
  crd: {spec: {names: {kind: Loud}}}
  targets:
  - target: admission.k8s.gatekeeper.sh
    rego: |
      package loud
      violation[{"msg": "m"}] { print("hello", input.review.object.metadata.name, {1, 2}, input.review.namespaceObject) }
---
apiVersion: constraints.gatekeeper.sh/v1beta1
kind: Loud
metadata: {name: one}
spec: {match: {kinds: [{apiGroups: [""], kinds: [Pod]}]}}
---
apiVersion: v1
kind: Pod
metadata: {name: p}
---
apiVersion: v1
kind: Pod
metadata: {name: q}
"""
LINES = 'v1/Pod p: ["one"] Message: "m"\nv1/Pod q: ["one"] Message: "m"\n'
SAID = "\nhello p {1, 2} {}\nhello q {1, 2} {}\n\n"


@pytest.fixture
def file(tmp_path: Path) -> str:
    (tmp_path / "in.yaml").write_text(POLICIES)
    return str(tmp_path / "in.yaml")


def test_prints_are_told_below_the_violations_on_demand(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-f", file]) == 1
    assert capsys.readouterr() == (LINES, "")
    assert main(["-f", file, "-v"]) == 1
    assert capsys.readouterr() == (LINES + SAID, "")


def test_json_stays_json(file: str, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["-f", file, "--verbose", "-o", "json"]) == 1
    found = capsys.readouterr()
    assert len(json.loads(found.out)) == 2
    assert found.err == SAID


def test_what_is_too_long_is_cut_with_a_word() -> None:
    kept = Printed(limit=9)
    for line in ("four", "five", "six"):
        kept.add(line)
    assert kept.text() == "\nfour\nfive\n... additional print output truncated ...\n\n"
    assert Printed().text() == ""
