"""Sets of members put in the place of references to them: what iterates a partial set iterates what the set is made of.

    violation[{"msg": msg}] { container := input_containers[_]; not container.image; msg := "no image" }
    input_containers[c] { c := input.review.object.spec.containers[_] }
    input_containers[c] { c := input.review.object.spec.initContainers[_] }

    becomes

    violation[{"msg": msg}] { c := input.review.object.spec.containers[_]; container = c; not container.image; ... }
    violation[{"msg": msg}] { c := input.review.object.spec.initContainers[_]; container = c; not container.image; ... }

Only for clauses that make a set themselves, where it does not matter how often a member is found.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace
from typing import Any, Final

from constraints.dataclass import value
from constraints.rego.codegen.tree import SET, Branch, Clause
from constraints.rego.syntax.nodes import INNER, nodes_of
from constraints.rego.syntax.tree import Body, Call, Expr, ObjectTerm, Ref, Scalar, Term, Var
from constraints.rego.syntax.walk import ROOTS, visible, visible_in
from constraints.rego.values.kinds import key_of, same

MOST: Final = 8  # clauses of a set that is put in the place of references
ALL: Final = 48  # clauses that come of it, at most


@value
class Use:
    """A statement that iterates a set: `patterns` are equal to the member."""

    at: int
    members: Branch
    patterns: tuple[Term, ...]


def expanded(clauses: Sequence[Clause], tree: Branch) -> tuple[Clause, ...]:
    """The same clauses without references to small sets."""
    pending = list(clauses)
    found: list[Clause] = []
    count = 0
    while pending:
        one = pending.pop(0)
        use = _use(one, tree) if len(pending) + len(found) < ALL else None
        if use is None:
            found.append(one)
            continue
        count += 1
        pending[:0] = [made for made in (_put(one, use, inner, count) for inner in _members(use.members)) if made]
    return tuple(found)


def _members(branch: Branch) -> tuple[Clause, ...]:
    assert branch.rule is not None
    return branch.rule.clauses


def _use(clause: Clause, tree: Branch) -> Use | None:
    known: set[str] = set()
    for at, expr in enumerate(clause.rule.body):
        use = None if expr.negated or expr.withs else _use_in(at, expr, tree)
        if use is not None and _is_open(use, known) and _is_small(use.members, clause):
            return use
        known |= visible_in(expr)
    return None


def _use_in(at: int, expr: Expr, tree: Branch) -> Use | None:
    match expr.what:
        case Ref(path=path) as ref if len(path) > 1 and isinstance(path[-1], ObjectTerm):
            return _use_of(at, ref, tree)
        case Call(name="eq", args=(pattern, Ref(path=path) as ref)) if len(path) > 1:
            return _use_of(at, ref, tree, pattern)
    return None


def _use_of(at: int, ref: Ref, tree: Branch, *patterns: Term) -> Use | None:
    if ref.head != Var("data"):
        return None
    branch: Branch | None = tree
    for part in ref.path[:-1]:
        branch = branch.children.get(key_of(part.value)) if branch and isinstance(part, Scalar) else None
    if branch is None or branch.rule is None or branch.rule.kind != SET:
        return None
    last = ref.path[-1]
    wild = isinstance(last, Var) and last.is_wildcard
    return Use(at, branch, patterns if wild else (*patterns, last))


def _is_open(use: Use, known: set[str]) -> bool:
    """Whether the statement iterates: each pattern has a variable that is not bound before."""
    for pattern in use.patterns:
        names: set[str] = set()
        visible(pattern, names)
        if names <= known:
            return False
    return bool(use.patterns)


def _is_small(members: Branch, clause: Clause) -> bool:
    found = _members(members)
    return len(found) <= MOST and all(one.source == clause.source for one in found)


def _put(outer: Clause, use: Use, inner: Clause, count: int) -> Clause | None:
    """The outer clause for the members that one inner clause makes; None when these never fit."""
    found = {node.name for node in nodes_of((inner.rule.body, inner.rule.head.key)) if isinstance(node, Var)}
    mapping: dict[str, Term] = {name: Var(f"{name}#i{count}") for name in found - ROOTS}
    key = inner.rule.head.key
    assert key is not None
    rest: list[tuple[Term, Term]] = []
    for pattern in use.patterns:
        pairs = _pairs(pattern, key)
        if pairs is None:
            return None
        for wanted, given in pairs:
            if isinstance(wanted, Scalar) and isinstance(given, Var) and isinstance(mapping.get(given.name), Var):
                mapping[given.name] = wanted
            else:
                rest.append((wanted, given))
    return _joined(
        outer, use, _replaced(inner.rule.body, mapping), [(one, _replaced(two, mapping)) for one, two in rest]
    )


def _joined(outer: Clause, use: Use, body: Body, rest: list[tuple[Term, Term]]) -> Clause | None:
    span = outer.rule.body[use.at].span
    for one, other in rest:
        if isinstance(one, Scalar) and isinstance(other, Scalar) and not same(one.value, other.value):
            return None
    equations = [Expr(Call("eq", pair, span), span=span) for pair in rest]
    before, after = outer.rule.body[: use.at], outer.rule.body[use.at + 1 :]
    return replace(outer, rule=replace(outer.rule, body=(*before, *body, *equations, *after)))


def _pairs(pattern: Term, key: Term) -> list[tuple[Term, Term]] | None:
    """What is equal when both are; None when they can't be."""
    if not isinstance(pattern, ObjectTerm) or not isinstance(key, ObjectTerm):
        return [(pattern, key)]
    wanted = {key_of(name.value): term for name, term in pattern.pairs if isinstance(name, Scalar)}
    given = {key_of(name.value): term for name, term in key.pairs if isinstance(name, Scalar)}
    if len(wanted) < len(pattern.pairs) or len(given) < len(key.pairs):
        return [(pattern, key)]
    return [(wanted[name], given[name]) for name in wanted] if wanted.keys() == given.keys() else None


def _replaced(node: Any, mapping: dict[str, Term]) -> Any:
    """The tree with other terms for variables."""
    if isinstance(node, Var):
        return mapping.get(node.name, node)
    if isinstance(node, tuple):
        return tuple([_replaced(part, mapping) for part in node])
    kind: Any = type(node)
    inner = INNER[kind]
    return replace(node, **{name: _replaced(getattr(node, name), mapping) for name in inner}) if inner else node
