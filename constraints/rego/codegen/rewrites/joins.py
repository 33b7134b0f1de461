"""Joins over `data.inventory`: what is compared with a value that does not depend on it is looked up, not searched.

    other := data.inventory.namespace[ns][_]["Service"][name]     every object against every other
    selector(other) == mine

becomes a table of all such objects by `selector(other)`, made once for an inventory, and a look into it:

    table := {selector(other): [other, ...]}, other := table[mine][_]

Statements in between that depend on the iterated objects alone are done while the table is made. Conjunction commutes.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import Final

from constraints.dataclass import value
from constraints.rego.codegen.rewrites.known import Env
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.termorder import SUPPORT
from constraints.rego.syntax.tree import Body, Call, Every, Expr, Ref, Scalar, Term, Var
from constraints.rego.syntax.walk import enclosed_in, has_closure, visible, visible_in

_KEY: Final = "key#join"
"""How the names begin of keys that are told when the table is asked."""


@value
class Join:
    """A table: `inner` statements make its rows, by the values of `keys`; it is asked for the values of `asked`.

    `names`: the variables that a row binds. `rest`: the statements behind the join. `lasts`: the table depends on the
    inventory alone, and is made once for that; else once for an evaluation.
    """

    inner: Body
    keys: tuple[Term, ...]
    asked: tuple[Term, ...]
    names: tuple[str, ...]
    rest: Body
    lasts: bool = True


def join_at(body: Body, at: int, env: Env) -> Join | None:
    """The join that starts with a statement of a body; None when there is none. `env`: what is bound before it."""
    if not may_join(body[at]) or _inventory(body[at]) is None:
        return None
    return _join_of(body[at:], env)


def may_join(expr: Expr) -> bool:
    """Whether a statement says no more than its term."""
    return not expr.negated and not expr.withs


def bound(env: Env) -> set[str]:
    """The variables that have a value here that is no constant."""
    return {name for name, value in env.items() if not value.is_constant}


def _join_of(body: Body, env: Env) -> Join | None:
    """The join that starts with the first statement; None when there is no equality to look up."""
    first, keys, asked = _freed(body[0], env)
    names, outer = visible_in(first), bound(env)
    if names & outer or _mentions_input(first):
        return None
    last, given = 0, len(keys)
    inner, rest = [(0, first)], []
    for at, expr in enumerate(body[1:], 1):
        equal = equality_of(expr, names, env)
        if equal is not None:
            last = at
            keys.append(equal[0])
            asked.append(equal[1])
        elif _inventory(expr) is None and _is_inner(expr, names, outer):
            inner.append((at, expr))
            names |= visible_in(expr)
        else:
            rest.append((at, expr))
            outer |= visible_in(expr) - names
    if len(keys) == given:
        return None
    early = tuple([expr for at, expr in inner if at < last])
    rest += [one for one in inner if one[0] > last]
    late = tuple([expr for _, expr in sorted(rest, key=lambda one: one[0])])
    return Join(early, tuple(keys), tuple(asked), tuple(sorted(names_of_row(early, keys) - outer)), late)


def names_of_row(inner: Sequence[Expr], keys: Sequence[Term]) -> set[str]:
    """The variables of statements that others may ask for: each that has a name, and what these and the keys do not
    use.

    A variable of the compiler is used once.
    """
    named: set[str] = set()
    used: set[str] = set()
    for names in (*map(visible_in, inner), *map(_names_in, keys)):
        used |= {name for name in names & named if name.startswith(SUPPORT)}
        named |= names
    return {name for name in named - used if not name.startswith(("$", _KEY))}


def _names_in(term: Term) -> set[str]:
    found: set[str] = set()
    visible(term, found)
    return found


def _freed(expr: Expr, env: Env) -> tuple[Expr, list[Term], list[Term]]:
    """The statement with bound keys of its reference as variables of their own, these and what they must equal."""
    ref = _inventory(expr)
    assert ref is not None
    keys: list[Term] = []
    asked: list[Term] = []
    path: list[Term] = []
    for at, part in enumerate(ref.path):
        if isinstance(part, Var) and part.name in env and not env[part.name].is_constant:
            asked.append(part)
            part = Var(f"{_KEY}{at}", part.span)
            keys.append(part)
        path.append(part)
    free = Ref(ref.head, tuple(path), ref.span)
    what = expr.what
    made = Call(what.name, (what.args[0], free), what.span) if isinstance(what, Call) else free
    return Expr(made, span=expr.span), keys, asked


def equality_of(expr: Expr, names: set[str], env: Env) -> tuple[Term, Term] | None:
    """Both sides of an equality: what depends on the rows alone, and what does not depend on them."""
    match expr:
        case Expr(Call("eq", (left, right)), False, ()):
            for inner, outer in ((left, right), (right, left)):
                if _is_of_rows(inner, names) and _is_bound(outer, env):
                    return inner, outer
    return None


def _is_of_rows(term: Term, names: set[str]) -> bool:
    plain = {name for name in _names_in(term) if not name.startswith("$")}
    return bool(plain) and plain <= names and not has_closure(term) and not _mentions_input(term)


def _is_bound(term: Term, env: Env) -> bool:
    return not has_closure(term) and all(name in env for name in _names_in(term))


def _inventory(expr: Expr) -> Ref | None:
    """The reference into the inventory that a statement iterates."""
    match expr.what:
        case Call(name="eq", args=(_, Ref() as ref)) | (Ref() as ref):
            inventory = ref.head == Var("data") and ref.path[0] == Scalar("inventory")
            return ref if inventory and any(isinstance(part, Var) for part in ref.path) else None
    return None


def _is_inner(expr: Expr, names: set[str], outer: set[str]) -> bool:
    """Whether a statement depends on the rows alone; `outer` are variables that others bind."""
    if expr.withs or isinstance(expr.what, Every) or _mentions_input(expr):
        return False
    found = visible_in(expr) | enclosed_in(expr)
    return bool(found & names) and not found & outer


def _mentions_input(node: Expr | Term) -> bool:
    return any(isinstance(found, Var) and found.name == "input" for found in nodes_of(node))
