"""One statement of a body: as it is, negated, with another Context."""

from __future__ import annotations

import ast
from collections.abc import Callable
from typing import Any

from constraints.lang.pycode import Block
from constraints.rego.codegen.blocks import OUTLINE_DEPTH, attach, closure, guard, outlined
from constraints.rego.codegen.dispatch import value_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.place import Place
from constraints.rego.codegen.reading import holds
from constraints.rego.codegen.withs import emit_withs
from constraints.rego.syntax.tree import Expr


def emit_statement(emission: Emission, expr: Expr) -> bool:
    """One statement, the place is then where it holds. False when it never does."""
    with emission.at(expr.span):
        before = emission.place.context
        if expr.withs and not emit_withs(emission, expr.withs):
            return False
        alive = negated(emission, lambda: _positive(emission, expr)) if expr.negated else _positive(emission, expr)
        emission.place.context = before
        return alive


def _positive(emission: Emission, expr: Expr) -> bool:
    what: Any = expr.what
    emit = emission.table.statements.get(type(what))
    if emit is not None:
        return emit(emission, what)
    return holds(emission, value_of(emission, what))


def negated(emission: Emission, emit: Callable[[], bool]) -> bool:
    """Go on where what `emit` emits never holds. False when it always does."""
    names, loops = len(emission.names.used), emission.place.loops
    block, end = closure(emission, emit)
    if end is None:
        return True
    if end.block is block and end.loops == loops:
        attach(emission, block, end)  # what it computes may fail, in strict mode
        return False
    _unless(emission, block, end, names)
    return True


def _unless(emission: Emission, block: Block, end: Place, names: int) -> None:
    """Go on where the end of the block is not reached; `names` were given out before it."""
    nodes, deep = emission.nodes, end.loops - emission.place.loops
    if deep == 0 and _is_one_test(block, end):
        assert isinstance(block[-1], ast.If)
        attach(emission, block[:-1], end)
        guard(emission, nodes.inverse(block[-1].test))
    elif deep > 1 or emission.place.loops >= OUTLINE_DEPTH:
        end.block.append(nodes.give(nodes.constant(True)))
        block.append(nodes.give(nodes.constant(False)))
        guard(emission, nodes.inverse(outlined(emission, "any", block, names)))
    else:
        flag = emission.names.new("none")
        end.block.append(nodes.assign(flag, nodes.constant(False)))
        if deep:
            end.block.append(nodes.leave())
        attach(emission, [nodes.assign(flag, nodes.constant(True)), *block], end)
        guard(emission, nodes.name(flag))


def _is_one_test(block: Block, end: Place) -> bool:
    """Whether the block ends with a condition that has the end in it, and nothing else."""
    return isinstance(block[-1], ast.If) and block[-1].body is end.block and not end.block
