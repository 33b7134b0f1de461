"""The types that OPA's compiler knows, and what can be asked of them.

Facts are those of OPA's types (v1/types/types.go). None in the place of a type is a type that is not known, as that of
a variable that nothing has given one yet: OPA has such holes within types too, and they meet nothing.
"""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterable
from dataclasses import field
from typing import Final

from constraints.dataclass import value
from constraints.rego.values.kinds import key_of
from constraints.rego.values.order import type_name


@value
class Plain:
    """null, boolean, number or string."""

    name: str


@value
class ArrayOf:
    """The types of the first items, and of all behind them; None: there are none."""

    items: tuple[Type | None, ...]
    rest: Type | None


@value
class Constant:
    """A term whose value is known: `key` as `key_of` has it, `kind` its type, as JSON knows it.

    `index` is the place in an array that it can name: a number that was written as an integer of 64 bits.
    """

    key: Hashable
    kind: Type
    index: int | None = field(default=None, compare=False)


@value
class Field:
    """One known key of an object, and the type of its value."""

    at: Constant
    value: Type | None


@value
class Others:
    """The types of the keys of an object that are not known by name, and of their values."""

    key: Type | None
    value: Type | None


@value
class ObjectOf:
    """The types of values by known keys, and of all others; None: there are none."""

    fields: tuple[Field, ...]
    others: Others | None

    @property
    def rest(self) -> Type | None:
        """The type of the values without a known key."""
        return None if self.others is None else self.others.value


@value
class SetOf:
    """The type of the members."""

    member: Type | None


@value
class Either:
    """One of several types; of none: anything."""

    options: frozenset[Type]


@value
class FunctionType:
    """What a function takes and gives."""

    args: tuple[Type | None, ...]
    result: Type | None


Type = Plain | ArrayOf | ObjectOf | SetOf | Either | FunctionType

ANY: Final = Either(frozenset())
NO_FUNCTION: Final = FunctionType((None,), None)
"""What functions of several arities have in common: for OPA a function of which nothing is known, which is no type
either.
"""

STRING: Final = Plain("string")
NUMBER: Final = Plain("number")
ANYTHING: Final = Others(ANY, ANY)


def object_of(fields: Iterable[Field], others: Others | None) -> ObjectOf:
    """An object type; equal ones have their fields in the same order."""
    return ObjectOf(tuple(sorted(fields, key=lambda field: repr(field.at.key))), others)


def scalar(value: object) -> Constant:
    """A constant without parts."""
    index = value if type(value) is int and -(2**63) <= value < 2**63 else None
    return Constant(key_of(value), _PLAIN[type_name(value)], index)


def plain(value: object) -> Plain:
    """The type of a constant without parts."""
    return _PLAIN[type_name(value)]


_PLAIN: Final = {name: Plain(name) for name in ("null", "boolean", "number", "string")}


def either(a: Type | None, b: Type | None) -> Type | None:
    """What is of one of two types; a type that is not known adds nothing."""
    if a is None or a == b:
        return b
    if b is None:
        return a
    if isinstance(a, FunctionType) or isinstance(b, FunctionType):
        return _function(a, b) if isinstance(a, FunctionType) and isinstance(b, FunctionType) else None
    if a == ANY or b == ANY:
        return ANY
    left = a.options if isinstance(a, Either) else frozenset((a,))
    right = b.options if isinstance(b, Either) else frozenset((b,))
    return Either(left | right) if len(left) < _LARGEST else ANY


def _function(a: FunctionType, b: FunctionType) -> FunctionType:
    if a == NO_FUNCTION or b == NO_FUNCTION:
        return b if a == NO_FUNCTION else a
    if len(a.args) != len(b.args):
        return NO_FUNCTION
    return FunctionType(tuple(map(either, a.args, b.args)), either(a.result, b.result))


_LARGEST: Final = 10_000
"""Parts that a type may have, and options: a policy may double a value again and again, and so its type."""
_DEEPEST: Final = 60


def bounded(kind: Type) -> Type:
    """The type, or ANY for one with too many parts or levels, of which OPA would know more."""
    waiting: list[tuple[Type | None, int]] = [(kind, 0)]
    count = 0
    while waiting:
        one, depth = waiting.pop()
        count += 1
        if count > _LARGEST or depth > _DEEPEST:
            return ANY
        waiting += [(part, depth + 1) for part in _parts(one)]
    return kind


def _parts(kind: Type | None) -> Iterable[Type | None]:
    if isinstance(kind, ArrayOf):
        return (*kind.items, kind.rest)
    if isinstance(kind, ObjectOf):
        others = () if kind.others is None else (kind.others.key, kind.others.value)
        return (*(known.value for known in kind.fields), *others)
    if isinstance(kind, SetOf):
        return (kind.member,)
    return kind.options if isinstance(kind, Either) else ()


def union(types: Iterable[Type | None]) -> Type | None:
    """What is of any of these types; None when none of them is known."""
    found: Type | None = None
    for one in types:
        found = either(found, one)
    return found


def is_open(kind: Type | None) -> bool:
    """Whether something in it is not known; OPA does not look into what may be of several types."""
    if kind is None:
        return True
    if isinstance(kind, ArrayOf):
        return any(map(is_open, kind.items)) or (kind.rest is not None and is_open(kind.rest))
    if isinstance(kind, ObjectOf):
        others = kind.others
        return any(is_open(known.value) for known in kind.fields) or (
            others is not None and (is_open(others.key) or is_open(others.value))
        )
    if isinstance(kind, FunctionType):
        return any(map(is_open, kind.args)) or is_open(kind.result)
    return isinstance(kind, SetOf) and is_open(kind.member)


def meets(a: Type | None, b: Type | None) -> bool:
    """Whether some value has both types, as far as one can know."""
    if a is None or b is None:
        return False
    if isinstance(a, Either):
        return _any_meets(a, b)
    if isinstance(b, Either):
        return _any_meets(b, a)
    if type(a) is not type(b):
        return False
    if isinstance(a, Plain):
        return a == b
    if isinstance(a, SetOf) and isinstance(b, SetOf):
        return meets(a.member, b.member)
    if isinstance(a, ArrayOf) and isinstance(b, ArrayOf):
        return _arrays_meet(a, b)
    if isinstance(a, ObjectOf) and isinstance(b, ObjectOf):
        return _objects_meet(a, b)
    return isinstance(a, FunctionType) and isinstance(b, FunctionType) and _functions_meet(a, b)


def _any_meets(a: Either, b: Type) -> bool:
    if isinstance(b, FunctionType):
        return False
    return not a.options or b == ANY or any(meets(option, b) for option in a.options)


def _functions_meet(a: FunctionType, b: FunctionType) -> bool:
    return len(a.args) == len(b.args) and all(map(meets, a.args, b.args))


def _arrays_meet(a: ArrayOf, b: ArrayOf) -> bool:
    for at in range(max(len(a.items), len(b.items))):
        if not meets(item(a, at), item(b, at)):
            return False
    return a.rest is None or b.rest is None or meets(a.rest, b.rest)


def _objects_meet(a: ObjectOf, b: ObjectOf) -> bool:
    if not _fields_meet(a, b) or not _fields_meet(b, a):
        return False
    return a.rest is None or b.rest is None or meets(a.rest, b.rest)


def _fields_meet(a: ObjectOf, b: ObjectOf) -> bool:
    for known in a.fields:
        other = field_of(b, known.at)
        if other is None:
            if a.rest is None and b.rest is None:
                return False
        elif not meets(known.value, other):
            return False
    return True


def item(array: ArrayOf, at: int) -> Type | None:
    """The type of one item; None when there is none."""
    if at < 0:
        return None
    return array.items[at] if at < len(array.items) else array.rest


def field_of(owner: ObjectOf, at: Constant) -> Type | None:
    """The type of the value by a constant key; None when it cannot be there."""
    for known in owner.fields:
        if known.at == at:
            return known.value
    others = owner.others
    return others.value if others is not None and _takes(others.key, at.kind) else None


def _takes(wanted: Type | None, kind: Type) -> bool:
    """Whether a key of this very type is meant."""
    if isinstance(wanted, Either):
        return not wanted.options or kind in wanted.options
    return wanted == kind


def select(owner: Type | None, at: Constant) -> Type | None:
    """The type of `owner[at]`; None when it cannot be there."""
    if isinstance(owner, ArrayOf):
        return None if at.index is None else item(owner, at.index)
    if isinstance(owner, ObjectOf):
        return field_of(owner, at)
    if isinstance(owner, SetOf):
        return at.kind if _takes(owner.member, at.kind) else None
    return _of_options(owner, lambda option: select(option, at)) if isinstance(owner, Either) else None


def values(owner: Type | None) -> Type | None:
    """The type of `owner[x]` for any x; None when it has no parts."""
    if isinstance(owner, ArrayOf):
        return union((*owner.items, owner.rest))
    if isinstance(owner, ObjectOf):
        return union((*(field.value for field in owner.fields), owner.rest))
    if isinstance(owner, SetOf):
        return owner.member
    return _of_options(owner, values) if isinstance(owner, Either) else None


def keys(owner: Type | None) -> Type | None:
    """The type of x in `owner[x]`; None when it has no parts."""
    if isinstance(owner, ArrayOf):
        return NUMBER
    if isinstance(owner, ObjectOf):
        others = owner.others
        return union((*(field.at.kind for field in owner.fields), None if others is None else others.key))
    if isinstance(owner, SetOf):
        return owner.member
    return _of_options(owner, keys) if isinstance(owner, Either) else None


def _of_options(owner: Either, part: Callable[[Type], Type | None]) -> Type | None:
    """The union over the options that have this part; None when none has it."""
    return ANY if not owner.options else union(map(part, owner.options))
