"""Rules by their paths, and which of them a reference may mean."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from constraints.rego.names.resolved import Path
from constraints.rego.syntax.tree import Scalar, Term
from constraints.rego.values.kinds import key_of


class Tree:
    """Rules by their paths: one node for each part of a path."""

    __slots__ = ("children", "is_rule", "path")

    def __init__(self, path: Path = ()) -> None:
        self.path = path
        self.children: dict[Any, Tree] = {}
        self.is_rule = False

    @classmethod
    def of(cls, paths: Iterable[Path]) -> Tree:
        """The tree of these rules."""
        root = cls()
        for path in paths:
            node = root
            for part in path:
                if part not in node.children:
                    node.children[part] = cls((*node.path, part))
                node = node.children[part]
            node.is_rule = True
        return root

    def at(self, path: Path) -> Tree | None:
        """The node of a path."""
        node: Tree | None = self
        for part in path:
            node = node.children.get(part) if node is not None else None
        return node

    def below(self) -> Iterator[Tree]:
        """This node, if it is a rule, and all rules below it."""
        waiting = [self]
        while waiting:
            node = waiting.pop()
            if node.is_rule:
                yield node
            waiting += reversed(node.children.values())

    def reached(self, path: Sequence[Term]) -> set[Path]:
        """The rules that `data` with this path may mean: on the way, at its end and below."""
        found: set[Path] = set()
        level = [self]
        for part in path:
            following = []
            for node in level:
                following += node._steps(part)
            found |= {node.path for node in following if node.is_rule}
            level = following
        return found | {rule.path for node in level for rule in node.below()}

    def _steps(self, part: Term) -> list[Tree]:
        if not isinstance(part, Scalar):
            return list(self.children.values())
        child = self.children.get(key_of(part.value))
        return [] if child is None else [child]


def path_text(path: Path) -> str:
    """`data.p.q`; what is no name in brackets."""
    text = "data"
    for part in path:
        if isinstance(part, str) and part.isidentifier():
            text += f".{part}"
        else:
            text += f'["{part}"]' if isinstance(part, str) else f"[{part}]"
    return text
