"""Partial rules of which a reference asks for some keys: a conflict about others is none of its business.

OPA binds the head to the keys of `rule[key]` before it looks at a body (v1/topdown/eval.go, evalOneRulePreUnify). Where
nothing ends in a conflict the whole answer says the same, and is computed once; a function that is bound to the keys is
asked after it has.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from itertools import count
from types import MappingProxyType
from typing import Final

from constraints.rego.codegen.base import NOTHING, Operand
from constraints.rego.codegen.rules import Rules
from constraints.rego.codegen.tree import OBJECT, SET, Branch, Definition, RuleSet
from constraints.rego.index.conflicts import Conflicts
from constraints.rego.syntax.tree import ArrayTerm, ObjectTerm, Scalar, Term, Var


class Asked(Rules):
    """References to partial rules.

    In a function that is asked for keys they are `keys`, and `awaited` what a variable of a head has to fit once it is bound.
    """

    awaited: Mapping[str, Term] = MappingProxyType({})

    def asked(self, branch: Branch, rest: Sequence[Term]) -> Operand:
        """The answer of a rule, or what is at the keys that are known of those that follow."""
        rule = branch.rule
        assert rule is not None
        if not rest or rule.kind not in (SET, OBJECT) or self._is_unknown(rest[0]) or not self._can_split(branch):
            return self.rule(branch)
        known: list[Operand | None] = []
        unknown = count()
        keys = tuple([self._key_of(part, known, unknown) for part in rest[: _depth(rule)]])
        if None in known:
            return NOTHING
        values = [self.kept(value, "key") for value in known if value is not None]
        whole = self._whole(branch)
        if whole.is_constant:
            return whole
        number, search = self.nodes.constant(branch.number), self.nodes.name(self._search(branch, keys, len(values)))
        node = self.runtime("at_keys", self.context(), number, search, *map(self.load, values))
        is_split = self.nodes.compare(self.load(whole), ast.Is(), self.nodes.name("SPLIT"))
        found = Operand(node=self.nodes.choice(is_split, node, self.load(whole)), defined=whole.defined)
        return self.kept(replace(found, kind=whole.kind), str(branch.path[-1]))

    def _is_unknown(self, part: Term) -> bool:
        return isinstance(part, Var) and self.free(part)

    def _key_of(self, part: Term, known: list[Operand | None], unknown: Iterator[int]) -> Term:
        """What is known of a part of a reference: a variable for each value, which is added to those that are known."""
        if not self.free(part):
            known.append(self.needed(self.term(part), "key"))
            return Var(_KNOWN.format(len(known) - 1))
        match part:
            case ArrayTerm(items):
                return ArrayTerm(tuple([self._key_of(item, known, unknown) for item in items]))
            case ObjectTerm(pairs) if _is_pattern(part):
                return ObjectTerm(tuple([(key, self._key_of(item, known, unknown)) for key, item in pairs]))
        return Var(f"${next(unknown)}#asked")

    def _can_split(self, branch: Branch) -> bool:
        """Whether the rule can end in a conflict."""
        rule = branch.rule
        assert rule is not None
        if rule.kind == OBJECT:
            return True
        if self.summary(branch).quiet:
            return False
        if self.unit.conflicts is None:
            self.unit.conflicts = Conflicts(self.unit.resolved)
        return self.unit.conflicts.can_end_in_one(rule.path)

    def _whole(self, branch: Branch) -> Operand:
        """The whole answer or SPLIT, asked for once in a function."""
        self.uses_more()
        self.quiet = False
        key = (self.place.context, "rule or split", branch.number)
        if key not in self.place.walked:
            summary = self.summary(branch)
            if summary.answer.is_constant:
                return summary.answer
            number, function = self.nodes.constant(branch.number), self.nodes.name(summary.function)
            node = self.runtime("whole_or_split", self.context(), number, function)
            self.place.learn(key, self.kept(replace(summary.answer, node=node), str(branch.path[-1])))
        return self.place.step(key)

    # the function that is asked for keys

    def _search(self, branch: Branch, keys: tuple[Term, ...], values: int) -> str:
        index = (branch.number, keys)
        found = self.unit.searches.get(index)
        if found is None:
            assert branch.rule is not None
            other = type(self)(self.unit, self.tree, branch.rule.definitions[0].source)
            found = self.unit.searches[index] = other.emit_search(branch, keys, values)
        return found

    def emit_search(self, branch: Branch, keys: tuple[Term, ...], values: int) -> str:
        """A function of the Context and the values in the keys, of which there are so many."""
        rule = branch.rule
        assert rule is not None
        self.is_repeated, self.keys = True, keys
        names = [self.names.new("key") for _ in range(values)]
        self.place.env = {_KNOWN.format(at): Operand(name=name) for at, name in enumerate(names)}
        with self.at(rule.definitions[0].rule.span):
            with self.aside() as block:
                (self.set_rule if rule.kind == SET else self.object_rule)(rule)
            function = self.unit.new(f"{branch.function}_at")
            self.add(self.nodes.function(function, ["c", *names], block))
        return function

    def asked_for(self, found: Definition) -> bool:
        """Bind the head to the keys that are asked for, in front of the body. False when it never fits."""
        self.awaited = {}
        return all(self._fits(part, key) for part, key in self._asked_pairs(found))

    def is_asked_for(self, found: Definition) -> bool:
        """The same behind the body, for what could not be bound. False when it never fits."""
        later = [(part, key) for part, key in self._asked_pairs(found) if not isinstance(key, Var)]
        return all(self.unify(part, key) for part, key in later)

    def match(self, pattern: Term, value: Operand) -> bool:
        """The same; a variable in whose place only some values are asked for has one of those. False when it never has."""
        key = self.awaited.get(pattern.name) if isinstance(pattern, Var) and self.free(pattern) else None
        return super().match(pattern, value) and (key is None or self.unify(pattern, key))

    def _asked_pairs(self, found: Definition) -> Iterator[tuple[Term, Term]]:
        head = found.rule.head
        member = () if head.key is None or not head.contains else (head.key,)
        return zip((*found.tail, *member), self.keys, strict=False)

    def _fits(self, part: Term, key: Term) -> bool:
        """Bind one part of the head as far as it is known. False when it never fits."""
        if not _is_pattern(part) or (isinstance(key, Var) and self.free(key)):
            return True
        if isinstance(key, Var):
            value = self.needed(self.term(key))
            return value is not None and self.match(part, value)
        match part, key:
            case ArrayTerm(parts), ArrayTerm(keys):
                return len(parts) == len(keys) and all(map(self._fits, parts, keys))
            case Var(name=name), _ if self.free(part):
                self.awaited = {**self.awaited, name: key}
                return True
            case (Scalar(), _) | (ArrayTerm(), _) | (ObjectTerm(), ArrayTerm()):
                return False
        return True


_KNOWN: Final = "{}#asked"
"""The variable of a value that is asked for."""


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
    return max(len(one.tail) + one.rule.head.contains for one in rule.definitions)
