"""What is seen in generated code."""

from __future__ import annotations

import ast

import pytest

from constraints.lang.pycode import without_unread
from constraints.lang.pywalk import depth_of, loaded_names, shape, statements, walk

CODE = """
if a == 1:
    for b in c(d):
        try:
            e = f'{g}'
        except error:
            h = 2
"""


def test_a_walk_meets_the_nodes_of_ast_walk_but_contexts_and_operators() -> None:
    tree = ast.parse(CODE)
    signs = (ast.expr_context, ast.cmpop)
    met = list(walk([tree]))
    assert set(met) == {node for node in ast.walk(tree) if not isinstance(node, signs)}
    assert len(met) == len(set(met))


def test_blocks_are_counted_as_deep_as_they_are() -> None:
    assert depth_of(ast.parse(CODE).body) == 5  # with `except`, and its block
    assert depth_of([]) == 1


def test_names_come_in_order_of_appearance() -> None:
    assert list(loaded_names(ast.parse(CODE).body)) == ["a", "b", "c", "d", "e", "g", "error", "h"]


def test_statements_are_found_inside_of_others() -> None:
    found = [type(one).__name__ for one in statements(ast.parse(CODE).body)]
    assert sorted(found) == ["Assign", "Assign", "ExceptHandler", "For", "If", "Try"]


@pytest.mark.parametrize(
    ("one", "other", "same"),
    [
        ("f(a, 'b')[0]", "f( a,'b' )[0]", True),
        ("f(AT_2)", "f(AT)", True),
        ("f(a)", "f(b)", False),
        ("a is b", "a is not b", False),
        ("a == 1", "a == 1.0", False),
        ("a == 1", "a == True", False),
        ("a == 'b'", "a == b", False),
        ("f(a)(b)", "f(a, b)", False),
    ],
)
def test_expressions_of_one_shape_say_the_same(one: str, other: str, same: bool) -> None:
    found = [shape(ast.parse(text, mode="eval").body, lambda name: name.split("_")[0]) for text in (one, other)]
    assert (found[0] == found[1]) is same


def test_texts_and_keys_that_nobody_reads_go() -> None:
    body = ast.parse("if x:\n  a = f'{x}'\n  b = keys_of(x)\n  c = keys_of(b)\n  d = call(c)").body
    assert ast.unparse(without_unread(body)) == ast.unparse(
        ast.parse("if x:\n  b = keys_of(x)\n  c = keys_of(b)\n  d = call(c)")
    )
