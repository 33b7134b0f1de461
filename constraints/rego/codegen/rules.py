"""Rules: each branch with rules becomes Python functions of the Context, and of arguments where it has some."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from constraints.rego.codegen.answers import emit_answers
from constraints.rego.codegen.asked import KNOWN
from constraints.rego.codegen.blocks import aside
from constraints.rego.codegen.emission import Emission, Keys
from constraints.rego.codegen.operand import Operand, same_constant
from constraints.rego.codegen.partial import Opened, emit_object_rule, emit_set_rule, sharing
from constraints.rego.codegen.remembering import add_function, add_rule, is_replaceable
from constraints.rego.codegen.tree import COMPLETE, FUNCTION, OBJECT, SET, Branch, RuleSet
from constraints.rego.codegen.unit import Callee
from constraints.rego.reads.arguments import Argument
from constraints.rego.syntax.tree import Term, Var
from constraints.rego.values.kinds import UNDEFINED

HEAVY: Final = (
    200  # calls that one call of a function makes; from here on they are counted, as they could double forever
)


def emit_rule(emission: Emission, branch: Branch, known: Sequence[Operand | None]) -> Callee:
    """The functions of the rule at a branch, for arguments of which some are known."""
    rule = branch.rule
    assert rule is not None
    with emission.at(rule.clauses[0].rule.span):
        if rule.kind == FUNCTION:
            return _emit_function(emission, branch, rule, known)
        block, answers = sharing(emission, lambda opened: _KINDS[rule.kind](emission, rule, opened))
        add_rule(emission, branch, block)
        answer = Operand(defined=False) if is_replaceable(emission, branch) else _common(emission, answers)
        return Callee(branch.function, answer, None, emission.pure, emission.quiet)


def _emit_complete(emission: Emission, rule: RuleSet, _: Opened) -> list[Operand]:
    return emit_answers(emission, rule)


_KINDS: Final[Mapping[str, Callable[[Emission, RuleSet, Opened], list[Operand]]]] = {
    COMPLETE: _emit_complete,
    SET: emit_set_rule,
    OBJECT: emit_object_rule,
}
"""What gives the value of a rule, by its kind: all that this may be."""


def emit_search(emission: Emission, branch: Branch, keys: Keys, values: int) -> str:
    """A function of the Context and the so many values in the keys that a partial rule is asked for; its name."""
    rule = branch.rule
    assert rule is not None
    emission.is_repeated, emission.keys = True, keys
    names = [emission.names.new("key") for _ in range(values)]
    emission.place.env = {KNOWN.format(at): Operand(name=name) for at, name in enumerate(names)}
    with emission.at(rule.clauses[0].rule.span):
        with aside(emission) as block:
            _KINDS[rule.kind](emission, rule, None)
        function = emission.unit.new(f"{branch.function}_at")
        emission.add(emission.nodes.function(function, ["c", *names], block))
    return function


# functions


def _emit_function(emission: Emission, branch: Branch, rule: RuleSet, known: Sequence[Operand | None]) -> Callee:
    emission.is_repeated = True
    emission.parameters = _parameters(emission, rule.clauses[0].rule.head.args or (), known)
    with aside(emission) as block:
        answers = emit_answers(emission, rule)
    function = emission.unit.new(branch.function) if any(known) else branch.function
    given = [one for one in emission.parameters if one.name]
    answer, parameter = _common(emission, answers), _given_back(emission, answers)
    is_heavy = emission.weight > HEAVY
    if is_heavy:
        nodes = emission.nodes
        budget = nodes.attribute(nodes.name("c"), "budget")
        block.insert(0, nodes.do(nodes.method(budget, "spend", nodes.constant(emission.weight))))
        emission.weight, emission.quiet = 1, False
    if not any(known) or not (answer.is_constant or parameter is not None):
        add_function(emission, function, [one.name for one in given], block, is_heavy=is_heavy)
    takes = tuple(one.origin[0] for one in given if one.origin)
    return Callee(function, answer, parameter, emission.pure, emission.quiet, emission.weight, takes)


def _parameters(emission: Emission, args: Sequence[Term], known: Sequence[Operand | None]) -> list[Operand]:
    """A variable for each argument that is not known."""
    found = []
    for at, arg in enumerate(args):
        plain = isinstance(arg, Var) and not arg.is_wildcard
        name = emission.names.new(arg.name.partition("#")[0] if isinstance(arg, Var) and plain else "argument")
        found.append((known[at] if known else None) or Operand(name=name, origin=(Argument(),)))
    return found


# what callers know


def _common(emission: Emission, answers: Sequence[Operand]) -> Operand:
    """What is known of all answers together."""
    first = answers[0]
    if emission.quiet and all(answer.is_constant and same_constant(answer, first) for answer in answers):
        return first
    kinds = {answer.kind for answer in answers if answer.constant is not UNDEFINED}
    defined = all(answer.defined for answer in answers)
    return Operand(defined=defined, kind=kinds.pop() if len(kinds) == 1 else "")


def _given_back(emission: Emission, answers: Sequence[Operand]) -> int | None:
    """The number of the parameter that is always the answer."""
    names = [parameter.name for parameter in emission.parameters]
    answer = answers[0]
    if emission.quiet and len(answers) == 1 and answer.name and answer.name in names:
        return names.index(answer.name)
    return None
