"""From resolved rules to Python functions: the trees of their modules, and the functions themselves."""

from __future__ import annotations

import ast
from collections.abc import Iterator, Mapping
from typing import Any, Final

from constraints.dataclass import value
from constraints.errors import CompileError
from constraints.lang.pycode import Identifiers
from constraints.lang.pywalk import BLOCKS, depth_of
from constraints.rego.builtins import Builtin
from constraints.rego.codegen.blocks import aside, attach, closure
from constraints.rego.codegen.bodies import emit_body
from constraints.rego.codegen.callees import callee_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.entry import emit_entry
from constraints.rego.codegen.operand import NO_CONSTANT
from constraints.rego.codegen.reading import load
from constraints.rego.codegen.table import TABLE
from constraints.rego.codegen.tree import FUNCTION, Branch, tree_of
from constraints.rego.codegen.unit import Unit
from constraints.rego.names.resolved import Path, Resolved
from constraints.rego.reads.arguments import places
from constraints.rego.runtime.context import Context
from constraints.rego.runtime.table import RUNTIME
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.tree import Body, Expr, FunctionName, Ref, Scalar, Var
from constraints.rego.values.kinds import UNDEFINED, Value

DEEP: Final = 15  # calls in a row, each of which is translated within the one before
_INPUT: Final = object()
_DATA: Final = Var("data")


@value
class Generated:
    """Python for a policy: a module for each source, and what is in their common scope."""

    modules: Mapping[str, ast.Module]
    scope: dict[str, Any]
    tree: Branch
    rules: int

    def load(self) -> None:
        """Run the modules: their functions are in the scope then."""
        for source, module in self.modules.items():
            try:
                exec(compile(module, source or "query", "exec"), self.scope)
            except (RecursionError, MemoryError, SyntaxError) as error:
                text = f"rego_compile_error: too deeply nested: {error}"
                raise CompileError(text, source=source, deep=isinstance(error, RecursionError)) from error
        for branch in self.tree.all():
            if branch.rule is not None:
                branch.node.rule = (
                    self.scope.get(branch.function, _nothing) if branch.rule.kind != FUNCTION else _nothing
                )


def _nothing(_: Context) -> Value:
    """What a function is as a document."""
    return UNDEFINED


class Generator:
    """Translates the rules of a policy, then queries against it."""

    def __init__(
        self, resolved: Resolved, builtins: Mapping[str, Builtin], extra: Body = (), parameters: Any = NO_CONSTANT
    ) -> None:
        """`extra` is a query that will be translated, `parameters` are those of a constraint."""
        scope: dict[str, Any] = {**RUNTIME, "__builtins__": {}}
        names = Identifiers(frozenset(scope) | {"c", "found", "error"})
        bodies = (*_bodies(resolved), extra) if resolved.replaces else (extra,)
        targets = [target for body in bodies for target in _targets(body)]
        self.unit = Unit(
            resolved,
            builtins,
            tree_of(resolved, names),
            parameters,
            mocked=frozenset(target for target in targets if isinstance(target, str)),
            targets=frozenset(target for target in targets if isinstance(target, tuple)),
            fixed=parameters is not NO_CONSTANT and _INPUT not in targets,
            scope=scope,
            names=names,
        )

    def entry(self, path: Path) -> str:
        """Translate the rule that a constraint is about; the name of its function, which gives rows."""
        branch = self.unit.tree.find(path)
        assert branch is not None
        self._deep_first()
        return emit_entry(self._emission(branch.rule.clauses[0].source if branch.rule else ""), branch)

    def rules(self) -> None:
        """Translate all rules."""
        self._deep_first()
        for branch in self.unit.tree.all():
            if branch.rule is not None:
                callee_of(self._emission(), branch)

    def query(self, name: str, body: Body, source: str = "") -> str:
        """A function that gives a list of bindings; its name."""
        emission = self._emission(source)
        function, nodes = self.unit.new(name), emission.nodes
        with aside(emission, ordered=True) as block:
            emission.emit(nodes.assign("found", nodes.array([])))
            inner, end = closure(emission, lambda: _solutions(emission, body), ordered=True)
            attach(emission, inner, end)
            emission.emit(nodes.give(nodes.name("found")))
        emission.add(nodes.function(function, ["c"], block))
        return function

    def ground_rules(self) -> Iterator[Any]:
        """The functions of the rules without arguments that are loaded, each behind those that it refers to."""
        for path in self.unit.resolved.order:
            branch = self.unit.tree.find(path)
            if branch is None or branch.rule is None or branch.rule.kind == FUNCTION:
                continue
            if branch.function in self.unit.scope:
                yield self.unit.scope[branch.function]

    def reads(self) -> frozenset[Path]:
        """The places in the review that what was translated so far depends on, `*` for any key."""
        unit = self.unit
        if not unit.fixed:  # what is read of another input is not followed: it may be all of this one
            return frozenset({()})
        return places(unit.reads, unit.steps, unit.given)

    def generated(self) -> Generated:
        """What was translated so far."""
        unit = self.unit
        for functions in unit.functions.values():
            functions[:] = [part for one in functions for part in self._parts(one)]
        modules = {source: ast.Module([*block], []) for source, block in unit.functions.items()}
        return Generated(modules, unit.scope, unit.tree, sum(1 for _ in unit.tree.all()))

    def _emission(self, source: str = "") -> Emission:
        return Emission(self.unit, TABLE, source)

    def _deep_first(self) -> None:
        """Translate what stands at the end of a long row of calls first, since each call on the way takes stack.

        It is made for any arguments: one made for those that are known would begin at the end of the row again.
        """
        resolved = self.unit.resolved
        depth: dict[Path, int] = {}
        for one in resolved.order:
            depth[one] = 1 + max((depth.get(other, 0) for other in resolved.graph.get(one, ())), default=0)
        for one in resolved.order:
            branch = self.unit.tree.find(one) if depth[one] % DEEP == 0 else None
            if branch is not None and branch.rule is not None:
                self.unit.deep.add(branch.number)
                callee_of(self._emission(), branch)

    def _parts(self, function: ast.FunctionDef) -> list[ast.FunctionDef]:
        if depth_of(function.body) <= BLOCKS:
            return [function]
        from constraints.lang.outline import split  # late: few policies nest as deeply

        return split(function, self.unit.new)


def _solutions(emission: Emission, body: Body) -> bool:
    """The body, then what keeps the bindings of each solution."""
    if not emit_body(emission, body):
        return True
    nodes = emission.nodes
    pairs = [
        (nodes.constant(name), load(emission, value))
        for name, value in emission.place.env.items()
        if not name.startswith("$") and "#" not in name
    ]
    emission.emit(nodes.do(nodes.method(nodes.name("found"), "append", nodes.mapping(pairs))))
    return True


# what some `with` replaces


def _bodies(resolved: Resolved) -> Iterator[Any]:
    for rules in resolved.rules.values():
        yield from rules


def _targets(node: Any) -> Iterator[object]:
    """The functions and the paths below `data` that some `with` replaces, _INPUT for one that replaces input."""
    for found in nodes_of(node):
        if not isinstance(found, Expr):
            continue
        for one in found.withs:
            if isinstance(one.target, FunctionName):
                yield one.target.name
            elif isinstance(one.target, Ref) and one.target.head == _DATA:
                yield tuple(part.value for part in one.target.path if isinstance(part, Scalar))
            else:
                yield () if one.target == _DATA else _INPUT
