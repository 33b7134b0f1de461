"""Step two: template strings as calls that collect each part in a set of its own (OPA: rewriteTemplateStrings).

Parts are evaluated behind the body, so they may only use what the body binds; OPA complains of others.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace

from constraints.dataclass import value
from constraints.rego.flat.outputs import Arity, Bound, bound_by
from constraints.rego.flat.rules import FlatRule, is_empty, named
from constraints.rego.names.modules import Definition
from constraints.rego.names.resolved import Path
from constraints.rego.names.scope import Fresh, Step
from constraints.rego.syntax.problems import COMPILE, Problems, shown
from constraints.rego.syntax.termorder import TEMPLATE, changed
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
    TemplateString,
    Term,
    Var,
)
from constraints.rego.syntax.walk import has_closure, own_names, visible
from constraints.rego.values.kinds import key_of


@value
class Knowledge:
    """What the steps know of the world: arities, and whether a reference means a rule that is always defined."""

    arity: Arity
    is_certain: Callable[[Ref], bool]
    problems: Problems


def spread_templates(rule: FlatRule, around: Knowledge) -> None:
    """Change a rule."""
    templates = _Templates(around, rule.fresh, rule.source)
    rule.body, safe = templates.body(rule.body, rule.bound())
    rule.args = tuple(templates.term(arg, safe) for arg in rule.args)
    rule.key = None if rule.key is None else templates.term(rule.key, safe)
    rule.value = None if rule.value is None else templates.term(rule.value, safe)


@value
class _Templates:
    around: Knowledge
    fresh: Fresh
    source: str

    def body(self, body: Body, bound: Bound) -> tuple[Body, set[str]]:
        """The body, and what is bound behind it: that all templates in it may use."""
        safe = set(bound)
        carried: set[str] = set()
        for expr in body:
            safe |= bound_by(expr, safe, self.around.arity, carried)
        return tuple(self._statement(expr, safe) for expr in body), safe

    def _statement(self, expr: Expr, safe: set[str]) -> Expr:
        what = expr.what
        if isinstance(what, Every):
            body, _ = self.body(what.body, safe | own_names(what))
            flat: Term | Every = replace(what, domain=self.term(what.domain, safe), body=body)
        else:
            flat = self.term(what, safe)  # type: ignore[arg-type]  # SomeDecl and SomeIn are gone
        withs = tuple(replace(one, value=self.term(one.value, safe)) for one in expr.withs)
        return Expr(flat, expr.negated, withs, expr.span)

    def term(self, term: Term, safe: set[str]) -> Term:
        if not has_closure(term):
            return term
        if isinstance(term, TemplateString):
            term = self._call(term, safe)
        if isinstance(term, Comprehension):
            return self._comprehension(term, safe)
        return changed(term, lambda part: self.term(part, safe))

    def _comprehension(self, term: Comprehension, safe: set[str]) -> Comprehension:
        """Only a template that is the whole term of a comprehension knows the variables of its body, as with OPA."""
        body, inner = self.body(term.body, safe)
        heads = [
            None
            if head is None
            else self.term(self._call(head, inner) if isinstance(head, TemplateString) else head, safe)
            for head in (term.key, term.value)
        ]
        return Comprehension(term.kind, heads[1] or term.value, body, heads[0], term.span)

    def _call(self, template: TemplateString, safe: set[str]) -> Call:
        parts = tuple(self._part(part, safe, template) for part in template.parts) or (Scalar("", template.span),)
        return Call(TEMPLATE, (ArrayTerm(parts, template.span),), template.span)

    def _part(self, part: str | Term, safe: set[str], template: TemplateString) -> Term:
        if isinstance(part, str):
            return Scalar(part, template.span)
        if isinstance(part, Var) or (isinstance(part, Ref) and self.around.is_certain(part)):
            return SetTerm((part,), part.span)
        names: set[str] = set()
        visible(part, names)
        for name in sorted(names - safe):
            self.around.problems.add(COMPILE, f"var {shown(name)} is undeclared", part.span, self.source)
        var, statement = named(part, self.fresh, Step.TEMPLATES)
        return Comprehension("set", var, (statement,), None, part.span)


class Certain:
    """Whether a reference means a rule that has a value whatever happens, as far as OPA sees."""

    def __init__(self, definitions: Mapping[Path, Sequence[Definition]]) -> None:
        self.definitions = definitions

    def __call__(self, ref: Ref) -> bool:
        if not isinstance(ref.head, Var) or ref.head.name != "data":
            return False
        if not all(isinstance(part, Scalar) for part in ref.path):
            return False
        found = self.definitions.get(tuple(key_of(part.value) for part in ref.path if isinstance(part, Scalar)), ())
        if not found or found[0].rule.head.args is not None:
            return False
        first = found[0].rule
        if first.default or first.head.contains:
            return True
        if len(found) == 1:
            return (not first.body or is_empty(first.body)) and _is_constant(first.head.value)
        return any(one.rule.default for one in found[1:])


def _is_constant(term: Term | None) -> bool:
    if isinstance(term, (Scalar, Var)):
        return True
    names: set[str] = set()
    visible(term, names)
    return isinstance(term, (ArrayTerm, ObjectTerm, SetTerm)) and not names
