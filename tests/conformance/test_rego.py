"""OPA's own cases, from ../shared; those of rego-gaps.txt are known not to pass."""

from __future__ import annotations

from pathlib import Path

import pytest
from beside import REGO
from conformance.run_rego import cases, main, why_not

HERE = Path(__file__).parent
GAPS = dict(row.split(": ", 1) for row in (HERE / "rego-gaps.txt").read_text().splitlines() if row)
MOST_GAPS = 15


@pytest.mark.beside(REGO)
@pytest.mark.parametrize("file", sorted(REGO.glob("*.json")), ids=lambda file: file.stem)
def test_opas_cases_pass_but_for_the_gaps(file: Path) -> None:
    answers = [(note, why_not(case)) for note, case in cases([file])]
    assert answers
    assert [(note, why) for note, why in answers if why and note not in GAPS] == []
    assert [note for note, why in answers if not why and note in GAPS] == []


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
