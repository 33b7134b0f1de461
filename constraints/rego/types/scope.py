"""What is known of types at one point of a rule: those of variables, of rules, of functions; and so of any term."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import field
from typing import Final

from constraints.dataclass import dataclass, value
from constraints.lang.source import Span
from constraints.rego.builtins import Builtin
from constraints.rego.names.resolved import Path
from constraints.rego.syntax.termorder import OpaNames, pairs_in_order
from constraints.rego.syntax.tree import (
    ArrayTerm,
    Body,
    Comprehension,
    FunctionName,
    ObjectTerm,
    Ref,
    Scalar,
    SetTerm,
    Term,
    Var,
)
from constraints.rego.syntax.walk import ROOTS
from constraints.rego.types.declared import declared
from constraints.rego.types.kinds import (
    ANY,
    ANYTHING,
    STRING,
    ArrayOf,
    Constant,
    Field,
    FunctionType,
    ObjectOf,
    Others,
    SetOf,
    Type,
    bounded,
    object_of,
    plain,
    scalar,
    select,
    union,
    values,
)
from constraints.rego.types.tree import TypedPlace

UNNAMED: Final = ObjectOf((), Others(STRING, ANY))


@dataclass(slots=True)
class World:
    """What is known outside of rules.

    `check` looks at a body, gives the scope the types of its variables, and says what cannot fit: statements have terms
    in them, and terms bodies. `checks` counts the bodies of comprehensions that were looked at.
    """

    rules: TypedPlace
    functions: Mapping[str, Path]
    builtins: Mapping[str, Builtin]
    check: Callable[[TypeScope, Body], list[Misfit]]
    checks: int = 0

    def function(self, name: str) -> Type | None:
        """The type of a function; ANY where nothing is known of it, None where there is none."""
        path = self.functions.get(name)
        if path is not None:
            return self.rule([Scalar(part) for part in path])
        if name.startswith("data."):  # `f()` of a rule without arguments
            return self.rule([Scalar(part) for part in name.split(".")[1:]])
        builtin = self.builtins.get(name)
        if builtin is None:
            return None
        return FunctionType(tuple(map(declared, builtin.types)), declared(builtin.result))

    def rule(self, path: Sequence[Term]) -> Type | None:
        """The type of `data` with this path; ANY where other documents may be."""
        place = self.rules
        for depth, part in enumerate(path):
            at = constant(part)
            inner = None if at is None else place.inside.get(at.key)
            if place.kind is not None and inner is None:
                return selected(place.kind, path[depth:])
            if at is None:
                return selected(place.extent(), path[depth:])
            if inner is None:
                return ANY
            place = inner
        return place.extent() if place.inside or place.kind is not None else ANY


@value
class Misfit:
    """What cannot fit; `of_unknown`: perhaps only since a type is not known."""

    text: str
    span: Span
    of_unknown: bool = False


@dataclass(slots=True, eq=False)
class TypeScope:
    """The variables of one body, and those of the bodies around it; `names` is what OPA calls them.

    `closures` remembers what was found of each comprehension as long as nothing more is known here.
    """

    world: World
    names: OpaNames
    outer: TypeScope | None = None
    types: dict[str, Type | None] = field(default_factory=dict)
    changes: int = 0
    closures: dict[int, tuple[int, TypeScope, list[Misfit]]] = field(default_factory=dict)

    def inner(self) -> TypeScope:
        """For a body within."""
        return TypeScope(self.world, self.names, self)

    def stamp(self) -> int:
        """Grows whenever something more is known here or around."""
        return self.changes + (0 if self.outer is None else self.outer.stamp())

    def put(self, name: str, kind: Type | None) -> None:
        """Give a variable its type."""
        self.types[name] = kind
        self.changes += 1

    def owner(self, name: str) -> TypeScope | None:
        """The scope that knows a variable."""
        scope: TypeScope | None = self
        while scope is not None and name not in scope.types:
            scope = scope.outer
        return scope

    def variable(self, name: str) -> Type | None:
        """The type of a variable; None when it has none yet."""
        scope = self.owner(name)
        return None if scope is None else scope.types[name]

    def type_of(self, term: Term) -> Type | None:
        """The type of a term; None when nothing is known of it."""
        if isinstance(term, Scalar):
            return plain(term.value)
        if isinstance(term, Var):
            return self.reference(term, ()) if term.name in ROOTS else self.variable(term.name)
        if isinstance(term, Ref):
            return self.reference(term.head, term.path)
        if isinstance(term, FunctionName):
            return self.world.function(term.name)
        kind = self._comprehension(term) if isinstance(term, Comprehension) else self._composite(term)
        return None if kind is None else bounded(kind)

    def _composite(self, term: Term) -> Type | None:
        if isinstance(term, ArrayTerm):
            items = tuple([self.type_of(item) for item in term.items])
            return ArrayOf(items, None if items else ANY)
        if isinstance(term, SetTerm):
            return SetOf(union([self.type_of(item) for item in term.items]) or ANY)
        return self._object(term) if isinstance(term, ObjectTerm) else None

    def _object(self, term: ObjectTerm) -> Type:
        fields = []
        others: Others | None = None if term.pairs else ANYTHING
        for key, part in pairs_in_order(term, self.names):
            at = constant(key)
            if at is None:
                others = Others(self.type_of(key), self.type_of(part))
            else:
                fields.append(Field(at, self.type_of(part)))
        return object_of(fields, others)

    def _comprehension(self, term: Comprehension) -> Type | None:
        scope, misfits = self.collected(term)
        if misfits:
            return None
        collected = scope.type_of(term.value)
        if term.key is not None:
            return ObjectOf((), Others(scope.type_of(term.key), collected))
        return SetOf(collected) if term.kind == "set" else ArrayOf((), collected)

    def collected(self, term: Comprehension) -> tuple[TypeScope, list[Misfit]]:
        """What is known behind the body of a comprehension, and what is wrong in it."""
        stamp = self.stamp()
        found = self.closures.get(id(term))
        if found is None or found[0] != stamp:
            self.world.checks += 1
            found = self.closures[id(term)] = (stamp, *self.checked(term.body))
        return found[1], found[2]

    def checked(self, body: Body) -> tuple[TypeScope, list[Misfit]]:
        """What is known behind a body, and what is wrong in it."""
        scope = self.inner()
        return scope, self.world.check(scope, body)

    def reference(self, head: Term, path: Sequence[Term]) -> Type | None:
        """The type of a reference; nothing is known of one into a constant, which is no reference."""
        if not isinstance(head, Var):
            return None
        if head.name in ROOTS:
            return self.world.rule(path) if head.name == "data" else ANY
        scope = self.owner(head.name)
        if scope is None:
            return None
        kind = scope.types[head.name]
        if kind is None and path and constant(path[0]) is None:
            kind = UNNAMED
        return selected(kind, path)


def selected(kind: Type | None, path: Sequence[Term]) -> Type | None:
    """The type of what a path leads to."""
    for part in path:
        if kind is None:
            return None
        if isinstance(part, Scalar):
            kind = select(kind, scalar(part.value))
        else:
            kind = values(kind) if isinstance(part, (Var, Ref, ArrayTerm, ObjectTerm, SetTerm)) else None
    return kind


def constant(term: Term) -> Constant | None:
    """The value of a term in which nothing varies; None for others. Sets are arrays, as in JSON."""
    if isinstance(term, Scalar):
        return scalar(term.value)
    if isinstance(term, (ArrayTerm, SetTerm)):
        items = [constant(part) for part in term.items]
        found = [one for one in items if one is not None]
        if len(found) < len(items):
            return None
        return Constant(("a", *(one.key for one in found)), ArrayOf(tuple(one.kind for one in found), None))
    return _constant_object(term) if isinstance(term, ObjectTerm) else None


def _constant_object(term: ObjectTerm) -> Constant | None:
    fields = []
    for key, part in term.pairs:
        at, inner = constant(key), constant(part)
        if at is None or inner is None:
            return None
        fields.append((at, inner))
    kind = object_of([Field(at, inner.kind) for at, inner in fields], None)
    return Constant(("o", frozenset((at.key, inner.key) for at, inner in fields)), kind)
