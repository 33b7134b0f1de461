"""Constraints ready to be asked, by the kinds of objects that they are about."""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from constraints.dataclass import dataclass
from constraints.drivers import Program
from constraints.inventory import Inventory
from constraints.model import ANY, Constraint, Finding, Json, Kind, Review

_KEPT: Final = (("apiVersion",), ("kind",), ("metadata",))
"""What there is of an object where only its metadata is read."""
_MANAGED: Final = ("object", "metadata", "managedFields")


@dataclass(frozen=True, slots=True, eq=False)
class Rule:
    """A constraint ready to be asked. `takes` is asked once for a group and kind, `matches` for each object, and `ask`,
    which is how `program` is called, for each one that matches.

    `reads_namespace`: its answer depends on the Namespace that an object lives in. `reads_inventory`: its template has
    code that reads `data.inventory`. `integers`: what it sees has to be read once more, so that whole numbers are
    integers. `key` is the constraint's, which makes a new text each time.
    """

    constraint: Constraint
    takes: Callable[[str, str], bool]
    matches: Callable[[Review], bool]
    program: Program
    ask: Callable[[Mapping[str, Json], Inventory], Sequence[Finding]]
    reads_namespace: bool = True
    reads_inventory: bool = True
    integers: bool = False
    key: str = ""

    def reads_metadata_only(self) -> bool:
        """Whether its answer depends on no more of an object than its metadata, which is all that `spec.match`
        reads.
        """
        return not any(
            not path or path[0] == ANY or (path[0] == "object" and path[1:2] not in _KEPT)
            for path in self.program.reads
        )


class RuleTable:
    """The rules of an engine, by the key of their constraint, and those that are enforced by kind of object."""

    def __init__(self) -> None:
        self._rules: dict[str, Rule] = {}
        self._by_kind: dict[tuple[str, str], tuple[Rule, ...]] = {}

    def __getitem__(self, key: str) -> Rule:
        return self._rules[key]

    def add(self, rule: Rule) -> None:
        """Add a rule, as the last one, in place of the one of its key."""
        self.remove(rule.key)
        self._rules[rule.key] = rule

    def remove(self, key: str) -> None:
        """Remove a rule; nothing happens when it is not there."""
        self._rules.pop(key, None)
        self._by_kind.clear()

    def about(self, kind: Kind) -> tuple[Rule, ...]:
        """The rules that are enforced and take objects of this kind, in the order in which they were added."""
        key = (kind.group, kind.kind)
        found = self._by_kind.get(key)
        if found is None:
            enforced = (rule for rule in self._rules.values() if rule.constraint.enforced)
            found = self._by_kind[key] = tuple(rule for rule in enforced if rule.takes(*key))
        return found


def program_reads_managed_fields(program: Program) -> bool:
    """Whether what a program says of an object may depend on its `metadata.managedFields`."""
    return any(all(key in (ANY, wanted) for key, wanted in zip(path, _MANAGED, strict=False)) for path in program.reads)


def program_reads_namespace(program: Program) -> bool:
    """Whether what a program says of an object depends on the Namespace that it lives in."""
    return any(not path or path[0] in (ANY, "namespaceObject") for path in program.reads)
