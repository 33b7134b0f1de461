"""References against types: whether there can be what they lead to; keys without a type get theirs (OPA:
refChecker).
"""

from __future__ import annotations

from collections.abc import Sequence

from constraints.rego.syntax.spelling import term_text
from constraints.rego.syntax.termorder import SUPPORT
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Comprehension,
    Every,
    Expr,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    Term,
    Var,
)
from constraints.rego.syntax.walk import ROOTS, parts, terms_of
from constraints.rego.types.fit import fit
from constraints.rego.types.kinds import ANY, FunctionType, Type, keys, meets, select, values
from constraints.rego.types.scope import UNNAMED, Misfit, TypeScope, constant
from constraints.rego.types.tree import TypedPlace


class ReferenceCheck:
    """Checks those of one statement."""

    def __init__(self, scope: TypeScope) -> None:
        self.scope = scope
        self.misfits: list[Misfit] = []

    def statement(self, expr: Expr) -> None:
        """All references outside of comprehensions; of `every` those of its body, too, as if it stood outside."""
        what = expr.what
        if isinstance(what, Every):
            self._term(what.domain)
            for inner in what.body:
                self.statement(inner)
            for one in expr.withs:
                self._term(one.target)
                self._term(one.value)
        else:
            self._term(terms_of(expr)[0])

    def _term(self, term: Term) -> None:
        kind = type(term)
        if kind is Scalar or kind is Var or kind is Comprehension:
            return
        if isinstance(term, Ref) and not self._reference(term):
            return
        for part in parts(term):
            self._term(part)

    def _reference(self, ref: Ref) -> bool:
        """Whether its parts are to be looked at."""
        if isinstance(self.scope.type_of(ref), FunctionType):
            self.misfits.append(Misfit(f"function {term_text(ref)} used as reference, not called", ref.span))
            return False
        if not self._leads_somewhere(ref):
            self.misfits.append(Misfit(f"undefined ref: {_text(ref)}", ref.span))
        return True

    def _leads_somewhere(self, ref: Ref) -> bool:
        head = ref.head
        if not isinstance(head, Var):
            return self._in_type(ANY, (head, *ref.path))
        if head.name in ROOTS:
            rules = self.scope.world.rules
            if head.name == "input" or not rules.inside:
                return self._in_type(ANY, ref.path)
            return self._in_rules(rules, ref.path)
        return self._in_variable(head, ref.path)

    def _in_variable(self, head: Var, path: Sequence[Term]) -> bool:
        owner = self.scope.owner(head.name)
        kind = None if owner is None else owner.types[head.name]
        if kind is not None:
            return self._in_type(kind, path)
        if owner is not None and path and not self._in_unnamed(path[0]):
            return False
        return self._in_type(ANY, (head, *path))  # what is looked into is anything from there on

    def _in_unnamed(self, part: Term) -> bool:
        """The first key of what has a type of which nothing is known."""
        if isinstance(part, Var):
            return self._key(part, keys(UNNAMED))
        return isinstance(part, Scalar) and isinstance(part.value, str)

    def _in_rules(self, rules: TypedPlace, path: Sequence[Term]) -> bool:
        place = rules
        for depth, part in enumerate(path):
            if (
                depth < 2
                and not isinstance(part, Var)
                and not (isinstance(part, Scalar) and isinstance(part.value, str))
            ):
                return False  # packages have names
            if isinstance(part, Var) and not self._key(part, keys(place.extent())):
                return False
            at = constant(part)
            inner = None if at is None else place.inside.get(at.key)
            if inner is None:
                return self._in_type(ANY, path)  # another document may be there
            if inner.kind is not None:
                return self._in_type(inner.kind, path[depth + 1 :])
            place = inner
        return True

    def _in_type(self, kind: Type | None, path: Sequence[Term]) -> bool:
        for part in path:
            wanted = keys(kind)
            if wanted is None:
                return False
            if isinstance(part, Scalar):
                at = constant(part)
                kind = None if at is None else select(kind, at)
                if kind is None:
                    return False
                continue
            if not self._key(part, wanted):
                return False
            kind = values(kind)
        return True

    def _key(self, part: Term, wanted: Type | None) -> bool:
        if isinstance(part, (ArrayTerm, ObjectTerm, SetTerm)):
            return fit(self.scope, part, wanted)
        if not isinstance(part, Var):
            known = self.scope.type_of(part)
            return known is None or meets(known, wanted)
        known = self.scope.variable(part.name)
        if known is not None:
            return meets(known, wanted)
        self.scope.put(part.name, wanted)
        return True


def _text(ref: Ref) -> str:
    """The reference, with `_` for keys that no one wrote."""
    path = tuple(Var("$") if isinstance(part, Var) and part.name.startswith(SUPPORT) else part for part in ref.path)
    return term_text(Ref(ref.head, path))
