"""Partial rules: sets and objects of all that their clauses find."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from constraints.lang.pycode import Block
from constraints.lang.pywalk import all_assigned
from constraints.rego.codegen.asked import asked_for, is_asked_for
from constraints.rego.codegen.blocks import aside, attach, closure
from constraints.rego.codegen.bodies import emit_body
from constraints.rego.codegen.collecting import add_member, count_held, members_counted
from constraints.rego.codegen.dispatch import value_of, values_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.place import Entered
from constraints.rego.codegen.reading import loads, needed
from constraints.rego.codegen.rewrites.expand import expanded
from constraints.rego.codegen.rewrites.unroll import unrolled
from constraints.rego.codegen.tree import Clause, RuleSet, chain_of
from constraints.rego.syntax.progress import During

Opened = dict[Any, Entered] | None
"""The conditions and loops that other clauses of the set have made, which one may go into; None: it may not."""


def sharing(emission: Emission, emit: Callable[[Opened], list[Operand]]) -> tuple[Block, list[Operand]]:
    """What `emit` emits and gives: clauses that go into the loops of others.

    Where a clause would miss a variable there, all is emitted again, with loops of their own.
    """
    with aside(emission) as block:
        answers = emit({})
    if emission.shares and not all_assigned(block, emission.names.used, frozenset({"c", "error"})):
        with aside(emission) as block:
            answers = emit(None)
    return block, answers


def collect_from(emission: Emission, found: Clause, opened: Opened, finish: Callable[[], object]) -> None:
    """The body of a clause, then what `finish` emits where it holds."""
    emission.source = found.source or emission.source

    def emit() -> bool:
        emission.place.open = opened
        with emission.at(found.rule.span):
            if asked_for(emission, found) and emit_body(emission, found.rule.body) and is_asked_for(emission, found):
                finish()
        return True

    with During(found.rule.span, found.source):
        block, end = closure(emission, emit)
    attach(emission, block, end)


# sets


def emit_set_rule(emission: Emission, rule: RuleSet, opened: Opened) -> list[Operand]:
    """Give the set of all clauses, or of those that fit the member that is asked for."""
    nodes, found = emission.nodes, emission.names.new("found")
    emission.emit(nodes.assign(found, nodes.mapping([])))
    for clause in rule.clauses if emission.keys else written_out(emission, rule):
        collect_from(emission, clause, opened, partial(_add_member, emission, clause, found))
    emission.emit(members_counted(emission, found))
    emission.emit(nodes.give(nodes.call("RegoSet", nodes.name(found))))
    return [Operand(kind="set")]


def written_out(emission: Emission, rule: RuleSet) -> Sequence[Clause]:
    """The clauses of a set, with the clauses of smaller sets in the place of references to them (rewrites/expand).

    They stay as they are where some `with` may change those sets.
    """
    unit = emission.unit
    return unrolled(expanded(rule.clauses, unit.tree), unit.parameters) if unit.is_plain else rule.clauses


def _add_member(emission: Emission, found: Clause, members: str) -> None:
    key = found.rule.head.key
    assert key is not None
    member = needed(emission, value_of(emission, key), "member")
    if member is not None:
        count_held(emission, key)
        add_member(emission, members, member)


# objects


def emit_object_rule(emission: Emission, rule: RuleSet, opened: Opened) -> list[Operand]:
    """Give the object of all clauses, or of those that fit the keys that are asked for."""
    emission.quiet = False
    nodes, found = emission.nodes, emission.names.new("found")
    emission.emit(nodes.assign(found, nodes.call("Nested")))
    for clause in rule.clauses:
        for one in chain_of(clause):
            collect_from(emission, one, opened, partial(_add_pair, emission, one, found))
    emission.emit(nodes.give(nodes.method(nodes.name(found), "value")))
    return [Operand(kind="object")]


def _add_pair(emission: Emission, found: Clause, pairs: str) -> None:
    nodes, head = emission.nodes, found.rule.head
    value = head.key if head.contains else head.value
    assert value is not None
    parts = values_of(emission, [*found.tail, value])
    if parts is not None:
        count_held(emission, *found.tail, value, is_pair=True)
        *keys, last = loads(emission, parts)
        add = nodes.attribute(nodes.name(pairs), "member" if head.contains else "single")
        emission.emit(nodes.do(nodes.call(add, nodes.row(keys), last, emission.where())))
