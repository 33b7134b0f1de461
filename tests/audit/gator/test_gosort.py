"""The order in which Go's `sort.Slice` leaves items, equal ones among them; the rows were sorted by Go 1.26."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

from audit.gator.gosort import go_sorted

ROWS = [json.loads(row) for row in (Path(__file__).parent / "gosorted.jsonl").read_text().splitlines()]


@pytest.mark.parametrize("row", ROWS, ids=lambda row: f"{row['count']} items of {row['kinds']} kinds, {row['form']}")
def test_equal_items_stand_where_go_leaves_them(row: dict[str, list[int]]) -> None:
    keys = row["keys"]
    assert go_sorted(range(len(keys)), keys.__getitem__) == row["order"]


def test_few_items_keep_their_order() -> None:
    assert go_sorted(["b1", "a1", "b2", "a2"], lambda item: item[0]) == ["a1", "a2", "b1", "b2"]


def test_many_items_of_many_kinds_are_sorted() -> None:
    keys = [at * 7919 % 10007 % 977 for at in range(10_000)]
    found = go_sorted(range(len(keys)), keys.__getitem__)
    assert [keys[at] for at in found] == sorted(keys)
    assert sorted(found) == list(range(len(keys)))
