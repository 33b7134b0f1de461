"""What a test that holds says, so that clauses can be told apart: some exclude each other."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from itertools import combinations
from typing import Any, Final

from constraints.lang.pycode import OPPOSITE
from constraints.lang.pywalk import shape

Fact = tuple[tuple[Any, ...], Any]
"""What is asked, and the answer: facts about the same question with different answers exclude each other."""

_NEGATIVE: Final = (ast.IsNot, ast.NotIn, ast.NotEq)


def facts_of(test: ast.expr) -> Iterator[Fact]:
    """The facts that follow from a test that holds. Its variables have one value all through the function."""
    if isinstance(test, ast.BoolOp):
        if isinstance(test.op, ast.And):
            for part in test.values:
                yield from facts_of(part)
        return
    if isinstance(test, ast.UnaryOp) and isinstance(test.op, ast.Not):
        yield ("test", _said(test.operand)), False
    elif isinstance(test, ast.Compare) and len(test.ops) == 1:
        yield from _compared(test)
    else:
        yield ("test", _said(test)), True


def _compared(test: ast.Compare) -> Iterator[Fact]:
    operator = test.ops[0]
    if isinstance(operator, _NEGATIVE):
        positive = ast.Compare(test.left, [OPPOSITE[type(operator)]()], test.comparators)
        yield from ((key, False) for key, _ in list(_compared(positive))[:1])
        return
    match test:
        case ast.Compare(
            left=ast.Call(func=ast.Name(id="type"), args=[ast.Name(id=name)]), comparators=[ast.Name(id=kind)]
        ):
            yield ("type", name, kind), True
            yield ("type of", name), (kind, kind == "NUMBERS")
        case ast.Compare(ops=[ast.Eq() | ast.Is()], left=ast.Name(id=name), comparators=[ast.Constant(value=value)]):
            yield ("is", name, type(value), value), True
            yield ("value of", name), (type(value), value)
        case _:
            yield ("test", _said(test)), True


def _said(node: ast.expr) -> Any:
    """What a test says, wherever in the policy it is said."""
    return shape(node, _named)


def _named(name: str) -> str:
    """All positions, `AT` and `AT_2`, are one."""
    return "AT" if name.startswith("AT_") and name[3:].isdecimal() else name


Facts = Mapping[tuple[Any, ...], Any]

_PAIRS: Final = 1_000  # of attempts that are compared one by one


def exclusive(chains: Sequence[Sequence[Facts]]) -> bool:
    """Whether of any two chains one at most holds; given are the facts of each of their attempts.

    Many chains are told apart by one question that all of them answer; else they count as not exclusive.
    """
    if sum(map(len, chains)) ** 2 > _PAIRS:
        return any(_tells_apart(key, chains) for key in _shared(chains))
    return all(_exclude(one, other) for first, second in combinations(chains, 2) for one in first for other in second)


def _shared(chains: Sequence[Sequence[Facts]]) -> Iterator[tuple[Any, ...]]:
    """The questions about the value of something that all attempts answer."""
    shortest = min((one for chain in chains for one in chain), key=len)
    for key in shortest:
        if key[0] == "value of" and all(key in one for chain in chains for one in chain):
            yield key


def _tells_apart(key: tuple[Any, ...], chains: Sequence[Sequence[Facts]]) -> bool:
    """Whether no two chains give the same answer, a text."""
    answers = [{one[key] for one in chain} for chain in chains]
    return all(kind is str for found in answers for kind, _ in found) and len(set().union(*answers)) == sum(
        map(len, answers)
    )


def _exclude(one: Mapping[tuple[Any, ...], Any], other: Mapping[tuple[Any, ...], Any]) -> bool:
    return any(_differ(key, answer, other[key]) for key, answer in one.items() if key in other)


def _differ(key: tuple[Any, ...], one: Any, other: Any) -> bool:
    if key[0] == "type of":
        return bool(one != other and not ({"NUMBERS", "SIZED", "int"} & {one[0], other[0]}))
    if key[0] == "value of":
        return type(one[1]) is type(other[1]) is str and one[1] != other[1]
    return bool(one != other)
