"""References into `data`: which rules a reference can reach, and what counts where rules and base documents meet."""

from __future__ import annotations

from typing import Any

import pytest

from constraints.lang.source import Source
from constraints.rego import compile_modules

RULES = """package shop.fruit

apple := "red"

pear := {"colour": "green", "seeds": {"many": true}}
"""


def answer(query: str, *modules: str, data: Any = None) -> Any:
    """What the query's `x` is."""
    sources = [Source(f"{at}.rego", text) for at, text in enumerate(modules)]
    return compile_modules(sources).query(query, data=data)[0]["x"]


PEAR = {"colour": "green", "seeds": {"many": True}}


@pytest.mark.parametrize(
    ("query", "expected"),
    [
        pytest.param("data.shop.fruit = x", {"apple": "blue", "pear": PEAR}, id="the package"),
        pytest.param("data.shop = x", {"fruit": {"apple": "blue", "pear": PEAR}}, id="what is above the package"),
        pytest.param("data.shop.fruit.apple = x", "red", id="not the rule itself, which answers alone"),
    ],
)
def test_base_documents_win_where_a_whole_document_is_asked_for(query: str, expected: Any) -> None:
    assert answer(query, RULES, data={"shop": {"fruit": {"apple": "blue"}}}) == expected


def test_objects_of_both_sides_are_merged_at_every_depth() -> None:
    base = {"shop": {"fruit": {"pear": {"colour": "brown", "seeds": {"black": True}}}}}
    merged = {"colour": "brown", "seeds": {"many": True, "black": True}}
    assert answer("data.shop.fruit = x", RULES, data=base) == {"apple": "red", "pear": merged}


def test_a_base_document_that_is_no_object_stands_for_all_rules_below() -> None:
    assert answer("data.shop = x", RULES, data={"shop": 7}) == 7


def test_a_reference_with_a_variable_package_does_not_reach_rules_of_other_names() -> None:
    asking = 'package asking\np := data[one].colour.of.apple if one := "shop"\n'
    assert answer("data.asking.p = x", asking, 'package shop\ncolour.of.apple := "red"\n') == "red"
