"""The tree of rules below `data`, as the code generator sees it."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import field
from itertools import count
from typing import Any, Final

from constraints.dataclass import dataclass
from constraints.lang.pycode import Identifiers
from constraints.rego.names.modules import chain
from constraints.rego.names.resolved import Path, Resolved
from constraints.rego.runtime.documents import Node
from constraints.rego.syntax.tree import Head, Rule, Scalar, Term
from constraints.rego.values.kinds import Key, key_of

COMPLETE: Final = "complete"
FUNCTION: Final = "function"
SET: Final = "set"
OBJECT: Final = "object"


@dataclass(frozen=True, slots=True)
class Clause:
    """One definition of a rule: its source, and the part of its head's path that is below the rule's branch."""

    rule: Rule
    source: str
    tail: tuple[Term, ...]


@dataclass(frozen=True, slots=True)
class RuleSet:
    """All clauses at one path. `kind` is complete, function, set or object (with variables in the head's path)."""

    path: Path
    kind: str
    clauses: tuple[Clause, ...]

    @property
    def default(self) -> Clause | None:
        """The default clause."""
        return next((found for found in self.clauses if found.rule.default), None)


@dataclass(slots=True)
class Branch:
    """A part of the tree: the rule there, or what is below it. `function` is the Python name of the rule."""

    path: Path
    number: int
    node: Node
    rule: RuleSet | None = None
    function: str = ""
    children: dict[Key, Branch] = field(default_factory=dict)

    @property
    def kind(self) -> str:
        """The type of the rule's value, where it is always the same."""
        return self.rule.kind if self.rule and self.rule.kind in (SET, OBJECT) else ""

    @property
    def defined(self) -> bool:
        """Whether the rule always has a value."""
        return bool(self.kind) or bool(self.rule and self.rule.kind == COMPLETE and self.rule.default)

    def find(self, path: Iterable[Any]) -> Branch | None:
        """The branch at a path from here on, whose parts are keys; None when nothing is there."""
        branch: Branch | None = self
        for part in path:
            branch = branch.children.get(part) if branch else None
        return branch

    def all(self) -> Iterator[Branch]:
        """This branch and those below."""
        waiting = [self]
        while waiting:
            branch = waiting.pop()
            yield branch
            waiting += reversed(branch.children.values())

    def reached(self, steps: Sequence[Term]) -> Iterator[Branch]:
        """The branches that a reference of these steps from here on can end at or pass a rule at, and those below."""
        waiting = [(self, 0)]
        while waiting:
            branch, taken = waiting.pop()
            if taken == len(steps) or branch.rule is not None:
                yield from branch.all()
                continue
            step = steps[taken]
            ahead = [branch.children.get(key_of(step.value))] if isinstance(step, Scalar) else branch.children.values()
            waiting += reversed([(child, taken + 1) for child in ahead if child is not None])

    def numbers(self) -> Iterator[int]:
        """The numbers of this branch and those below."""
        return (branch.number for branch in self.all())


def dynamic_tail(head: Head) -> tuple[Term, ...]:
    """The part of a head's path from its first variable on."""
    for at, part in enumerate(head.path):
        if not isinstance(part, Scalar):
            return head.path[at:]
    return ()


def tree_of(resolved: Resolved, names: Identifiers) -> Branch:
    """The tree of all rules."""
    root = Branch((), 0, Node((), 0))
    counter = count(1)
    for path in resolved.packages:
        _branch_at(root, path, counter)
    for path, below in _below(_roots(resolved.rules), resolved.rules).items():
        branch = _branch_at(root, _spelled(path, resolved.rules[path][0].head), counter)
        branch.rule = _rule_set(path, below, resolved)
        branch.function = names.new(str(path[-1]) if path else "data")
    return root


def _branch_at(root: Branch, path: Path, counter: Iterator[int]) -> Branch:
    """The branch at a path, made if it is not there."""
    branch = root
    for at, part in enumerate(path):
        key = key_of(part)
        if key not in branch.children:
            number, reached = next(counter), path[: at + 1]
            child = branch.children[key] = Branch(reached, number, Node(reached, number))
            branch.node.children[key] = child.node
        branch = branch.children[key]
    return branch


def _spelled(path: Path, head: Head) -> Path:
    """The path with the values of its parts: in a Path stand their keys."""
    values = [part.value for part in _ground(head) if isinstance(part, Scalar)]
    return (*path[: len(path) - len(values)], *values)


def _ground(head: Head) -> tuple[Term, ...]:
    """The part of a head's path before its first variable."""
    return head.path[: len(head.path) - len(dynamic_tail(head))]


def _roots(rules: Mapping[Path, Any]) -> list[Path]:
    """The paths of rules; those below a rule with variables in its head belong to it."""
    wide = {path for path, found in rules.items() if any(dynamic_tail(rule.head) for rule in found)}
    return [path for path in rules if not any(path[:size] in wide for size in range(len(path)))]


def _below(roots: list[Path], rules: Mapping[Path, Any]) -> dict[Path, list[Path]]:
    """The paths of the rules at each of the roots, and below it; OPA evaluates them in this order."""
    found: dict[Path, list[Path]] = {path: [path] for path in roots}
    for path in rules:
        for size in range(len(path)):
            if path[:size] in found:
                found[path[:size]].append(path)
    return found


def _rule_set(path: Path, paths: list[Path], resolved: Resolved) -> RuleSet:
    found = []
    for below in paths:
        rules = resolved.rules[below]
        sources = resolved.sources.get(below, ("",) * len(rules))
        for rule, source in zip(rules, sources, strict=True):
            ground = _ground(rule.head)
            above = ground[len(ground) - (len(below) - len(path)) :]
            found.append(Clause(rule, source, (*above, *dynamic_tail(rule.head))))
    return RuleSet(path, _kind(found), tuple(found))


def _kind(clauses: list[Clause]) -> str:
    if any(found.tail for found in clauses):
        return OBJECT
    head = clauses[0].rule.head
    if head.args is not None:
        return FUNCTION
    return SET if head.contains else COMPLETE


def chain_of(found: Clause) -> Sequence[Clause]:
    """A clause and what its `else` says, in order."""
    _, *others = chain(found.rule)
    return [found, *[Clause(rule, found.source, found.tail) for rule in others]]
