"""Of equal keys of an object that is written out, the last one in OPA's order of the terms counts."""

from __future__ import annotations

import pytest

from constraints.lang.source import Source
from constraints.rego.codegen.keys import in_order_of_keys
from constraints.rego.syntax.parser import parse_query
from constraints.rego.syntax.spelling import term_text
from constraints.rego.syntax.termorder import SUPPORT
from constraints.rego.syntax.tree import Call, ObjectTerm, Var


@pytest.mark.parametrize(
    ("keys", "ordered"),
    [
        pytest.param('"b", "a"', '"b" "a"', id="constants alone are never equal, and stay as they are"),
        pytest.param('x, "a"', '"a" x', id="constants come before variables"),
        pytest.param("y, x", "x y", id="variables as they were bound"),
        pytest.param("t3, t2, y", "y t2 t3", id="those of the compiler behind others, as they were made"),
        pytest.param("t3, t1, t2", "t1 t2 t3", id="and copies of these"),
        pytest.param("[x], t2, {x}", "t2 [x] {x}", id="then arrays, then sets"),
    ],
)
def test_pairs_stand_in_the_order_of_their_keys(keys: str, ordered: str) -> None:
    (statement,) = parse_query(Source("", f"o = {{{', '.join(f'{key}: 1' for key in keys.split(', '))}}}"), True)
    assert isinstance(statement.what, Call)
    term = statement.what.args[1]
    assert isinstance(term, ObjectTerm)
    texts = [term_text(key) for key, _ in term.pairs]
    made = {"t1": Var(f"{SUPPORT}#i4"), "t2": Var(f"{SUPPORT}#2"), "t3": Var(f"{SUPPORT}#3#i4")}
    pairs = tuple([(made.get(text, key), one) for text, (key, one) in zip(texts, term.pairs, strict=True)])
    assert " ".join(in_order_of_keys(texts, ObjectTerm(pairs), {"x": 1, "y": 2})) == ordered
