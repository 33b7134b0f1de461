"""Which rules refer to which: the paths that a reference may reach, their order, and the ban on recursion."""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping, Sequence
from typing import Any

from constraints.rego.problems import RECURSION, Problems
from constraints.rego.resolved import Path
from constraints.rego.syntax import (
    ArrayTerm,
    Body,
    Call,
    Comprehension,
    Every,
    Expr,
    FunctionName,
    ObjectTerm,
    Ref,
    Rule,
    Scalar,
    SetTerm,
    SomeDecl,
    SomeIn,
    TemplateString,
    Term,
    Var,
)
from constraints.rego.values import key_of


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
        if self.is_rule:
            yield self
        for child in self.children.values():
            yield from child.below()

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


class References:
    """Collects the rules that trees refer to."""

    def __init__(self, tree: Tree, functions: Mapping[str, Path]) -> None:
        self.tree = tree
        self.functions = functions
        self.found: set[Path] = set()

    def rule(self, rule: Rule) -> None:
        """Those of a definition with its `else` branches."""
        one: Rule | None = rule
        while one is not None:
            head = one.head
            for term in (*head.path, *(head.args or ()), head.key, head.value):
                if term is not None and type(term) is not Scalar:
                    self.term(term)
            self.body(one.body)
            one = one.else_

    def body(self, body: Body) -> None:
        """Those of statements."""
        for expr in body:
            self.statement(expr)

    def statement(self, expr: Expr) -> None:
        """Those of one statement."""
        what = expr.what
        if isinstance(what, SomeIn):
            for term in (what.key, what.value, what.domain):
                if term is not None:
                    self.term(term)
        elif isinstance(what, Every):
            self.term(what.domain)
            self.body(what.body)
        elif not isinstance(what, SomeDecl):
            self.term(what)
        for modifier in expr.withs:
            self.term(modifier.target)
            self.term(modifier.value)

    def term(self, term: Term) -> None:
        """Those of a term."""
        kind = type(term)
        if kind is Scalar:
            return
        if isinstance(term, Var):
            if term.name == "data":
                self.found |= self.tree.reached(())
        elif isinstance(term, Ref):
            self._reference(term)
        elif isinstance(term, Call):
            self._function(term.name)
            for part in term.args:
                self.term(part)
        elif isinstance(term, FunctionName):
            self._function(term.name)
        else:
            self._composite(term)

    def _function(self, name: str) -> None:
        path = self.functions.get(name)
        if path is not None:
            self.found.add(path)

    def _reference(self, ref: Ref) -> None:
        if not isinstance(ref.head, Var):
            self.term(ref.head)
        elif ref.head.name == "data":
            self.found |= self.tree.reached(ref.path)
        for part in ref.path:
            if type(part) is not Scalar:
                self.term(part)

    def _composite(self, term: Term) -> None:
        if isinstance(term, (ArrayTerm, SetTerm)):
            for item in term.items:
                self.term(item)
        elif isinstance(term, ObjectTerm):
            for key, value in term.pairs:
                self.term(key)
                self.term(value)
        elif isinstance(term, Comprehension):
            self.body(term.body)
            if term.key is not None:
                self.term(term.key)
            self.term(term.value)
        elif isinstance(term, TemplateString):
            for part in term.parts:
                if not isinstance(part, str):
                    self.term(part)


def graph_of(rules: Mapping[Path, tuple[Rule, ...]], functions: Mapping[str, Path]) -> dict[Path, frozenset[Path]]:
    """For each path those that its definitions refer to."""
    tree = Tree.of(rules)
    graph = {}
    for path, definitions in rules.items():
        references = References(tree, functions)
        for rule in definitions:
            references.rule(rule)
        graph[path] = frozenset(references.found)
    return graph


def in_order(graph: Mapping[Path, frozenset[Path]]) -> tuple[Path, ...]:
    """Each path behind those it refers to, as far as there is no recursion."""
    done: dict[Path, None] = {}
    open_: set[Path] = set()
    for start in graph:
        stack: list[tuple[Path, bool]] = [(start, False)]
        while stack:
            path, leaving = stack.pop()
            if leaving:
                done[path] = None
            elif path not in open_:
                open_.add(path)
                stack.append((path, True))
                stack += [(other, False) for other in sorted(graph[path], key=repr) if other not in open_]
    return tuple(done)


def forbid_recursion(
    graph: Mapping[Path, frozenset[Path]],
    rules: Mapping[Path, tuple[Rule, ...]],
    sources: Mapping[Path, tuple[str, ...]],
    problems: Problems,
) -> None:
    """Refuse each rule that refers to itself, in the end."""
    for path in _recursive(graph):
        way = _way_back(path, graph)
        if way:
            names = [path_text(step) for step in way]
            text = f"rule {names[0]} is recursive: {' -> '.join(names)}"
            problems.add(RECURSION, text, rules[path][0].span, sources[path][0])


def _recursive(graph: Mapping[Path, frozenset[Path]]) -> list[Path]:
    """The paths that may be part of a circle: those left when all that refer to nothing left are taken away."""
    left = dict(graph)
    while True:
        leaves = [path for path, others in left.items() if not any(other in left for other in others)]
        if not leaves:
            return list(left)
        for path in leaves:
            del left[path]


def _way_back(start: Path, graph: Mapping[Path, frozenset[Path]]) -> list[Path]:
    """The shortest way from `start` to itself; empty where there is none."""
    came: dict[Path, Path] = {}
    queue = [start]
    for path in queue:
        for other in sorted(graph[path], key=repr):
            if other == start:
                way = [start, path]
                while path != start:
                    path = came[path]
                    way.append(path)
                return way[::-1]
            if other not in came:
                came[other] = path
                queue.append(other)
    return []


def path_text(path: Path) -> str:
    """`data.p.q`; what is no name in brackets."""
    text = "data"
    for part in path:
        if isinstance(part, str) and part.isidentifier():
            text += f".{part}"
        else:
            text += f'["{part}"]' if isinstance(part, str) else f"[{part}]"
    return text
