"""Partial rules of which a reference asks for some keys: a conflict about others is none of its business.

OPA binds the head to the keys of `rule[key]` before it looks at a body (v1/topdown/eval.go, evalOneRulePreUnify). Where
nothing ends in a conflict the whole answer says the same, and is computed once; a function that is bound to the keys is
asked after it has.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from dataclasses import replace
from itertools import count
from typing import Final

from constraints.rego.codegen.callees import answer_of, callee_of
from constraints.rego.codegen.dispatch import value_of
from constraints.rego.codegen.emission import Emission, Keys
from constraints.rego.codegen.operand import NOTHING, Operand
from constraints.rego.codegen.patterns import free, matches, unify
from constraints.rego.codegen.reading import kept, load, loads, needed
from constraints.rego.codegen.tree import OBJECT, SET, Branch, Clause, RuleSet
from constraints.rego.index.conflicts import Conflicts
from constraints.rego.syntax.tree import ArrayTerm, ObjectTerm, Scalar, Term, Var

KNOWN: Final = "{}#asked"
"""The variable of a value that is asked for."""


def asked(emission: Emission, branch: Branch, rest: Sequence[Term]) -> Operand:
    """The answer of a rule as far as a reference needs it that goes on with `rest`."""
    rule = branch.rule
    assert rule is not None
    if not rest or rule.kind not in (SET, OBJECT) or _is_unknown(emission, rest[0]) or not _can_split(emission, branch):
        return answer_of(emission, branch)
    known: list[Operand | None] = []
    unknown = count()
    keys = tuple([_key_of(emission, part, known, unknown) for part in rest[: _depth(rule)]])
    if None in known:
        return NOTHING
    values = [kept(emission, value, "key") for value in known if value is not None]
    whole = _whole(emission, branch)
    return whole if whole.is_constant else _at_keys(emission, branch, whole, keys, values)


def _at_keys(emission: Emission, branch: Branch, whole: Operand, keys: Keys, values: Sequence[Operand]) -> Operand:
    """The whole answer where there is one, else what is at the keys that are known."""
    nodes = emission.nodes
    number, search = nodes.constant(branch.number), nodes.name(_search(emission, branch, keys, len(values)))
    node = nodes.call("at_keys", emission.context(), number, search, *loads(emission, values))
    is_split = nodes.compare(load(emission, whole), ast.Is(), nodes.name("SPLIT"))
    found = Operand(node=nodes.choice(is_split, node, load(emission, whole)), defined=whole.defined, kind=whole.kind)
    return kept(emission, found, str(branch.path[-1]))


def _is_unknown(emission: Emission, part: Term) -> bool:
    return isinstance(part, Var) and free(emission, part)


def _key_of(emission: Emission, part: Term, known: list[Operand | None], unknown: Iterator[int]) -> Term:
    """What is known of a part of a reference: a variable for each value, which is added to those that are known."""
    if not free(emission, part):
        known.append(needed(emission, value_of(emission, part), "key"))
        return Var(KNOWN.format(len(known) - 1))
    match part:
        case ArrayTerm(items):
            return ArrayTerm(tuple([_key_of(emission, item, known, unknown) for item in items]))
        case ObjectTerm(pairs) if _is_pattern(part):
            return ObjectTerm(tuple([(key, _key_of(emission, item, known, unknown)) for key, item in pairs]))
    return Var(f"${next(unknown)}#asked")


def _can_split(emission: Emission, branch: Branch) -> bool:
    """Whether the rule can end in a conflict."""
    rule, unit = branch.rule, emission.unit
    assert rule is not None
    if rule.kind == OBJECT:
        return True
    if callee_of(emission, branch).quiet:
        return False
    if unit.conflicts is None:
        unit.conflicts = Conflicts(unit.resolved)
    return unit.conflicts.can_end_in_one(rule.path)


def _whole(emission: Emission, branch: Branch) -> Operand:
    """The whole answer or SPLIT, asked for once in a function."""
    emission.uses_more()
    emission.quiet = False
    key = (emission.place.context, "rule or split", branch.number)
    if key not in emission.place.walked:
        callee = callee_of(emission, branch)
        if callee.answer.is_constant:
            return callee.answer
        number, function = emission.nodes.constant(branch.number), emission.nodes.name(callee.function)
        node = emission.nodes.call("whole_or_split", emission.context(), number, function)
        emission.place.learn(key, kept(emission, replace(callee.answer, node=node), str(branch.path[-1])))
    return emission.place.step(key)


def _search(emission: Emission, branch: Branch, keys: Keys, values: int) -> str:
    """The function that is asked for keys, with so many values in them."""
    index = (branch.number, keys)
    found = emission.unit.searches.get(index)
    if found is None:
        assert branch.rule is not None
        other = emission.beside(branch.rule.clauses[0].source)
        found = emission.unit.searches[index] = emission.table.search(other, branch, keys, values)
    return found


def _is_pattern(term: Term) -> bool:
    """Whether a value can be matched against a term of which nothing is bound yet."""
    match term:
        case Scalar() | Var():
            return True
        case ArrayTerm(items):
            return all(map(_is_pattern, items))
        case ObjectTerm(pairs):
            return all(isinstance(key, Scalar) and type(key.value) is str and _is_pattern(one) for key, one in pairs)
    return False


def _depth(rule: RuleSet) -> int:
    """How many keys the heads of a rule have at most."""
    return max(len(one.tail) + one.rule.head.contains for one in rule.clauses)


# in the function that is asked for keys


def asked_for(emission: Emission, found: Clause) -> bool:
    """Bind the head to the keys that are asked for, in front of the body. False when it never fits."""
    return all(_fits(emission, part, key) for part, key in _asked_pairs(emission, found))


def is_asked_for(emission: Emission, found: Clause) -> bool:
    """The same behind the body, for what could not be bound. False when it never fits."""
    later = [(part, key) for part, key in _asked_pairs(emission, found) if not isinstance(key, Var)]
    return all(unify(emission, part, key) for part, key in later)


def _asked_pairs(emission: Emission, found: Clause) -> Iterator[tuple[Term, Term]]:
    head = found.rule.head
    member = () if head.key is None or not head.contains else (head.key,)
    return zip((*found.tail, *member), emission.keys, strict=False)


def _fits(emission: Emission, part: Term, key: Term) -> bool:
    """Bind one part of the head as far as it is known. False when it never fits."""
    if not _is_pattern(part) or (isinstance(key, Var) and free(emission, key)):
        return True
    if isinstance(key, Var):
        value = needed(emission, value_of(emission, key))
        return value is not None and matches(emission, part, value)
    match part, key:
        case ArrayTerm(parts), ArrayTerm(keys):
            return len(parts) == len(keys) and all(_fits(emission, *pair) for pair in zip(parts, keys, strict=True))
        case Var(name=name), _ if free(emission, part):
            emission.place.awaited = {**emission.place.awaited, name: key}
            return True
        case (Scalar(), _) | (ArrayTerm(), _) | (ObjectTerm(), ArrayTerm()):
            return False
    return True
