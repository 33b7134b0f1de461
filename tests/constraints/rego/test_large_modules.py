"""What a policy costs to compile grows with its text, and no faster; large ones are answered as small ones are."""

from __future__ import annotations

import ast
from cProfile import Profile
from typing import Any

import pytest
from largemodules import REVIEW, modules

from constraints.drivers.rego import ConstraintProgram, RegoDriver
from constraints.inventory import EMPTY
from constraints.lang.outline import split

SCALES = [(10, 30), (80, 40)]  # parts of the smallest policy, and steps to larger ones; bodies are cut from 60 on
LARGE = 120
SLACK = 300  # calls, for what happens by chance
NAMES = [name for name, _, _ in modules(6)]


def compiled(rego: str) -> ConstraintProgram:
    """The program of a policy of v0 without parameters."""
    return RegoDriver().compile("K", {"rego": rego}).program({})


def text(name: str, n: int) -> str:
    """The module of a shape."""
    return next(rego for found, rego, _ in modules(n) if found == name)


def work(rego: str) -> int:
    """How many functions are called to compile a policy."""
    profile = Profile()
    profile.runcall(compiled, rego)
    return sum(row.callcount for row in profile.getstats())


def grows_evenly(name: str, start: int, step: int) -> bool:
    """Whether two steps more take about twice as much as one."""
    small, middle, large = (work(text(name, n)) for n in (start, start + step, start + 3 * step))
    return large - middle < 3 * (middle - small) + SLACK  # 2 where it is linear, over 4 where it is quadratic


@pytest.mark.parametrize("name", NAMES)
def test_twice_as_much_of_a_policy_takes_twice_the_work(name: str) -> None:
    compiled(text(name, 10))  # what is done once in a process
    assert any(grows_evenly(name, *scale) for scale in SCALES)


@pytest.mark.parametrize("name", NAMES)
def test_large_policies_are_answered(name: str) -> None:
    rego, messages = next((rego, messages) for found, rego, messages in modules(LARGE) if found == name)
    assert [finding.message for finding in compiled(rego)(REVIEW, EMPTY)] == messages


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
