"""Arrays, objects, sets, comprehensions and template strings.

`{x | y}` may be a comprehension or a set with a union in it. Like OPA we try the comprehension first. What was found at
a bracket is remembered, so trying twice at each level does not multiply.
"""

from __future__ import annotations

from abc import abstractmethod

from constraints.errors import CompileError
from constraints.lang.source import Span
from constraints.rego.syntax import literals
from constraints.rego.syntax.cursor import Cursor
from constraints.rego.syntax.lexer import MIDDLE, Tokens
from constraints.rego.syntax.terms import TermParser
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    SomeDecl,
    SomeIn,
    TemplateString,
    Term,
    Var,
)


class CompositeParser(TermParser):
    """Parses what stands in brackets; `body` comes from the class that builds on it."""

    def __init__(self, tokens: Tokens, v1: bool) -> None:
        super().__init__(tokens)
        self.v1 = v1
        self.given_v1 = v1  # not by `import rego.v1`
        self._found: dict[int, tuple[Term | CompileError, int]] = {}  # at a bracket: what it is, where we stood then

    @abstractmethod
    def body(self, end: str) -> Body:
        """Expressions up to and past the token `end`."""

    def composite(self) -> Term:
        """The array, object, set or comprehension that starts here."""
        start = self.at
        found = self._found.get(start)
        if found is None:
            found = self._found[start] = self._attempt()
        self.at = found[1]
        if isinstance(found[0], CompileError):
            raise found[0]
        return found[0]

    def _attempt(self) -> tuple[Term | CompileError, int]:
        span = self.span()
        try:
            found = self._array(span) if self.kind == "[" else self._set_or_object(span)
        except CompileError as error:
            return error, self.at
        return found, self.at

    def _array(self, span: Span) -> Term:
        self.at += 1
        if self.accept("]"):
            return ArrayTerm((), span)
        plain = self.accept(",")
        head = self.term()
        if self.kind == "|" and not plain:
            body = self._comprehension_body("]")
            if body is not None:
                return Comprehension("array", head, body, span=span)
        return ArrayTerm(self.items("]", [self.item(head)]), span)

    def _set_or_object(self, span: Span) -> Term:
        self.at += 1
        if self.accept("}"):
            return ObjectTerm((), span)
        plain = self.accept(",")
        head = self.term()
        if self.kind == "|" and not plain:
            body = self._comprehension_body("}")
            if body is not None:
                return Comprehension("set", head, body, span=span)
        head = self.item(head)
        if self.kind == ":":
            return self._object(head, plain, span)
        if self.kind not in (",", "}"):
            self.unexpected("non-terminated set")
        return SetTerm(self.items("}", [head]), span)

    def _comprehension_body(self, end: str, always_back: bool = False) -> Body | None:
        """The body behind `|`; None, and back at `|`, where a comma (or anything) shows that this is no
        comprehension.
        """
        bar = self.at
        self.at += 1
        try:
            return self.body(end)
        except CompileError:
            if self.kind != "," and not always_back:
                raise
        self.at = bar
        return None

    def _object(self, key: Term, plain: bool, span: Span) -> Term:
        self.at += 1
        value = self.term()
        if self.kind == "|" and not plain:
            body = self._comprehension_body("}", always_back=True)
            if body is not None:
                return Comprehension("object", value, body, key, span)
        value = self.item(value)
        if self.kind not in (",", "}"):
            self.unexpected("non-terminated object")
        pairs = {_identity(key): (key, value)}
        while self.accept(",") and self.kind != "}":
            key = self.item()
            self.expect(":", 'expected ":"')
            first = pairs.get(_identity(key), (key,))[0]
            pairs[_identity(key)] = (first, self.item())
        self.expect("}", 'expected "," or "}"')
        return ObjectTerm(tuple(pairs.values()), span)

    def template(self) -> Term:
        """The template string that starts here."""
        if not self.given_v1:
            self.fail("template strings are not supported by current capabilities")
        span = self.span()
        quote = self.tokens.text(self.at)[1]
        parts: list[str | Term] = [*self._piece(2, quote)]
        while self.tokens.source.text[self.tokens.ends[self.at - 1] - 1] == "{":
            parts.append(self._embedded())
            if self.kind != MIDDLE:
                self.fail("expected } to end template string expression")
            parts += self._piece(1, quote)
        return TemplateString(tuple(parts), span)

    def _piece(self, skipped: int, quote: str) -> tuple[str, ...]:
        text = self.tokens.text(self.at)
        said = literals.template_piece(text[skipped:-1], quote)
        if said is None:
            self.fail(f"illegal template-string part: {text}")
        self.at += 1
        return (said,) if said else ()

    def _embedded(self) -> Term:
        """The expression in the brackets of a template string."""
        expr = self.literal()
        what = expr.what
        if expr.negated:
            self.fail("unexpected negation ('not') in template-string expression", expr.span)
        if isinstance(what, (SomeDecl, SomeIn, Every)):
            word = "every" if isinstance(what, Every) else "some"
            self.fail(f"unexpected '{word}' in template-string expression", expr.span)
        if isinstance(what, Call) and what.name in ("eq", "assign"):
            name = "unification ('=')" if what.name == "eq" else "assignment (':=')"
            self.fail(f"unexpected {name} in template-string expression", expr.span)
        return what if not expr.withs else first_answer(self, what, expr)


def first_answer(cursor: Cursor, what: Term, expr: Expr) -> Term:
    """An expression with modifiers as a term: `[v | v = expr with ...][0]`."""
    value: Var = cursor.wildcard(expr.span)
    bound = Expr(Call("eq", (value, what), expr.span), withs=expr.withs, span=expr.span)
    answers = Comprehension("array", value, (bound,), span=expr.span)
    return Ref(answers, (Scalar(0, expr.span),), expr.span)


def _identity(key: Term) -> object:
    """The same for keys that OPA takes for one when it reads an object (the last of them counts)."""
    if isinstance(key, Scalar):
        return (isinstance(key.value, bool), key.value)
    return key if isinstance(key, Var) else id(key)
