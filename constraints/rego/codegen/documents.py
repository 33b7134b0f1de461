"""References into `data`: rules where there are some, base documents elsewhere."""

from __future__ import annotations

from abc import abstractmethod
from collections.abc import Sequence
from dataclasses import replace
from typing import Any

from constraints.rego.codegen.base import BASE, NO_CONSTANT, Operand, Summary
from constraints.rego.codegen.format import Formats
from constraints.rego.codegen.tree import FUNCTION, Branch
from constraints.rego.names.resolved import Path
from constraints.rego.syntax.tree import Scalar, Term
from constraints.rego.values.kinds import key_of


class Documents(Formats):
    """What `data...` is in Python. `tree` holds the rules that there are."""

    tree: Branch

    def document(self, path: Sequence[Term]) -> Operand:
        """The value of a reference into `data`."""
        branch, done = self.tree, 0
        while done < len(path) and branch.rule is None:
            part = path[done]
            child = branch.children.get(key_of(part.value)) if isinstance(part, Scalar) else None
            if child is None:
                break
            branch, done = child, done + 1
        rest = path[done:]
        if branch.rule is not None:
            return self.walk(self.asked(branch, rest), rest)
        if rest and isinstance(rest[0], Scalar):
            return self.walk(self._base(branch.path), rest)
        return self._in_tree(branch, rest)

    @abstractmethod
    def summary(self, branch: Branch, arguments: Sequence[Operand] = ()) -> Summary:
        """The function of a rule, generated when it is first asked for."""

    @abstractmethod
    def asked(self, branch: Branch, rest: Sequence[Term]) -> Operand:
        """The answer of a rule as far as a reference needs it that goes on with `rest`."""

    def rule(self, branch: Branch) -> Operand:
        """The answer of a rule, asked for once in a function."""
        self.uses_more()
        key = (self.place.context, "rule", branch.number)
        if key not in self.place.walked:
            summary = self.summary(branch)
            self.quiet = self.quiet and summary.quiet
            if summary.answer.is_constant:
                return summary.answer
            node = self.nodes.call(summary.function, self.context())
            self.place.learn(
                key, self.kept(replace(summary.answer, constant=NO_CONSTANT, node=node), str(branch.path[-1]))
            )
        return self.place.step(key)

    def _base(self, path: Path) -> Operand:
        """A base document."""
        self.pure = False
        key = (self.place.context, "data")
        if key not in self.place.walked:
            node = self.nodes.attribute(self.context(), "data")
            self.place.learn(key, self.kept(Operand(node=node, defined=False, kind=BASE), "data"))
        return self.walk(self.place.step(key), [Scalar(part) for part in path])

    def _in_tree(self, branch: Branch, rest: Sequence[Term]) -> Operand:
        """A reference that names no rule, or several."""
        self.quiet = False
        self.uses_more()
        for below in branch.reached(rest):
            if below.rule is not None and below.rule.kind != FUNCTION:
                self.summary(below)
        node = self.nodes.name(self.unit.bind("_".join(("DATA", *map(str, branch.path))), branch.node))
        if not rest:
            base = self.load(self._base(branch.path))
            return Operand(node=self.runtime("document", self.context(), node, base), defined=False)
        value = self.kept(
            Operand(node=self.runtime("tree_at", self.context(), node), defined=False, kind="tree"), "tree"
        )
        for part in rest:
            value = self._descend(value, part)
            if not value.name:
                return value
        return Operand(node=self.runtime("whole", self.context(), self.load(value)), defined=False)

    def _descend(self, value: Operand, part: Term) -> Operand:
        if not self.free(part):
            key = self.needed(self.term(part), "key")
            if key is None:
                return Operand(constant=None, defined=False)
            node = self.runtime("descend", self.context(), self.load(value), self.load(key))
            return self.kept(Operand(node=node, defined=False, kind="tree"), "tree")
        ordered = self.nodes.constant(self.place.ordered)
        name, item = self.loop(("key", "tree"), self.runtime("branches", self.context(), self.load(value), ordered))
        self.match(part, Operand(name=name))
        return Operand(name=item, kind="tree")

    def function_name(self, name: str) -> str:
        """The Python name of a function of the policy."""
        return self.summary(self.branch_of(self.unit.resolved.functions[name])).function

    def own(self, name: str, arguments: list[Operand]) -> Operand:
        """A call of a function of the policy; its code is made for what is known of the arguments."""
        branch = self.branch_of(self.unit.resolved.functions[name])
        summary = self.summary(branch, arguments)
        self.weight += summary.weight
        if not summary.pure:
            self.uses_more()
        self.quiet = self.quiet and summary.quiet
        if summary.answer.is_constant:
            return summary.answer
        if summary.parameter is not None:
            return arguments[summary.parameter]
        given = [one for one in arguments if summary.function == branch.function or not one.is_constant]
        answer = replace(summary.answer, node=self.nodes.call(summary.function, self.context(), *map(self.load, given)))
        if not all(one.name or one.is_constant for one in given):
            return answer
        known = [one.name or (one.is_constant and (type(one.constant), key_of(one.constant))) for one in given]
        key = (self.place.context, summary.function, *known)
        if key not in self.place.walked:
            self.place.learn(key, self.kept(answer, self.wish or "answer"))
        return self.place.step(key)

    def branch_of(self, path: Path) -> Branch:
        """The place of a rule in the tree."""
        branch = self.tree
        for part in path:
            branch = branch.children[part]
        return branch

    def _hidden(self, path: Path) -> Any:
        """The numbers of all places at this path and below."""
        branch: Branch | None = self.tree
        for part in path:
            branch = branch.children.get(key_of(part)) if branch else None
        return frozenset(branch.numbers()) if branch else frozenset()
