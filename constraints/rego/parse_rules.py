"""Rules: definitions with their bodies, `else` and defaults, and what v1 asks of them."""

from __future__ import annotations

from dataclasses import replace

from constraints.errors import CompileError
from constraints.lang.source import Span
from constraints.rego.lexer import IMPORTED, KEYWORDS, NAME, Tokens
from constraints.rego.parse_heads import HeadParser, Written, is_ground
from constraints.rego.parse_terms import kind_of
from constraints.rego.syntax import (
    Body,
    Call,
    Every,
    Expr,
    Head,
    Rule,
    Scalar,
    SetTerm,
    SomeDecl,
    SomeIn,
)

# Nothing but memory bounds OPA here; each `else` is one level for the passes behind the parser.
_MAX_ELSE = 200


class RuleParser(HeadParser):
    """Parses the rules of a module."""

    def __init__(self, tokens: Tokens) -> None:
        super().__init__(tokens)
        self.faults: list[CompileError] = []  # what v1 does not allow; known only when all imports are read

    def rules(self) -> list[Rule]:
        """The rules of one definition; several where it has several bodies."""
        span = self.span()
        self.word_is_name()
        if self.accept("default"):
            self.word_is_name()
            return [self._default(span)]
        if self.kind != NAME:
            self._refuse_statement()
        written = self.head()
        has_if = self.kind == "if"
        if not has_if and self.kind != "{":
            return [self._without_body(written, span)]
        self._check_v1(written, has_if, span)
        head = written.finished(has_if)
        self.at += 1
        body = self._body_of_if() if has_if else self.body("}")
        rule = Rule(head, body, else_=self._else(written, head, has_if), span=span)
        return [rule, *self._more_bodies(rule)]

    def _default(self, span: Span) -> Rule:
        if self.kind != NAME:
            self.unexpected()
        head = self.head().head
        self.default_value(head, span)
        return Rule(replace(head, args=head.args or None), default=True, span=span)

    def _body_of_if(self) -> Body:
        """What follows `if`: one expression, or a body in brackets. `{x}` is a body, though it could be a set."""
        start, depth = self.at, self.depth
        bracket = self.kind == "{"
        try:
            expr = self.literal()
        except CompileError:
            if not bracket:
                raise
        else:
            if not isinstance(expr.what, SetTerm) or (isinstance(expr.what, SetTerm) and not bracket):
                return (expr,)
        self.at, self.depth = start + 1, depth
        return self.body("}")

    def _else(self, written: Written, head: Head, has_if: bool) -> Rule | None:
        """All the `else` behind a body, each within the one before it."""
        branches: list[Rule] = []
        while self.kind == "else" and not self.word_is_name():
            if not branches:
                self._refuse_else(written, has_if)
            if len(branches) == _MAX_ELSE:
                self.fail("too many else branches")
            branches.append(self._branch(head))
            if not branches[-1].body:
                break
        chain: Rule | None = None
        for branch in reversed(branches):
            chain = replace(branch, else_=chain)
        return chain

    def _refuse_else(self, written: Written, has_if: bool) -> None:
        path = written.head.path
        if len(path) > 1 and not all(is_ground(part) for part in path):
            self.fail("else keyword cannot be used on rules with variables in head")
        if written.head.contains or (written.has_one_access and not has_if):
            self.fail("else keyword cannot be used on multi-value rules")

    def _branch(self, head: Head) -> Rule:
        span = self.span()
        self.at += 1
        assign = self.kind == ":="
        if assign or self.kind == "=":
            self.at += 1
            head = replace(head, value=self.expression(), assign=assign, span=span)
        elif self.kind in ("if", "{"):
            head = replace(head, value=Scalar(True, span), assign=False, span=span)
        else:
            self.unexpected("expected else value term or rule body")
        body: Body = ()
        has_if = self.accept("if")
        if self.accept("{"):
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

    def _without_body(self, written: Written, span: Span) -> Rule:
        """`p := 1`, `p contains 1`, `p[1]`, `p.q.r`, `f(x)` (v1/ast/parser_ext.go, ParseRuleFromExpr)."""
        head = written.head
        if not head.contains:
            if len(head.path) == 1 and head.args is None and head.value is None:
                self._refuse_name()
            if head.args == () and head.value is None:
                self.fail("rule argument list must take at least one argument", span)
            if self.kind == "with":
                self.fail("expressions using with keyword cannot be used for rule head", span)
            if self.kind == ";":
                self.fail("multiple expressions cannot be used for rule head", span)
        self._check_v1(written, False, span, bodiless=True)
        return Rule(written.finished(False), span=span)

    def _refuse_name(self) -> None:
        """Complain about a name alone: at what stands behind it, if that cannot begin anything."""
        if self.kind != NAME and self.kind not in KEYWORDS and self.kind not in ("eof", "{", "["):
            self.unexpected()
        self.at -= 1
        self.fail("var cannot be used for rule name")

    def _refuse_statement(self) -> None:
        """Complain about a statement that is no rule."""
        expr = self.literal()
        self.fail(_why_no_rule(expr), expr.span)

    def _check_v1(self, written: Written, has_if: bool, span: Span, bodiless: bool = False) -> None:
        """Note what v1 does not allow of this rule (v1/ast/rego_v1.go, checkRegoV1Rule)."""
        head = written.head
        sort = "function" if written.is_function else "rule"
        name = head.path[0]
        if len(head.path) == 1 and isinstance(name, Scalar) and name.value in IMPORTED:
            self._fault(f"{name.value} keyword cannot be used for rule name", span)
        if bodiless and len(head.path) > 2 and head.args is None and head.value is None and not head.contains:
            self._fault(f"{sort} must have value assignment and/or body declaration", span)
        if not bodiless and not has_if:
            self._fault(f"`if` keyword is required before {sort} body", span)
        if written.has_one_access and not has_if and head.value is None:
            self._fault("`contains` keyword is required for partial set rules", span)

    def _fault(self, message: str, span: Span) -> None:
        source = self.tokens.source.name
        self.faults.append(CompileError(f"rego_parse_error: {message}", span=span, source=source))


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
