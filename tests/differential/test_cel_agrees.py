"""Our CEL and gator say the same of random expressions, and end at the same cost.

Slow: `pytest -m slow tests/differential/test_cel_agrees.py`, which builds gator unless it was built before.
DIFFERENTIAL_EXPRESSIONS says how many expressions, DIFFERENTIAL_SEED which.
"""

from __future__ import annotations

import os
from collections.abc import Iterable, Iterator
from itertools import islice
from pathlib import Path
from random import Random

import pytest
from differential.celshapes import OBJECT, Shaper
from differential.gatorcel import Source, ours, theirs

from constraints.cel import Compiler, Failure, Invalid
from constraints.cel.costs import PER_CALL
from constraints.cel.exact.frame import Frame
from constraints.cel.exact.plan import plan
from constraints.cel.failures import Panic
from constraints.cel.types import BOOL

MANY = int(os.environ.get("DIFFERENTIAL_EXPRESSIONS", "600"))
SEED = int(os.environ.get("DIFFERENTIAL_SEED", "1"))
BATCH = 60  # expressions of one template
LONGEST = 1500  # characters
BORDERS = 12

pytestmark = pytest.mark.slow


def expressions(seed: int) -> Iterator[str]:
    """Expressions that give a truth value, without end."""
    chance = Random(seed)
    while True:
        text = Shaper(chance).make("bool", 4)
        if len(text) <= LONGEST:
            yield text


def compiles(text: str) -> bool:
    """Whether the expression is surely a truth value; how mistakes are worded is recorded elsewhere."""
    compiler = Compiler()
    compiler.input("object")
    try:
        compiler.expression(text, BOOL)
    except Invalid:
        return False
    return True


def batches() -> list[Source]:
    found = (text for text in expressions(SEED) if compiles(text))
    return [
        {"validations": [{"expression": next(found), "message": f"#{at}"} for at in range(BATCH)]}
        for _ in range(MANY // BATCH)
    ]


def test_expressions_mean_what_they_mean_to_gator(gator: Path, tmp_path: Path) -> None:
    sources = batches()
    for source, wanted in zip(sources, theirs(gator, sources, OBJECT, tmp_path), strict=True):
        found = verdicts(source, ours(source, OBJECT))
        differing = {
            text: (found[text], verdict) for text, verdict in verdicts(source, wanted).items() if found[text] != verdict
        }
        assert not differing


def verdicts(source: Source, messages: Iterable[str]) -> dict[str, str]:
    """The verdict on each expression: true, false, or why there is none."""
    texts = [validation["expression"] for validation in source["validations"]]
    found = dict.fromkeys(texts, "true")
    for message in messages:
        if message.startswith("#"):
            found[texts[int(message[1:])]] = "false"
        else:
            text, _, failure = message.removeprefix("expression '").partition("' resulted in error: ")
            found[text] = failure
    return found


def test_expressions_end_at_the_cost_at_which_they_end_in_gator(gator: Path, tmp_path: Path) -> None:
    sources = list(borders())
    answers = theirs(gator, sources, OBJECT, tmp_path)
    assert [ours(source, OBJECT) for source in sources] == answers
    assert [bool(answer) for answer in answers] == [False, True] * BORDERS


def borders() -> Iterator[Source]:
    """Pairs of an expression that is just within the budget, and one that is just beyond."""
    for text in islice(filter(is_dear, expressions(SEED + 1)), BORDERS):
        once, twice = prices(text)
        turns = (PER_CALL - once) // (twice - once) + 1
        yield {"validations": [{"expression": repeated(text, turns)}]}
        yield {"validations": [{"expression": repeated(text, turns + 1)}]}


def is_dear(text: str) -> bool:
    """Whether a few thousand turns are enough."""
    once, twice = prices(text)
    return twice - once >= 100


def prices(text: str) -> tuple[int, int]:
    """The cost of one turn and of two."""
    return spent(repeated(text, 1)), spent(repeated(text, 2))


def repeated(text: str, times: int) -> str:
    return f"lists.range({times}).all(turn, ({text}) || true)"


def spent(text: str) -> int:
    """What the expression costs; nothing when it cannot be compiled or fails."""
    compiler = Compiler()
    compiler.input("object")
    try:
        checked = compiler.expression(text).checked
        frame = Frame({"object": OBJECT}, lambda name: None, PER_CALL)
        plan(checked, frozenset(frame.inputs))(frame)
    except (Invalid, Failure, Panic):
        return 0
    return frame.spent
