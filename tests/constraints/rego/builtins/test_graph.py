"""Graphs as OPA walks them."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        (
            "graph.reachable",
            [{"a": ["b", "c"], "b": S("d"), "c": ["d"], "d": [], "e": ["f"], "f": ["e"], "x": ["x"]}, ["a"]],
            '{"a", "b", "c", "d"}',
        ),
        (
            "graph.reachable",
            [{"a": ["b", "c"], "b": S("d"), "c": ["d"], "d": [], "e": ["f"], "f": ["e"], "x": ["x"]}, S("b", "e")],
            '{"b", "d", "e", "f"}',
        ),
        (
            "graph.reachable",
            [{"a": ["b", "c"], "b": S("d"), "c": ["d"], "d": [], "e": ["f"], "f": ["e"], "x": ["x"]}, ["zz"]],
            "set()",
        ),
        ("graph.reachable", [{"a": None}, ["a"]], '{"a"}'),
        ("graph.reachable", [{}, ["a"]], "set()"),
        ("graph.reachable", [[], ["a"]], "eval_type_error: operand 1 must be object but got array"),
        ("graph.reachable", [{}, "a"], "eval_type_error: operand 2 must be {array, set} but got string"),
        ("graph.reachable_paths", [{"a": ["b"], "b": ["c"], "c": ["a"]}, ["a"]], '{["a", "b", "c"]}'),
        (
            "graph.reachable_paths",
            [{"a": ["b", "c"], "b": S("d"), "c": ["d"], "d": [], "e": ["f"], "f": ["e"], "x": ["x"]}, ["e"]],
            '{["e", "f"]}',
        ),
        ("graph.reachable_paths", [{"x": ["x"]}, ["x"]], '{["x", "x"]}'),
        ("graph.reachable_paths", [{"a": []}, ["a"]], '{["a"]}'),
        ("graph.reachable_paths", [{"a": ["gone"]}, ["a"]], '{["a"]}'),
        ("graph.reachable_paths", [1, ["a"]], "eval_type_error: operand 1 must be object but got number"),
        ("graph.reachable_paths", [{}, 1], "eval_type_error: operand 2 must be {array, set} but got number"),
    ],
)
def test_graphs_are_walked(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
