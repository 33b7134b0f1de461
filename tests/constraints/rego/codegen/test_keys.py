"""Of equal keys of an object that is written out, the last one in OPA's order of the terms counts."""

from __future__ import annotations

import pytest

from constraints.lang.source import Source
from constraints.rego.codegen.keys import in_order_of_keys
from constraints.rego.syntax.parser import parse_query
from constraints.rego.syntax.spelling import term_text
from constraints.rego.syntax.tree import Call, ObjectTerm


@pytest.mark.parametrize(
    ("keys", "ordered"),
    [
        pytest.param('"b", "a"', '"b" "a"', id="constants alone are never equal, and stay as they are"),
        pytest.param('x, "a"', '"a" x', id="constants come before variables"),
        pytest.param("y, x", "x y", id="variables as they were bound"),
        pytest.param("x.a, y", "y x.a", id="references behind variables"),
        pytest.param("[x], x.a, {x}", "x.a [x] {x}", id="then arrays, then sets"),
    ],
)
def test_pairs_stand_in_the_order_of_their_keys(keys: str, ordered: str) -> None:
    (statement,) = parse_query(Source("", f"o = {{{', '.join(f'{key}: 1' for key in keys.split(', '))}}}"), True)
    assert isinstance(statement.what, Call)
    term = statement.what.args[1]
    assert isinstance(term, ObjectTerm)
    pairs = [term_text(key) for key, _ in term.pairs]
    assert " ".join(in_order_of_keys(pairs, term, {"x": 1, "y": 2})) == ordered
