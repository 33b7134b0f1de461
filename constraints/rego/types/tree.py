"""The types of rules by their places below `data`, as they become known (OPA: v1/ast/env.go)."""

from __future__ import annotations

from collections.abc import Hashable, Iterator, Sequence
from dataclasses import field

from constraints.dataclass import dataclass
from constraints.rego.names.resolved import Path
from constraints.rego.types.kinds import (
    ANY,
    STRING,
    Constant,
    Either,
    Field,
    ObjectOf,
    Others,
    Plain,
    SetOf,
    Type,
    either,
    object_of,
    scalar,
)


@dataclass(slots=True)
class TypedPlace:
    """One place: its own type, when there is a rule, and the places inside it by their keys."""

    at: Constant
    kind: Type | None = None
    inside: dict[Hashable, TypedPlace] = field(default_factory=dict)

    def extent(self) -> Type:
        """The type of all that is here; of what is no rule more may be there than is known."""
        if self.kind is not None:
            return self.kind
        fields = [Field(place.at, place.extent()) for place in self.inside.values()]
        return object_of(fields, Others(STRING, ANY))

    def leaves(self, way: Sequence[Constant] = ()) -> Iterator[tuple[Sequence[Constant], Type]]:
        """The rules inside, with the way to each."""
        for place in self.inside.values():
            further = (*way, place.at)
            if place.kind is not None:
                yield further, place.kind
            else:
                yield from place.leaves(further)

    def mark(self, path: Path) -> None:
        """What is at the path may be anything: its rule is wrong, and those that use it are not to blame."""
        place = self
        for part in path:
            place = place._step(part)
        place.kind = ANY

    def insert(self, path: Path, kind: Type) -> None:
        """One more definition's type; objects on the way and inside take it up."""
        place = self
        way = [_constant(part) for part in path]
        for depth, part in enumerate(path):
            place = place._step(part)
            if depth + 1 < len(path) and isinstance(place.kind, ObjectOf):
                place.kind = _inserted(place.kind, way[depth + 1 :], kind)
        place.kind = merged(place.kind, kind)
        if isinstance(kind, ObjectOf):
            for further, leaf in place.leaves():
                if isinstance(place.kind, ObjectOf):
                    place.kind = _inserted(place.kind, further, leaf)

    def _step(self, part: Hashable) -> TypedPlace:
        at = _constant(part)
        return self.inside.setdefault(at.key, TypedPlace(at))


def _constant(part: Hashable) -> Constant:
    """A part of a path, which is a key of `key_of`."""
    return scalar(part) if part is None or isinstance(part, (str, int)) else Constant(part, Plain("boolean"))


def _inserted(owner: ObjectOf, way: Sequence[Constant], kind: Type | None) -> ObjectOf:
    first, *further = way
    value = _inserted(ObjectOf((), None), further, kind) if further else kind
    others = owner.others
    if others is None:
        return ObjectOf(owner.fields, Others(first.kind, value))
    return ObjectOf(owner.fields, Others(either(others.key, first.kind), either(others.value, value)))


def merged(a: Type | None, b: Type | None) -> Type | None:
    """The type of a rule with one definition more: objects without known keys and sets become one."""
    if a is None or b is None:
        return either(a, b)
    if isinstance(a, ObjectOf) and not a.fields:
        if isinstance(b, ObjectOf) and not b.fields:
            return _objects_merged(a, b)
        if isinstance(b, Either):
            return _merged_into(b, a)
    if isinstance(a, SetOf) and isinstance(b, SetOf):
        return SetOf(either(a.member, b.member))
    if isinstance(a, Either) and not isinstance(b, Either):
        return merged(b, a)
    return either(a, b)


def _objects_merged(a: ObjectOf, b: ObjectOf) -> ObjectOf:
    if a.others is None or b.others is None:
        return a if b.others is None else b
    return ObjectOf((), Others(either(a.others.key, b.others.key), merged(a.others.value, b.others.value)))


def _merged_into(options: Either, one: ObjectOf) -> Type | None:
    for option in options.options:
        if isinstance(option, ObjectOf) and not option.fields and option.others is not None and one.others is not None:
            others = Others(either(option.others.key, one.others.key), either(option.others.value, one.others.value))
            return Either(options.options - {option} | {ObjectOf((), others)})
    return either(options, one)
