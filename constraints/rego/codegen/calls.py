"""Calls of builtins and of a policy's own functions, and what replaces them."""

from __future__ import annotations

import ast
from abc import abstractmethod
from dataclasses import replace
from typing import Any

from constraints.errors import EvaluationError
from constraints.lang.pycode import Block
from constraints.rego.builtins import Builtin, BuiltinError
from constraints.rego.codegen.base import NOTHING, Operand, constant
from constraints.rego.codegen.bodies import Bodies
from constraints.rego.codegen.fold import EARLY_STEPS
from constraints.rego.codegen.inline import INLINE
from constraints.rego.runtime.calls import SHARING, SIZED
from constraints.rego.syntax.tree import Call, Scalar, Term
from constraints.rego.values.kinds import key_of
from constraints.rego.values.sizes import FEW, SMALL, STEPS

_WIDE = frozenset({"bits.lsh", "bits.negate", "bits.or", "bits.xor", "to_number"})
"""What makes numbers of very many digits."""

EARLY = 10_000  # characters or items of a constant that a builtin makes when the policy is compiled
_RESULTS = {"string": "text", "number": "number", "boolean": "holds", "array": "items", "set": "members"}
_SIMPLE_KINDS = frozenset({"null", "boolean", "number", "string", "array", "object", "set"})


class Calls(Bodies):
    """What calls are in Python."""

    def call(self, call: Call) -> Operand:
        """The value of a call."""
        wish, self.wish = self.wish, ""
        arguments = self.terms(call.args)
        if arguments is None:
            return NOTHING
        self.wish = wish
        found = self.apply(call.name, arguments)
        self.wish = ""
        return found

    def call_statement(self, call: Call) -> bool:
        """A call that stands alone, perhaps with a pattern for its result. False when it never holds."""
        arity = self.arity(call.name)
        output: Term | None = None
        if len(call.args) == arity + 1:
            call, output = replace(call, args=call.args[:-1]), call.args[-1]
        with self.at(call.span):
            result = self.call(call)
            if output is None:
                return self.holds(result)
            value = self.needed(result)
            return value is not None and self.match(output, value)

    def arity(self, name: str) -> int:
        """How many arguments a function takes."""
        known = self.unit.resolved.arity(name)
        if known is not None:
            return known
        return 0 if name in self.unit.rule_names else self.builtin(name).arity

    def builtin(self, name: str) -> Builtin:
        """The builtin of this name."""
        found = self.unit.builtins.get(name)
        if found is None:
            raise self.error(f"undefined function {name}")
        if found.missing:
            raise self.error(found.missing)
        return found

    def apply(self, name: str, arguments: list[Operand]) -> Operand:
        """The value of a function for these values."""
        if name in self.unit.mocked:
            return self._mocked(name, arguments)
        if name in self.unit.resolved.functions:
            return self.own(name, arguments)
        if name in self.unit.rule_names:
            return self.document([Scalar(part) for part in self.unit.rule_names[name]])
        return self._builtin(self.builtin(name), arguments)

    @abstractmethod
    def own(self, name: str, arguments: list[Operand]) -> Operand:
        """A call of a function of the policy."""

    @abstractmethod
    def function_name(self, name: str) -> str:
        """The Python name of a function of the policy."""

    def _builtin(self, builtin: Builtin, arguments: list[Operand]) -> Operand:
        if builtin.contextual or not builtin.pure:
            self.uses_more()
        elif not builtin.relation and all(argument.is_constant for argument in arguments):
            return self._folded(builtin, [argument.constant for argument in arguments])
        key = self._shared(builtin, arguments)
        if key is not None and key in self.place.walked:
            return self.place.step(key)
        found = self._computed(builtin, arguments)
        if key is not None and not found.is_constant and found.kind != "boolean":
            found = self.kept(found, self.wish or "value")
            self.place.learn(key, found)
        return found

    def _shared(self, builtin: Builtin, arguments: list[Operand]) -> object:
        """What the same call elsewhere has in common."""
        if not builtin.pure or builtin.relation or not all(one.name or one.is_constant for one in arguments):
            return None
        return ("call", builtin.name, *[one.name or (type(one.constant), key_of(one.constant)) for one in arguments])

    def _computed(self, builtin: Builtin, arguments: list[Operand]) -> Operand:
        inline = INLINE.get(builtin.name)
        arguments = [self.kept(argument, "argument") for argument in arguments] if inline else arguments
        found = inline(self, builtin.name, arguments) if inline else None
        if found is not None:
            return found
        if builtin.relation:
            return self._relation(builtin, arguments)
        self.quiet = self.quiet and self.unit.fixed
        name = self.names.new(self.wish or _RESULTS.get(builtin.kind, "value"))
        run = self.nodes.call(
            self.unit.bind(_python_name(builtin.name), builtin.run), *self._passed(builtin, arguments)
        )
        block = [self.nodes.assign(name, run), *self.measured(name, builtin.kind, builtin.name in SHARING)]
        if builtin.name in _WIDE:
            block.append(self.nodes.do(self.runtime("spend_size", self.context(), self.nodes.name(name))))
        self.emit(self.nodes.attempt(block, "BuiltinError", [self._failure(builtin, name)]))
        return Operand(name=name, defined=False, kind=builtin.kind if builtin.kind in _SIMPLE_KINDS else "")

    def _folded(self, builtin: Builtin, arguments: list[Any]) -> Operand:
        """The answer for constants; where it fails it must fail again at run time, in strict mode."""
        try:
            with STEPS.limited_to(EARLY_STEPS):
                found = builtin.run(*arguments)
        except BuiltinError:
            if self.unit.fixed:
                return NOTHING
        except EvaluationError:
            pass  # an error of the evaluations that come here
        else:
            if type(found) not in SIZED or len(found) <= EARLY:
                return constant(found)
        return Operand(node=self.attempt(builtin.name, [constant(value) for value in arguments]), defined=False)

    def attempt(self, name: str, arguments: list[Operand]) -> ast.expr:
        """A call of a builtin that gives UNDEFINED where it fails."""
        self.quiet = self.quiet and self.unit.fixed
        builtin = self.nodes.name(self.unit.bind(f"B_{_python_name(name)}", self.builtin(name)))
        known = self.nodes.row([self.load(argument) for argument in arguments])
        return self.runtime("attempt", self.context(), builtin, known, self.where())

    def measured(self, name: str, kind: str, is_copy: bool = False) -> Block:
        """What counts the size of a value that a builtin made, unless it is small; `is_copy`: of items that were there."""
        if kind in ("number", "boolean", "null"):
            return []
        size = self.runtime("len", self.nodes.name(name))
        least = self.nodes.constant(SMALL if kind == "string" else FEW)
        large = self.nodes.compare(size, ast.Gt(), least)
        if kind != "string":  # a builtin may give null or nothing at all in the place of an object
            large = self.nodes.both(self._is_sized(name), large)
        found = self.nodes.when(large)
        spend = "spend_copy" if is_copy else "spend_size"
        found.body.append(self.nodes.do(self.runtime(spend, self.context(), self.nodes.name(name))))
        return [found]

    def _is_sized(self, name: str) -> ast.expr:
        kind = self.runtime("type", self.nodes.name(name))
        return self.nodes.compare(kind, ast.In(), self.nodes.name("SIZED"))

    def _passed(self, builtin: Builtin, arguments: list[Operand]) -> list[ast.expr]:
        context = [self.context()] if builtin.contextual else []
        return [*context, *map(self.load, arguments)]

    def _failure(self, builtin: Builtin, name: str) -> ast.stmt:
        error, title = self.nodes.name("error"), self.nodes.constant(builtin.name)
        return self.nodes.assign(name, self.runtime("failed", self.context(), error, title, self.where()))

    def _relation(self, builtin: Builtin, arguments: list[Operand]) -> Operand:
        run = self.nodes.call(
            self.unit.bind(_python_name(builtin.name), builtin.run), *self._passed(builtin, arguments)
        )
        self.quiet = False
        (name,) = self.loop(("row",), run)
        self.emit(self.nodes.do(self.runtime("spend", self.context(), self.nodes.constant(1))))
        return Operand(name=name)

    # replacements

    def _mocked(self, name: str, arguments: list[Operand]) -> Operand:
        known = self.nodes.row([self.load(argument) for argument in arguments])
        self.quiet = False
        self.uses_more()
        title = self.nodes.constant(name)
        node = self.runtime("mocked", self.context(), title, self.function_value(name), known)
        return Operand(node=node, defined=False)

    def function_value(self, name: str) -> ast.expr:
        """A function that takes a Context and the arguments, to be put in the place of another one."""
        if name in self.unit.resolved.functions:
            return self.nodes.name(self.function_name(name))
        builtin = self.builtin(name)
        attempt = self.nodes.name(self.unit.bind(_python_name(name), builtin))
        return self.runtime("callable_of", attempt, self.where())


def _python_name(name: str) -> str:
    return name.replace(".", "_")
