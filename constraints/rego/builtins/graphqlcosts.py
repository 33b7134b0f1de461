"""What it takes to hold a GraphQL query against a schema, in steps, which are taken before it is done."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterator, Mapping
from typing import Any, Final

from constraints.rego.builtins.graphqltree import Node
from constraints.rego.values.sizes import spend

_VALIDATED: Final = 500
"""For a node that the rules look at."""

_PAIR: Final = 20
"""For two selections, or two fragments, that are compared with each other."""


def spend_rules(tree: Node, types: int) -> None:
    """Count what the rules take that look at each node, for each operation, and at the types of each spread."""
    operations = len(tree.get("Operations", ()))
    for one in _nodes(tree):
        spend(_VALIDATED + operations + (0 if "Kind" in one or "Alias" in one else types))


def _nodes(tree: Node) -> Iterator[Node]:
    waiting: list[Any] = [tree]
    while waiting:
        one = waiting.pop()
        if isinstance(one, list):
            waiting += one
        elif isinstance(one, dict):
            yield one
            waiting += one.values()


def spend_comparisons(tree: Node) -> None:
    """Count what it takes to compare all selections that have one name in what becomes one object.

    Fragments may not spread themselves, not even through others.
    """
    fragments = {one["Name"]: one["SelectionSet"] for one in tree.get("Fragments", ())}
    waiting = [[one["SelectionSet"]] for one in tree.get("Operations", ())] + [[one] for one in fragments.values()]
    while waiting:
        for group in _groups(waiting.pop(), fragments):
            spend(len(group) * (len(group) - 1) // 2 * _PAIR)
            waiting += [deeper] if (deeper := [one for one in group if one]) else []


def _groups(sets: list[list[Node]], fragments: Mapping[str, list[Node]]) -> list[list[list[Node]]]:
    """The selections within those of one name, for each name."""
    found: defaultdict[str, list[list[Node]]] = defaultdict(list)
    waiting, spread = list(sets), set()
    while waiting:
        selections = waiting.pop()
        spend(len(selections) * _PAIR)
        for one in selections:
            if "Alias" in one:
                found[one["Alias"]].append(one.get("SelectionSet", []))
            elif "SelectionSet" in one:
                waiting.append(one["SelectionSet"])
            elif one["Name"] not in spread:
                spread.add(one["Name"])
                waiting.append(fragments.get(one["Name"], []))
    spend(len(spread) * len(spread) * _PAIR)
    return list(found.values())
