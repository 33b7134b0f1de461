"""Complete rules and functions: whichever of their clauses hold, these must all give the same answer.

A clause gives its own answer where it holds, else that of its `else`. What each function here returns is what the
answer may be, which tells callers its kind.
"""

from __future__ import annotations

import ast
from collections.abc import MutableMapping, Sequence
from typing import Any, Final

from constraints.dataclass import value
from constraints.lang.pycode import Block
from constraints.rego.codegen.blocks import attach, closure
from constraints.rego.codegen.bodies import emit_body
from constraints.rego.codegen.dispatch import value_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.facts import exclusive
from constraints.rego.codegen.operand import NOTHING, Operand, same_constant
from constraints.rego.codegen.patterns import matches
from constraints.rego.codegen.place import Place
from constraints.rego.codegen.reading import kept, load, needed
from constraints.rego.codegen.tree import FUNCTION, Clause, RuleSet, chain_of
from constraints.rego.syntax.progress import During
from constraints.rego.syntax.tree import Rule, Scalar, Var

_TRUE: Final = Scalar(True)


@value
class Attempt:
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


Attempts = list[Attempt]
"""What is tried in order: a clause, then its `else`."""


def emit_answers(emission: Emission, rule: RuleSet) -> list[Operand]:
    """Emit what finds the one answer of several clauses, and an error where two differ."""
    agree = "agree_function" if rule.kind == FUNCTION else "agree"
    plain = [found for found in rule.clauses if not found.rule.default]
    known = dict(emission.place.walked)
    chains = [chain for chain in [_chain(emission, found, known) for found in plain] if chain]
    answers: list[Operand] = []
    if len(chains) == 1 or _alike(chains):
        for chain in chains:
            answers += _tried(emission, chain, agree)
            if chain[-1].is_sure:
                return answers
    elif exclusive([[attempt.end.facts for attempt in chain] for chain in chains]):
        answers += [answer for chain in chains for answer in _tried(emission, chain, agree)]
    else:
        answers += _agreed(emission, chains, agree)
    return [*answers, _default(emission, rule)]


def answer_here(emission: Emission, rule: RuleSet) -> Operand:
    """The one answer of several clauses without a default, where it is needed, instead of in a function of its own."""
    agree = "agree_function"
    known = dict(emission.place.walked)
    chains = [chain for chain in [_chain(emission, found, known) for found in rule.clauses] if chain]
    attempts = [attempt for chain in chains for attempt in chain]
    if not attempts:
        return NOTHING
    first = attempts[0]
    if len(attempts) == 1 and first.is_sure:
        attach(emission, first.block, first.end)
        return kept(emission, first.answer, "answer")
    kinds = {attempt.answer.kind for attempt in attempts}
    facts = [[attempt.end.facts for attempt in chain] for chain in chains]
    if len(chains) == 1 or _alike(chains) or exclusive(facts):
        name = _gathered(emission, chains[0], agree)
        for chain in chains[1:]:
            _gather(emission, chain, agree, name)
    else:
        name = _agreed_on(emission, chains, agree)
    return Operand(name=name, defined=False, kind=kinds.pop() if len(kinds) == 1 else "")


def _alike(chains: Sequence[Attempts]) -> bool:
    """Whether all attempts answer the same constant."""
    attempts = [attempt for chain in chains for attempt in chain]
    return all(same_constant(attempt.answer, attempts[0].answer) for attempt in attempts)


# attempts


Known = MutableMapping[Any, Operand]
"""What steps and calls have found already, see Place."""


def _chain(emission: Emission, found: Clause, known: Known) -> Attempts:
    """Those of a clause and its `else`, up to the first one that always holds; `known` is what was in front of all
    clauses.
    """
    chain: Attempts = []
    for one in chain_of(found):
        attempt = _attempt(emission, one, known if one is found else None)
        if attempt is not None:
            chain.append(attempt)
            if attempt.is_sure:
                break
    return chain


def _attempt(emission: Emission, found: Clause, known: Known | None) -> Attempt | None:
    """A clause's body, emitted into a block of its own; None where it never holds.

    What it finds in any case is not looked for again by clauses behind it; for an `else`, `known` is None.
    """
    answer: Operand | None = None
    fresh: Known = {}

    def emit() -> bool:
        nonlocal answer, fresh
        fresh = emission.place.fresh
        answer = _answer(emission, found)
        return answer is not None

    quiet, emission.quiet = emission.quiet, True
    with During(found.rule.span, found.source):
        block, end = closure(emission, emit)
    is_loud, emission.quiet = not emission.quiet, quiet and emission.quiet
    if answer is None or end is None:
        if is_loud and known is not None:
            _put_in_front(emission, found, block, fresh, known)
        return None
    if known is not None:
        emission.place.walked.update(fresh)
    return Attempt(block, end, answer, found, emission.place.loops)


def _put_in_front(emission: Emission, found: Clause, block: Block, fresh: Known, known: Known) -> None:
    """A clause never holds, but on the way to that may end in an error: it stands in front of those that may hold. It
    is emitted once more where it knows what they have found.
    """
    learned = emission.place.walked
    if len(known) == len(learned):
        attach(emission, block, None)
        known.update(fresh)
    else:
        emission.place.walked = known
        _attempt(emission, found, known)
        emission.place.walked = learned
    learned.update(known)


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


def _tried(emission: Emission, chain: Attempts, agree: str) -> list[Operand]:
    """Emit what gives the answer of the first attempt that holds."""
    answers = []
    for attempt in chain:
        if attempt.is_single or attempt.answer.is_constant:
            answers.append(attempt.answer)
            attempt.end.block.append(emission.nodes.give(load(emission, attempt.answer)))
            attach(emission, attempt.block, attempt.end)
        else:
            name = _gathered(emission, [attempt], agree)
            answers.append(Operand(kind=attempt.answer.kind))
            _give_if_defined(emission, name)
    return answers


def _agreed(emission: Emission, chains: Sequence[Attempts], agree: str) -> list[Operand]:
    """Emit what gives the answer of all chains, and an error where two differ."""
    _give_if_defined(emission, _agreed_on(emission, chains, agree))
    return [Operand(kind=attempt.answer.kind) for chain in chains for attempt in chain]


def _agreed_on(emission: Emission, chains: Sequence[Attempts], agree: str) -> str:
    """The answer of all chains, and an error where two differ; gives the variable for it."""
    answer = ""
    for chain in chains:
        name = _gathered(emission, chain, agree)
        if answer:
            _agree(emission, (answer, name), agree, chain[0].clause)
        answer = answer or name
    return answer


def _gathered(emission: Emission, chain: Attempts, agree: str) -> str:
    """The answer of the first attempt that has one; gives the variable for it."""
    nodes, name = emission.nodes, emission.names.new("answer")
    emission.emit(nodes.assign(name, nodes.name("UNDEFINED")))
    _gather(emission, chain, agree, name)
    return name


def _gather(emission: Emission, chain: Attempts, agree: str, name: str) -> None:
    """Put the answer of the first attempt that has one into a variable."""
    nodes = emission.nodes
    for at, attempt in enumerate(chain):
        answer = load(emission, attempt.answer)
        if not attempt.is_single:
            emission.quiet = False
            with emission.at(attempt.clause.rule.head.span):
                answer = nodes.call(agree, nodes.name(name), answer, emission.where())
        attempt.end.block.append(nodes.assign(name, answer))
        if at:
            test = nodes.when(_is_undefined(emission, name))
            test.body += attempt.block
            emission.emit(test)
        else:
            attach(emission, attempt.block, attempt.end)


def _agree(emission: Emission, names: tuple[str, str], agree: str, found: Clause) -> None:
    """Where the second variable has an answer, too, let the first one be that of both, or an error if they differ."""
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
