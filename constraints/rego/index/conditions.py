"""The conditions that OPA's rule index keeps for one rule, as it collects them (v1/ast/index.go)."""

from __future__ import annotations

from collections.abc import Callable, Hashable, Iterator
from dataclasses import field
from typing import Any

from constraints.dataclass import dataclass
from constraints.rego.names.resolved import Path
from constraints.rego.runtime.index import ANYTHING, SplitText, split_escaped
from constraints.rego.syntax.tree import ArrayTerm, Call, Expr, ObjectTerm, Ref, Scalar, SetTerm, Term, Var
from constraints.rego.values.kinds import key_of

GLOB = "internal.glob"
"""In place of a pattern: an array of names, and the characters that part a string into such names."""

_INPUT = Var("input")
_SPECIAL = frozenset("[?{*")


@dataclass(frozen=True, slots=True)
class Condition:
    """A place that is looked at before the body, and the pattern for what has to be there: a variable is anything."""

    place: Term
    pattern: Term
    at: int

    @property
    def is_open(self) -> bool:
        """Whether anything will do that is there."""
        return isinstance(self.pattern, Var)


@dataclass(slots=True)
class Conditions:
    """What is kept for a rule. `is_base` tells places in base documents; `at` is the number of the present statement.

    `kept`: conditions in order; `seen`, `by_place` and `by_name` find them again, by place and pattern, place, and
    variable. `count` is called for each place that is found.
    """

    arguments: frozenset[str]
    is_base: Callable[[Path], bool]
    count: Callable[[Hashable, Term], None]
    kept: list[Condition] = field(default_factory=list)
    constants: dict[str, Term] = field(default_factory=dict)
    at: int = 0
    seen: set[Hashable] = field(default_factory=set)
    by_place: dict[Hashable, list[int]] = field(default_factory=dict)
    by_name: dict[str, list[int]] = field(default_factory=dict)

    def see(self, expr: Expr) -> None:
        """Take what a statement tells of places."""
        if expr.withs or expr.negated:
            return
        match expr.what:
            case (Ref() | Var()) as term if self._is_place(term):
                self._insert(term, Var("$"))
            case Call("eq", (left, right)):
                if not (self._any_of(left, right) or self._any_of(right, left) or self._equal(left, right)):
                    self._equal(right, left)
            case Call("glob.match", (pattern, delimiters, Var() as value)):
                self._glob(pattern, delimiters, value)
            case Call("internal.member_2", (member, collection)):
                self._member(member, collection)

    def _is_place(self, term: Term) -> bool:
        if term == _INPUT:
            return True
        if not isinstance(term, Ref) or not isinstance(term.head, Var) or term.head.name not in ("input", "data"):
            return False
        ground = all(isinstance(part, Scalar) for part in term.path)
        return ground and (term.head.name == "input" or self.is_base(_path(term)))

    def _any_of(self, ref: Term, other: Term) -> bool:
        """`place[_] == 1`."""
        if not isinstance(ref, Ref) or not ref.path or isinstance(ref.path[-1], Scalar):
            return False
        place = Ref(ref.head, ref.path[:-1], ref.span) if len(ref.path) > 1 else ref.head
        found = self.constants.get(other.name) if isinstance(other, Var) else other
        if not self._is_place(place) or not isinstance(found, Scalar):
            return False
        self._insert(place, found)
        return True

    def _equal(self, left: Term, right: Term) -> bool:
        if isinstance(left, Var) and left != _INPUT:
            if _is_constant(right):
                self.constants[left.name] = right
            place = self._place_of(left)
            if place is None or not _is_pattern(right):
                return False
            self._insert(place, right)
            return True
        found = self.constants.get(right.name, right) if isinstance(right, Var) else right
        if not self._is_place(left) or not _is_pattern(found):
            return False
        self._insert(left, found)
        return True

    def _glob(self, pattern: Term, delimiters: Term, value: Var) -> None:
        place, between = self._place_of(value), _delimiters(delimiters)
        if place is None or between is None or not isinstance(pattern, Scalar) or not isinstance(pattern.value, str):
            return
        names = _names(pattern.value, between)
        if names is not None:
            self._insert(place, Call(GLOB, (names, Scalar(between))))

    def _member(self, member: Term, collection: Term) -> None:
        place = self._place_of(member) if isinstance(member, Var) else None
        if place is not None:
            known = self.constants.get(collection.name) if isinstance(collection, Var) else collection
            for item in filter(_is_pattern, _items(known)):
                self._insert(place, item)
            return
        found = self.constants.get(member.name, member) if isinstance(member, Var) else member
        place = self._place_of(collection) if isinstance(collection, Var) else collection
        if isinstance(found, (Scalar, Var)) and place is not None and self._is_place(place):
            self._insert(place, found)

    def _place_of(self, var: Var) -> Term | None:
        """The place that a variable is known to be, or the argument itself."""
        for number in self.by_name.get(var.name, ()):
            if self.kept[number].pattern == var:
                return self.kept[number].place
        return var if var.name in self.arguments else None

    def _insert(self, place: Term, pattern: Term) -> None:
        key = place_key(place)
        self.count(key, place)
        new = Condition(place, pattern, self.at)
        if (key, _pattern_key(pattern)) in self.seen:
            return
        self.seen.add((key, _pattern_key(pattern)))
        numbers = self.by_place.setdefault(key, [])
        if not new.is_open:
            for number in numbers:
                if self.kept[number].is_open:
                    self.seen.discard((key, _pattern_key(self.kept[number].pattern)))
                    self.kept[number] = new
                    return
        numbers.append(len(self.kept))
        if isinstance(pattern, Var):
            self.by_name.setdefault(pattern.name, []).append(len(self.kept))
        self.kept.append(new)


def pattern_of(pattern: Term) -> Any:
    """A pattern as the generated code has it."""
    match pattern:
        case Scalar(value=value):
            return value
        case ArrayTerm(items=items):
            return [pattern_of(item) for item in items]
        case Call(name="internal.glob", args=(parts, Scalar(value=between))):
            return SplitText(pattern_of(parts), between)
    return ANYTHING


def place_key(place: Term) -> Hashable:
    """What references to the same place share."""
    if isinstance(place, Ref) and isinstance(place.head, Var):
        return (place.head.name, *_path(place))
    return place


def _path(ref: Ref) -> Path:
    return tuple([key_of(part.value) for part in ref.path if isinstance(part, Scalar)])


def _pattern_key(pattern: Term) -> Hashable:
    """What equal patterns share; 1 is not true."""
    if isinstance(pattern, Scalar):
        return ("scalar", key_of(pattern.value))
    if isinstance(pattern, ArrayTerm):
        return ("array", *map(_pattern_key, pattern.items))
    return pattern


def _is_constant(term: Term) -> bool:
    """Whether nothing has to be looked up for a value."""
    if isinstance(term, (ArrayTerm, SetTerm)):
        return all(map(_is_constant, term.items))
    if isinstance(term, ObjectTerm):
        return all(_is_constant(part) for pair in term.pairs for part in pair)
    return isinstance(term, Scalar)


def _is_pattern(term: Term) -> bool:
    """Whether the index can look for it: a scalar, a variable, an array of these."""
    if isinstance(term, ArrayTerm):
        return all(isinstance(item, (Scalar, Var)) for item in term.items)
    return isinstance(term, (Scalar, Var)) and term != _INPUT


def _items(term: Term | None) -> Iterator[Term]:
    if isinstance(term, (ArrayTerm, SetTerm)):
        yield from term.items
    elif isinstance(term, ObjectTerm):
        yield from (value for _, value in term.pairs)


def _delimiters(term: Term) -> str | None:
    if not isinstance(term, ArrayTerm):
        return None
    known = [item.value for item in term.items if isinstance(item, Scalar) and isinstance(item.value, str)]
    if len(known) < len(term.items):
        return None
    return "".join(known) if known else "."


def _names(pattern: str, between: str) -> ArrayTerm | None:
    """The parts of a pattern, a variable for `*`; None where a part is more than a name."""
    parts = split_escaped(pattern, between)
    if not all(part == "*" or _is_plain(part) for part in parts):
        return None
    return ArrayTerm(tuple([Var("$") if part == "*" else Scalar(part) for part in parts]))


def _is_plain(part: str) -> bool:
    escaped = False
    for letter in part:
        if letter == "\\":
            escaped = not escaped
            continue
        if not escaped and letter in _SPECIAL:
            return False
        escaped = False
    return True
