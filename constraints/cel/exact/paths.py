"""Names, fields, indexes and choices: what cel-go calls attributes.

An attribute costs 1, each step of its path 1 more. As a branch of a choice or as an index it costs its steps only.
"""

from __future__ import annotations

from collections.abc import Sequence

from constraints.cel import syntax
from constraints.cel.exact.folded import VARIES
from constraints.cel.exact.frame import Frame, Step
from constraints.cel.exact.planner import Planner
from constraints.cel.failures import no_overload
from constraints.cel.runtime import has, index, index_optional
from constraints.cel.syntax import Node
from constraints.cel.values import NONE, Optional, Value
from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class _Step:
    """A step of a path: where the key comes from, and whether the value may be absent, or is only asked for."""

    key: Step
    optional: bool = False
    test: bool = False


def path_of(planner: Planner, node: Node) -> Step | None:
    """The value of an attribute, charged without the attribute itself; None when the node is none."""
    if planner.folded.value(node, planner.local) is not VARIES:
        return None
    match node:
        case syntax.Ident():
            return _named(planner, node.name)
        case syntax.Choice():
            return _choice(planner, node)
        case syntax.Select() if planner.dotted(node):
            return _named(planner, planner.dotted(node))
        case syntax.Select() | syntax.Index():
            return _path(planner, node)
    return None


def attribute(node: Node, path: Step) -> Step:
    """The attribute by itself: 1 more than its path, unless it begins with a choice; 1 less when it is a test."""
    price = 1
    if isinstance(node, syntax.Select) and node.test:
        price -= 1
    if isinstance(_root(node), syntax.Choice):
        price -= 1
    if not price:
        return path

    def step(frame: Frame) -> Value:
        try:
            return path(frame)
        finally:
            frame.spent += price

    return step


def _root(node: Node) -> Node:
    while isinstance(node, syntax.Select | syntax.Index):
        node = node.operand
    return node


def _named(planner: Planner, name: str) -> Step:
    if name in planner.local:
        key = planner.local[name]
        return (lambda frame: frame.names[key].value()) if key in planner.bound else (lambda frame: frame.names[key])
    return lambda frame: frame.inputs[name]


def _choice(planner: Planner, node: syntax.Choice) -> Step:
    test = planner.plan(node.test)
    then, other = (path_of(planner, part) or planner.plan(part) for part in (node.then, node.other))

    def step(frame: Frame) -> Value:
        verdict = test(frame)
        if verdict is True:
            return then(frame)
        if verdict is False:
            return other(frame)
        raise no_overload()

    return step


def _path(planner: Planner, node: Node) -> Step:
    steps: list[_Step] = []
    while isinstance(node, syntax.Select | syntax.Index) and not planner.dotted(node):
        if planner.is_variable(node):
            return _walk(_variable(node), steps)
        if isinstance(node, syntax.Select):
            steps.insert(0, _Step(_constant(node.field), node.optional, node.test))
        else:
            steps.insert(0, _Step(path_of(planner, node.key) or planner.plan(node.key), node.optional))
        node = node.operand
    return _walk(path_of(planner, node) or planner.plan(node), steps)


def _constant(value: Value) -> Step:
    return lambda frame: value


def _variable(node: Node) -> Step:
    assert isinstance(node, syntax.Select)
    name = node.field

    def step(frame: Frame) -> Value:
        frame.spent += 1
        value = frame.variable(name)
        if node.test:
            return True
        return Optional(value) if node.optional else value

    return step


def _walk(start: Step, steps: Sequence[_Step]) -> Step:
    if not steps:
        return start
    if not any(step.optional or step.test for step in steps):
        plain = _plain(start, [step.key for step in steps])
    else:
        plain = _wary(start, steps)
    return plain


def _plain(start: Step, keys: Sequence[Step]) -> Step:
    def step(frame: Frame) -> Value:
        value = start(frame)
        if type(value) is Optional:
            return _within(frame, value, [_Step(key) for key in keys])
        for key in keys:
            try:
                value = index(value, key(frame))
            finally:
                frame.spent += 1
        return value

    return step


def _wary(start: Step, steps: Sequence[_Step]) -> Step:
    return lambda frame: _within(frame, start(frame), steps)


def _within(frame: Frame, value: Value, steps: Sequence[_Step]) -> Value:
    """The rest of a path of which some steps may be absent."""
    optional = type(value) is Optional
    if optional:
        if not value.present:
            return value
        value = value.value
    for step in steps:
        optional = optional or step.optional
        if not optional:
            value = _sure(frame, value, step)
            continue
        found = index_optional(value, step.key(frame))
        if not found.present:
            return False if steps[-1].test else NONE
        frame.spent += 1
        value = True if step.test else found.value
    return Optional(value) if optional and not steps[-1].test else value


def _sure(frame: Frame, value: Value, step: _Step) -> Value:
    try:
        key = step.key(frame)
        return has(value, key) if step.test else index(value, key)
    finally:
        frame.spent += 1
