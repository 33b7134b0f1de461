"""The heads of rules: what is defined, before its body."""

from __future__ import annotations

from dataclasses import replace

from constraints.dataclass import value
from constraints.lang.source import Span
from constraints.rego.syntax.bodies import BodyParser
from constraints.rego.syntax.terms import OPERATORS, kind_of
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Call,
    Head,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    TemplateString,
    Term,
    Var,
)


@value
class WrittenHead:
    """A head as it stands in the text: its value is None where none was written, `p[x]` is not yet a kind of rule."""

    head: Head

    @property
    def is_function(self) -> bool:
        """Whether it has arguments; `f()` has none."""
        return bool(self.head.args)

    @property
    def sort(self) -> str:
        """What messages call it."""
        return "function" if self.is_function else "rule"

    @property
    def has_one_access(self) -> bool:
        """Whether it is `p[x]` or `p.x`, which without `if` and `contains` are the partial rules of v0."""
        return len(self.head.path) == 2 and not self.is_function and not self.head.contains

    @property
    def is_bare_name(self) -> bool:
        """Whether it is `p`, which needs a value or a body to mean anything."""
        return (
            len(self.head.path) == 1 and self.head.args is None and self.head.value is None and not self.head.contains
        )

    def finished(self, has_if: bool) -> Head:
        """The head, now that it is known whether `if` follows (v1/ast/parser.go, parseRules)."""
        head = self.head if self.head.args or self.head.args is None else replace(self.head, args=None)
        if head.contains or head.value is not None:
            return head
        if self.has_one_access and not has_if:
            return replace(head, path=head.path[:1], key=head.path[1], contains=True)
        return replace(head, value=Scalar(True, head.span))


class HeadParser(BodyParser):
    """Parses heads; the current token is a name."""

    def head(self) -> WrittenHead:
        """Everything before the body."""
        span = self.span()
        path, args = self._defined()
        if self.kind == "contains":
            if args is not None:
                self.unexpected(
                    "the contains keyword can only be used with multi-value rule definitions "
                    f"(e.g., {_text(path)} contains <VALUE> {{ ... }})"
                )
            self.at += 1
            return WrittenHead(Head(path, key=self.expression(), contains=True, span=span))
        assign = self.kind == ":="
        value = None
        if assign or self.kind == "=":
            self.at += 1
            value = self.expression()
        return WrittenHead(Head(path, args, value=value, assign=assign, span=span))

    def _defined(self) -> tuple[tuple[Term, ...], tuple[Term, ...] | None]:
        """The path and the arguments; before the first bracket, parenthesis or point may be space."""
        first = self.variable()
        if self.kind in OPERATORS and self.tokens.joined(self.at):
            self.unexpected()
        path = (Scalar(first.name, first.span), *self.accesses(apart=True))
        if self.kind != "(" or not (len(path) == 1 or self.tokens.joined(self.at)):
            return path, None
        args = self.arguments()
        if not args and first.name == "set":
            self.fail("set cannot be used for rule name", first.span)
        if self.kind in (".", "[", "(") and self.tokens.joined(self.at):
            self.unexpected("expected rule head name")
        return path, args

    def check_default(self, written: WrittenHead, span: Span) -> None:
        """Refuse a default rule without a value (`default p` alone is true), or with one that has to be looked up."""
        head = written.head
        if head.contains or (head.value is None and written.has_one_access):
            self.fail("illegal default rule (must have a value)", span)
        found = first_lookup(head.value) if head.value is not None else ""
        if found:
            self.fail(f"illegal default rule (value cannot contain {found})", span)
        seen: set[str] = set()
        for arg in head.args or ():
            if not isinstance(arg, Var):
                self.fail(f"illegal default rule (arguments cannot contain {kind_of(arg)})", span)
            if arg.name in seen:
                self.fail(f"illegal default rule (arguments cannot be repeated {arg.name})", span)
            seen.add(arg.name)


def first_lookup(term: Term) -> str:
    """The kind of the first variable, reference or call in a term; empty if there is none outside comprehensions."""
    if isinstance(term, (Var, Ref, Call)):
        return kind_of(term)
    return next((found for part in parts_of(term) if (found := first_lookup(part))), "")


def is_ground(term: Term) -> bool:
    """Whether a term has no variables, those of comprehensions aside."""
    if isinstance(term, Var):
        return False
    return all(is_ground(part) for part in parts_of(term))


def parts_of(term: Term) -> tuple[Term, ...]:
    """The terms right below a term; a comprehension keeps its own to itself."""
    if isinstance(term, (ArrayTerm, SetTerm)):
        return term.items
    if isinstance(term, ObjectTerm):
        return tuple(part for pair in term.pairs for part in pair)
    if isinstance(term, Call):
        return term.args
    if isinstance(term, Ref):  # a name at its head is looked up and no variable of the rule
        return term.path if isinstance(term.head, Var) else (term.head, *term.path)
    if isinstance(term, TemplateString):
        return tuple(part for part in term.parts if not isinstance(part, str))
    return ()


def _text(path: tuple[Term, ...]) -> str:
    """A path for a message; what is no name is left out."""
    return ".".join(str(part.value) for part in path if isinstance(part, Scalar))
