"""Which constraints gator refuses, and in which words.

The recorded answers are read from `../shared` beside the repository; without them the tests are skipped.
"""

from __future__ import annotations

import gzip
import json
from collections.abc import Iterator
from functools import cache
from typing import Any

import pytest
import yaml
from answering import Answering
from beside import GOLDEN, LIBRARY

from constraints import Engine, Point, PolicyError

REFUSED = GOLDEN / "refused.jsonl.gz"
OWN_WORDS = {  # gator says `spec.labelSelector` of both selectors; we say which one it is
    "match-068",
    "match-069",
    "match-070",
    "match-088",
    "match-090",
}

pytestmark = pytest.mark.beside(REFUSED)


def cases() -> Iterator[dict[str, Any]]:
    with gzip.open(REFUSED, "rt", encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@cache
def engine(template: str) -> Engine:
    golden = template.startswith("match/")
    path = GOLDEN / f"{template[6:]}.template.yaml" if golden else LIBRARY / template / "template.yaml"
    made = Engine(Point.GATOR, {"Rego": Answering()})  # whether a constraint is refused does not depend on its policy
    made.add_template(yaml.load(path.read_bytes(), yaml.CSafeLoader))
    return made


def answer(case: dict[str, Any]) -> str | None:
    try:
        engine(case["template"]).add_constraint(case["constraint"])
    except PolicyError as error:
        return f'adding constraint "{case["constraint"]["metadata"]["name"]}": {error.message}'
    return None


def test_what_gator_refuses_is_refused_and_nothing_else() -> None:
    wrong = [(case["message"], answer(case)) for case in cases() if case["refused"] is not (answer(case) is not None)]
    assert wrong == []


def test_it_is_refused_in_the_words_of_gator() -> None:
    spoken = [case for case in cases() if case["constraint"]["metadata"]["name"] not in OWN_WORDS]
    assert len(spoken) > 500
    assert [(case["message"], answer(case)) for case in spoken if answer(case) != case["message"]] == []
