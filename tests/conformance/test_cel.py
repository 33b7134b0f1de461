"""The answers of cel-go in Kubernetes' environment, from ../shared/conformance/cel; what differs is in cel-gaps.txt."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from beside import CEL
from conformance.run_cel import failures, main

FILES = [CEL / "k8s.jsonl", *sorted(CEL.glob("spec/*.json"))]
GAPS = dict(row.split(" ", 1) for row in (Path(__file__).parent / "cel-gaps.txt").read_text().splitlines())


@pytest.mark.beside(CEL)
@pytest.mark.parametrize("file", FILES, ids=lambda file: file.stem)
def test_expressions_answer_as_in_kubernetes(file: Path) -> None:
    answers = {name: why for name, why, _ in failures([file])}
    assert {name: why for name, why in answers.items() if why and name not in GAPS} == {}
    assert [name for name in GAPS if answers.get(name) == ""] == []


def test_the_runner_names_what_fails_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    rows: list[dict[str, Any]] = [
        {"id": "a", "expr": "1 + 1", "result": {"int": "2"}},
        {"id": "b", "expr": "1 + 1", "result": {"int": "3"}},
        {"id": "c", "expr": "1 +", "error": "anything"},
        {"id": "d", "expr": "object.a", "object": {"a": 2.0}, "result": {"int": "2"}},
    ]
    file = tmp_path / "cases.jsonl"
    file.write_text("\n".join(map(json.dumps, rows)))
    assert main([str(file)]) == 1
    assert capsys.readouterr().out == "b\nd\n2 passed, 2 failed\n"
