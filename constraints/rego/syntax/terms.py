"""Terms: scalars, references, calls and operators. Arrays, objects, sets and comprehensions are in parse_composites."""

from __future__ import annotations

from abc import ABC, abstractmethod
from typing import Final

from constraints.errors import CompileError
from constraints.rego.syntax import lexer, literals
from constraints.rego.syntax.cursor import Cursor
from constraints.rego.syntax.lexer import KEYWORDS, NAME
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Call,
    Comprehension,
    Expr,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    Term,
    Var,
)

# Operator -> how tightly it binds, and the builtin that it is. All group to the left (v1/ast/parser.go, parseTerm*).
OPERATORS: Final = {
    "==": (1, "equal"),
    "!=": (1, "neq"),
    "<": (1, "lt"),
    ">": (1, "gt"),
    "<=": (1, "lte"),
    ">=": (1, "gte"),
    "|": (2, "or"),
    "&": (3, "and"),
    "+": (4, "plus"),
    "-": (4, "minus"),
    "*": (5, "mul"),
    "/": (5, "div"),
    "%": (5, "rem"),
}
MEMBER: Final = "internal.member_2"
KEYED_MEMBER: Final = "internal.member_3"

_WORDS: Final = {"null": None, "true": True, "false": False}
_MAY_HEAD: Final = (Var, Call, ArrayTerm, ObjectTerm, SetTerm, Comprehension)
_ACCESSES: Final = (".", "[", "(")


class TermParser(Cursor, ABC):
    """Parses terms; `composite`, `template` and `literal` come from the classes that build on it."""

    @abstractmethod
    def composite(self) -> Term:
        """An array, object, set or comprehension."""

    @abstractmethod
    def literal(self) -> Expr:
        """One expression of a body."""

    @abstractmethod
    def template(self) -> Term:
        """A template string."""

    def expression(self) -> Term:
        """A term with operators, `in` too; `k, v in xs` may stand here."""
        first = self.infix()
        if self.kinds[self.at] == ",":
            first = self._keyed_membership(first)
        return self._memberships(first)

    def item(self, left: Term | None = None) -> Term:
        """A term with operators where a comma ends it; `left` is its beginning if that is parsed already."""
        return self._memberships(self.infix(1, left))

    def _keyed_membership(self, key: Term) -> Term:
        """`key, value in domain` from the comma on; the key alone where this does not stand here."""
        comma = self.at
        self.at += 1
        try:
            value = self.infix()
            if self.accept("in"):
                return Call(KEYED_MEMBER, (key, value, self.infix()), key.span)
        except CompileError:
            pass
        self.at = comma
        return key

    def _memberships(self, left: Term) -> Term:
        while self.kinds[self.at] in KEYWORDS and not self.word_is_name() and self.accept("in"):
            left = Call(MEMBER, (left, self.infix()), left.span)
        return left

    def infix(self, loosest: int = 1, left: Term | None = None) -> Term:
        """A term with operators that bind at least this tightly."""
        if left is None:
            left = self.term()
        operator = OPERATORS.get(self.kinds[self.at])
        while operator is not None and operator[0] >= loosest:
            self.at += 1
            left = Call(operator[1], (left, self.infix(operator[0] + 1)), left.span)
            operator = OPERATORS.get(self.kinds[self.at])
        return left

    def term(self) -> Term:
        """A term without operators."""
        kind = self.kinds[self.at]
        if kind == NAME or kind == "contains":  # `contains` means something in the heads of rules only
            head: Term = self.variable()
        elif kind == "[" or kind == "{":
            head = self.composite()
        elif kind == "-":
            return self._negative()
        else:
            head = self._primary(kind)
        if self.kinds[self.at] in _ACCESSES and self.tokens.joined(self.at):
            return self.reference(head)
        return head

    def _primary(self, kind: str) -> Term:
        if kind == lexer.STRING or kind == lexer.RAW:
            return self._string(kind)
        if kind == lexer.NUMBER or kind == ".":
            return self._number("")
        if kind == "(":
            return self._parenthesised()
        if kind == lexer.TEMPLATE:
            return self.template()
        if kind not in _WORDS:
            self.unexpected()
        span = self.span()
        self.at += 1
        return Scalar(_WORDS[kind], span)

    def _string(self, kind: str) -> Term:
        text = self.tokens.text(self.at)
        said = literals.string(text) if kind == lexer.STRING else text[1:-1]
        if said is None:
            self.fail(f"illegal string literal: {text}")
        span = self.span()
        self.at += 1
        return Scalar(said, span)

    def _negative(self) -> Term:
        """`-5` is a number, `-x.y` is `0 - x.y`; nothing else can follow the sign."""
        span = self.span()
        self.at += 1
        if self.kind == NAME or self.kind == "contains":
            return Call("minus", (Scalar(0, span), self.term()), span)
        if self.kind not in (lexer.NUMBER, "."):
            self.unexpected("expected number")
        number = self._number("-")
        if self.kinds[self.at] in _ACCESSES and self.tokens.joined(self.at):
            return self.reference(number)
        return number

    def _number(self, sign: str) -> Term:
        span = self.span()
        point = "." if self.accept(".") else ""
        if self.kind != lexer.NUMBER:
            self.unexpected("expected number")
        digits = self.tokens.text(self.at)
        if not point and literals.leads_with_zero(digits):
            self.unexpected("expected number without leading zero")
        if point and "." in digits:
            self.unexpected("invalid float")
        value = literals.number(sign + point + digits)
        if value is None:
            self.fail("number too big")
        self.at += 1
        return Scalar(value, span)

    def _parenthesised(self) -> Term:
        self.at += 1
        inner = self.expression()
        if not self.accept(")"):
            self.fail("non-terminated expression")
        return inner

    def reference(self, head: Term) -> Term:
        """What follows a head that an access touches: `.x`, `["x"]`, `(x)`, and again."""
        if not isinstance(head, _MAY_HEAD):
            self.fail(f"illegal ref (head cannot be {kind_of(head)})", head.span)
        while True:
            path = self.accesses()
            if self.kinds[self.at] != "(" or not self.tokens.joined(self.at):
                return Ref(head, path, head.span)
            head = self._call(head, path)
            if self.kinds[self.at] not in (".", "[") or not self.tokens.joined(self.at):
                return head

    def accesses(self, apart: bool = False) -> tuple[Term, ...]:
        """`.x` and `[x]`, each touching what stands before it; the first one need not touch if `apart`."""
        path: list[Term] = []
        while (apart and not path) or self.tokens.joined(self.at):
            if self.kinds[self.at] == ".":
                self.at += 1
                path.append(self._field())
            elif self.kinds[self.at] == "[":
                self.at += 1
                path.append(self.expression())
                self.expect("]", "expected [")
            else:
                break
        return tuple(path)

    def _field(self) -> Scalar:
        kind = self.kinds[self.at]
        if not self.tokens.joined(self.at):
            self.fail("unexpected whitespace token: expected identifier")
        if kind != NAME and kind not in KEYWORDS:
            self.unexpected("expected identifier")
        span = self.span()
        name = self.tokens.text(self.at)
        self.at += 1
        return Scalar(name, span)

    def _call(self, head: Term, path: tuple[Term, ...]) -> Term:
        name = self._function_name(head, path)
        arguments = self.arguments()
        if name == "set" and not arguments:
            return SetTerm((), head.span)
        return Call(name, arguments, head.span)

    def _function_name(self, head: Term, path: tuple[Term, ...]) -> str:
        parts = [head.name] if isinstance(head, Var) else []
        parts += [part.value for part in path if isinstance(part, Scalar) and isinstance(part.value, str)]
        if len(parts) != len(path) + 1:
            self.fail("unexpected ( token: expected the name of a function before it")
        return ".".join(parts)

    def arguments(self) -> tuple[Term, ...]:
        """`(a, b)`."""
        self.at += 1
        return () if self.accept(")") else self.items(")", [self.item()])

    def items(self, end: str, found: list[Term]) -> tuple[Term, ...]:
        """Terms with commas between them and perhaps one behind the last, after the first, which is `found` already."""
        while self.accept(","):
            if self.kinds[self.at] == end:
                break
            found.append(self.item())
        self.expect(end, f'expected "," or "{end}"')
        return tuple(found)


def kind_of(term: Term) -> str:
    """What kind of term it is, as OPA's messages say it: `var`, `ref`, `call`, `string`, ..."""
    if isinstance(term, Scalar):
        if term.value is None:
            return "null"
        return {bool: "boolean", str: "string"}.get(type(term.value), "number")
    if isinstance(term, Comprehension):
        return f"{term.kind}comprehension"
    return type(term).__name__.lower().removesuffix("term")
