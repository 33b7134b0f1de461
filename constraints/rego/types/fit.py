"""Terms against types: whether they fit, and the types that variables in them get by it (OPA: v1/ast/check.go,
unify).
"""

from __future__ import annotations

from constraints.rego.flat.unified import is_local
from constraints.rego.syntax.termorder import in_order, pairs_in_order, rank
from constraints.rego.syntax.tree import ArrayTerm, ObjectTerm, SetTerm, Term, Var
from constraints.rego.types.kinds import (
    ANY,
    ArrayOf,
    Either,
    ObjectOf,
    SetOf,
    Type,
    either,
    is_open,
    item,
    meets,
    select,
)
from constraints.rego.types.scope import TypeScope, constant


def unify(scope: TypeScope, a: Term, b: Term) -> bool:
    """Both sides of a unification; the open one gets the type of the other."""
    kind, other = scope.type_of(a), scope.type_of(b)
    is_left_open, is_right_open = is_open(kind), is_open(other)
    if not is_left_open and not is_right_open:
        return meets(kind, other)
    if not is_right_open:
        return fit(scope, a, other)
    if not is_left_open:
        return fit(scope, b, kind)
    return _unify_open(scope, a, b) or _take_structure(scope, a, b)


def _unify_open(scope: TypeScope, a: Term, b: Term) -> bool:
    if isinstance(a, ArrayTerm) and isinstance(b, ArrayTerm):
        return len(a.items) == len(b.items) and all(
            unify(scope, left, right) for left, right in zip(a.items, b.items, strict=True)
        )
    if isinstance(a, ObjectTerm) and isinstance(b, ObjectTerm):
        return _unify_objects(scope, a, b)
    if is_local(a) and isinstance(b, (ArrayTerm, ObjectTerm)):
        a, b = b, a
    if (isinstance(a, (ArrayTerm, ObjectTerm)) or is_local(a)) and is_local(b):
        return fit(scope, a, ANY) and fit(scope, b, scope.type_of(a))
    return False


def _unify_objects(scope: TypeScope, a: ObjectTerm, b: ObjectTerm) -> bool:
    others = {rank(key): value for key, value in b.pairs}
    if len(a.pairs) != len(b.pairs) or not all(rank(key) in others for key, _ in a.pairs):
        return False
    return all(unify(scope, value, others[rank(key)]) for key, value in pairs_in_order(a, scope.names))


def _take_structure(scope: TypeScope, a: Term, b: Term) -> bool:
    """A variable without a type takes what is known of the other side."""
    kind, other = scope.type_of(a), scope.type_of(b)
    if is_local(a) and kind is None and other is not None:
        return fit(scope, a, other)
    if is_local(b) and other is None and kind is not None:
        return fit(scope, b, kind)
    return False


def fit(scope: TypeScope, term: Term, kind: Type | None, is_one_of_several: bool = False) -> bool:
    """Whether a term can have a type; its variables without one get theirs, of several types all of them."""
    if isinstance(term, (ArrayTerm, ObjectTerm, SetTerm)):
        return _fit_composite(scope, term, kind, is_one_of_several)
    if not isinstance(term, Var) or not is_local(term):
        return meets(scope.type_of(term), kind)
    known = scope.variable(term.name)
    if is_one_of_several:
        scope.put(term.name, either(known, kind))
        return True
    if known is not None:
        return meets(known, kind)
    scope.put(term.name, kind)
    return True


def _fit_composite(
    scope: TypeScope, term: ArrayTerm | ObjectTerm | SetTerm, kind: Type | None, is_one_of_several: bool
) -> bool:
    if isinstance(kind, Either):
        if kind == ANY:
            _fit_all(scope, term)
            return True
        fits = [fit(scope, term, option, True) for option in sorted(kind.options, key=repr)]
        return any(fits)
    if isinstance(term, ArrayTerm):
        return isinstance(kind, ArrayOf) and _fit_array(scope, term, kind, is_one_of_several)
    if isinstance(term, ObjectTerm):
        return isinstance(kind, ObjectOf) and _fit_object(scope, term, kind, is_one_of_several)
    return isinstance(kind, SetOf) and all(
        fit(scope, part, kind.member, is_one_of_several) for part in in_order(term.items, scope.names)
    )


def _fit_all(scope: TypeScope, term: ArrayTerm | ObjectTerm | SetTerm) -> None:
    """Parts of what may be anything may be anything."""
    if isinstance(term, ObjectTerm):
        for key, value in pairs_in_order(term, scope.names):
            fit(scope, key, ANY, True)
            fit(scope, value, ANY, True)
    else:
        for part in term.items if isinstance(term, ArrayTerm) else in_order(term.items, scope.names):
            fit(scope, part, ANY, True)


def _fit_array(scope: TypeScope, term: ArrayTerm, kind: ArrayOf, is_one_of_several: bool) -> bool:
    if len(term.items) != len(kind.items) and kind.rest is None:
        return False
    return all(fit(scope, part, item(kind, at), is_one_of_several) for at, part in enumerate(term.items))


def _fit_object(scope: TypeScope, term: ObjectTerm, kind: ObjectOf, is_one_of_several: bool) -> bool:
    if len(term.pairs) != len(kind.fields) and kind.rest is None:
        return False
    for key, value in pairs_in_order(term, scope.names):
        at = constant(key)
        if at is None:
            fit(scope, value, ANY, is_one_of_several)
            continue
        wanted = select(kind, at)
        if wanted is None or not fit(scope, value, wanted, is_one_of_several):
            return False
    return True
