"""Bodies: expressions, `not`, `some`, `every` and `with`."""

from __future__ import annotations

from constraints.errors import CompileError
from constraints.lang.source import Span
from constraints.rego.syntax.composites import CompositeParser
from constraints.rego.syntax.lexer import NAME, Tokens
from constraints.rego.syntax.terms import KEYED_MEMBER, MEMBER
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    Ref,
    Scalar,
    SomeDecl,
    SomeIn,
    Term,
    Var,
    With,
)

_UNIFIERS = {":=": "assign", "=": "eq"}


class BodyParser(CompositeParser):
    """Parses the bodies of rules, comprehensions and queries."""

    def __init__(self, tokens: Tokens, v1: bool) -> None:
        super().__init__(tokens, v1)
        self.negates_bodies = False  # `import future.keywords.not`: `not { ... }`, and names of its own behind `not`

    def body(self, end: str) -> Body:
        """Expressions up to and past the token `end`, each on its own line or behind a semicolon."""
        if self.kind == end:
            self.fail("found empty body")
        found: list[Expr] = []
        while True:
            found.append(self.literal())
            if self.accept(";"):
                continue
            if self.accept(end):
                return tuple(found)
            if not self.tokens.on_new_line(self.at):
                self.unexpected(rf"expected \n or ; or {end}")

    def query(self) -> Body:
        """Expressions up to the end of the text."""
        found: list[Expr] = []
        while self.kind != "eof":
            found.append(self.literal())
            while self.accept(";"):
                found.append(self.literal())
        return tuple(found)

    def literal(self) -> Expr:
        """One expression with its `not` and its modifiers."""
        span = self.span()
        if self.word_is_name():
            return self._plain(span, False)
        negated = self.accept("not")
        kind = self.kind
        if kind == "some" or kind == "every":
            if negated:
                self.unexpected(f"illegal negation of '{kind}'")
            return self._some(span) if kind == "some" else self._every(span)
        if negated and self.negates_bodies:
            return self._negated_body(span)
        return self._plain(span, negated)

    def _plain(self, span: Span, negated: bool) -> Expr:
        what = self.expression()
        unifier = _UNIFIERS.get(self.kind)
        if unifier is not None:
            self.at += 1
            what = Call(unifier, (what, self.expression()), what.span)
        return Expr(what, negated, self.withs(), span)

    def _negated_body(self, span: Span) -> Expr:
        """`not { body }` as `[true | body] == []`: the variables of the body are its own (OPA's ast.Not)."""
        if self.accept("{"):
            body = self.body("}")
            withs = self.withs()
        else:
            inner = self._plain(span, False)
            withs = inner.withs
            body = (Expr(inner.what, span=span),)
        answers = Comprehension("array", Scalar(True, span), body, span=span)
        return Expr(Call("equal", (answers, ArrayTerm((), span)), span), withs=withs, span=span)

    def _some(self, span: Span) -> Expr:
        self.at += 1
        declared = self._some_in(span)
        if declared is not None:
            return Expr(declared, withs=self.withs(), span=span)
        names: list[Var] = []
        while True:
            if self.kind != NAME:
                self.unexpected("expected var")
            names.append(self.variable())
            if not self.accept(","):
                return Expr(SomeDecl(tuple(names), span), span=span)

    def _some_in(self, span: Span) -> SomeIn | None:
        """`v in xs` or `k, v in xs`; None, and back at the start, where it is something else."""
        start = self.at
        try:
            term = self.expression()
        except CompileError:
            term = None
        if isinstance(term, Call):
            found = _membership(term)
            if found is None:
                self.unexpected("expected `x in xs` or `x, y in xs` expression")
            return SomeIn(*found, span)
        self.at = start
        return None

    def _every(self, span: Span) -> Expr:
        self.at += 1
        term = self.expression()
        found = _membership(term) if isinstance(term, Call) else None
        if found is None:
            self.unexpected("expected `x[, y] in xs { ... }` expression")
        key, value, domain = found
        if key is not None and not isinstance(key, Var):
            self.unexpected("expected key to be a variable")
        if not isinstance(value, Var):
            self.unexpected("expected value to be a variable")
        self.expect("{", "missing body")
        body = self.body("}")
        return Expr(Every(key, value, domain, body, span), withs=self.withs(), span=span)

    def withs(self) -> tuple[With, ...]:
        """The modifiers that stand here."""
        found: list[With] = []
        while self.kinds[self.at] == "with":
            span = self.span()
            self.at += 1
            if self.kind != NAME:
                self.unexpected("expected ident")
            target = self.term()
            if not isinstance(target, (Ref, Var)):
                self.unexpected("expected with target path")
            self.expect("as", "expected as keyword")
            found.append(With(target, self.expression(), span))
        return tuple(found)


def _membership(call: Call) -> tuple[Term | None, Term, Term] | None:
    """The key, the value and the domain of `in`; None for another call."""
    if call.name == MEMBER and len(call.args) == 2:
        return None, call.args[0], call.args[1]
    if call.name == KEYED_MEMBER and len(call.args) == 3:
        return call.args[0], call.args[1], call.args[2]
    return None
