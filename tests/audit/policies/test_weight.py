"""What objects weigh, and what becomes of an inventory that does not fit."""

from __future__ import annotations

import json
from typing import Any

import pytest
from storedcluster import StoredCluster, resource

from audit.policies.reading import Reader
from audit.policies.referential import Sync, Synced
from audit.policies.weight import InventoryTooLarge, Scales, at_most, weight
from constraints import Kind

MAPS = resource("v1", "ConfigMap", "configmaps")
PATH = "api/v1/configmaps"
SYNC = Sync((MAPS.kind,))


def config_map(name: str, **data: Any) -> dict[str, Any]:
    return {"metadata": {"name": name, "namespace": "shop"}, "data": data}


PAGES: dict[str, list[Any]] = {
    "large texts": [config_map(f"m{i}", text="x" * 100_000) for i in range(20)],
    "small texts": [config_map(f"m{i}", a="b", c=f"d{i}") for i in range(500)],
    "numbers": [{"spec": {"numbers": list(range(1000, 1400))}} for _ in range(50)],
    "empty objects": [{"spec": {"empty": [{} for _ in range(200)]}} for _ in range(50)],
    "wide characters": [config_map(f"m{i}", text="\U0001f600" + "x" * 10_000) for i in range(20)],
}


@pytest.mark.parametrize("name", PAGES)
def test_the_estimate_is_no_less_than_the_weight_and_not_many_times_as_much(name: str) -> None:
    body = json.dumps(PAGES[name], separators=(",", ":"), ensure_ascii=False).encode()
    exact = weight(json.loads(body))
    assert exact * 0.8 <= at_most(body) <= exact * 4


def test_texts_that_look_like_json_are_weighed_when_their_estimate_is_large() -> None:
    items = [config_map("m", text="{[,]}" * 20_000)]
    body = json.dumps(items).encode()
    assert at_most(body) > 100 * weight(items) / 2
    scales = Scales(300_000)
    for _ in range(2):
        scales.page(body, items, items)
    with pytest.raises(InventoryTooLarge, match="takes more than 0 MiB of memory"):
        scales.page(body, items, items)


def test_what_others_hold_counts() -> None:
    scales = Scales(1000, held=990)
    with pytest.raises(InventoryTooLarge):
        scales.page(b'["0123456789"]', ["0123456789"], ["0123456789"])


def synced(stored: StoredCluster, into: Synced, chunk: int = 2) -> tuple[int, list[tuple[str, bool]]]:
    """How many objects there are then, and the problems."""
    reader = Reader(stored.client, [MAPS], chunk)
    inventory, problems = into.load(reader, SYNC, lambda item: item["metadata"]["name"] == "excluded")
    found = inventory.tree.get("namespace", {}).get("shop", {}).get("v1", {}).get("ConfigMap", {})
    return len(found), [(problem.reason, problem.lost) for problem in problems]


def filled(count: int, size: int = 1000) -> StoredCluster:
    stored = StoredCluster()
    stored.put(PATH, *(config_map(f"m{number}", text="x" * size) for number in range(count)))
    return stored


def test_an_inventory_that_fits_is_there_and_one_that_does_not_is_a_trouble() -> None:
    assert synced(filled(10), Synced(50_000)) == (10, [])
    assert synced(filled(100), Synced(50_000)) == (0, [("InventoryTooLarge", True)])
    assert synced(filled(100), Synced()) == (100, [])


def test_what_is_excluded_does_not_count() -> None:
    stored = filled(10)
    stored.put(PATH, config_map("excluded", text="x" * 100_000))
    assert synced(stored, Synced(50_000)) == (10, [])


def test_one_that_has_become_too_large_is_as_it_was_while_both_fit() -> None:
    stored, into = filled(10), Synced(50_000)
    synced(stored, into)
    stored.put(PATH, *(config_map(f"n{number}", text="x" * 1000) for number in range(100)))
    assert synced(stored, into) == (10, [("InventoryTooLarge", False)])


def test_where_old_and_new_do_not_fit_beside_each_other_the_old_one_is_given_up_first() -> None:
    stored, into = filled(30), Synced(70_000)
    assert synced(stored, into) == (30, [])
    assert synced(stored, into) == (30, [])
    stored.faults["GET", "configmaps"] = 500
    assert synced(stored, into) == (0, [("ServerError", True)])
    del stored.faults["GET", "configmaps"]
    assert synced(stored, into) == (30, [])


def test_kinds_are_weighed_together() -> None:
    stored = filled(30)
    stored.put("api/v1/secrets", *(config_map(f"s{number}", text="x" * 1000) for number in range(30)))
    kinds = [MAPS, resource("v1", "Secret", "secrets")]
    both = Sync(tuple(sorted(one.kind for one in kinds)))
    _, problems = Synced(70_000).load(Reader(stored.client, kinds, 2), both, lambda item: False)
    assert [(t.kind, t.reason) for t in problems] == [(Kind("", "v1", "Secret"), "InventoryTooLarge")]
