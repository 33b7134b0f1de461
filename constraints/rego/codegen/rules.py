"""Rules: each place with rules becomes a Python function of the Context, generated when it is first asked for."""

from __future__ import annotations

import ast
from collections.abc import Callable, Sequence
from functools import partial
from typing import Any

from constraints.lang.pycode import Block
from constraints.lang.pywalk import all_assigned, statements, walk
from constraints.model import value
from constraints.rego.codegen.base import NOTHING, Entered, Operand, Place, Summary, Unit
from constraints.rego.codegen.documents import Documents
from constraints.rego.codegen.facts import exclusive
from constraints.rego.codegen.rewrites.expand import expanded
from constraints.rego.codegen.rewrites.unroll import unrolled
from constraints.rego.codegen.tree import COMPLETE, FUNCTION, OBJECT, SET, Branch, Definition, RuleSet
from constraints.rego.syntax.progress import During
from constraints.rego.syntax.tree import Rule, Scalar, Term, Var
from constraints.rego.values.kinds import UNDEFINED, key_of, same

HEAVY = 200  # calls that one call of a function makes; from here on they are counted, as they could double forever
VARIANTS = 24  # of one function, for constant arguments; further calls share the one for any arguments


@value
class Outcome:
    """A definition's body, the place where it holds, and the answer there. `loops` are those around the body."""

    block: Block
    end: Place
    answer: Operand
    definition: Definition
    loops: int = 0

    @property
    def is_sure(self) -> bool:
        """Whether nothing can keep it from holding."""
        return self.end.block is self.block

    @property
    def is_single(self) -> bool:
        """Whether it holds once at most."""
        return self.end.loops == self.loops


Chain = list[Outcome]
"""What is tried in order: a definition, then its `else`."""


class Rules(Documents):
    """Emits the function of one rule. `keys`: those of a partial rule that are asked for, all of them where it is empty."""

    keys: Sequence[Term] = ()

    def __init__(self, unit: Unit, tree: Branch, source: str) -> None:
        super().__init__(unit, source)
        self.tree = tree
        self.parameters: list[Operand] = []
        self.answers: list[Operand] = []
        self.opened: dict[Any, Entered] | None = None

    # what callers ask for

    def summary(self, branch: Branch, arguments: Sequence[Operand] = ()) -> Summary:
        """The function of a rule, generated when it is first asked for."""
        known = tuple([argument if argument.is_constant else None for argument in arguments])
        key = (branch.number, *[None if one is None else (key_of(one.constant), type(one.constant)) for one in known])
        found = self.unit.summaries.get(key)
        if found is None:
            if any(known) and (branch.number in self.unit.deep or self.unit.variants[branch.number] >= VARIANTS):
                return self.summary(branch)  # for any arguments; what is known is passed on
            assert branch.rule is not None
            other = type(self)(self.unit, self.tree, branch.rule.definitions[0].source)
            found = self.unit.summaries[key] = other.emit_rule(branch, known)
            self.unit.variants[branch.number] += 1
        return found

    def emit_rule(self, branch: Branch, known: Sequence[Operand | None]) -> Summary:
        """The functions of the rule at a place."""
        rule = branch.rule
        assert rule is not None
        with self.at(rule.definitions[0].rule.span):
            if rule.kind == FUNCTION:
                return self._emit_function(branch, rule, known)
            emit = {COMPLETE: self._answer, SET: self.set_rule, OBJECT: self.object_rule}[rule.kind]
            return self._remembered(branch, self.collecting(lambda: emit(rule)))

    def collecting(self, emit: Callable[[], None]) -> Block:
        """What `emit` emits. Definitions of a set go into the loops of others; where that misses a variable, none does."""
        self.opened = {}
        with self.aside() as block:
            emit()
        if self.shares and not all_assigned(block, self.names.used, frozenset({"c", "error"})):
            self.opened, self.answers = None, []
            with self.aside() as block:
                emit()
        return block

    def _emit_function(self, branch: Branch, rule: RuleSet, known: Sequence[Operand | None]) -> Summary:
        args = rule.definitions[0].rule.head.args or ()
        self.is_repeated = True
        for at, arg in enumerate(args):
            constant = known[at] if known else None
            name = self.names.new(
                arg.name.partition("#")[0] if isinstance(arg, Var) and not arg.is_wildcard else "argument"
            )
            self.parameters.append(constant or Operand(name=name))
        names = [parameter.name for parameter in self.parameters if parameter.name]
        with self.aside() as block:
            self._answer(rule)
        function = self.unit.new(branch.function) if any(known) else branch.function
        answer = self._common()
        parameter = self._given_back()
        is_heavy = self.weight > HEAVY
        if is_heavy:
            cost = self.nodes.constant(self.weight)
            budget = self.nodes.attribute(self.nodes.name("c"), "budget")
            block.insert(0, self.nodes.do(self.nodes.method(budget, "spend", cost)))
            self.weight, self.quiet = 1, False
        if not any(known) or not (answer.is_constant or parameter is not None):
            self._add_function(function, names, block, is_heavy)
        return Summary(function, answer, parameter, self.pure, self.quiet, self.weight)

    def _add_function(self, function: str, names: list[str], block: Block, is_heavy: bool) -> None:
        """The function, and what remembers its answers where that pays."""
        lasts = self.unit.fixed and self.pure and len(names) == 1 and is_costly(block)
        recalls = is_heavy or any(type(one) is ast.For for one in statements(block))
        if not lasts and not recalls:
            self.add(self.nodes.function(function, ["c", *names], block))
            return
        search = self.unit.new(f"find_{function}")
        self.add(self.nodes.function(search, ["c", *names], block))
        known = [self.nodes.name("c"), *map(self.nodes.name, names)]
        run = self.nodes.call(search, *known)
        asked = [*self._lasting(names[0], run)] if lasts else []
        if recalls:
            asked.append(self._recalling(search, known))
        self.add(self.nodes.function(function, ["c", *names], [*asked, self.nodes.give(run)]))

    def _lasting(self, name: str, run: ast.expr) -> Block:
        """Answers of a function that depends on a text alone are remembered as long as the constraint lives."""
        table = self.unit.bind("ANSWERS", {})
        argument, found = self.nodes.name(name), self.nodes.name("found")
        text = self.nodes.when(self.is_type(Operand(name=name), "str"))
        new = self.nodes.when(self.nodes.compare(found, ast.Is(), self.nodes.constant(None)))
        new.body.append(self.nodes.assign("found", self.runtime("remembered", self.nodes.name(table), argument, run)))
        known = self.nodes.method(self.nodes.name(table), "get", argument)
        text.body += [self.nodes.assign("found", known), new, self.nodes.give(found)]
        return [text]

    def _recalling(self, search: str, known: list[ast.expr]) -> ast.stmt:
        """In an evaluation that has taken many steps all answers are remembered for its time, as OPA does in each."""
        context = self.nodes.name("c")
        left = self.nodes.attribute(self.nodes.attribute(context, "budget"), "left")
        scarce = self.nodes.when(self.nodes.compare(left, ast.Lt(), self.nodes.attribute(context, "plenty")))
        scarce.body.append(self.nodes.give(self.runtime("recalled", self.nodes.name(search), *known)))
        return scarce

    def _given_back(self) -> int | None:
        """The number of the parameter that is always the answer."""
        names = [parameter.name for parameter in self.parameters]
        answer = self.answers[0]
        return (
            names.index(answer.name)
            if self.quiet and len(self.answers) == 1 and answer.name and answer.name in names
            else None
        )

    def _remembered(self, branch: Branch, body: Block) -> Summary:
        """A function that keeps its answer in the Context, and the one that finds it."""
        search = self.unit.new(f"find_{branch.function}")
        self.add(self.nodes.function(search, ["c"], body))
        memo = self.nodes.attribute(self.nodes.name("c"), "memo")
        number = self.nodes.constant(branch.number)
        found = self.nodes.name("found")
        block: Block = []
        replaceable = self._replaceable(branch)
        if replaceable:
            hidden = self.nodes.when(
                self.nodes.compare(number, ast.In(), self.nodes.attribute(self.nodes.name("c"), "hidden"))
            )
            place = self.nodes.row([self.nodes.constant(part) for part in branch.path])
            hidden.body.append(self.nodes.give(self.runtime("data_at", self.nodes.name("c"), place)))
            block.append(hidden)
        block.append(self.nodes.assign("found", self.nodes.item(memo, number)))
        first = self.nodes.when(self.nodes.compare(found, ast.Is(), self.nodes.name("MISSING")))
        first.body.append(self.nodes.assign("found", self.nodes.call(search, self.nodes.name("c"))))
        first.body.append(self.nodes.assign_item(memo, number, found))
        block += [first, self.nodes.give(found)]
        self.add(self.nodes.function(branch.function, ["c"], block))
        return Summary(
            branch.function, Operand(defined=False) if replaceable else self._common(), None, self.pure, self.quiet
        )

    def _replaceable(self, branch: Branch) -> bool:
        """Whether some `with` puts data in the place of the rule."""
        return any(branch.path[: len(target)] == target for target in self.unit.targets)

    def _common(self) -> Operand:
        """What is known of all answers together."""
        defined = all(answer.defined for answer in self.answers)
        first = self.answers[0]
        if self.quiet and all(answer.is_constant and same_answer(answer, first) for answer in self.answers):
            return first
        kinds = {answer.kind for answer in self.answers if answer.constant is not UNDEFINED}
        return Operand(defined=defined, kind=kinds.pop() if len(kinds) == 1 else "")

    # complete rules and functions: one answer

    def _answer(self, rule: RuleSet) -> None:
        """The one answer of several definitions, of which those that never hold are left out."""
        agree = "agree_function" if rule.kind == FUNCTION else "agree"
        plain = [found for found in rule.definitions if not found.rule.default]
        chains = [chain for chain in map(self._chain, plain) if chain]
        if len(chains) == 1:
            if self._tried(chains[0], agree):
                return
        elif _answer_alike(chains):
            for chain in chains:
                if self._tried(chain, agree):
                    return
        elif exclusive([[outcome.end.facts for outcome in chain] for chain in chains]):
            for chain in chains:
                self._tried(chain, agree)
        elif chains:
            self._agreed(chains, agree)
        self._default(rule)

    def _chain(self, found: Definition) -> Chain:
        """The outcomes of a definition and its `else`, up to one that is sure."""
        chain: Chain = []
        for one in chain_of(found):
            outcome = self._outcome(one, is_first=one is found)
            if outcome is not None:
                chain.append(outcome)
                if outcome.is_sure:
                    break
        return chain

    def _outcome(self, found: Definition, is_first: bool) -> Outcome | None:
        answers: list[Operand] = []
        quiet, self.quiet = self.quiet, True
        with During(found.rule.span, found.source):
            block, end = self.closure(lambda: self._holds_with(found, answers))
        is_loud, self.quiet = not self.quiet, quiet and self.quiet
        if end is None:
            if is_loud and is_first:  # it never holds, but what comes before that may end in an error
                self.joined(block, end)
            return None
        return Outcome(block, end, answers[0], found, self.place.loops)

    def _holds_with(self, found: Definition, answers: list[Operand]) -> bool:
        self.source = found.source or self.source
        rule = found.rule
        with self.at(rule.span):
            if not (self._arguments(rule) and self.body(rule.body)):
                return False
            answer = self.needed(self.term(rule.head.value if rule.head.value is not None else Scalar(True)), "answer")
            if answer is not None:
                answers.append(answer)
            return answer is not None

    def _tried(self, chain: Chain, agree: str) -> bool:
        """Give the first answer of the chain. True when there always is one."""
        for outcome in chain:
            if outcome.is_single or outcome.answer.is_constant:
                self.answers.append(outcome.answer)
                outcome.end.block.append(self.nodes.give(self.load(outcome.answer)))
                self.joined(outcome.block, outcome.end)
                if outcome.is_sure:
                    return True
            else:
                name = self._gathered([outcome], agree)
                self.answers.append(Operand(kind=outcome.answer.kind))
                self._give_if_defined(name)
        return False

    def _agreed(self, chains: Sequence[Chain], agree: str) -> None:
        """The answer on which all chains agree."""
        answer = ""
        for chain in chains:
            name = self._gathered(chain, agree)
            if answer:
                self._join(answer, name, agree, chain[0].definition)
            answer = answer or name
            self.answers += [Operand(kind=outcome.answer.kind) for outcome in chain]
        self._give_if_defined(answer)

    def _gathered(self, chain: Chain, agree: str) -> str:
        """The answer of the first outcome that has one; gives the variable for it."""
        name = self.names.new("answer")
        self.emit(self.nodes.assign(name, self.nodes.name("UNDEFINED")))
        for at, outcome in enumerate(chain):
            value = self.load(outcome.answer)
            if not outcome.is_single:
                self.quiet = False
                with self.at(outcome.definition.rule.head.span):
                    value = self.runtime(agree, self.nodes.name(name), value, self.where())
            outcome.end.block.append(self.nodes.assign(name, value))
            if at:
                test = self.nodes.when(self._is_undefined(name))
                test.body += outcome.block
                self.emit(test)
            else:
                self.joined(outcome.block, outcome.end)
        return name

    def _join(self, answer: str, other: str, agree: str, found: Definition) -> None:
        """A further answer of the rule, if there is one."""
        self.quiet = False
        with self.at(found.rule.head.span):
            test = self.nodes.when(self.nodes.inverse(self._is_undefined(other)))
            both = self.runtime(agree, self.nodes.name(answer), self.nodes.name(other), self.where())
            test.body.append(self.nodes.assign(answer, both))
            self.emit(test)

    def _is_undefined(self, name: str) -> ast.expr:
        return self.nodes.compare(self.nodes.name(name), ast.Is(), self.nodes.name("UNDEFINED"))

    def _give_if_defined(self, name: str) -> None:
        found = self.nodes.when(self.nodes.inverse(self._is_undefined(name)))
        found.body.append(self.nodes.give(self.nodes.name(name)))
        self.emit(found)

    def _arguments(self, rule: Rule) -> bool:
        """Match the arguments of a function."""
        pairs = list(zip(rule.head.args or (), self.parameters, strict=False))
        pairs.sort(key=lambda pair: not isinstance(pair[0], Var))
        return all(self.match(pattern, value) for pattern, value in pairs)

    def _default(self, rule: RuleSet) -> None:
        default = rule.default
        value: Operand | None = None
        if default is not None and self._arguments(default.rule):
            value = self.needed(self.term(default.rule.head.value or Scalar(True)))
        self.answers.append(value or NOTHING)
        self.emit(self.nodes.give(self.load(value or NOTHING)))

    # sets and objects

    def set_rule(self, rule: RuleSet) -> None:
        """The set of all definitions, or of those that fit the member that is asked for."""
        found = self.names.new("found")
        self.emit(self.nodes.assign(found, self.nodes.mapping([])))
        for definition in rule.definitions if self.keys else self.expanded(rule):
            self._collected_from(definition, partial(self._add_member, definition, found))
        self.emit(self.count_members(found))
        self.answers.append(Operand(kind="set"))
        self.emit(self.nodes.give(self.runtime("RegoSet", self.nodes.name(found))))

    def expanded(self, rule: RuleSet) -> Sequence[Definition]:
        """The definitions of a set, with what smaller sets are made of; where some `with` may change those, as they are."""
        plain = not self.unit.fixed or self.unit.targets or self.unit.mocked
        return rule.definitions if plain else unrolled(expanded(rule.definitions, self.tree), self.unit.parameters)

    def _collected_from(self, found: Definition, finish: Callable[[], object]) -> None:
        """The body of a definition, then what `finish` emits where it holds."""
        self.source = found.source or self.source

        opened = self.opened

        def emit() -> bool:
            self.place.open = opened
            with self.at(found.rule.span):
                if self.asked_for(found) and self.body(found.rule.body) and self.is_asked_for(found):
                    finish()
            return True

        with During(found.rule.span, found.source):
            block, end = self.closure(emit)
        self.joined(block, end)

    def asked_for(self, found: Definition) -> bool:
        """Where few keys are asked for: bind the head to them, in front of the body. False when it never fits."""
        return True

    def is_asked_for(self, found: Definition) -> bool:
        """The same behind the body, for what could not be bound. False when it never fits."""
        return True

    def _add_member(self, found: Definition, members: str) -> None:
        assert found.rule.head.key is not None
        value = self.needed(self.term(found.rule.head.key), "member")
        if value is not None:
            self.held(found.rule.head.key)
            self.member(members, value)

    def object_rule(self, rule: RuleSet) -> None:
        """The object of all definitions, or of those that fit the keys that are asked for."""
        self.quiet = False
        found = self.names.new("found")
        self.emit(self.nodes.assign(found, self.nodes.call("Nested")))
        for definition in rule.definitions:
            for one in chain_of(definition):
                self._collected_from(one, partial(self._add_pair, one, found))
        self.answers.append(Operand(kind="object"))
        self.emit(self.nodes.give(self.nodes.method(self.nodes.name(found), "value")))

    def _add_pair(self, found: Definition, pairs: str) -> None:
        head = found.rule.head
        value = head.key if head.contains else head.value
        assert value is not None
        parts = self.terms([*found.tail, value])
        if parts is not None:
            self.held(*found.tail, value, is_pair=True)
            nodes = [self.load(part) for part in parts]
            target = self.nodes.attribute(self.nodes.name(pairs), "member" if head.contains else "single")
            self.emit(self.nodes.do(self.nodes.call(target, self.nodes.row(nodes[:-1]), nodes[-1], self.where())))


def chain_of(found: Definition) -> Sequence[Definition]:
    """A definition and what its `else` says, in order."""
    chain = [found]
    rule = found.rule
    while rule.else_ is not None:
        rule = rule.else_
        chain.append(Definition(rule, found.source, found.tail))
    return chain


_CHEAP = frozenset({"type", "len", "lookup", "same", "compare", "values_of", "items_of"})


def is_costly(block: Block) -> bool:
    """Whether a function calls more than what takes no longer than to look up its answer."""
    calls = (node.func for node in walk(block) if isinstance(node, ast.Call))
    return any(isinstance(called, ast.Name) and called.id not in _CHEAP for called in calls)


def same_answer(one: Operand, other: Operand) -> bool:
    """Whether both are the same constant."""
    if one.constant is UNDEFINED or other.constant is UNDEFINED:
        return one.constant is other.constant
    return one.is_constant and other.is_constant and same(one.constant, other.constant)


def _answer_alike(chains: Sequence[Chain]) -> bool:
    """Whether all outcomes answer the same constant."""
    outcomes = [outcome for chain in chains for outcome in chain]
    return all(same_answer(outcome.answer, outcomes[0].answer) for outcome in outcomes)
