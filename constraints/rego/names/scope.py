"""Scopes of local variables: which name means which variable, and what must not be said twice.

As in OPA, `some`, `:=`, arguments and `every` declare a variable in the innermost scope, from there on; any other name
is an implicit variable of the outermost scope that mentions it outside of closures.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping
from enum import IntEnum
from typing import Final

from constraints.lang.source import Span
from constraints.rego.syntax.termorder import SUPPORT
from constraints.rego.syntax.walk import ROOTS

ARGUMENT: Final = "arg {} redeclared"
SEEN: Final = "var {} referenced above"
ASSIGNED: Final = "var {} assigned above"
DECLARED: Final = "var {} declared above"


class Step(IntEnum):
    """The steps of OPA's compiler that make up variables, in their order."""

    HEADS = 1
    LOCALS = 2
    TEMPLATES = 3
    PRINTS = 4
    CALLS = 5
    COMPREHENSIONS = 6
    REFERENCES_IN_HEADS = 7
    WITHS = 8
    LOOKUPS = 9


class Fresh:
    """Names that are unique in one rule or query.

    `made` are those for which OPA makes up a name, in the order of each step; `keys` the ones of iterations by place;
    `opas` what OPA calls them, as soon as that is known.
    """

    def __init__(self, reserved: Iterable[str] = ()) -> None:
        self._reserved = set(reserved) - ROOTS
        self._counts = dict.fromkeys((*ROOTS, *self._reserved), 1)
        self.made: list[tuple[Step, str]] = []
        self.keys: dict[Span, str] = {}
        self.opas: Mapping[str, str] = {}

    def name(self, wish: str, outermost: bool = False) -> str:
        """`wish` for the first one, then `wish#2`; a reserved one stays for the outermost scope."""
        if outermost and wish in self._reserved:
            self._reserved.remove(wish)
            return wish
        count = self._counts[wish] = self._counts.get(wish, 0) + 1
        return wish if count == 1 else f"{wish}#{count}"

    def support(self, step: Step | None = None) -> str:
        """A name that no one wrote; for that of a step OPA makes up a name, too."""
        name = self.name(SUPPORT)
        if step is not None:
            self.made.append((step, name))
        return name

    def key(self, span: Span) -> str:
        """The name of the key of an iteration that has none, at its place."""
        name = self.keys[span] = self.support(Step.LOCALS)
        return name


class Scope:
    """One body with its head: a rule, a closure, a query."""

    __slots__ = (
        "_mentioned",
        "_mentions",
        "before",
        "declared",
        "declares",
        "fresh",
        "implicit",
        "occurred",
        "parent",
        "spans",
        "uses",
    )

    def __init__(
        self,
        fresh: Fresh,
        parent: Scope | None,
        declares: frozenset[str],
        mentions: Callable[[], set[str]],
        before: int = 0,
    ) -> None:
        self.fresh = fresh
        self.parent = parent
        self.before = before
        self.declares = declares
        self.declared: dict[str, str] = {}
        self.implicit: dict[str, str] = {}
        self.occurred: dict[str, str] = {}
        self.uses: dict[str, int] = {}
        self.spans: dict[str, Span] = {}
        self._mentions = mentions
        self._mentioned: set[str] | None = None

    def mentions(self, name: str) -> bool:
        """Whether the name stands in this scope outside of closures."""
        if self._mentioned is None:
            self._mentioned = self._mentions()
        return name in self._mentioned

    def hides(self, name: str) -> bool:
        """Whether a rule or import of this name is out of sight because a variable has it."""
        scope: Scope | None = self
        while scope is not None:
            if name in scope.declares:
                return True
            scope = scope.parent
        return False

    def declare(self, name: str, how: str, span: Span) -> str | None:
        """The new variable's unique name, or None where the name has occurred in this scope: `occurred` tells how."""
        if name in self.occurred:
            return None
        unique = name if name.startswith("$") else self.fresh.name(name, self.parent is None)
        self.fresh.made.append((Step.LOCALS, unique))
        self.occurred[name] = how
        self.declared[name] = unique
        self.spans[name] = span
        self.uses[name] = 0
        return unique

    def find(self, name: str) -> str | None:
        """The unique name of a declared variable; None when nothing of that name was declared so far."""
        scope: Scope | None = self
        while scope is not None:
            unique = scope.declared.get(name)
            if unique is not None:
                scope.uses[name] += 1
                return unique
            scope = scope.parent
        return None

    def imply(self, name: str) -> str:
        """The unique name of an undeclared variable."""
        owner = scope = self
        is_new = name not in self.occurred
        while scope.parent is not None:
            scope = scope.parent
            is_new = is_new and name not in scope.occurred
            if scope.mentions(name):
                owner = scope
        if is_new:
            self.occurred[name] = SEEN
        unique = owner.implicit.get(name)
        if unique is None:
            unique = owner.implicit[name] = self.fresh.name(name, owner.parent is None)
        return unique

    def unused(self, how: str) -> list[str]:
        """The names declared in this way and never used."""
        return [
            name
            for name, count in self.uses.items()
            if count == 0 and self.occurred[name] == how and not name.startswith("$")
        ]
