"""Rules: definitions with their bodies, `else` and defaults, and what v1 asks of them."""

from __future__ import annotations

from dataclasses import replace

from constraints.errors import CompileError
from constraints.lang.source import Span
from constraints.rego.syntax.heads import HeadParser, WrittenHead, is_ground
from constraints.rego.syntax.lexer import IMPORTED, NAME, Tokens
from constraints.rego.syntax.terms import kind_of
from constraints.rego.syntax.tree import Body, Call, Every, Expr, Head, Rule, Scalar, SetTerm, SomeDecl, SomeIn


class RuleParser(HeadParser):
    """Parses the rules of a module."""

    def __init__(self, tokens: Tokens, v1: bool) -> None:
        super().__init__(tokens, v1)
        # Found while there may still be worse: statements that are no rules, and what v1 does not allow.
        self.misfits: list[CompileError] = []
        self.faults: list[CompileError] = []

    def rules(self) -> list[Rule]:
        """The rules of one definition; several where it has several bodies."""
        start, span = self.at, self.span()
        self.word_is_name()
        if self.accept("default"):
            self.word_is_name()
            return [self._default(span)]
        if self.kind != NAME:
            return self._statement(start, None)
        written = self.head()
        has_if = self.kind == "if"
        if not has_if and self.kind != "{":
            return self._statement(start, written)
        self._check_v1(written, has_if, span)
        head = written.finished(has_if)
        self.at += 1
        body = self._body_of_if() if has_if else self.body("}")
        rule = Rule(head, body, else_=self._else(written, head, has_if), span=span)
        return [rule, *self._more_bodies(rule)]

    def _default(self, span: Span) -> Rule:
        if self.kind != NAME:
            self.unexpected()
        head = self.head()
        self.check_default(head, span)
        return Rule(head.finished(True), default=True, span=span)

    def _body_of_if(self) -> Body:
        """What follows `if`: one expression, or a body in brackets. `{x}` is a body, though it could be a set."""
        start = self.at
        expr: Expr | None = None
        try:
            expr = self.literal()
        except CompileError:
            if self.kinds[start] != "{":
                raise
        if expr is not None and not isinstance(expr.what, SetTerm):
            return (expr,)
        self.at = start
        self.expect("{", "expected a body, or an expression that is no set")
        return self.body("}")

    def _else(self, written: WrittenHead, head: Head, has_if: bool) -> Rule | None:
        """All the `else` behind a body, each within the one before it."""
        branches: list[Rule] = []
        while self.kind == "else" and not self.word_is_name():
            if not branches:
                self._refuse_else(written, has_if)
            branches.append(self._branch(head, written))
            if not branches[-1].body:
                break
        chain: Rule | None = None
        for branch in reversed(branches):
            chain = replace(branch, else_=chain)
        return chain

    def _refuse_else(self, written: WrittenHead, has_if: bool) -> None:
        path = written.head.path
        if len(path) > 1 and not all(is_ground(part) for part in path):
            self.fail("else keyword cannot be used on rules with variables in head")
        if written.head.contains or (written.has_one_access and not has_if):
            self.fail("else keyword cannot be used on multi-value rules")

    def _branch(self, head: Head, written: WrittenHead) -> Rule:
        span = self.span()
        self.at += 1
        assign = self.kind == ":="
        if assign or self.kind == "=":
            self.at += 1
            head = replace(head, value=self.expression(), assign=assign, span=span)
        elif self.kind in ("if", "{"):
            head = replace(head, value=Scalar(True, span), span=span)
        else:
            self.unexpected("expected else value term or rule body")
        body: Body = ()
        has_if = self.accept("if")
        if self.accept("{"):
            if not has_if:
                self._fault(f"`if` keyword is required before {written.sort} body", span)
            body = self.body("}")
        elif has_if:
            body = (self.literal(),)
        return Rule(head, body, span=span)

    def _more_bodies(self, rule: Rule) -> list[Rule]:
        """The bodies of `p { a } { b }` after the first, each a rule of its own."""
        found: list[Rule] = []
        while self.kind == "{":
            if rule.else_ is not None:
                self.fail("expected else keyword")
            span = self.span()
            self.at += 1
            found.append(Rule(replace(rule.head, span=span), self.body("}"), span=span))
        return found

    def _statement(self, start: int, written: WrittenHead | None) -> list[Rule]:
        """What has no body: `p := 1`, `p contains 1`, `p[1]`, `p.q.r`, `f(x)`, or nothing that can be a rule.

        OPA reads it as a query and then asks whether that defines anything (v1/ast/parser_ext.go, ParseRuleFromExpr).
        """
        span, end = self.tokens.span(start), self.at
        if written is None or not written.head.contains:
            self.at = start
            misfit = self._misfit(written, end)
            if misfit:
                self.misfits.append(self.error(misfit, span))
                return []
        assert written is not None  # otherwise it was a misfit
        self._check_v1(written, False, span, bodiless=True)
        return [Rule(written.finished(False), span=span)]

    def _misfit(self, written: WrittenHead | None, end: int) -> str:
        """Why the expressions that start here define nothing; empty if they are the head that was read up to `end`."""
        expr = self.literal()
        if self.kind == ";":
            while self.accept(";"):
                self.literal()
            return "multiple expressions cannot be used for rule head"
        if written is None or self.at != end or written.is_bare_name:
            return _why_no_rule(expr)
        if written.head.args == () and written.head.value is None:
            return "rule argument list must take at least one argument"
        return ""

    def _check_v1(self, written: WrittenHead, has_if: bool, span: Span, bodiless: bool = False) -> None:
        """Note what v1 does not allow of this rule (v1/ast/rego_v1.go, checkRegoV1Rule)."""
        head = written.head
        name = head.path[0]
        if len(head.path) == 1 and isinstance(name, Scalar) and name.value in IMPORTED:
            self._fault(f"{name.value} keyword cannot be used for rule name", span)
        if bodiless and len(head.path) > 2 and head.args is None and head.value is None and not head.contains:
            self._fault(f"{written.sort} must have value assignment and/or body declaration", span)
        if not bodiless and not has_if:
            self._fault(f"`if` keyword is required before {written.sort} body", span)
        if written.has_one_access and not has_if and head.value is None:
            self._fault("`contains` keyword is required for partial set rules", span)

    def _fault(self, message: str, span: Span) -> None:
        self.faults.append(self.error(message, span))


def _why_no_rule(expr: Expr) -> str:
    """Why an expression defines nothing (v1/ast/parser_ext.go, ParseRuleFromExpr)."""
    what = expr.what
    if expr.withs:
        return "expressions using with keyword cannot be used for rule head"
    if expr.negated:
        return "negated expressions cannot be used for rule head"
    if isinstance(what, (SomeDecl, SomeIn)):
        return "'some' declarations cannot be used for rule head"
    if isinstance(what, Every):
        return "expression cannot be used for rule head"
    if isinstance(what, Call):
        if what.name in ("eq", "assign"):
            return f"{kind_of(what.args[0])} cannot be used for rule name"
        return "rule name conflicts with built-in function"
    return f"{kind_of(what)} cannot be used for rule name"
