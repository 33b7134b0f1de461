"""What expressions cost in Kubernetes 1.36, recorded from its own library: costs.jsonl, the object in the first line.

Costs are those of one evaluation; the texts of errors are not compared, only that there is one.
"""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest

from constraints.cel import Compiler, Failure
from constraints.cel.check import Checked
from constraints.cel.compiler import Compiled
from constraints.cel.equality import equal
from constraints.cel.exact.frame import Frame
from constraints.cel.exact.plan import Planner
from constraints.cel.failures import Exhausted
from constraints.cel.tally import MOST, TALLY

FIRST, *ROWS = map(json.loads, (Path(__file__).parent / "costs.jsonl").read_text(encoding="utf-8").splitlines())
OBJECT = FIRST["object"]
BOTH = pytest.mark.parametrize("row", [pytest.param(row, id=row["expr"]) for row in ROWS])


def compiled(text: str) -> tuple[Compiler, Compiled]:
    compiler = Compiler()
    compiler.input("object")
    return compiler, compiler.expression(text)


def counted(checked: Checked, limit: int = 1_000_000) -> tuple[Any, int]:
    """The value, or the failure, and what was spent on it. Raises Exhausted."""
    frame = Frame({"object": OBJECT}, lambda name: None, limit)
    try:
        value = Planner(checked, frozenset(frame.inputs)).plan(checked.root)(frame)
    except Failure as failure:
        value = failure
    frame.check()
    return value, frame.spent


@BOTH
def test_a_counted_evaluation_costs_what_it_costs_in_kubernetes(row: dict[str, Any]) -> None:
    value, spent = counted(compiled(row["expr"])[1].checked)
    assert (spent, isinstance(value, Failure)) == (row["cost"], "error" in row)


@BOTH
def test_generated_code_says_the_same_and_keeps_an_upper_bound(row: dict[str, Any]) -> None:
    compiler, code = compiled(row["expr"])
    loaded = compiler.load("row")
    slots = loaded.settle({})
    slots[loaded.layout.inputs["object"]] = OBJECT
    wanted, spent = counted(code.checked)
    try:
        found = loaded.code[code.function](slots)
    except Failure as failure:
        found = failure
    assert equal(found, wanted) or repr(found) == repr(wanted)
    assert spent <= slots[TALLY] <= MOST


@BOTH
def test_one_unit_less_is_too_little(row: dict[str, Any]) -> None:
    checked = compiled(row["expr"])[1].checked
    counted(checked, row["cost"])
    if row["cost"]:
        with pytest.raises(Exhausted):
            counted(checked, row["cost"] - 1)
