"""OPA's own cases, from ../shared; those of rego-gaps.txt are known not to pass."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
from conformance.run_rego import cases, main, why_not

HERE = Path(__file__).parent
SHARED = HERE.parents[2] / "shared" / "conformance" / "rego"
GAPS = dict(row.split(": ", 1) for row in (HERE / "rego-gaps.txt").read_text().splitlines() if row)
MOST_GAPS = 15


def parameters() -> Iterator[Any]:
    seen: Counter[str] = Counter()
    for note, case in cases(sorted(SHARED.glob("*.json"))):
        seen[note] += 1
        marks = [pytest.mark.xfail(strict=True, reason=GAPS[note])] if note in GAPS else []
        yield pytest.param(case, id=f"{note} {seen[note]}", marks=marks)


@pytest.mark.skipif(not SHARED.exists(), reason="needs OPA's cases in ../shared")
@pytest.mark.parametrize("case", list(parameters()))
def test_a_case_of_opa(case: dict[str, Any]) -> None:
    assert why_not(case) == ""


def test_gaps_are_few() -> None:
    assert len(GAPS) <= MOST_GAPS


def test_the_command_names_what_fails_and_counts(tmp_path: Path) -> None:
    file = tmp_path / "cases.json"
    file.write_text(
        '[{"note": "fine", "query": "x = 1", "want_result": [{"x": 1}]},'
        ' {"note": "a set", "query": "x = {2, 1}", "want_result": [{"x": [1, 2]}]},'
        ' {"note": "wrong", "query": "x = 1", "want_result": [{"x": 2}]}]'
    )
    written: list[str] = []
    assert main([str(file)], written.append) == 1
    assert written == ["wrong: wanted [{'x': 2}], got [{'x': 1}]\n", "2 passed, 1 failed\n"]
