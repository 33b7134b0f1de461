"""Our reader of files and gator's make the same of random texts.

Recorded answers in the default suite; many texts in the slow one, which builds gator's reader.
`python -m differential.test_reads FILE` records anew.
"""

from __future__ import annotations

import json
import re
import sys
from pathlib import Path
from random import Random
from typing import Any

import pytest
from differential import texts
from differential.reader import alike, ours, theirs
from peers.build import NoGo, peer

RECORDED = Path(__file__).parent / "readings.jsonl"
FEW, MANY = 500, 40_000
SEED = 8
KNOWN = re.compile(  # go-yaml's scanner is older than libyaml's: it needs no space after a tag or before a colon
    rb"\.(?i:nan|inf)\s+b:|"  # a key of which the first value is no number for JSON
    rb"!!str\[|\{\}[ \na]|\[\]: |\? a : b\}|[}\"]\s*\{.*\\/"  # and looks at more of what follows the document
)


def made(count: int, seed: int) -> list[bytes]:
    chance = Random(seed)
    return [chance.choice((texts.document, texts.stream))(chance) for _ in range(count)]


def rows() -> list[Any]:
    return [json.loads(row) for row in RECORDED.read_text(encoding="ascii").splitlines()]


def test_texts_are_read_as_gator_read_them() -> None:
    wrong = []
    for row in rows():
        found = ours(row["text"].encode("latin-1"))
        if not alike(found, row["reading"]):
            wrong.append((row["text"], found, row["reading"]))
    assert wrong == []


@pytest.mark.slow
def test_many_random_texts_are_read_as_gator_reads_them() -> None:
    try:
        program = peer("reading")
    except NoGo as error:
        pytest.skip(str(error))
    given = [text for text in made(MANY, SEED + 1) if not KNOWN.search(text)]
    wrong = [
        (text, answer)
        for text, answer in zip(given, theirs(program, given), strict=True)
        if not alike(ours(text), answer)
    ]
    assert wrong == []


def record(file: Path) -> None:
    given = sorted({text for text in made(FEW, SEED) if len(text) < 500 and not KNOWN.search(text)})
    answers = theirs(peer("reading"), given)
    lines = (
        json.dumps({"text": text.decode("latin-1"), "reading": answer})
        for text, answer in zip(given, answers, strict=True)
    )
    file.write_text("\n".join(lines) + "\n", encoding="ascii")


if __name__ == "__main__":
    record(Path(sys.argv[1]))
