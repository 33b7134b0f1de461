"""A definition of a rule in OPA's form, and the way back to one that can be translated."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import replace

from constraints.dataclass import dataclass
from constraints.rego.names.modules import Definition, chain, linked
from constraints.rego.names.resolved import Path
from constraints.rego.names.scope import Fresh, Step
from constraints.rego.syntax.termorder import changed
from constraints.rego.syntax.tree import Body, Call, Comprehension, Expr, Head, Ref, Rule, Scalar, Term, Var, With
from constraints.rego.syntax.walk import ROOTS, parts, visible

TRUE = Scalar(True)


@dataclass(slots=True)
class FlatRule:
    """One branch of a definition, of a rule at `path`; the steps change its body and the terms of its head.

    `suffix` is what varies of the path, behind `path`. `has_closures`: there are comprehensions, `every` or template
    strings in it, `has_templates`: the last ones. `is_early`: OPA takes some statement for ready before what it needs
    is bound; `unordered` is the body before it was put in order then.
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
    has_closures: bool = False
    has_templates: bool = False
    is_early: bool = False

    @classmethod
    def of_query(cls, body: Body, fresh: Fresh, source: str) -> FlatRule:
        """A query, which has no head."""
        return cls((), Rule(Head(())), fresh, source, (), (), None, None, body)

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

    def back(self) -> Rule:
        """The branch as a rule of its own. What a default is in its body, closures alone, stands in its head."""
        head = self.rule.head
        ground = head.path[: len(head.path) - len(self.suffix)]
        args = None if head.args is None else self.args
        if self.rule.default:
            return replace(self.rule, head=replace(head, args=args, value=_inserted(self.value, self.body)), else_=None)
        head = replace(head, path=(*ground, *self.suffix), args=args, key=self.key, value=self.value)
        return replace(self.rule, head=head, body=() if is_empty(self.body) else self.body, else_=None)


def _inserted(term: Term | None, body: Body) -> Term | None:
    """The term with what statements `t = {x | ...}` say in the place of `t`."""
    known: dict[Term, Term] = {}
    for expr in body:
        match expr.what:
            case Call("eq", (name, closure)):
                known[name] = closure

    def inserted(part: Term) -> Term:
        return inserted(known[part]) if part in known else changed(part, inserted)

    return None if term is None else inserted(term)


def branches(one: Definition) -> list[FlatRule]:
    """A definition and its `else` branches, as they were written."""
    return [_branch(one, rule) for rule in chain(one.rule)]


def put_together(definitions: Sequence[Definition], found: Sequence[FlatRule]) -> tuple[Rule, ...]:
    """The definitions of one rule, of which `found` are all branches, in order."""
    rest = iter(found)
    return tuple([linked([next(rest).back() for _ in chain(one.rule)]) for one in definitions])


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
