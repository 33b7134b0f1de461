"""Rules: each place with rules becomes a Python function of the Context."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from constraints.lang.pycode import Block, Names
from constraints.rego.codegen_base import Operand, Place, Unit
from constraints.rego.codegen_documents import Documents
from constraints.rego.codegen_tree import COMPLETE, FUNCTION, OBJECT, SET, Branch, Definition, RuleSet
from constraints.rego.syntax import Rule, Scalar, Term, Var
from constraints.rego.values import UNDEFINED, same


class Rules(Documents):
    """Emits the function of one rule."""

    def __init__(self, unit: Unit, tree: Branch, source: str) -> None:
        super().__init__(unit, source)
        self.tree = tree
        self.parameters: list[str] = []

    def emit_rule(self, branch: Branch) -> None:
        """The functions of the rule at a place."""
        rule = branch.rule
        assert rule is not None
        first = rule.definitions[0].rule
        with self.at(first.span):
            emit = {COMPLETE: self._complete, FUNCTION: self._function, SET: self._set_rule, OBJECT: self._object_rule}
            body = emit[rule.kind](rule)
            if rule.kind == FUNCTION:
                self.add(self.nodes.function(branch.function, ["c", *self.parameters], body))
            else:
                self._remembered(branch, body)

    def _remembered(self, branch: Branch, body: Block) -> None:
        """A function that keeps its answer in the Context, and the one that finds it."""
        search = self.unit.new(f"{branch.function}_")
        self.add(self.nodes.function(search, ["c"], body))
        memo = self.nodes.attribute(self.nodes.name("c"), "memo")
        number = self.nodes.constant(branch.number)
        found = self.nodes.name("found")
        block: Block = []
        if self._replaceable(branch):
            hidden = self.nodes.when(
                self.nodes.compare(number, ast.In(), self.nodes.attribute(self.nodes.name("c"), "hidden"))
            )
            place = self.nodes.tuple([self.nodes.constant(part) for part in branch.path])
            hidden.body.append(self.nodes.give(self.runtime("data_at", self.nodes.name("c"), place)))
            block.append(hidden)
        block.append(self.nodes.assign("found", self.nodes.item(memo, number)))
        first = self.nodes.when(self.nodes.compare(found, ast.Is(), self.nodes.name("MISSING")))
        first.body.append(self.nodes.assign("found", self.nodes.call(search, self.nodes.name("c"))))
        first.body.append(self.nodes.assign_item(memo, number, found))
        block += [first, self.nodes.give(found)]
        self.add(self.nodes.function(branch.function, ["c"], block))

    def _replaceable(self, branch: Branch) -> bool:
        """Whether some `with` puts data in the place of the rule."""
        return any(branch.path[: len(target)] == target for target in self.unit.targets)

    # complete rules and functions

    def _complete(self, rule: RuleSet) -> Block:
        return self._answers(rule, "agree")

    def _function(self, rule: RuleSet) -> Block:
        args = rule.definitions[0].rule.head.args or ()
        self.parameters = [self.names.new(arg.name if isinstance(arg, Var) else "argument") for arg in args]
        return self._answers(rule, "agree_function")

    def _answers(self, rule: RuleSet, agree: str) -> Block:
        """The one answer of several definitions."""
        with self.aside() as block:
            plain = [found for found in rule.definitions if not found.rule.default]
            answer = _common_answer(plain)
            if answer is not None:
                for found in plain:
                    for one in _chain(found):
                        self._definition(one, lambda one=one: self._give(one))
            elif plain:
                self._agreed(plain, agree)
            self._default(rule.default)
        return block

    def _agreed(self, plain: Sequence[Definition], agree: str) -> None:
        answer = self.names.new("answer")
        single = len(plain) == 1
        self.emit(self.nodes.assign(answer, self.nodes.name("UNDEFINED")))
        for found in plain:
            chain = list(_chain(found))
            target = answer if single or len(chain) == 1 else self.names.new("answer")
            if target != answer:
                self.emit(self.nodes.assign(target, self.nodes.name("UNDEFINED")))
            before = self.place.block
            for at, one in enumerate(chain):
                if at:
                    self.place.block = before
                    self.guard(self._is_undefined(target))
                self._definition(one, lambda one=one, target=target: self._assign(one, target, agree))
                self.place.block = before
            if target != answer:
                self._join(answer, target, agree, found)
        final = self.nodes.when(self.nodes.compare(self.nodes.name(answer), ast.IsNot(), self.nodes.name("UNDEFINED")))
        final.body.append(self.nodes.give(self.nodes.name(answer)))
        self.emit(final)

    def _is_undefined(self, name: str) -> ast.expr:
        return self.nodes.compare(self.nodes.name(name), ast.Is(), self.nodes.name("UNDEFINED"))

    def _join(self, answer: str, other: str, agree: str, found: Definition) -> None:
        """The answer of a chain of `else` is an answer of the rule."""
        with self.at(found.rule.span):
            test = self.nodes.when(self.nodes.inverse(self._is_undefined(other)))
            both = self.runtime(agree, self.nodes.name(answer), self.nodes.name(other), self.where())
            test.body.append(self.nodes.assign(answer, both))
            self.emit(test)

    def _definition(self, found: Definition, finish: object) -> None:
        """The body of a definition, then what `finish` emits where it holds."""
        assert callable(finish)
        before, source = self.place, self.source
        self.place = before.copy()
        self.source = found.source or self.source
        with self.at(found.rule.span):
            if self._arguments(found.rule) and self.body(found.rule.body):
                finish()
        self.place, self.source = before, source

    def _arguments(self, rule: Rule) -> bool:
        """Match the arguments of a function."""
        pairs = list(zip(rule.head.args or (), self.parameters, strict=False))
        pairs.sort(key=lambda pair: not isinstance(pair[0], Var))
        return all(self.match(pattern, Operand(name=name)) for pattern, name in pairs)

    def _value(self, rule: Rule) -> Operand | None:
        value = rule.head.value if rule.head.value is not None else Scalar(True)
        return self.needed(self.term(value))

    def _give(self, found: Definition) -> None:
        value = self._value(found.rule)
        if value is not None:
            self.emit(self.nodes.give(self.load(value)))

    def _assign(self, found: Definition, answer: str, agree: str) -> None:
        value = self._value(found.rule)
        if value is not None:
            both = self.runtime(agree, self.nodes.name(answer), self.load(value), self.where())
            self.emit(self.nodes.assign(answer, both))

    def _default(self, default: Definition | None) -> None:
        value: Operand | None = None
        if default is not None:
            if self._arguments(default.rule):
                value = self._value(default.rule)
        node = self.nodes.name("UNDEFINED") if value is None else self.load(value)
        self.emit(self.nodes.give(node))

    # sets and objects

    def _set_rule(self, rule: RuleSet) -> Block:
        found = self.names.new("found")
        with self.aside() as block:
            self.emit(self.nodes.assign(found, self.nodes.dict([])))
            for definition in rule.definitions:
                self._definition(definition, lambda one=definition: self._add_member(one, found))
            self.emit(self.nodes.give(self.runtime("RegoSet", self.nodes.name(found))))
        return block

    def _add_member(self, found: Definition, members: str) -> None:
        assert found.rule.head.key is not None
        value = self.needed(self.term(found.rule.head.key), "member")
        if value is not None:
            self.member(members, value)

    def _object_rule(self, rule: RuleSet) -> Block:
        found = self.names.new("found")
        with self.aside() as block:
            self.emit(self.nodes.assign(found, self.nodes.call("Nested")))
            for definition in rule.definitions:
                for one in _chain(definition):
                    self._definition(one, lambda one=one: self._add_pair(one, found))
            self.emit(self.nodes.give(self.nodes.method(self.nodes.name(found), "value")))
        return block

    def _add_pair(self, found: Definition, pairs: str) -> None:
        head = found.rule.head
        value = head.key if head.contains else head.value
        assert value is not None
        parts = self.terms([*found.tail, value])
        if parts is not None:
            nodes = [self.load(part) for part in parts]
            target = self.nodes.attribute(self.nodes.name(pairs), "member" if head.contains else "single")
            self.emit(self.nodes.do(self.nodes.call(target, self.nodes.tuple(nodes[:-1]), nodes[-1], self.where())))


def _chain(found: Definition) -> Sequence[Definition]:
    """A definition and what its `else` says, in order."""
    chain = [found]
    rule = found.rule
    while rule.else_ is not None:
        rule = rule.else_
        chain.append(Definition(rule, found.source, found.tail))
    return chain


def _common_answer(definitions: Sequence[Definition]) -> object:
    """The constant that all definitions answer; None when there are several answers."""
    values: list[Term | None] = [one.rule.head.value for found in definitions for one in _chain(found)]
    first = values[0] if values else None
    if not all(isinstance(value, Scalar) for value in values) or not isinstance(first, Scalar):
        return None
    return first if all(isinstance(value, Scalar) and same(value.value, first.value) for value in values) else None


def new_emission(unit: Unit, tree: Branch, source: str) -> Rules:
    """The state for one function."""
    return Rules(unit, tree, source)


__all__ = ["UNDEFINED", "Names", "Place", "Rules", "new_emission"]
