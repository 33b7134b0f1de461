"""What definitions refer to: rules, functions, targets of `with`."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import Any

from constraints.rego.names.resolved import Path
from constraints.rego.names.ruletree import Tree
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import Body, Call, Expr, FunctionName, Ref, Rule, Scalar, Var, With


class References:
    """Collects what trees refer to: rules by their paths in `found`, calls, those that are statements, uses of
    `with`.
    """

    def __init__(self, tree: Tree, functions: Mapping[str, Path]) -> None:
        self.tree = tree
        self.functions = functions
        self.found: set[Path] = set()
        self.calls: list[Call] = []
        self.statements: list[Call] = []
        self.withs: list[With] = []
        self._seen: set[int] = set()  # heads of references and calls that are statements: what is around comes first
        self._takers: dict[type, Callable[[Any], None]] = {
            Var: self._variable,
            Ref: self._reference,
            Call: self._call,
            FunctionName: self._function,
            Expr: self._statement,
        }

    def rule(self, rule: Rule) -> None:
        """Those of a definition with its `else` branches."""
        self._all(rule)

    def body(self, body: Body) -> None:
        """Those of statements."""
        self._all(body)

    def _all(self, node: Any) -> None:
        for found in nodes_of(node):
            take = self._takers.get(type(found))
            if take is not None:
                take(found)

    def _variable(self, var: Var) -> None:
        if var.name == "data" and id(var) not in self._seen:
            self.found |= self.tree.reached(())

    def _reference(self, ref: Ref) -> None:
        if isinstance(ref.head, Var) and ref.head.name == "data":
            self._seen.add(id(ref.head))
            self.found |= self.tree.reached(ref.path)

    def _statement(self, expr: Expr) -> None:
        self.withs += expr.withs
        if isinstance(expr.what, Call):
            self._seen.add(id(expr.what))
            self.statements.append(expr.what)

    def _call(self, call: Call) -> None:
        self._function(call)
        if id(call) not in self._seen:
            self.calls.append(call)

    def _function(self, named: Call | FunctionName) -> None:
        path = self.functions.get(named.name)
        if path is not None:
            self.found.add(path)
        elif named.name.startswith("data."):  # `f()` of a rule without arguments
            self.found |= self.tree.reached([Scalar(part) for part in named.name.split(".")[1:]])
