"""Where the rules of a policy name certain fields of the review, whatever the parameters of a constraint.

`Program.reads` tells of one constraint, after its parameters have decided what is left of the policy, and gives up
where the whole review goes into a function. Here each variable and function is followed to what it may stand for:

    is_update(review) { review.operation == "UPDATE" }      violation[...] { not is_update(input.review) }

names `operation` of the review, in the first line. The rules are read as they were written, since `:=`, `==` and `=`
say different things about a key. What holds the review, or a constant that is used as a key, is followed
as well. A key that is not known is no field that a policy asks for, unless it is compared with the field's name: a key
that `input.review[k]` or `some k, v in input.review` finds, or one on the paths of `walk(input.review)`.
"""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import field
from typing import Final

from constraints.dataclass import dataclass, value
from constraints.lang.source import Span
from constraints.rego.flat.prints import is_print
from constraints.rego.names.modules import chain
from constraints.rego.names.resolved import Path, Resolved
from constraints.rego.reads.places import (
    ANY_KEY,
    INPUT,
    MEMBER,
    NOWHERE_NEAR,
    REVIEW,
    Places,
    Text,
    asked,
    below,
    held,
    keys,
    members,
    texts,
    walks,
)
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Call,
    Comprehension,
    Every,
    Expr,
    Head,
    ObjectTerm,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    SomeIn,
    Term,
    Var,
)

Where = tuple[str, Span]

_GET: Final = "object.get"
_BINDS: Final = ("assign", "eq")
_COMPARES: Final = ("eq", "equal")
_IN: Final = ("internal.member_2", "internal.member_3")
_WALK: Final = "walk"
_KEYS: Final = "object.keys"
_ONE_OF: Final = (
    "object.remove",
    "object.filter",
    "json.remove",
    "json.filter",
    "json.patch",
    "array.slice",
    "array.reverse",
)
_BOTH_OF: Final = ("object.union", "array.concat", "or", "and")
_KEEPS: Final = dict.fromkeys(_ONE_OF, 1) | dict.fromkeys(_BOTH_OF, 2)  # so many arguments are in the answer
_FILTERS: Final = ("object.filter", "json.filter")
_PASSES: Final = (
    20  # values go through as many functions and back; a policy that passes them on for longer is left alone
)


def mentions(resolved: Resolved, entry: Path, fields: frozenset[str]) -> dict[str, Where]:
    """The `fields` of `input.review` that the rules behind `entry` name: each with the first place where it is named,
    the source, and line and column."""
    rules = _reached(resolved, entry, fields)
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
class Reached:
    """A branch of a definition that is referred to: `scope` is the same for all of its branches, which share variables.

    `hidden` has the fields that are those of another input, by the id of the node that would name them; `negated` the
    ids of the nodes under a `not`.
    """

    path: Path
    rule: Rule
    source: str
    scope: int
    hidden: Mapping[int, frozenset[str]]
    negated: frozenset[int]

    def nodes(self, fields: frozenset[str]) -> Iterator[object]:
        """All nodes, but those for which each of the `fields` is that of another input."""
        return (node for node in nodes_of((self.rule.head, self.rule.body)) if self.hidden.get(id(node)) != fields)


def _reached(resolved: Resolved, entry: Path, fields: frozenset[str]) -> list[Reached]:
    """The definitions at the entry, and at all that it refers to by any way."""
    found: dict[Path, list[Reached]] = {}
    pending = [entry]
    while pending:
        path = pending.pop()
        if path in found:
            continue
        found[path] = list(_definitions(resolved, path, fields))
        targets = resolved.graph.get(path, frozenset())
        if any(one.hidden for one in found[path]):
            nodes = [node for one in found[path] for node in one.nodes(fields)]
            targets = frozenset(path for path in targets if any(_leads(resolved, node, path) for node in nodes))
        pending += sorted(targets, key=str)
    return [one for definitions in found.values() for one in definitions]


def _leads(resolved: Resolved, node: object, path: Path) -> bool:
    """Whether a node refers to a rule or a function, or may do so."""
    match node:
        case Call(name=name):
            return resolved.functions.get(name) == path
        case Ref(head=Var(name="data"), path=steps):
            return all(not isinstance(step, Scalar) or step.value == at for step, at in zip(steps, path, strict=False))
    return False


def _definitions(resolved: Resolved, path: Path, fields: frozenset[str]) -> Iterator[Reached]:
    """The definitions at a path, each `else` for itself, with the names of their sources."""
    for rule, source in resolved.written.get(path, ()):
        for branch in chain(rule):
            hidden = _replaced(branch, fields) | ({} if resolved.keeps_prints else _printed(branch, fields))
            yield Reached(path, branch, source, id(rule), hidden, _negated(branch))


@dataclass(slots=True)
class _Flow:
    """What may stand for a place: variables by rule and name, answers of rules and arguments of functions by path."""

    resolved: Resolved
    fields: frozenset[str]
    variables: defaultdict[tuple[int, str], Places] = field(default_factory=lambda: defaultdict(lambda: NOWHERE_NEAR))
    answers: defaultdict[Path, Places] = field(default_factory=lambda: defaultdict(lambda: NOWHERE_NEAR))
    arguments: defaultdict[tuple[Path, int], Places] = field(default_factory=lambda: defaultdict(lambda: NOWHERE_NEAR))

    def grows(self, definitions: Iterable[Reached]) -> bool:
        """One pass over all rules; whether it has found anything new."""
        before = self._size()
        for one in definitions:
            for at, pattern in enumerate(one.rule.head.args or ()):
                self._bind(pattern, self.arguments[one.path, at], one.scope)
            for node in one.nodes(self.fields):
                self._learn(node, one.scope)
            self.answers[one.path] |= self._answer(one.rule.head, one.path, one.scope)
        return self._size() > before

    def named(self, one: Reached) -> Iterator[tuple[str, Span]]:
        """The fields that a rule names; not under `with input as ...`, where the input is another one."""
        for node in one.nodes(self.fields):
            if isinstance(node, Ref) or (isinstance(node, Call) and node.name in (_GET, *_FILTERS)):
                places = self._filtered(node, one.scope) if isinstance(node, Call) else self._places(node, one.scope)
                hidden = one.hidden.get(id(node), ())
                ways = (place for place in places if isinstance(place, tuple) and len(place) > 1)
                yield from ((way[1], node.span) for way in ways if way[1] not in hidden)

            if isinstance(node, Call) and id(node) not in one.negated:
                names = set(self._compared(node, one.scope)) & self.fields
                yield from ((name, node.span) for name in names.difference(one.hidden.get(id(node), ())))

    def _compared(self, call: Call, scope: int) -> Iterator[str]:
        """The names that keys of the review are compared with."""
        sides = [self._places(one, scope) for one in call.args]
        if call.name == _WALK and len(sides) > 1:
            sides[0] = walks(sides[0])
        elif call.name in _IN:
            sides = [held(ANY_KEY, sides[-2]), sides[-1]] if len(sides) == 2 else [sides[0], keys(sides[-1])]
        elif call.name not in _COMPARES:
            return
        if len(sides) == 2:
            yield from asked(sides[0], sides[1])
            yield from asked(sides[1], sides[0])

    def _size(self) -> int:
        tables = (self.variables, self.answers, self.arguments)
        return sum(len(places) for table in tables for places in table.values())

    def _answer(self, head: Head, path: Path, scope: int) -> Places:
        if head.contains and head.key is not None:
            return held(MEMBER, self._places(head.key, scope))
        found = self._places(head.value, scope) if head.value is not None else NOWHERE_NEAR
        for _ in range(sum(1 for step in head.path if not isinstance(step, Scalar))):  # p[k] = v: it is in an object
            found = held(ANY_KEY, found)
        return found

    def _learn(self, node: object, scope: int) -> None:
        match node:
            case Call(name=name, args=(one, other)) if name in _BINDS:
                self._bind(one, self._places(other, scope), scope)
                self._bind(other, self._places(one, scope), scope)
            case Call(name=name, args=args) if name == _GET and len(args) > 3:
                self._bind(args[3], self._got(args, scope), scope)
            case Call(name=name, args=args) if name in self.resolved.functions:
                self._call(self.resolved.functions[name], args, scope)
            case Call(name=name, args=(whole, rows)) if name == _WALK:
                self._bind(rows, walks(self._places(whole, scope)), scope)
            case SomeIn(key=key, value=item, domain=domain) | Every(key=key, value=item, domain=domain):
                places = self._places(domain, scope)
                self._bind(item, self._below(places, ANY_KEY), scope)
                if key is not None:
                    self._bind(key, keys(places), scope)
            case Ref(head=Var(name="data"), path=path) if any(isinstance(step, Var) for step in path):
                at = next(at for at, step in enumerate(path) if isinstance(step, Var))
                self._bind(path[at], members(self._of_rules(path[:at], scope)), scope)
            case Ref(head=head, path=path):
                self._iterate(self._places(head, scope), path, scope)

    def _iterate(self, places: Places, path: tuple[Term, ...], scope: int) -> None:
        """Bind what stands for keys in a reference."""
        for step in path:
            if not places:
                return
            if isinstance(step, Var):
                self._bind(step, members(places) | keys(places), scope)
            places = self._below(places, self._key(step, scope))

    def _call(self, path: Path, args: tuple[Term, ...], scope: int) -> None:
        arity = len(self.resolved.rules[path][0].head.args or ())
        for at, given in enumerate(args[:arity]):
            self.arguments[path, at] |= self._places(given, scope)
        for output in args[arity:]:
            self._bind(output, self.answers[path], scope)

    def _bind(self, pattern: Term, places: Places, scope: int) -> None:
        if not places:
            return
        if isinstance(pattern, Var):
            self.variables[scope, pattern.name] |= places
        elif isinstance(pattern, ArrayTerm):
            for at, item in enumerate(pattern.items):
                self._bind(item, self._below(places, at), scope)
        elif isinstance(pattern, ObjectTerm):
            for key, item in pattern.pairs:
                self._bind(item, self._below(places, self._key(key, scope)), scope)

    def _places(self, term: Term, scope: int) -> Places:
        """What a term may stand for."""
        match term:
            case Var(name=name):
                return INPUT if name == "input" else self.variables.get((scope, name), NOWHERE_NEAR)
            case Scalar(value=text) if isinstance(text, str) and (text == REVIEW or text in self.fields):
                return frozenset((Text(text),))
            case Ref(head=Var(name="data"), path=path):
                return self._of_rules(path, scope)
            case Ref(head=head, path=path):
                return self._walked(self._places(head, scope), path, scope)
            case Call(name=name, args=args) if name == _GET and len(args) > 1:
                return self._got(args, scope)
            case Call(name=name, args=(whole, *_)) if name == _KEYS:
                return held(MEMBER, keys(self._places(whole, scope)))
            case Call(name=name, args=(whole, *_)) if name == _WALK:
                return walks(self._places(whole, scope))
            case Call(name=name, args=args) if name in _KEEPS:
                return _union(self._places(one, scope) for one in args[: _KEEPS[name]])
            case Call(name=name) if name in self.resolved.functions:
                return self.answers[self.resolved.functions[name]]
        return self._collected(term, scope)

    def _collected(self, term: Term, scope: int) -> Places:
        match term:
            case ArrayTerm(items=items):
                return _union(held(at, self._places(item, scope)) for at, item in enumerate(items))
            case SetTerm(items=items):
                return _union(held(MEMBER, self._places(item, scope)) for item in items)
            case ObjectTerm(pairs=pairs):
                return _union(
                    held(key.value if isinstance(key, Scalar) else ANY_KEY, self._places(item, scope))
                    for key, item in pairs
                )
            case Comprehension(kind=kind, value=item):
                return held(MEMBER if kind == "set" else ANY_KEY, self._places(item, scope))
        return NOWHERE_NEAR

    def _got(self, args: tuple[Term, ...], scope: int) -> Places:
        """`object.get(value, key, default)`; the key may be a path."""
        key = args[1]
        return self._walked(self._places(args[0], scope), key.items if isinstance(key, ArrayTerm) else (key,), scope)

    def _filtered(self, call: Call, scope: int) -> Places:
        """What a call asks for by name: `object.get`, or `json.filter(input.review, ["userInfo/username"])`."""
        if call.name == _GET:
            return self._places(call, scope)
        wanted = call.args[1] if len(call.args) > 1 else call
        names = [item.value for item in getattr(wanted, "items", ()) if isinstance(item, Scalar)]
        paths = [name.strip("/").split("/") if call.name == "json.filter" else [name] for name in names if name]
        whole = self._places(call.args[0], scope)
        return _union(self._walked(whole, [Scalar(step) for step in path], scope) for path in paths)

    def _of_rules(self, path: tuple[Term, ...], scope: int) -> Places:
        """What a reference to a rule, and below its value, stands for."""
        names = tuple(step.value if isinstance(step, Scalar) else ANY_KEY for step in path)
        for size in range(len(names), 0, -1):
            if names[:size] in self.resolved.rules:
                return self._walked(self.answers[names[:size]], path[size:], scope)
        return NOWHERE_NEAR

    def _walked(self, places: Places, path: Iterable[Term], scope: int) -> Places:
        for step in path:
            if not places:
                break
            places = self._below(places, self._key(step, scope))
        return places

    def _below(self, places: Places, key: object) -> Places:
        return below(places, key, self.fields)

    def _key(self, step: Term, scope: int) -> object:
        """A constant, the texts that a step may be, or ANY_KEY."""
        if isinstance(step, Scalar):
            return step.value
        return texts(self._places(step, scope)) or ANY_KEY


def _union(places: Iterable[Places]) -> Places:
    return NOWHERE_NEAR.union(*places)


def _replaced(rule: Rule, fields: frozenset[str]) -> dict[int, frozenset[str]]:
    """The fields that are those of another input, by the id of each node below a `with input...`."""
    found: dict[int, frozenset[str]] = {}
    for node in nodes_of(rule.body):
        if isinstance(node, Expr) and node.withs:
            names = frozenset().union(*(_targeted(each.target, fields) for each in node.withs))
            if names:
                found |= {id(one): found.get(id(one), frozenset()) | names for one in nodes_of(node.what)}
            for each in node.withs:  # a target is replaced, not read
                found |= {id(one): fields for one in nodes_of(each.target)}
    return found


def _printed(rule: Rule, fields: frozenset[str]) -> dict[int, frozenset[str]]:
    """All fields, by the id of each node in a print, which is erased."""
    prints = (node.what for node in nodes_of(rule.body) if isinstance(node, Expr) and is_print(node))
    return {id(node): fields for what in prints for node in nodes_of(what)}


def _negated(rule: Rule) -> frozenset[int]:
    """The ids of the nodes under a `not`, but those in nested calls, which are made before it."""
    denied = (node.what for node in nodes_of(rule.body) if isinstance(node, Expr) and node.negated)
    found: set[int] = set()
    for what in denied:
        nested = [call for call in nodes_of(what) if isinstance(call, Call) and call is not what]
        found |= {id(node) for node in nodes_of(what)} - {id(node) for call in nested for node in nodes_of(call)}
    return frozenset(found)


def _targeted(target: Term, fields: frozenset[str]) -> frozenset[str]:
    """The fields that `with <target> as ...` replaces."""
    if isinstance(target, Var):
        return fields if target.name == "input" else frozenset()
    if not (isinstance(target, Ref) and target.head == Var("input")):
        return frozenset()
    names = [step.value for step in target.path if isinstance(step, Scalar)]
    if names[:1] != [REVIEW]:
        return frozenset()
    return fields & {names[1]} if len(names) > 1 else fields
