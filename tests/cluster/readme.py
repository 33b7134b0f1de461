"""The commands of the README, and what it says comes out of them."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

from cluster.patrol import ROOT

_BLOCK = re.compile(r"```console\n(.*?)```", re.DOTALL)


@dataclass(frozen=True, slots=True)
class Step:
    """One command of a console block, and the lines that the README shows below it."""

    command: str
    shown: tuple[str, ...]


def steps(heading: str) -> list[Step]:
    """The commands of the first console block below a heading of the README."""
    section = (ROOT / "README.md").read_text().split(f"\n## {heading}\n", 1)[1].split("\n## ", 1)[0]
    found = _BLOCK.search(section)
    assert found, f"the section {heading} of the README has no console block"
    return list(_steps(found[1].splitlines()))


def _steps(lines: list[str]) -> Iterator[Step]:
    starts = [at for at, line in enumerate(lines) if line.startswith("$ ")]
    for at, end in zip(starts, [*starts[1:], len(lines)], strict=True):
        yield Step(lines[at].removeprefix("$ "), tuple(lines[at + 1 : end]))
