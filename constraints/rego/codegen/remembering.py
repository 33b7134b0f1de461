"""Answers that are remembered: of rules in the Context, of functions where that pays."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from constraints.lang.pycode import Block
from constraints.lang.pywalk import statements, walk
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.reading import is_type
from constraints.rego.codegen.tree import Branch

_CHEAP: Final = frozenset({"type", "len", "lookup", "same", "compare", "values_of", "items_of"})


def add_rule(emission: Emission, branch: Branch, body: Block) -> None:
    """A function that keeps its answer in the Context, and the one that finds it."""
    nodes, context = emission.nodes, emission.nodes.name("c")
    search = emission.unit.new(f"find_{branch.function}")
    emission.add(nodes.function(search, ["c"], body))
    memo, number, found = nodes.attribute(context, "memo"), nodes.constant(branch.number), nodes.name("found")
    block: Block = [_replaced(emission, branch)] if is_replaceable(emission, branch) else []
    block.append(nodes.assign("found", nodes.item(memo, number)))
    first = nodes.when(nodes.compare(found, ast.Is(), nodes.name("MISSING")))
    first.body.append(nodes.assign("found", nodes.call(search, context)))
    first.body.append(nodes.assign_item(memo, number, found))
    block += [first, nodes.give(found)]
    emission.add(nodes.function(branch.function, ["c"], block))


def is_replaceable(emission: Emission, branch: Branch) -> bool:
    """Whether some `with` puts data in the place of the rule."""
    return any(branch.path[: len(target)] == target for target in emission.unit.targets)


def _replaced(emission: Emission, branch: Branch) -> ast.stmt:
    """Give what some `with` has put in the place of the rule, where it has."""
    nodes, context = emission.nodes, emission.nodes.name("c")
    number = nodes.constant(branch.number)
    hidden = nodes.when(nodes.compare(number, ast.In(), nodes.attribute(context, "hidden")))
    path = nodes.row([nodes.constant(part) for part in branch.path])
    hidden.body.append(nodes.give(nodes.call("data_at", context, path)))
    return hidden


def add_function(emission: Emission, function: str, names: Sequence[str], block: Block, *, is_heavy: bool) -> None:
    """A function of arguments, and what remembers its answers where that pays."""
    nodes = emission.nodes
    lasts = emission.unit.fixed and emission.pure and len(names) == 1 and is_costly(block)
    recalls = is_heavy or any(type(one) is ast.For for one in statements(block))
    if not lasts and not recalls:
        emission.add(nodes.function(function, ["c", *names], block))
        return
    search = emission.unit.new(f"find_{function}")
    emission.add(nodes.function(search, ["c", *names], block))
    known = [nodes.name("c"), *map(nodes.name, names)]
    run = nodes.call(search, *known)
    asked = [_lasting(emission, names[0], run)] if lasts else []
    if recalls:
        asked.append(_recalling(emission, search, known))
    emission.add(nodes.function(function, ["c", *names], [*asked, nodes.give(run)]))


def _lasting(emission: Emission, name: str, run: ast.expr) -> ast.stmt:
    """Answers of a function that depends on a text alone are remembered as long as the constraint lives."""
    nodes = emission.nodes
    table = emission.unit.bind("ANSWERS", {})
    argument, found = nodes.name(name), nodes.name("found")
    text = nodes.when(is_type(emission, Operand(name=name), "str"))
    new = nodes.when(nodes.compare(found, ast.Is(), nodes.constant(None)))
    new.body.append(nodes.assign("found", nodes.call("remembered", nodes.name(table), argument, run)))
    known = nodes.method(nodes.name(table), "get", argument)
    text.body += [nodes.assign("found", known), new, nodes.give(found)]
    return text


def _recalling(emission: Emission, search: str, known: Sequence[ast.expr]) -> ast.stmt:
    """In an evaluation that has taken many steps all answers are remembered for its time, as OPA does in each."""
    nodes, context = emission.nodes, emission.nodes.name("c")
    left = nodes.attribute(nodes.attribute(context, "budget"), "left")
    scarce = nodes.when(nodes.compare(left, ast.Lt(), nodes.attribute(context, "plenty")))
    scarce.body.append(nodes.give(nodes.call("recalled", nodes.name(search), *known)))
    return scarce


def is_costly(block: Block) -> bool:
    """Whether a function calls more than what takes no longer than to look up its answer."""
    calls = (node.func for node in walk(block) if isinstance(node, ast.Call))
    return any(isinstance(called, ast.Name) and called.id not in _CHEAP for called in calls)
