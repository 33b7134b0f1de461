"""What definitions refer to: rules, functions, targets of `with`."""

from __future__ import annotations

from collections.abc import Mapping

from constraints.rego.resolved import Path
from constraints.rego.ruletree import Tree
from constraints.rego.syntax import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    FunctionName,
    ObjectTerm,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    SomeDecl,
    SomeIn,
    TemplateString,
    Term,
    Var,
    With,
)


class References:
    """Collects what trees refer to: rules by their paths in `found`, calls, those that are statements, uses of `with`."""

    def __init__(self, tree: Tree, functions: Mapping[str, Path]) -> None:
        self.tree = tree
        self.functions = functions
        self.found: set[Path] = set()
        self.calls: list[Call] = []
        self.statements: list[Call] = []
        self.withs: list[With] = []

    def rule(self, rule: Rule) -> None:
        """Those of a definition with its `else` branches."""
        one: Rule | None = rule
        while one is not None:
            head = one.head
            for term in (*head.path, *(head.args or ()), head.key, head.value):
                if term is not None and type(term) is not Scalar:
                    self.term(term)
            self.body(one.body)
            one = one.else_

    def body(self, body: Body) -> None:
        """Those of statements."""
        for expr in body:
            self.statement(expr)

    def statement(self, expr: Expr) -> None:
        """Those of one statement."""
        what = expr.what
        if isinstance(what, SomeIn):
            for term in (what.key, what.value, what.domain):
                if term is not None:
                    self.term(term)
        elif isinstance(what, Every):
            self.term(what.domain)
            self.body(what.body)
        elif isinstance(what, Call):
            self.statements.append(what)
            self._call(what)
        elif not isinstance(what, SomeDecl):
            self.term(what)
        for modifier in expr.withs:
            self.withs.append(modifier)
            self.term(modifier.target)
            self.term(modifier.value)

    def term(self, term: Term) -> None:
        """Those of a term."""
        kind = type(term)
        if kind is Scalar:
            return
        if isinstance(term, Var):
            if term.name == "data":
                self.found |= self.tree.reached(())
        elif isinstance(term, Ref):
            self._reference(term)
        elif isinstance(term, Call):
            self.calls.append(term)
            self._call(term)
        elif isinstance(term, FunctionName):
            self._function(term.name)
        else:
            self._composite(term)

    def _call(self, call: Call) -> None:
        self._function(call.name)
        for part in call.args:
            self.term(part)

    def _function(self, name: str) -> None:
        path = self.functions.get(name)
        if path is not None:
            self.found.add(path)
        elif name.startswith("data."):  # `f()` of a rule without arguments
            self.found |= self.tree.reached([Scalar(part) for part in name.split(".")[1:]])

    def _reference(self, ref: Ref) -> None:
        if not isinstance(ref.head, Var):
            self.term(ref.head)
        elif ref.head.name == "data":
            self.found |= self.tree.reached(ref.path)
        for part in ref.path:
            if type(part) is not Scalar:
                self.term(part)

    def _composite(self, term: Term) -> None:
        if isinstance(term, (ArrayTerm, SetTerm)):
            for item in term.items:
                self.term(item)
        elif isinstance(term, ObjectTerm):
            for key, value in term.pairs:
                self.term(key)
                self.term(value)
        elif isinstance(term, Comprehension):
            self.body(term.body)
            if term.key is not None:
                self.term(term.key)
            self.term(term.value)
        elif isinstance(term, TemplateString):
            for part in term.parts:
                if not isinstance(part, str):
                    self.term(part)
