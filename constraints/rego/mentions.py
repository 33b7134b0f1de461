"""Where the rules of a policy name certain fields of the review, whatever the parameters of a constraint.

`Program.reads` tells of one constraint, after its parameters have decided what is left of the policy, and gives up where
the whole review goes into a function. Here each variable and function is followed to what it may stand for:

    is_update(review) { review.operation == "UPDATE" }      violation[...] { not is_update(input.review) }

names `operation` of the review, in the first line.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import Final

from constraints.lang.source import Span
from constraints.model import value
from constraints.rego.codegen_walk import nodes_of
from constraints.rego.resolved import Path, Resolved
from constraints.rego.syntax import ArrayTerm, Call, Every, Expr, Ref, Rule, Scalar, SomeIn, Term, Var

Place = tuple[str, ...]  # (), ("review",) or ("review", <one of the fields>)
Places = frozenset[Place]
Where = tuple[str, Span]

_NOWHERE: Final[Places] = frozenset()
_INPUT: Final[Places] = frozenset({()})
_REVIEW: Final = "review"
_GET: Final = "object.get"
_BINDS: Final = ("assign", "eq")
_PASSES: Final = (
    20  # values go through as many functions and back; a policy that passes them on for longer is left alone
)


def mentions(resolved: Resolved, entry: Path, fields: frozenset[str]) -> dict[str, Where]:
    """The `fields` of `input.review` that the rules behind `entry` name: each with the first place where it is named,
    the source, and line and column."""
    rules = [found for path in _reached(resolved, entry) for found in _definitions(resolved, path)]
    flow = _Flow(resolved, fields)
    for _ in range(_PASSES):
        if not flow.grows(rules):
            break
    found: dict[str, Where] = {}
    for one in rules:
        for name, span in flow.named(one):
            before = found.get(name)
            if before is None or (one.source == before[0] and span < before[1]):
                found[name] = (one.source, span)
    return found


@value
class Definition:
    """A branch of a definition: `scope` is the same for all of its branches, which share variables."""

    path: Path
    rule: Rule
    source: str
    scope: int


def _reached(resolved: Resolved, entry: Path) -> list[Path]:
    """The entry, and all that it refers to by any way."""
    found, pending = {entry: None}, [entry]
    while pending:
        for path in sorted(resolved.graph.get(pending.pop(), ()), key=str):
            if path not in found:
                found[path] = None
                pending.append(path)
    return list(found)


def _definitions(resolved: Resolved, path: Path) -> Iterator[Definition]:
    """The definitions at a path, each `else` for itself, with the names of their sources."""
    for rule, source in zip(resolved.rules.get(path, ()), resolved.sources.get(path, ()), strict=False):
        branch: Rule | None = rule
        while branch is not None:
            yield Definition(path, branch, source, id(rule))
            branch = branch.else_


@dataclass(slots=True)
class _Flow:
    """What may stand for a place: variables by rule and name, answers of rules and arguments of functions by path."""

    resolved: Resolved
    fields: frozenset[str]
    variables: defaultdict[tuple[int, str], Places] = field(default_factory=lambda: defaultdict(lambda: _NOWHERE))
    answers: defaultdict[Path, Places] = field(default_factory=lambda: defaultdict(lambda: _NOWHERE))
    arguments: defaultdict[tuple[Path, int], Places] = field(default_factory=lambda: defaultdict(lambda: _NOWHERE))

    def grows(self, definitions: Iterable[Definition]) -> bool:
        """One pass over all rules; whether it has found anything new."""
        before = self._size()
        for one in definitions:
            for at, pattern in enumerate(one.rule.head.args or ()):
                self._bind(pattern, self.arguments[one.path, at], one.scope)
            for expr in one.rule.body:
                for node in nodes_of(expr):
                    self._learn(node, one.scope)
            if one.rule.head.value is not None:
                self.answers[one.path] |= self._places(one.rule.head.value, one.scope)
        return self._size() > before

    def named(self, one: Definition) -> Iterator[tuple[str, Span]]:
        """The fields that a rule names; not under `with input as ...`, where the input is another one."""
        for node in _under_the_real_input(one.rule):
            if isinstance(node, Ref) or (isinstance(node, Call) and node.name == _GET):
                yield from ((place[1], node.span) for place in self._places(node, one.scope) if len(place) > 1)

    def _size(self) -> int:
        tables = (self.variables, self.answers, self.arguments)
        return sum(len(places) for table in tables for places in table.values())

    def _learn(self, node: object, scope: int) -> None:
        match node:
            case Call(name=name, args=(one, other)) if name in _BINDS:
                self._bind(one, self._places(other, scope), scope)
                self._bind(other, self._places(one, scope), scope)
            case Call(name=name, args=args) if name == _GET and len(args) > 3:
                self._bind(args[3], self._got(args, scope), scope)
            case Call(name=name, args=args) if name in self.resolved.functions:
                self._call(self.resolved.functions[name], args, scope)
            case SomeIn(value=item, domain=domain) | Every(value=item, domain=domain):
                self._bind(item, self._below(self._places(domain, scope), None), scope)

    def _call(self, path: Path, args: tuple[Term, ...], scope: int) -> None:
        arity = len(self.resolved.rules[path][0].head.args or ())
        for at, given in enumerate(args[:arity]):
            self.arguments[path, at] |= self._places(given, scope)
        for output in args[arity:]:
            self._bind(output, self.answers[path], scope)

    def _bind(self, pattern: Term, places: Places, scope: int) -> None:
        if isinstance(pattern, Var) and places:
            self.variables[scope, pattern.name] |= places

    def _places(self, term: Term, scope: int) -> Places:
        """What a term may stand for."""
        match term:
            case Var(name=name):
                return _INPUT if name == "input" else self.variables.get((scope, name), _NOWHERE)
            case Ref(head=Var(name="data"), path=path):
                return self._of_rules(path)
            case Ref(head=head, path=path):
                return self._walked(self._places(head, scope), path)
            case Call(name=name, args=args) if name == _GET and len(args) > 1:
                return self._got(args, scope)
            case Call(name=name) if name in self.resolved.functions:
                return self.answers[self.resolved.functions[name]]
        return _NOWHERE

    def _got(self, args: tuple[Term, ...], scope: int) -> Places:
        """`object.get(value, key, default)`; the key may be a path."""
        key = args[1]
        return self._walked(self._places(args[0], scope), key.items if isinstance(key, ArrayTerm) else (key,))

    def _of_rules(self, path: tuple[Term, ...]) -> Places:
        """What a reference to a rule, and below its value, stands for."""
        names = tuple(step.value if isinstance(step, Scalar) else None for step in path)
        for size in range(len(names), 0, -1):
            if names[:size] in self.resolved.rules:
                return self._walked(self.answers[names[:size]], path[size:])
        return _NOWHERE

    def _walked(self, places: Places, path: Iterable[Term]) -> Places:
        for step in path:
            if not places:
                break
            places = self._below(places, step.value if isinstance(step, Scalar) else None)
        return places

    def _below(self, places: Places, key: object) -> Places:
        """One step down; a place that is none of the fields, or on the way to them, is of no interest any more."""
        return frozenset(below for place in places if (below := self._step(place, key)) is not None)

    def _step(self, place: Place, key: object) -> Place | None:
        if len(place) == 2:
            return place
        if place:
            return (_REVIEW, key) if isinstance(key, str) and key in self.fields else None
        return (_REVIEW,) if key == _REVIEW else None


def _under_the_real_input(rule: Rule) -> Iterator[object]:
    hidden: set[int] = set()
    for node in nodes_of(rule.body):
        if isinstance(node, Expr) and any(_is_input(each.target) for each in node.withs):
            hidden.update(id(below) for below in nodes_of(node.what))
    yield from (node for node in nodes_of((rule.head, rule.body)) if id(node) not in hidden)


def _is_input(target: Term) -> bool:
    head = target.head if isinstance(target, Ref) else target
    return isinstance(head, Var) and head.name == "input"
