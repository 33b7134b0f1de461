"""What expressions cost in Kubernetes 1.36, recorded from its own library: costs.jsonl, the object in the first line.

Costs are those of one evaluation; the texts of errors are not compared, only that there is one.
"""

from __future__ import annotations

import json
from functools import cache
from pathlib import Path
from typing import Any

from constraints.cel import Compiler, Failure
from constraints.cel.check import Checked
from constraints.cel.compiler import Compiled
from constraints.cel.equality import equal
from constraints.cel.exact.frame import Frame
from constraints.cel.exact.plan import plan
from constraints.cel.failures import Exhausted
from constraints.cel.tally import MOST, TALLY

FIRST, *ROWS = map(json.loads, (Path(__file__).parent / "costs.jsonl").read_text(encoding="utf-8").splitlines())
OBJECT = FIRST["object"]
COSTS = {row["expr"]: row for row in ROWS}


@cache
def compiled(text: str) -> tuple[Compiler, Compiled]:
    compiler = Compiler()
    compiler.input("object")
    return compiler, compiler.expression(text)


def counted(checked: Checked, limit: int = 1_000_000) -> tuple[Any, int]:
    """The value, or the failure, and what was spent on it. Raises Exhausted."""
    frame = Frame({"object": OBJECT}, lambda name: None, limit)
    try:
        value = plan(checked, frozenset(frame.inputs))(frame)
    except Failure as failure:
        value = failure
    frame.check()
    return value, frame.spent


def generated(text: str) -> tuple[Any, int]:
    """The value that generated code gives, or the failure, and what it says was spent at most."""
    compiler, code = compiled(text)
    loaded = compiler.load("row")
    slots = loaded.settle({})
    slots[loaded.layout.inputs["object"]] = OBJECT
    try:
        value = loaded.code[code.function](slots)
    except Failure as failure:
        value = failure
    return value, slots[TALLY]


def is_enough(text: str, limit: int) -> bool:
    try:
        counted(compiled(text)[1].checked, limit)
    except Exhausted:
        return False
    return True


def test_a_counted_evaluation_costs_what_it_costs_in_kubernetes() -> None:
    found = [(text, *counted(compiled(text)[1].checked)) for text in COSTS]
    costs = {text: (spent, isinstance(value, Failure)) for text, value, spent in found}
    assert costs == {text: (row["cost"], "error" in row) for text, row in COSTS.items()}


def test_generated_code_says_the_same() -> None:
    pairs = [(text, generated(text)[0], counted(compiled(text)[1].checked)[0]) for text in COSTS]
    assert [each for each in pairs if not equal(*each[1:]) and repr(each[1]) != repr(each[2])] == []


def test_generated_code_keeps_an_upper_bound() -> None:
    bounds = [(text, generated(text)[1], row["cost"]) for text, row in COSTS.items()]
    assert [(text, most, spent) for text, most, spent in bounds if not spent <= most <= MOST] == []


def test_what_it_costs_is_enough_and_one_unit_less_is_too_little() -> None:
    assert [text for text, row in COSTS.items() if not is_enough(text, row["cost"])] == []
    assert [text for text, row in COSTS.items() if row["cost"] and is_enough(text, row["cost"] - 1)] == []
