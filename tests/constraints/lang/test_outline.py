"""Code that nests more deeply than Python compiles is cut into functions that do the same."""

from __future__ import annotations

import ast
from typing import Any

from constraints.lang.outline import split


def test_loops_and_conditions_are_cut_where_they_nest_too_deeply() -> None:
    """Leaving a loop and a function, and variables that change inside, work through the cuts."""
    source = """
def evaluate(rows):
    found = []
    none = True
    for a in rows:
        if a:
            for b in a:
                if b == 3:
                    none = False
                    break
                if b == 9:
                    return found
                for c in rows:
                    if c:
                        found.append((b, len(c)))
                        if len(found) == 8:
                            return 'many'
    return none, found
"""
    for rows in ([[1, 2], [], [4, 3, 5]], [[1], [9, 3]], [[1, 2, 4], [5, 6, 7]], [[3], [3]]):
        answers = []
        for levels in (9, 4, 3, 2, 1):
            function = ast.parse(source).body[0]
            assert isinstance(function, ast.FunctionDef)
            count = iter(range(99))
            parts = split(
                function,
                lambda wish, count=count: f"{wish}_{next(count)}",
                levels=levels,
                blocks=1 if levels < 9 else 9,
            )
            assert len(parts) == 1 if levels == 9 else len(parts) > 1
            scope: dict[str, Any] = {}
            exec(compile(ast.fix_missing_locations(ast.Module([*parts], [])), "cut", "exec"), scope)
            answers.append(scope["evaluate"](rows))
        assert answers == [answers[0]] * 5
