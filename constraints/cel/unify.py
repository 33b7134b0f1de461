"""Which types can be assigned to which, and what that says about type variables. The rules are cel-go's."""

from __future__ import annotations

from constraints.cel.types import DYN, Type, equivalent, unwrapped

_NULLABLE = frozenset(
    {"null_type", "google.protobuf.Timestamp", "google.protobuf.Duration", "optional_type", "wrapper"}
)


class Substitution:
    """What type variables stand for so far."""

    def __init__(self) -> None:
        self._known: dict[Type, Type] = {}
        self._learned: list[tuple[Type, Type | None]] = []  # each variable with what it stood for before
        self._fresh = 0

    def variable(self) -> Type:
        """A new type variable."""
        self._fresh += 1
        return Type(f"?{self._fresh}")

    def instance(self, types: tuple[Type, ...]) -> tuple[Type, ...]:
        """The types of a declaration, its parameters replaced by new variables."""
        names: dict[str, Type] = {}
        return tuple(self._instance(item, names) for item in types)

    def assign_all(self, given: tuple[Type, ...], wanted: tuple[Type, ...]) -> bool:
        """Whether each type can be assigned; nothing is learned when one cannot."""
        start = len(self._learned)
        if len(given) == len(wanted) and all(map(self._assign, given, wanted)):
            return True
        while len(self._learned) > start:
            variable, before = self._learned.pop()
            if before is None:
                del self._known[variable]
            else:
                self._known[variable] = before
        return False

    def assign(self, given: Type, wanted: Type) -> bool:
        """Whether a `given` can be where a `wanted` is."""
        return self.assign_all((given,), (wanted,))

    def apply(self, item: Type, *, final: bool = False) -> Type:
        """`item` with all that is known; in the end unknown variables are dyn."""
        if item in self._known:
            return self.apply(self._known[item], final=final)
        if item.is_variable:
            return DYN if final else item
        if not item.parameters:
            return item
        return Type(item.name, tuple(self.apply(part, final=final) for part in item.parameters))

    def _instance(self, item: Type, names: dict[str, Type]) -> Type:
        if item.is_variable:
            return names.setdefault(item.name, self.variable())
        return Type(item.name, tuple(self._instance(part, names) for part in item.parameters))

    def _assign(self, a: Type, b: Type) -> bool:
        if b.is_variable:
            valid, known = self._substitute(a, b)
            if valid or known:
                return valid
        if a.is_variable:
            return self._substitute(b, a)[0]
        if a.is_dyn or b.is_dyn:
            return True
        if a.name == "null_type" or b.name == "null_type":
            return _nullable(b if a.name == "null_type" else a)
        a, b = unwrapped(a), unwrapped(b)
        if a.name == "type":
            return b.name == "type"
        return (
            a.name == b.name
            and len(a.parameters) == len(b.parameters)
            and all(map(self._assign, a.parameters, b.parameters))
        )

    def _substitute(self, item: Type, variable: Type) -> tuple[bool, bool]:
        """Whether the variable can stand for `item`, and whether it stood for something before."""
        if item == variable:
            return True, True
        known = self._known.get(variable)
        if known is None:
            free = not self._occurs(variable, item)
            if free:
                self._learn(variable, item)
            return free, False
        if equivalent(known, item):
            return True, True
        if not self._assign(item, known):
            return False, True
        general = item if less_specific(item, known) else known
        if not self._occurs(variable, general):
            self._learn(variable, general)
        return True, True

    def _learn(self, variable: Type, item: Type) -> None:
        self._learned.append((variable, self._known.get(variable)))
        self._known[variable] = item

    def _occurs(self, variable: Type, item: Type) -> bool:
        if item == variable:
            return True
        if item in self._known:
            return self._occurs(variable, self._known[item])
        return any(self._occurs(variable, part) for part in item.parameters)


def less_specific(a: Type, b: Type) -> bool:
    """Whether `a` says as little as `b`, or less."""
    if a.is_dyn or a.is_variable:
        return True
    a, b = unwrapped(a), unwrapped(b)
    if b.is_dyn or b.is_variable or a.name != b.name:
        return False
    if a.name == "type":
        return True
    return len(a.parameters) == len(b.parameters) and all(map(less_specific, a.parameters, b.parameters))


def most_general(a: Type, b: Type) -> Type:
    """The one of both that says less."""
    return a if less_specific(a, b) else b


def _nullable(item: Type) -> bool:
    return item.name in _NULLABLE or "." in item.name
