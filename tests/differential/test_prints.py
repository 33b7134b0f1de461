"""`patrol test` prints what `gator test` prints of the same files, byte for byte, in each format.

Recorded answers in the default suite; the library and random policies in the slow one, which builds gator.
`python -m differential.test_prints FILE` records anew.
"""

from __future__ import annotations

import json
import sys
from collections.abc import Iterator
from pathlib import Path
from random import Random
from typing import Any

import pytest
from beside import LIBRARY
from differential.prints import FORMATS, PATROL, documents, printed
from peers.build import peer

from audit.gator import main

HERE = Path(__file__).parent
RECORDED = HERE / "prints.jsonl"
FEW, MANY = 10, 60
SEED = 27


def text(seed: int) -> str:
    return "\n---\n".join(documents(Random(seed)))


def rows() -> Iterator[Any]:
    for row in RECORDED.read_text(encoding="ascii").splitlines():
        recorded = json.loads(row)
        for form in FORMATS:
            yield pytest.param(text(recorded["seed"]), form, recorded[form], id=f"{recorded['seed']} {form}")


@pytest.mark.parametrize(("policies", "form", "told"), list(rows()))
def test_a_file_is_told_as_gator_told_it(
    policies: str, form: str, told: list[Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    (tmp_path / "in.yaml").write_text(policies, encoding="utf-8")
    code = main(["-f", str(tmp_path / "in.yaml"), "-o", form])
    assert [code, capsys.readouterr().out] == told


@pytest.mark.slow
@pytest.mark.parametrize("seed", range(1000, 1000 + MANY))
def test_a_random_file_is_told_as_gator_tells_it(gator: Path, seed: int, tmp_path: Path) -> None:
    file = tmp_path / "in.yaml"
    file.write_text(text(seed), encoding="utf-8")
    for form in FORMATS:
        assert printed(PATROL, file, form) == printed(gator, file, form)


@pytest.mark.slow
@pytest.mark.beside(LIBRARY)
@pytest.mark.parametrize("form", FORMATS)
@pytest.mark.parametrize("template", sorted(LIBRARY.glob("*/*/template.yaml")), ids=lambda path: path.parent.name)
def test_the_samples_of_the_library_are_told_as_gator_tells_them(
    gator: Path, template: Path, form: str, tmp_path: Path
) -> None:
    texts = [file.read_text() for file in (template, *sorted((template.parent / "samples").rglob("*.yaml")))]
    file = tmp_path / "in.yaml"
    file.write_text("\n---\n".join(one for one in texts if "AdmissionReview" not in one))
    assert printed(PATROL, file, form) == printed(gator, file, form)


def record(file: Path) -> None:
    program, work = peer("gator"), file.with_suffix(".yaml")
    lines = []
    for seed in range(SEED, SEED + FEW):
        work.write_text(text(seed), encoding="utf-8")
        lines.append(json.dumps({"seed": seed, **{form: printed(program, work, form) for form in FORMATS}}))
    work.unlink()
    file.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
