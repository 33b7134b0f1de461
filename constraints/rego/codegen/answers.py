"""Complete rules and functions: one answer of all clauses and their `else`, on which those that hold agree."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from constraints.lang.pycode import Block
from constraints.model import value
from constraints.rego.codegen.blocks import attach, closure
from constraints.rego.codegen.bodies import emit_body
from constraints.rego.codegen.dispatch import value_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.facts import exclusive
from constraints.rego.codegen.operand import NOTHING, Operand, same_constant
from constraints.rego.codegen.patterns import matches
from constraints.rego.codegen.place import Place
from constraints.rego.codegen.reading import load, needed
from constraints.rego.codegen.tree import FUNCTION, Clause, RuleSet, chain_of
from constraints.rego.syntax.progress import During
from constraints.rego.syntax.tree import Rule, Scalar, Var

_TRUE: Final = Scalar(True)


@value
class Outcome:
    """A clause's body where it may hold, and the answer there."""

    block: Block  # the statements of the body
    end: Place  # where it holds
    answer: Operand
    clause: Clause
    loops: int = 0  # how many are open around the body

    @property
    def is_sure(self) -> bool:
        """Whether nothing can keep it from holding."""
        return self.end.block is self.block

    @property
    def is_single(self) -> bool:
        """Whether it holds once at most."""
        return self.end.loops == self.loops


Chain = list[Outcome]
"""What is tried in order: a clause, then its `else`."""


def emit_answers(emission: Emission, rule: RuleSet) -> list[Operand]:
    """Give the one answer of several clauses, of which those that never hold are left out: all that it may be."""
    agree = "agree_function" if rule.kind == FUNCTION else "agree"
    plain = [found for found in rule.clauses if not found.rule.default]
    chains = [chain for chain in [_chain(emission, found) for found in plain] if chain]
    answers: list[Operand] = []
    if len(chains) == 1 or _alike(chains):
        for chain in chains:
            answers += _tried(emission, chain, agree)
            if chain[-1].is_sure:
                return answers
    elif exclusive([[outcome.end.facts for outcome in chain] for chain in chains]):
        answers += [answer for chain in chains for answer in _tried(emission, chain, agree)]
    else:
        answers += _agreed(emission, chains, agree)
    return [*answers, _default(emission, rule)]


def _alike(chains: Sequence[Chain]) -> bool:
    """Whether all outcomes answer the same constant."""
    outcomes = [outcome for chain in chains for outcome in chain]
    return all(same_constant(outcome.answer, outcomes[0].answer) for outcome in outcomes)


# outcomes


def _chain(emission: Emission, found: Clause) -> Chain:
    """The outcomes of a clause and its `else`, up to one that is sure."""
    chain: Chain = []
    for one in chain_of(found):
        outcome = _outcome(emission, one, is_first=one is found)
        if outcome is not None:
            chain.append(outcome)
            if outcome.is_sure:
                break
    return chain


def _outcome(emission: Emission, found: Clause, *, is_first: bool) -> Outcome | None:
    """The outcome of a clause, emitted aside; None where it never holds."""
    answer: Operand | None = None

    def emit() -> bool:
        nonlocal answer
        answer = _answer(emission, found)
        return answer is not None

    quiet, emission.quiet = emission.quiet, True
    with During(found.rule.span, found.source):
        block, end = closure(emission, emit)
    is_loud, emission.quiet = not emission.quiet, quiet and emission.quiet
    if answer is None or end is None:
        if is_loud and is_first:  # it never holds, but what comes before that may end in an error
            attach(emission, block, end)
        return None
    return Outcome(block, end, answer, found, emission.place.loops)


def _answer(emission: Emission, found: Clause) -> Operand | None:
    """The body, then the answer where it holds; None where it never does."""
    emission.source = found.source or emission.source
    rule = found.rule
    with emission.at(rule.span):
        if not (_match_arguments(emission, rule) and emit_body(emission, rule.body)):
            return None
        return needed(emission, value_of(emission, rule.head.value or _TRUE), "answer")


def _match_arguments(emission: Emission, rule: Rule) -> bool:
    """Match the arguments of a function, plain variables first. False when they never do."""
    pairs = list(zip(rule.head.args or (), emission.parameters, strict=False))
    pairs.sort(key=lambda pair: not isinstance(pair[0], Var))
    return all(matches(emission, pattern, value) for pattern, value in pairs)


# answers


def _tried(emission: Emission, chain: Chain, agree: str) -> list[Operand]:
    """Give the first answer of the chain; all that it may be."""
    answers = []
    for outcome in chain:
        if outcome.is_single or outcome.answer.is_constant:
            answers.append(outcome.answer)
            outcome.end.block.append(emission.nodes.give(load(emission, outcome.answer)))
            attach(emission, outcome.block, outcome.end)
        else:
            name = _gathered(emission, [outcome], agree)
            answers.append(Operand(kind=outcome.answer.kind))
            _give_if_defined(emission, name)
    return answers


def _agreed(emission: Emission, chains: Sequence[Chain], agree: str) -> list[Operand]:
    """Give the answer on which all chains agree; all that it may be."""
    answer = ""
    for chain in chains:
        name = _gathered(emission, chain, agree)
        if answer:
            _agree(emission, (answer, name), agree, chain[0].clause)
        answer = answer or name
    _give_if_defined(emission, answer)
    return [Operand(kind=outcome.answer.kind) for chain in chains for outcome in chain]


def _gathered(emission: Emission, chain: Chain, agree: str) -> str:
    """The answer of the first outcome that has one; gives the variable for it."""
    nodes, name = emission.nodes, emission.names.new("answer")
    emission.emit(nodes.assign(name, nodes.name("UNDEFINED")))
    for at, outcome in enumerate(chain):
        answer = load(emission, outcome.answer)
        if not outcome.is_single:
            emission.quiet = False
            with emission.at(outcome.clause.rule.head.span):
                answer = nodes.call(agree, nodes.name(name), answer, emission.where())
        outcome.end.block.append(nodes.assign(name, answer))
        if at:
            test = nodes.when(_is_undefined(emission, name))
            test.body += outcome.block
            emission.emit(test)
        else:
            attach(emission, outcome.block, outcome.end)
    return name


def _agree(emission: Emission, names: tuple[str, str], agree: str, found: Clause) -> None:
    """Let the first variable be the answer of both, where there is a further one."""
    nodes = emission.nodes
    answer, other = names
    emission.quiet = False
    with emission.at(found.rule.head.span):
        test = nodes.when(nodes.inverse(_is_undefined(emission, other)))
        both = nodes.call(agree, nodes.name(answer), nodes.name(other), emission.where())
        test.body.append(nodes.assign(answer, both))
        emission.emit(test)


def _is_undefined(emission: Emission, name: str) -> ast.expr:
    nodes = emission.nodes
    return nodes.compare(nodes.name(name), ast.Is(), nodes.name("UNDEFINED"))


def _give_if_defined(emission: Emission, name: str) -> None:
    nodes = emission.nodes
    found = nodes.when(nodes.inverse(_is_undefined(emission, name)))
    found.body.append(nodes.give(nodes.name(name)))
    emission.emit(found)


def _default(emission: Emission, rule: RuleSet) -> Operand:
    """Give the default, or UNDEFINED."""
    default = rule.default
    answer: Operand | None = None
    if default is not None and _match_arguments(emission, default.rule):
        answer = needed(emission, value_of(emission, default.rule.head.value or _TRUE))
    emission.emit(emission.nodes.give(load(emission, answer or NOTHING)))
    return answer or NOTHING
