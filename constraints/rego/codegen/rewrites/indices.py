"""Tables for what is iterated again and again within a loop and compared with something of that loop.

    x := input.review.object.items[_]
    same := [y | y := input.review.object.items[_]; y.name == x.name]

becomes a table of all `y` by `y.name`, made when it is asked for the first time, and a look into it,

    same := [y | y := table[x.name][_]]

as with OPA's index of comprehensions (v1/ast/compile.go, getComprehensionIndex). As there, what is iterated must not
depend on the loop.
"""

from __future__ import annotations

from typing import Any, Final

from constraints.rego.codegen.rewrites.joins import Join, bound, equality_of, may_join, names_of_row
from constraints.rego.codegen.rewrites.known import Env
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import (
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    Ref,
    Term,
    Var,
)
from constraints.rego.syntax.walk import has_closure, visible, visible_in

_HEARD: Final = frozenset({"print", "internal.print", "trace"})
_ROOTS: Final = (Var("input"), Var("data"))
_NEAR: Final = 16  # statements from an iteration to what it is compared with; of more, each iteration would see all


def index_at(body: Body, at: int, env: Env) -> Join | None:
    """The join that starts with a statement of a body; None when there is none. `env`: what is bound before it."""
    if not may_join(body[at]) or not _iterates(body[at]):
        return None
    return _index_of(body[at:], env)


def _index_of(body: Body, env: Env) -> Join | None:
    """The join of the first statement with the first equalities behind it, all in the order in which they stand."""
    names, outer = visible_in(body[0]), bound(env)
    if names & outer:
        return None
    keys: list[Term] = []
    asked: list[Term] = []
    last = 0
    inner = [body[0]]
    for at, expr in enumerate(body[1:_NEAR], 1):
        equal = equality_of(expr, names, env)
        if equal is not None and _is_quiet(equal[0]) and _is_of_loop(equal[1], outer):
            keys.append(equal[0])
            asked.append(equal[1])
            last = at
        elif keys or not _is_plain(expr) or visible_in(expr) & outer:
            break
        else:
            inner.append(expr)
            names |= visible_in(expr)
    if not keys:
        return None
    found = tuple(sorted(names_of_row(inner, keys)))
    return Join(tuple(inner), tuple(keys), tuple(asked), found, body[last + 1 :], False)


def _is_of_loop(term: Term, outer: set[str]) -> bool:
    """Whether a value is part of a variable that is bound, so that it takes nothing and cannot fail."""
    found: set[str] = set()
    visible(term, found)
    local = isinstance(term, Var) or (isinstance(term, Ref) and isinstance(term.head, Var) and term.head not in _ROOTS)
    return local and not has_closure(term) and bool(found & outer)


def _iterates(expr: Expr) -> bool:
    """Whether a statement goes through a document alone."""
    match expr.what:
        case Call(name="eq", args=(Var(), Ref(head=head) as ref)):
            return head in _ROOTS and _is_quiet(ref)
    return False


def _is_plain(expr: Expr) -> bool:
    """Whether it makes no difference how often a statement is done."""
    what: Any = expr.what
    return not expr.withs and not isinstance(what, Every) and _is_quiet(what)


def _is_quiet(term: Term) -> bool:
    """Whether there is no closure in a term, and nothing that is heard of outside."""
    return not any(
        isinstance(found, Comprehension)
        or (isinstance(found, Call) and (found.name in _HEARD or found.name.startswith("data.")))
        for found in nodes_of(term)
    )
