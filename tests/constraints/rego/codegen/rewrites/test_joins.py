"""Which bodies, in OPA's form, become a table and a look into it."""

from __future__ import annotations

from collections.abc import Callable, Mapping

import pytest

from constraints.drivers.rego import RegoDriver
from constraints.lang.source import Source
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.rewrites.indices import index_at
from constraints.rego.codegen.rewrites.joins import Join, join_at
from constraints.rego.syntax.parser import parse_query
from constraints.rego.syntax.spelling import body_text, term_text
from constraints.rego.syntax.tree import Body

BOUND = {"mine": Operand(name="mine"), "ns": Operand(name="ns")}
ALL = 'other = data.inventory.namespace[space][_]["Service"][name]'
Finder = Callable[[Body, int, Mapping[str, Operand]], Join | None]


def told(find: Finder, body: str) -> str:
    """What makes the rows, what they are found by and what for, and what is left to do for each that is found."""
    found = find(parse_query(Source("", body), True), 0, BOUND)
    if found is None:
        return "no table"
    keys, asked = (", ".join(map(term_text, terms)) for terms in (found.keys, found.asked))
    return f"{body_text(found.inner)} | {keys} is {asked} | {body_text(found.rest)}"


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param(f"{ALL}; other.x = mine", "OTHER | other.x is mine | ", id="an equality"),
        pytest.param(f"{ALL}; mine = other.x; g(other)", "OTHER | other.x is mine | g(other)", id="what follows"),
        pytest.param(f"{ALL}; f(other, t); t = mine", "OTHER; f(other, t) | t is mine | ", id="what a call says of it"),
        pytest.param(
            f"{ALL}; g(mine); h(other); other.x = mine", "OTHER; h(other) | other.x is mine | g(mine)", id="between"
        ),
        pytest.param(f"{ALL}; other.x = input.x", "OTHER | other.x is input.x | ", id="what the review says"),
        pytest.param(f"{ALL}; f(other, mine, t); t = mine", "no table", id="what depends on both sides"),
        pytest.param(f"{ALL}; neq(other.x, mine)", "no table", id="an inequality"),
        pytest.param(f"{ALL}; other.x = mine with input as 1", "no table", id="another input"),
        pytest.param(f"not {ALL.partition(' = ')[2]}; mine = 1", "no table", id="what is negated"),
        pytest.param("x = input.review.items[_]; x = mine", "no table", id="what is no part of the inventory"),
    ],
)
def test_what_is_compared_with_all_of_the_inventory_is_looked_up(body: str, expected: str) -> None:
    assert told(join_at, body) == expected.replace("OTHER", ALL.replace('["Service"]', ".Service"))


def test_a_bound_key_of_the_inventory_is_looked_up_with_the_rest() -> None:
    said = told(join_at, 'other = data.inventory.namespace[ns][_]["Service"][name]; other.x = mine')
    assert " | key, other.x is ns, mine | " in said


@pytest.mark.parametrize(
    ("body", "expected"),
    [
        pytest.param("y = input.items[_]; y.n = mine.n; g(y)", "y = input.items[_] | y.n is mine.n | g(y)", id="a part"),
        pytest.param("y = input.items[_]; y.n = 1", "no table", id="a constant, which needs no loop around"),
        pytest.param("y = input.items[_]; g(mine); y.n = mine", "no table", id="a statement about the loop in between"),
        pytest.param("y = mine[_]; y.n = mine.n", "no table", id="what the loop itself iterates"),
        pytest.param("y = input.items[_]; f(mine, t); y.n = t", "no table", id="what is known behind it alone"),
    ],
)  # fmt: skip
def test_what_a_loop_goes_through_again_and_again_is_looked_up(body: str, expected: str) -> None:
    assert told(index_at, body) == expected


def test_a_row_has_what_others_may_ask_for_alone() -> None:
    rego = """package unique
violation[{"msg": name}] {
    mine := input.review.object
    other := data.inventory.namespace[mine.metadata.namespace]["v1"]["Service"][name]
    lower(other.spec.selector) == mine.selector
}
"""
    program = RegoDriver().compile("K", {"rego": rego}).program({})
    assert "for name, other in rows_of(table(c), namespace, selector):" in program.explain()
