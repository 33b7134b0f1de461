"""Walks over the tree that several passes share: which variables stand where.

A closure is a comprehension, the body of `every`, or a term inside a template string: what it binds stays inside.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from operator import attrgetter
from typing import Any, Final

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

ROOTS: Final = frozenset({"input", "data"})

VarNames = set[str]


def visible(term: Term | None, into: VarNames) -> None:
    """Add the variables of `term` outside of closures; the roots are none."""
    kind: Any = type(term)
    if kind is Scalar or term is None:
        return
    if kind is Var:
        if term.name not in ROOTS:  # type: ignore[union-attr]  # a Var, by its kind
            into.add(term.name)  # type: ignore[union-attr]  # a Var, by its kind
    elif kind in _PARTS:
        for part in _PARTS[kind](term):
            if type(part) is not Scalar:
                visible(part, into)


def parts(term: Term) -> tuple[Term, ...]:
    """What a term is made of, and of a template string the plain variables; closures are kept closed."""
    kind: Any = type(term)
    return _PARTS[kind](term) if kind in _PARTS else ()


_PARTS: Final[Mapping[type, Callable[[Any], tuple[Term, ...]]]] = {
    Ref: lambda ref: (ref.head, *ref.path),
    Call: attrgetter("args"),
    ArrayTerm: attrgetter("items"),
    SetTerm: attrgetter("items"),
    ObjectTerm: lambda term: tuple([part for pair in term.pairs for part in pair]),
    TemplateString: lambda term: tuple([part for part in term.parts if type(part) is Var]),
}


def terms_of(expr: Expr) -> list[Term]:
    """The terms of a statement: its own, then the targets and values of `with`; the body of `every` is left out."""
    what: Any = expr.what
    kind = type(what)
    if kind is SomeIn:
        found = [what.value, what.domain] if what.key is None else [what.key, what.value, what.domain]
    elif kind is Every:
        found = [what.domain]
    else:
        found = [] if kind is SomeDecl else [what]
    for modifier in expr.withs:
        found += (modifier.target, modifier.value)
    return found


def own_names(every: Every) -> VarNames:
    """The variables that an `every` declares for its body."""
    return {var.name for var in (every.key, every.value) if var is not None}


def visible_in(expr: Expr) -> VarNames:
    """The variables of a statement outside of closures."""
    into: VarNames = set()
    for term in terms_of(expr):
        visible(term, into)
    return into


def visible_in_body(body: Body) -> VarNames:
    """The variables of all statements outside of closures."""
    into: VarNames = set()
    for expr in body:
        for term in terms_of(expr):
            visible(term, into)
    return into


def enclosed_in(expr: Expr) -> VarNames:
    """The variables within the closures of a statement, those of the closures inside them too."""
    into: VarNames = set()
    for term in terms_of(expr):
        enclosed(term, into)
    if isinstance(expr.what, Every):
        _all_in_body(expr.what.body, into)
    return into


def enclosed(term: Term | None, into: VarNames) -> None:
    """Add the variables that stand within closures of `term`."""
    kind = type(term)
    if kind is Scalar or kind is Var or term is None:
        return
    if kind is Comprehension:
        everywhere(term, into)
    elif isinstance(term, TemplateString):
        for piece in term.parts:
            if not isinstance(piece, (str, Var)):
                everywhere(piece, into)
    else:
        for part in parts(term):
            enclosed(part, into)


def everywhere(term: Term, into: VarNames) -> None:
    """Add all variables of `term`, those in closures too."""
    visible(term, into)
    if isinstance(term, Comprehension):
        if term.key is not None:
            everywhere(term.key, into)
        everywhere(term.value, into)
        _all_in_body(term.body, into)
    else:
        enclosed(term, into)


def _all_in_body(body: Body, into: VarNames) -> None:
    for expr in body:
        into |= visible_in(expr)
        into |= enclosed_in(expr)


def pattern(term: Term | None, into: VarNames) -> None:
    """Add the variables that a value bound to `term` would bind: not those of sets, keys, closures, heads of
    references.
    """
    if isinstance(term, Var):
        if term.name not in ROOTS:
            into.add(term.name)
    elif isinstance(term, ArrayTerm):
        for item in term.items:
            pattern(item, into)
    elif isinstance(term, ObjectTerm):
        for _, value in term.pairs:
            pattern(value, into)
    elif isinstance(term, Ref):
        for part in term.path:
            pattern(part, into)


def has_closure(term: Term) -> bool:
    """Whether there is a closure in `term`."""
    kind = type(term)
    if kind is Scalar or kind is Var:
        return False
    return kind is Comprehension or kind is TemplateString or True in [has_closure(part) for part in parts(term)]


class Mentioned:
    """The variables of a statement: those outside of closures, and those within, if it has closures; found in one
    pass.
    """

    __slots__ = ("closures", "enclosed", "expr", "visible")

    def __init__(self, expr: Expr) -> None:
        self.expr = expr
        self.visible: VarNames = set()
        self.closures: list[Term] = []
        self.enclosed: VarNames = set()
        for term in terms_of(expr):
            self._take(term)
        for closure in self.closures:
            enclosed(closure, self.enclosed)
        if isinstance(expr.what, Every):
            _all_in_body(expr.what.body, self.enclosed)

    def _take(self, term: Any) -> None:
        kind = type(term)
        if kind is Var:
            if term.name not in ROOTS:
                self.visible.add(term.name)
            return
        if kind is Comprehension or kind is TemplateString:
            self.closures.append(term)
        if kind in _PARTS:
            for part in _PARTS[kind](term):
                if type(part) is not Scalar:
                    self._take(part)
