"""Inputs that went wrong once: what `patrol test` says of each, from ../shared; those of cases-gaps.txt still go wrong.

Each runs in a process of its own with bounded time and memory, for some of them are made to have neither end.
"""

from __future__ import annotations

import json
import re
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest
from beside import CASES
from conformance.run_case import Ended, ended

HERE = Path(__file__).parent
GAPS = dict(row.split(": ", 1) for row in (HERE / "cases-gaps.txt").read_text().splitlines() if row)
POLICIES = HERE / "cases-policies.txt"
SECONDS, GAP_SECONDS = 20, 3
ENDLESS = {"policies/walk-pairs", "policies/yaml-marshal"}  # ended for the time that they take: a fifth of it will do
MEMORY = 1_500_000_000
ANY = "-"
_PLACE = re.compile(r' \((?:file: "[^"]*"|stdin), document \d+, line \d+\)')

pytestmark = pytest.mark.beside(CASES)


@dataclass(frozen=True)
class Expected:
    """An exit code; violations as (constraint, object, action, message, details), in order; an error."""

    exit: int
    violations: tuple[tuple[str, ...], ...]
    error: str


def parsed(lines: Iterable[str]) -> Expected:
    """The lines of an expected.txt. Raises ValueError for one that says something else."""
    code, error, violations = 0, "", []
    for line in lines:
        word, _, rest = line.partition(" ")
        if word == "exit":
            code = int(rest)
        elif word == "error":
            error = rest
        elif word == "violation":
            constraint, obj, action, *message, details = rest.split(" | ")
            violations.append((constraint, obj, action, " | ".join(message), details))
        elif line and not line.startswith("#"):
            raise ValueError(f"an expected.txt has a line {line!r}")
    return Expected(code, tuple(violations), error)


def expectations() -> Iterator[tuple[str, Expected]]:
    """Of each folder with an expected.txt, and of those below policies/, whose answers are kept here."""
    for file in sorted(CASES.glob("*/expected.txt")):
        yield file.parent.name, parsed(file.read_text(encoding="utf-8").split("\n"))
    for block in POLICIES.read_text(encoding="utf-8").strip().split("\n\n") if CASES.exists() else ():
        name, *lines = block.split("\n")
        yield name, parsed(lines)


def parameters() -> Iterator[Any]:
    for name, expected in expectations():
        marks = [pytest.mark.xfail(strict=True, reason=GAPS[name])] if name in GAPS else []
        yield pytest.param(name, expected, id=name, marks=marks)


def patrol(name: str, folder: Path) -> Ended:
    """`patrol test` of a folder, as JSON. Raises TimeoutError."""
    arguments = ["test", "-o", "json", "-f", f"{name}/", *["--evaluation-timeout=200ms"] * (name in ENDLESS)]
    return ended(arguments, CASES, folder, seconds=GAP_SECONDS if name in GAPS else SECONDS, memory=MEMORY)


def told(row: Mapping[str, Any]) -> tuple[str, ...]:
    """One violation of the output, in the form of an expected.txt."""
    constraint, obj = row["constraint"], row["violatingObject"]
    metadata = obj["metadata"]
    who = f"{obj['apiVersion']}/{obj['kind']} {metadata.get('namespace', '')}/{metadata['name']}"
    details = json.dumps(row["metadata"]["details"], ensure_ascii=False) if "metadata" in row else "nothing"
    policy = f"{constraint['kind']}/{constraint['metadata']['name']}"
    return policy, who, row["enforcementAction"], row.get("msg", ""), details


def alike(found: tuple[str, ...], wanted: tuple[str, ...]) -> bool:
    return all(part in (ANY, told) for told, part in zip(found, wanted, strict=True))


@pytest.mark.parametrize(("name", "expected"), list(parameters()))
def test_a_case_is_answered_as_it_should_be(name: str, expected: Expected, tmp_path: Path) -> None:
    answer = patrol(name, tmp_path)
    found = [told(row) for row in json.loads(answer.stdout or "null") or ()]
    assert "Traceback" not in answer.stderr
    assert (answer.code, len(found)) == (expected.exit, len(expected.violations)), answer.stderr
    assert [pair for pair in zip(found, expected.violations, strict=True) if not alike(*pair)] == []
    words = [_PLACE.sub("", line) for line in answer.stderr.split("\n")]
    assert any(line.startswith(expected.error) for line in words), answer.stderr
    assert expected.error or not expected.violations or not answer.stderr


def test_every_gap_names_a_case() -> None:
    assert sorted(set(GAPS) - {name for name, _ in expectations()}) == []


def test_every_folder_has_an_answer() -> None:
    folders = {str(file.parent.relative_to(CASES)) for file in CASES.rglob("object.yaml")}
    assert sorted(folders - {name for name, _ in expectations()}) == []
