"""The suites of gatekeeper-library, from ../shared/conformance; `library-gaps.txt` names the templates that fail."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest
import yaml
from beside import LIBRARY
from conformance.run_library import main
from probes import constraint, pod, template

from audit.gator import verify

HERE = Path(__file__).parent
GAPS = dict(row.split(" ", 1) for row in (HERE / "library-gaps.txt").read_text().splitlines() if row)


def templates() -> Iterator[Any]:
    """Each template's folder; those in the list of gaps must fail."""
    for path in sorted(LIBRARY.rglob("template.yaml")):
        name = str(path.relative_to(LIBRARY))
        marks = [pytest.mark.xfail(strict=True, reason=GAPS[name])] if name in GAPS else []
        yield pytest.param(path.parent, id=name, marks=marks)


@pytest.mark.beside(LIBRARY)
@pytest.mark.parametrize("folder", list(templates()))
def test_the_cases_of_a_template_pass(folder: Path) -> None:
    results = [result for suite in verify.find(folder) for result in verify.verify(suite)]
    assert results
    assert [str(result) for result in results if result.why] == []


@pytest.mark.beside(LIBRARY)
def test_every_gap_names_a_template() -> None:
    assert [name for name in GAPS if not (LIBRARY / name).exists()] == []


SUITE = """
apiVersion: test.gatekeeper.sh/v1alpha1
kind: Suite
tests:
- name: kept
  template: template.yaml
  constraint: constraint.yaml
  cases:
  - {name: one, object: object.yaml, assertions: [{violations: no}]}
"""


def test_the_command_prints_failing_cases_and_counts(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    (tmp_path / "suite.yaml").write_text(SUITE)
    for name, obj in (("template", template()), ("constraint", constraint()), ("object", pod())):
        (tmp_path / f"{name}.yaml").write_text(yaml.safe_dump(obj))
    assert main([str(tmp_path)]) == 1
    failing, last = capsys.readouterr().out.splitlines()
    assert failing.startswith(f"{tmp_path}/suite.yaml / kept / one: unexpected number of violations")
    assert last == "0 passed, 1 failed"
