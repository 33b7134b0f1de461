"""Bodies: one statement after the other, as nested conditions and loops."""

from __future__ import annotations

import ast
from abc import abstractmethod
from collections.abc import Callable, Sequence
from typing import Any

from constraints.lang.pycode import Block
from constraints.rego.codegen.base import NOTHING, OUTLINE_DEPTH, Operand, Place
from constraints.rego.codegen.unify import Unification
from constraints.rego.index.conditions import pattern_of
from constraints.rego.index.guards import INDEXED
from constraints.rego.names.resolved import Path
from constraints.rego.runtime.index import may_fit
from constraints.rego.syntax.tree import (
    Body,
    Call,
    Every,
    Expr,
    FunctionName,
    Ref,
    Scalar,
    SomeDecl,
    SomeIn,
    Term,
    Var,
    With,
)


class Bodies(Unification):
    """What statements are in Python."""

    @abstractmethod
    def function_value(self, name: str) -> ast.expr:
        """A function that takes a Context and the arguments, to be put in the place of another one."""

    @abstractmethod
    def call_statement(self, call: Call) -> bool:
        """A call that stands alone, perhaps with a pattern for its result. False when it never holds."""

    def body(self, body: Body) -> bool:
        """The statements of a body, the place is then where it holds. False when it never does."""
        return all(self.statement(expr) for expr in body)

    def statement(self, expr: Expr) -> bool:
        """One statement. False when it never holds."""
        with self.at(expr.span):
            before = self.place.context
            if not self._withs(expr.withs):
                return False
            alive = self.negation(lambda: self._positive(expr)) if expr.negated else self._positive(expr)
            self.place.context = before
            return alive

    def _positive(self, expr: Expr) -> bool:
        match expr.what:
            case SomeDecl():
                return True
            case SomeIn():
                return self._some_in(expr.what)
            case Every():
                return self._every(expr.what)
            case Call(name=indexed, args=(place, *patterns)) if indexed == INDEXED:
                return self._indexed(place, patterns)
            case Call(name="eq" | "assign", args=(left, right)):
                return self.unify(left, right)
            case Call():
                return self.call_statement(expr.what)
            case term:
                return self.holds(self.term(term))

    def _indexed(self, place: Term, patterns: Sequence[Term]) -> bool:
        """A condition of the rule index. False when it never holds."""
        value = self.needed(self.term(place))
        if value is None or not patterns:
            return value is not None
        known = self.unit.bind("PATTERNS", tuple(map(pattern_of, patterns)))
        if value.is_constant:
            return may_fit(value.constant, self.unit.scope[known])
        self.guard(self.runtime("may_fit", self.load(value), self.nodes.name(known)))
        return True

    # negation

    def negation(self, emit: Callable[[], bool]) -> bool:
        """Go on where what `emit` emits never holds. False when it always does."""
        names, loops = len(self.names.used), self.place.loops
        block, end = self.closure(emit)
        if end is None:
            return True
        if end.block is block and end.loops == loops:
            self.joined(block, end)  # what it computes may fail, in strict mode
            return False
        self._unless(block, end, names)
        return True

    def _unless(self, block: Block, end: Place, names: int) -> None:
        """Go on where the end of the block is not reached."""
        deep = end.loops - self.place.loops
        if deep == 0 and _is_one_test(block, end):
            assert isinstance(block[-1], ast.If)
            self.joined(block[:-1], end)
            self.guard(self.nodes.inverse(block[-1].test))
        elif deep > 1 or self.place.loops >= OUTLINE_DEPTH:
            end.block.append(self.nodes.give(self.nodes.constant(True)))
            block.append(self.nodes.give(self.nodes.constant(False)))
            self.guard(self.nodes.inverse(self.outlined("any", block, names)))
        else:
            flag = self.names.new("none")
            end.block.append(self.nodes.assign(flag, self.nodes.constant(False)))
            if deep:
                end.block.append(self.nodes.leave())
            self.joined([self.nodes.assign(flag, self.nodes.constant(True)), *block], end)
            self.guard(self.nodes.name(flag))

    # some and every

    def _some_in(self, some: SomeIn) -> bool:
        domain = self.term(some.domain)
        if domain.is_constant and self.needed(domain) is None:
            return False
        key = some.key or Var("$key")
        if not self.free(key):  # a constant pattern
            item = self.iterate(domain, Var("key#some"))
            found = self.place.env.pop("key#some", NOTHING)
            return item.defined and self.match(key, found) and self.match(some.value, item)
        item = self.iterate(domain, key)
        self.place.env.pop("$key", None)
        return item.defined and self.match(some.value, item)

    def _every(self, every: Every) -> bool:
        domain = self.needed(self.term(every.domain), "domain")
        if domain is None:
            return False
        domain = self.kept(domain, "domain")
        self.guard(self.runtime("is_collection", self.load(domain)))
        return self.negation(lambda: self._counterexample(every, domain))

    def _counterexample(self, every: Every, domain: Operand) -> bool:
        key = every.key or Var("$every")
        item = self.iterate(domain, key)
        self.place.env.pop("$every", None)
        if not item.defined or not self.match(every.value, item):
            return False
        return self.negation(lambda: self.body(every.body))

    # with

    def _withs(self, withs: tuple[With, ...]) -> bool:
        """Make the Context of a statement with `with`; values are computed in the present one."""
        values = []
        for found in withs:
            value = self._replacement(found)
            if value is None:
                return False
            values.append(value)
        for found, value in zip(withs, values, strict=True):
            self._with(found, value)
        return True

    def _replacement(self, found: With) -> Operand | None:
        if isinstance(found.value, FunctionName):
            return Operand(node=self.nodes.call("Mock", self.function_value(found.value.name)))
        value = self.needed(self.term(found.value), "replacement")
        return None if value is None else self.kept(value, "replacement")

    def _with(self, found: With, value: Operand) -> None:
        target = found.target
        if isinstance(target, FunctionName):
            mock = self.load(value)
            if not isinstance(found.value, FunctionName):
                mock = self.nodes.call("Mock", self.nodes.constant(None), mock)
            node = self.runtime("with_mock", self.context(), self.nodes.constant(target.name), mock)
        else:
            root, path = self._target(target)
            keys = self.nodes.row([self.nodes.constant(key) for key in path])
            arguments = [self.context(), keys, self.load(value)]
            if root == "input":
                self.unit.reads[()] = None  # what is read of another input is not followed: it may be all of this one
            if root == "data":
                arguments.append(self.nodes.name(self.unit.bind("HIDDEN", self._hidden(path))))
            node = self.runtime(f"with_{root}", *arguments)
        self.place.context = self.names.new("c")
        self.emit(self.nodes.assign(self.place.context, node))

    def _target(self, target: object) -> tuple[str, Path]:
        if isinstance(target, Var) and target.name in ("input", "data"):
            return target.name, ()
        if isinstance(target, Ref) and isinstance(target.head, Var) and target.head.name in ("input", "data"):
            return target.head.name, tuple(part.value for part in target.path if isinstance(part, Scalar))
        raise self.error("with keyword target must reference existing input, data, or a function")

    @abstractmethod
    def _hidden(self, path: Path) -> Any:
        """The numbers of all places at this path and below."""


def _is_one_test(block: Block, end: Place) -> bool:
    """Whether the block ends with a condition that has the end in it, and nothing else."""
    return isinstance(block[-1], ast.If) and block[-1].body is end.block and not end.block
