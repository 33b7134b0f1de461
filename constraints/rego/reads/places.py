"""What a term of a policy may stand for, as far as the review in `input` is concerned.

A place is a path from `input` to the review or to one of its fields that are looked for; a text that may serve as a key
on such a path; whatever key the review has; or what a list, an object or a set holds.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator
from typing import Final

from constraints.dataclass import value

REVIEW: Final = "review"
ANY_KEY: Final = None
MEMBER: Final = object()
"""The key of what a set holds: members are their own keys."""
_DEEPEST: Final = 3  # collections in collections; what is held deeper is left alone


@value
class Text:
    """A constant text."""

    text: str


@value
class KeyOf:
    """Any key of what is at `way`, as an iteration finds it."""

    way: Way


@value
class Held:
    """Something that a collection holds at `key`: a constant of Rego, ANY_KEY or MEMBER."""

    key: object
    place: Place
    depth: int = 1


Way = tuple[str, ...]  # (), ("review",) or ("review", <one of the fields>)
Place = Way | Text | KeyOf | Held
Places = frozenset[Place]

NOWHERE_NEAR: Final[Places] = frozenset()
INPUT: Final[Places] = frozenset({()})


def held(key: object, places: Iterable[Place]) -> Places:
    """What a collection stands for that holds these places at a key."""
    found = ((place, place.depth + 1 if isinstance(place, Held) else 1) for place in places)
    return frozenset(Held(key, place, depth) for place, depth in found if depth <= _DEEPEST)


def below(places: Places, keys: frozenset[str] | object, fields: frozenset[str]) -> Places:
    """One step down: `keys` is a constant, a set of texts that a variable may be, or ANY_KEY."""
    if not places:
        return places
    names = keys if isinstance(keys, frozenset) else frozenset((keys,))
    return frozenset(found for place in places for key in names for found in _step(place, key, fields))


def members(places: Places) -> Places:
    """What the sets among these places hold."""
    return frozenset(place.place for place in places if isinstance(place, Held) and place.key is MEMBER)


def keys(places: Places) -> Places:
    """Their keys, where these may be the fields."""
    return frozenset(KeyOf(place) for place in places if isinstance(place, tuple) and len(place) < 2)


def walks(places: Places) -> Places:
    """The rows of `walk` below these places: each holds the path, a list of keys, at 0."""
    paths = (held(1 - len(way), (KeyOf((REVIEW,)),)) for way in places if isinstance(way, tuple) and len(way) < 2)
    return held(0, NOWHERE_NEAR.union(*paths))


def asked(one: Places, other: Places) -> Iterator[str]:
    """The names of fields for which the two may be equal because the review has a key of that name."""
    for a in one:
        for b in other:
            if isinstance(a, KeyOf) and isinstance(b, Text) and a.way == (REVIEW,):
                yield b.text
            elif isinstance(a, Held) and isinstance(b, Held) and _may_be_one(a.key, b.key):
                yield from asked(frozenset((a.place,)), frozenset((b.place,)))


def _may_be_one(one: object, other: object) -> bool:
    return one == other or any(key in (ANY_KEY, MEMBER) for key in (one, other))


def texts(places: Places) -> frozenset[str]:
    """The constant texts among these places."""
    return frozenset(place.text for place in places if isinstance(place, Text))


def _step(place: Place, key: object, fields: frozenset[str]) -> Iterable[Place]:
    """A place that is none of the fields, or on the way to them, is of no interest any more."""
    if isinstance(place, Held):
        return (place.place,) if key is ANY_KEY or place.key in (ANY_KEY, MEMBER, key) else ()
    if isinstance(place, Text | KeyOf):
        return ()
    if len(place) == 2:
        return (place,)
    if place:
        return ((REVIEW, key),) if isinstance(key, str) and key in fields else ()
    return ((REVIEW,),) if key == REVIEW else ()
