"""A checked expression to Python's own syntax tree.

Each expression of a policy becomes a function of `slots`: the inputs of a review, the values of variables once they are
known, and of what depends on the constraint's parameters alone. Statements come first, then an expression that gives
the value: `||`, `&&`, `?:` and macros are `if`s and loops, errors are exceptions, caught where CEL absorbs them.
"""

from __future__ import annotations

import ast
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from typing import Final

from constraints.cel import pycode as py
from constraints.cel import syntax
from constraints.cel.check import Checked
from constraints.cel.constants import check_constant
from constraints.cel.layout import Layout
from constraints.cel.loops import emit_loop
from constraints.cel.overloads import FUNCTIONS, Function
from constraints.cel.scan import Scan
from constraints.cel.syntax import Node
from constraints.cel.types import BOOL, STRING
from constraints.cel.values import TypeValue, Uint, Value

SLOTS: Final = "slots"
_DEEPEST: Final = 14  # loops and handlers inside each other; Python allows 20 in one function
_SHARED: Final = (ast.Name, ast.Constant, ast.Subscript)  # may be written down twice; slots are the only subscripts


class Emitter:
    """Writes one function; `block` is where statements go."""

    def __init__(self, checked: Checked, layout: Layout) -> None:
        self.checked = checked
        self.layout = layout
        self.scan = Scan(checked, layout)
        self.block: list[ast.stmt] = []
        self.names: dict[str, str] = {}
        self._temporaries = 0
        self._depth = 0

    def emit(self, node: Node) -> ast.expr:
        """The value of `node`, once the statements in `block` have run."""
        start = len(self.block)
        if node is not self.checked.root and self._is_worth_keeping(node):
            value = self._steady(node)
        elif self._depth >= _DEEPEST and not isinstance(node, syntax.Literal | syntax.Ident):
            value = self._outlined(node)
        else:
            value = self._of_kind(node)
        py.locate((*self.block[start:], value), node.at)
        return value

    def _of_kind(self, node: Node) -> ast.expr:
        match node:
            case syntax.Literal():
                return self._constant(node.value)
            case syntax.Ident():
                return self._ident(node.name)
            case syntax.Select():
                return self._select(node)
            case syntax.Index():
                name = "index_optional" if node.optional else "index"
                return py.call(name, *self.values((node.operand, node.key)))
            case syntax.Call():
                return self._call(node)
            case syntax.Logic():
                return self._logic(node)
            case syntax.Choice():
                return self._choice(node)
            case syntax.ListLiteral():
                return self._list(node)
            case syntax.MapLiteral():
                return self._map(node)
            case syntax.Message():
                return self._message(node)
            case syntax.Loop():
                return emit_loop(self, node)
        assert isinstance(node, syntax.OptionalMap)
        return self._optional_map(node)

    # what the emitters of macros use as well

    def temporary(self, hint: str = "t") -> str:
        """A new local name."""
        self._temporaries += 1
        return f"{hint}_{self._temporaries}"

    def keep(self, value: ast.expr) -> ast.expr:
        """`value` under a name, so that it can be read more than once."""
        if isinstance(value, _SHARED):
            return value
        name = self.temporary()
        self.block.append(py.assign(name, value))
        return py.read(name)

    @contextmanager
    def inside(self, deeper: int = 0) -> Iterator[list[ast.stmt]]:
        """A block of its own, `deeper` levels of loops and handlers below."""
        outer, self.block = self.block, []
        self._depth += deeper
        try:
            yield self.block
        finally:
            self.block = outer
            self._depth -= deeper

    def truth(self, node: Node, name: str) -> None:
        """Let `name` be the value of `node`, and fail unless it is true or false."""
        self.block.append(py.assign(name, self.emit(node)))
        if not self._is_boolean(node):
            wrong = py.both(*(py.is_not(py.read(name), py.constant(value)) for value in (True, False)))
            self.block.append(py.when(wrong, [py.throw(py.call("no_overload"))]))

    def values(self, nodes: Sequence[Node]) -> list[ast.expr]:
        """The values of several nodes, in their order also where later ones need statements."""
        found: list[ast.expr] = []
        for node in nodes:
            with self.inside() as statements:
                value = self.emit(node)
            if statements:
                found = [self.keep(earlier) for earlier in found]
            self.block.extend(statements)
            found.append(value)
        return found

    # names

    def _constant(self, value: Value) -> ast.expr:
        if type(value) is Uint:
            return py.read(self.layout.name("uint", value))
        return py.constant(value)

    def _ident(self, name: str) -> ast.expr:
        if name in self.names:
            return py.read(self.names[name])
        if name in self.layout.inputs:
            self.layout.read.add(name)
            return py.item(py.read(SLOTS), py.constant(self.layout.inputs[name]))
        return py.read(self.layout.name(f"type_{name}", TypeValue(name)))

    def _variable(self, name: str) -> ast.expr:
        full = f"variables.{name}"
        if full in self.layout.inputs:
            return self._ident(full)
        variable = self.layout.variables[name]
        return self._slot(variable.slot, variable.function)

    def _slot(self, slot: int, function: str) -> ast.expr:
        """What is in the slot; the function puts it there when it is first needed."""
        name = self.temporary()
        self.block.append(py.assign(name, py.item(py.read(SLOTS), py.constant(slot))))
        fill = py.assign(name, py.call(function, py.read(SLOTS)))
        self.block.append(py.when(py.is_(py.read(name), py.read("UNSET")), [fill]))
        return py.read(name)

    # what depends on the parameters alone

    def _is_worth_keeping(self, node: Node) -> bool:
        if isinstance(node, syntax.Literal | syntax.Ident) or self.scan.variable(node):
            return False
        return (
            node not in self.checked.functions or isinstance(node, syntax.Call) if self.scan.is_steady(node) else False
        )

    def _steady(self, node: Node) -> ast.expr:
        emitter = Emitter(Checked(node, self.checked.types, self.checked.functions), self.layout)
        slot = self.layout.place()
        function = self.layout.unused("steady")
        value = emitter.keep(emitter.emit(node))
        emitter.block.append(py.put(py.read(SLOTS), py.constant(slot), value))
        emitter.finish(function, value, node)
        self.layout.steady.append(function)
        return self._slot(slot, function)

    def finish(self, function: str, value: ast.expr, node: Node) -> None:
        """Make the block a function of the layout."""
        body = [*self.block, ast.Return(value)]
        definition = py.define(function, (SLOTS,), body)
        py.locate((definition,), node.at)
        py.locate(definition.body, node.at)
        self.layout.functions.append(ast.fix_missing_locations(definition))

    def _outlined(self, node: Node) -> ast.expr:
        depth, self._depth = self._depth, 0
        with self.inside() as body:
            value = self._of_kind(node)
            body.append(ast.Return(value))
        self._depth = depth
        name = self.temporary("part")
        self.block.append(py.define(name, (), body))
        return py.call(name)

    # fields

    def _select(self, node: syntax.Select) -> ast.expr:
        if node in self.checked.functions:
            return self._ident(self.checked.functions[node])
        name = self.scan.variable(node)
        if name:
            return self._variable(name)
        if isinstance(node.operand, syntax.Ident) and node.operand.name == "variables":
            return self._about_variable(node)
        if node.test:
            return self._has(node)
        if node.optional:
            return py.call("index_optional", self.emit(node.operand), py.constant(node.field))
        return self._path(node)

    def _about_variable(self, node: syntax.Select) -> ast.expr:
        """`has(variables.x)` and `variables.?x`: every variable is there, unless it fails."""
        value = self._variable(node.field)
        return py.constant(True) if node.test else py.call("Optional", value)

    def _has(self, node: syntax.Select) -> ast.expr:
        owner = self.keep(self.emit(node.operand))
        field = py.constant(node.field)
        quick = ast.Compare(field, [ast.In()], [owner])
        return ast.IfExp(py.is_(py.call("type", owner), py.read("dict")), quick, py.call("has", owner, field))

    def _path(self, node: syntax.Select) -> ast.expr:
        """`a.b.c` in one step; only when that fails each field is looked at."""
        fields = [py.constant(node.field)]
        owner = node.operand
        while self._is_plain(owner):
            assert isinstance(owner, syntax.Select)
            fields.insert(0, py.constant(owner.field))
            owner = owner.operand
        start = quick = self.keep(self.emit(owner))
        for field in fields:
            quick = py.item(quick, field)
        name = self.temporary()
        slow = py.assign(name, py.call("select", start, *fields))
        self.block.append(py.attempt([py.assign(name, quick)], "MISSES", [slow]))
        return py.read(name)

    def _is_plain(self, node: Node) -> bool:
        if not isinstance(node, syntax.Select) or node.test or node.optional or node in self.checked.functions:
            return False
        return not self.scan.variable(node) and not self._is_worth_keeping(node)

    # calls

    def _call(self, node: syntax.Call) -> ast.expr:
        name = self.checked.functions[node]
        method = node.target is not None and name == node.function
        nodes = (node.target, *node.args) if method and node.target else node.args
        if name == "dyn":
            return self.emit(nodes[0])
        if name in ("or", "orValue") and method:
            return self._either(node, name)
        if name in ("_==_", "_!=_"):
            quick = self._same(nodes, equal=name == "_==_")
            if quick:
                return quick
        check_constant(node)
        arguments = self.values(nodes)
        if name == "_+_" and all(self._is_text(part) for part in nodes):
            return ast.BinOp(arguments[0], ast.Add(), arguments[1])
        if name == "!_" and self._is_boolean(nodes[0]):
            return ast.UnaryOp(ast.Not(), arguments[0])
        return py.call(self._code(FUNCTIONS[name], nodes), *arguments)

    def _either(self, node: syntax.Call, name: str) -> ast.expr:
        """`a.or(b)` and `a.orValue(b)`: b is looked at only when a is absent."""
        assert node.target is not None
        target = self.keep(py.call("optional_target", self.emit(node.target), py.constant(name)))
        result = self.temporary()
        with self.inside() as body:
            body.append(py.assign(result, self.emit(node.args[0])))
        there = target if name == "or" else ast.Attribute(target, "value", ast.Load())
        present = ast.Attribute(target, "present", ast.Load())
        self.block.append(py.when(present, [py.assign(result, there)], body))
        return py.read(result)

    def _same(self, nodes: Sequence[Node], *, equal: bool) -> ast.expr | None:
        """A comparison with a text, a truth value or null needs no more than Python's own."""
        for literal, other in (nodes, nodes[::-1]):
            if not isinstance(literal, syntax.Literal):
                continue
            value = literal.value
            if value is None or isinstance(value, bool):
                return (py.is_ if equal else py.is_not)(self.emit(other), py.constant(value))
            if isinstance(value, str):
                operator = ast.Eq() if equal else ast.NotEq()
                return ast.Compare(self.emit(other), [operator], [py.constant(value)])
        return None

    def _code(self, function: Function, nodes: Sequence[Node]) -> str:
        """The name of what to call: one overload when the types of the arguments are certain."""
        if function.unguarded:
            return self.layout.name(function.name, function.unguarded)
        types = tuple(self.checked.types[node] for node in nodes)
        if all(self.scan.is_certain(node) for node in nodes) and not any(item.parameters for item in types):
            for overload in function.overloads:
                if overload.arguments == types:
                    return self.layout.name(function.name, overload.code)
        return self.layout.name(function.name, function)

    def _is_text(self, node: Node) -> bool:
        return self.checked.types[node] == STRING and self.scan.is_certain(node)

    def _is_boolean(self, node: Node) -> bool:
        return self.checked.types[node] == BOOL and self.scan.is_certain(node)

    # logic

    def _logic(self, node: syntax.Logic) -> ast.expr:
        """Each term in its turn, until one decides; the first failure counts if none does."""
        result, failure = self.temporary(), self.temporary("failure")
        undecided = py.constant(not node.either)
        self.block.append(py.assign(failure, py.constant(None)))
        for place, term in enumerate(node.terms):
            with self.inside(1) as body:
                self.truth(term, result)
            handler = [*py.keep_failure(failure, first=True), py.assign(result, undecided)]
            step = [py.attempt(body, "Failure", handler, "error")]
            self.block.extend(step if place == 0 else [py.when(py.is_(py.read(result), undecided), step)])
        open_ = py.both(py.is_(py.read(result), undecided), py.is_not(py.read(failure), py.constant(None)))
        self.block.append(py.when(open_, [py.throw(py.read(failure))]))
        return py.read(result)

    def _choice(self, node: syntax.Choice) -> ast.expr:
        test, result = self.temporary(), self.temporary()
        self.truth(node.test, test)
        branches = []
        for part in (node.then, node.other):
            with self.inside() as body:
                body.append(py.assign(result, self.emit(part)))
            branches.append(body)
        self.block.append(py.when(py.read(test), *branches))
        return py.read(result)

    # literals

    def _list(self, node: syntax.ListLiteral) -> ast.expr:
        if not node.optional:
            return ast.List(self.values(node.items), ast.Load())
        name = self.temporary()
        self.block.append(py.assign(name, ast.List([], ast.Load())))
        for place, item in enumerate(node.items):
            self._add_item(name, self.emit(item), optional=place in node.optional)
        return py.read(name)

    def _add_item(self, name: str, value: ast.expr, *, optional: bool) -> None:
        if not optional:
            self.block.append(py.do(py.method(py.read(name), "append", value)))
            return
        found = self.keep(py.call("unwrap_entry", value))
        inner = ast.Attribute(found, "value", ast.Load())
        body = [py.do(py.method(py.read(name), "append", inner))]
        self.block.append(py.when(ast.Attribute(found, "present", ast.Load()), body))

    def _map(self, node: syntax.MapLiteral) -> ast.expr:
        name = self.temporary()
        self.block.append(py.assign(name, ast.Dict([], [])))
        for entry in node.entries:
            key, value = self.values((entry.key, entry.value))
            key = key if isinstance(entry.key, syntax.Literal) else py.call("map_key", key)
            if not entry.optional:
                self.block.append(py.put(py.read(name), key, value))
                continue
            found = self.keep(py.call("unwrap_entry", value))
            body = [py.put(py.read(name), key, ast.Attribute(found, "value", ast.Load()))]
            self.block.append(py.when(ast.Attribute(found, "present", ast.Load()), body))
        return py.read(name)

    def _message(self, node: syntax.Message) -> ast.expr:
        values = self.values([value for _, value in node.fields])
        fields = ast.Dict([py.constant(name) for name, _ in node.fields], values)
        code = FUNCTIONS["@message"].unguarded
        return py.call(self.layout.name("message", code), py.constant(node.name), fields)

    def _optional_map(self, node: syntax.OptionalMap) -> ast.expr:
        macro = py.constant("optFlatMap" if node.flat else "optMap")
        target = self.keep(py.call("optional_target", self.emit(node.target), macro))
        result = self.temporary()
        with self.naming(node.name.name) as (name,), self.inside() as body:
            body.append(py.assign(name, ast.Attribute(target, "value", ast.Load())))
            value = self.emit(node.body)
            body.append(py.assign(result, value if node.flat else py.call("Optional", value)))
        present = ast.Attribute(target, "present", ast.Load())
        self.block.append(py.when(present, body, [py.assign(result, py.read("NONE"))]))
        return py.read(result)

    @contextmanager
    def naming(self, *names: str) -> Iterator[list[str]]:
        """Python's names for those of a macro, while its body is written."""
        outer = self.names
        found = [self.temporary(name) for name in names]
        self.names = {**outer, **dict(zip(names, found, strict=True))}
        try:
            yield found
        finally:
            self.names = outer
