"""A definition of a rule in OPA's form, and the way back to one that can be translated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, replace

from constraints.rego.flat.aliases import Aliases, renamed
from constraints.rego.names.modules import Definition, chain
from constraints.rego.names.resolved import Path
from constraints.rego.names.scope import Fresh, Step
from constraints.rego.syntax.tree import Body, Call, Comprehension, Expr, Ref, Rule, Scalar, Term, Var, With
from constraints.rego.syntax.walk import ROOTS, parts, visible

TRUE = Scalar(True)


@dataclass(slots=True)
class FlatRule:
    """One branch of a definition, of a rule at `path`; the steps change its body and the terms of its head.

    `suffix` is what varies of the path, behind `path`; `unordered` the body before it was put in order.
    """

    path: Path
    rule: Rule
    fresh: Fresh
    source: str
    suffix: tuple[Term, ...]
    args: tuple[Term, ...]
    key: Term | None
    value: Term | None
    body: Body
    unordered: Body = ()

    def bound(self) -> set[str]:
        """The variables of the arguments."""
        into: set[str] = set()
        for arg in self.args:
            visible(arg, into)
        return into

    def append(self, statements: Sequence[Expr]) -> None:
        """More statements behind the body."""
        self.body = joined(self.body, statements)

    def named(self, term: Term) -> Var:
        """A variable in the place of a term of the head, which the body looks up."""
        var, statement = named(term, self.fresh, Step.REFERENCES_IN_HEADS)
        self.append([statement])
        return var

    def back(self, body: Body, names: Aliases) -> Rule:
        """The branch as a rule of its own, with this head, in which some variables have other names, and a body.

        A default has none.
        """
        if self.rule.default:
            return self.rule
        head = self.rule.head
        ground = head.path[: len(head.path) - len(self.suffix)]
        args = None if head.args is None else self.args
        key, value = (None if term is None else renamed(term, names) for term in (self.key, self.value))
        path = (*ground, *(renamed(part, names) for part in self.suffix))
        head = replace(head, path=path, args=args, key=key, value=value)
        return replace(self.rule, head=head, body=body, else_=None)


def branches(one: Definition) -> list[FlatRule]:
    """A definition and its `else` branches, as they were written."""
    return [_branch(one, rule) for rule in chain(one.rule)]


def _branch(one: Definition, rule: Rule) -> FlatRule:
    head = rule.head
    suffix = head.path[len(one.path) - len(one.module.package) :]
    source = one.module.source
    return FlatRule(one.path, rule, one.fresh, source, suffix, head.args or (), head.key, head.value, rule.body)


def named(term: Term, fresh: Fresh, step: Step, withs: tuple[With, ...] = ()) -> tuple[Var, Expr]:
    """A new variable, and the statement that binds it to a term."""
    var = Var(fresh.support(step), term.span)
    return var, Expr(Call("eq", (var, term), term.span), False, withs, term.span)


def joined(body: Body, statements: Sequence[Expr]) -> Body:
    """More statements behind a body; an empty one, `true`, vanishes."""
    if not statements:
        return body
    return tuple(statements) if is_empty(body) else (*body, *statements)


def is_empty(body: Body) -> bool:
    """Whether nothing is asked: `true`."""
    return len(body) == 1 and isinstance(body[0].what, Scalar) and body[0].what.value is True


def is_lookup(term: Term) -> bool:
    """Whether it is a reference for OPA: the bare `input` and `data` are."""
    return isinstance(term, Ref) or (isinstance(term, Var) and term.name in ROOTS)


def must_be_looked_up(term: Term) -> bool:
    """Whether there is a reference or a comprehension in a term."""
    kind = type(term)
    if kind is Scalar:
        return False
    return kind is Comprehension or is_lookup(term) or any(map(must_be_looked_up, parts(term)))
