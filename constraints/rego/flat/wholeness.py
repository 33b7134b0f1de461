"""Whether a statement may stay whole: whether the order within it can be told from OPA's, which takes it apart.

OPA calls what is nested first, then looks references up, then compares and unifies; the code generator goes through a
whole statement from left to right.
"""

from __future__ import annotations

from constraints.rego.flat.lift import UNIFICATIONS, Lift, apart
from constraints.rego.flat.outputs import Bound, iterated
from constraints.rego.names.scope import Fresh
from constraints.rego.syntax.tree import Call, Every, Expr, Ref, Scalar, Term, Var
from constraints.rego.syntax.walk import has_call, parts, terms_of, visible


def pieces_of(expr: Expr, known: Bound, fresh: Fresh) -> tuple[list[Expr], bool]:
    """The statement taken apart as far as OPA's safety check wants it, and whether it may stay whole."""
    if expr.negated:
        return [expr], True
    if must_be_apart(expr, known):
        return apart(expr, fresh), False
    if isinstance(expr.what, Every):
        return Lift(expr, fresh).calls(), False
    if _has_inner_call(expr, known):
        return Lift(expr, fresh).calls(), True
    return [expr], True


def must_be_apart(expr: Expr, known: Bound) -> bool:
    """Whether going from left to right would bind or iterate in another order."""
    return not expr.negated and (_order_shows(expr, known) or _reads_early(expr, known))


def _has_inner_call(expr: Expr, known: Bound) -> bool:
    """Whether a call stands where OPA would take it out and it can matter for what is bound."""
    what = expr.what
    if isinstance(what, Call):
        if what.name == "print":
            return False
        if what.name in UNIFICATIONS:
            return any(_needs_lift(arg, known) if isinstance(arg, Call) else has_call(arg) for arg in what.args)
        return any(map(has_call, what.args))
    return any(map(has_call, terms_of(expr)))


def _needs_lift(call: Call, known: Bound) -> bool:
    """Whether a side of a unification has calls inside, or needs what is not bound yet."""
    names: set[str] = set()
    visible(call, names)
    return not names <= known or any(map(has_call, call.args))


def _order_shows(expr: Expr, known: Bound) -> bool:
    """Whether two iterations in one statement would run in another order than OPA's, calls before the rest."""
    what = expr.what
    if not isinstance(what, Call) or len(what.args) < 2:
        return False
    if not any(map(has_call, what.args)) and not (what.name in UNIFICATIONS and _is_mixed(what)):
        return False
    return len(_new_keys(what, known)) > 1


def _reads_early(expr: Expr, known: Bound) -> bool:
    """Whether a variable is read beside the reference whose key it is: OPA looks references up first."""
    what = expr.what
    if not isinstance(what, Call) or (
        what.name in UNIFICATIONS and all(isinstance(arg, (Ref, Var)) for arg in what.args)
    ):
        return False
    found = _new_keys(what, known)
    if not found:
        return False
    read: set[str] = set()
    for arg in what.args:
        _plain(arg, read)
    return not found.isdisjoint(read)


def _plain(term: Term, into: set[str]) -> None:
    """Add the variables that stand for themselves and not in a reference."""
    if isinstance(term, Var):
        visible(term, into)
    elif not isinstance(term, Ref):
        for part in parts(term):
            _plain(part, into)


def _new_keys(call: Call, known: Bound) -> set[str]:
    into: set[str] = set()
    for arg in call.args:
        iterated(arg, known, into)
    return into - known


def _is_mixed(call: Call) -> bool:
    return isinstance(call.args[0], Ref) and not isinstance(call.args[1], (Ref, Var, Scalar))
