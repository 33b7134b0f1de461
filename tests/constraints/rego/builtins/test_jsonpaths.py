"""JSON paths and patches with the answers of OPA 1.17.1."""

from __future__ import annotations

from typing import Any

import pytest
from regocalls import S, call


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("json.filter", [{"a": {"b": {"c": 7, "d": 8}}, "e": 9}, ["a/b/c", "e"]], '{"a": {"b": {"c": 7}}, "e": 9}'),
        ("json.filter", [{"a": {"b": {"c": 7, "d": 8}}, "e": 9}, [["a", "b"]]], '{"a": {"b": {"c": 7, "d": 8}}}'),
        ("json.filter", [{"a": {"b": {"c": 7, "d": 8}}, "e": 9}, S("/a/b/d")], '{"a": {"b": {"d": 8}}}'),
        ("json.filter", [{"a": 1}, ["a/b"]], '{"a": 1}'),
        ("json.filter", [{"a": [{"1": ["b", "c", "d"]}, {"x": "y"}]}, ["a/0/1/2"]], '{"a": [{"1": ["d"]}]}'),
        ("json.filter", [{"a": {"b": {"c": 7, "d": 8}}, "e": 9}, ["zz", ""]], "{}"),
        ("json.filter", [{"x/y": 1, "m~n": 2}, ["x~1y", "m~0n"]], '{"m~n": 2, "x/y": 1}'),
        ("json.filter", [[1], ["a"]], "eval_type_error: operand 1 must be object but got array"),
        (
            "json.filter",
            [{"a": {"b": {"c": 7, "d": 8}}, "e": 9}, [1]],
            "eval_type_error: operand 2 must be one of {set, array} containing string paths or array of path segments but got number",
        ),
        (
            "json.filter",
            [{"a": {"b": {"c": 7, "d": 8}}, "e": 9}, "a"],
            "eval_type_error: operand 2 must be one of {set, array} but got string",
        ),
        ("json.remove", [{"a": {"b": {"c": 7, "d": 8}}, "e": 9}, ["a/b/c", "e"]], '{"a": {"b": {"d": 8}}}'),
        ("json.remove", [{"a": {"b": {"c": 7, "d": 8}}, "e": 9}, S(["a", "b", "c"])], '{"a": {"b": {"d": 8}}, "e": 9}'),
        (
            "json.remove",
            [{"a": [{"1": ["b", "c", "d"]}, {"x": "y"}]}, ["a/0/1/2", "a/1"]],
            '{"a": [{"1": ["b", "c"]}]}',
        ),
        ("json.remove", [{"a": S(1, 2)}, [["a", 1]]], '{"a": {2}}'),
        ("json.remove", [1, []], "eval_type_error: operand 1 must be object but got number"),
        ("json.patch", [{"a": [1, 2]}, [{"op": "add", "path": "/a/1", "value": 9}]], '{"a": [1, 9, 2]}'),
        ("json.patch", [{"a": [1, 2]}, [{"op": "add", "path": "/a/-", "value": 9}]], '{"a": [1, 2, 9]}'),
        (
            "json.patch",
            [{"a": [1, 2]}, [{"op": "add", "path": "/a/3", "value": 9}]],
            "eval_builtin_error: index for array insertion out of bounds",
        ),
        (
            "json.patch",
            [{"a": [1, 2]}, [{"op": "add", "path": "/a/01", "value": 9}]],
            "eval_builtin_error: leading zeros are not allowed in JSON paths",
        ),
        (
            "json.patch",
            [{"a": [1, 2]}, [{"op": "add", "path": "/a/x", "value": 9}]],
            "eval_builtin_error: invalid string for indexing",
        ),
        (
            "json.patch",
            [{"a": 1}, [{"op": "add", "path": "/a/b", "value": 9}]],
            "eval_builtin_error: expected composite type, found value: 1 (type: ast.Number)",
        ),
        (
            "json.patch",
            [{}, [{"op": "add", "path": "/a/b", "value": 9}]],
            'eval_builtin_error: path "a" does not exist in object term {}',
        ),
        ("json.patch", [{"a": 1}, [{"op": "add", "path": "", "value": []}]], "[]"),
        ("json.patch", [{"a": 1}, [{"op": "remove", "path": "/a"}]], "{}"),
        (
            "json.patch",
            [{"a": 1}, [{"op": "remove", "path": "/b"}]],
            'eval_builtin_error: cannot delete child key "b" that does not exist',
        ),
        ("json.patch", [{"a": 1}, [{"op": "replace", "path": "/a", "value": 2}]], '{"a": 2}'),
        ("json.patch", [{"a": {"b": 1}}, [{"op": "move", "from": "/a/b", "path": "/c"}]], '{"a": {}, "c": 1}'),
        (
            "json.patch",
            [{"a": {"b": 1}}, [{"op": "copy", "from": "/a", "path": "/a/c"}]],
            '{"a": {"b": 1, "c": {"b": 1}}}',
        ),
        ("json.patch", [{"a": 1}, [{"op": "test", "path": "/a", "value": 1.0}]], '{"a": 1}'),
        (
            "json.patch",
            [{"a": 1}, [{"op": "test", "path": "/a", "value": 2}]],
            "eval_builtin_error: value from EditTree != patch value.\n\nExpected: 2\n\nFound: 1",
        ),
        ("json.patch", [S(1, 2), [{"op": "remove", "path": [1]}]], "{2}"),
        ("json.patch", [S(1), [{"op": "add", "path": [2], "value": 2}]], "{1, 2}"),
        (
            "json.patch",
            [S(1), [{"op": "add", "path": [2], "value": 3}]],
            "eval_builtin_error: set key 2 does not equal value to be inserted 3",
        ),
        ("json.patch", [S([1]), [{"op": "add", "path": [[1], 0], "value": 3}]], "{[3, 1]}"),
        ("json.patch", [{"a": [[]]}, [{"op": "add", "path": ["a", 0, "-"], "value": 3}]], '{"a": [[3]]}'),
        ("json.patch", [{}, [{"op": "x", "path": "a"}]], "eval_builtin_error: unrecognized op: 'x'"),
        ("json.patch", [{}, [{"op": "add", "path": "a"}]], "eval_builtin_error: missing required attribute 'value'"),
        ("json.patch", [{}, [{"op": "move", "path": "a"}]], "eval_builtin_error: missing required attribute 'from'"),
    ],
)
def test_paths_lead_where_opa_s_do(name: str, arguments: list[Any], answer: str) -> None:
    assert call(name, *arguments) == answer
