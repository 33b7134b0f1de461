"""Writes one function of Python, node by node: where statements go, names, prices, and what is kept or outlined."""

from __future__ import annotations

import ast
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from typing import Any, Final

from constraints.cel import pycode as py
from constraints.cel import syntax
from constraints.cel.check import Checked
from constraints.cel.costs import LIST, MAP, MESSAGE
from constraints.cel.layout import SLOTS, Layout
from constraints.cel.scan import Scan
from constraints.cel.syntax import Node
from constraints.cel.tally import MOST, TALLY
from constraints.cel.types import BOOL

Emitters = Mapping[type[Node], Callable[[Any, Any], ast.expr]]
"""How each kind of node is written, given the Emitter and the node."""

_PRICES: Final[Mapping[type[Node], int]] = {  # what a node costs at most, without its parts
    syntax.Ident: 1,
    syntax.Select: 2,
    syntax.Index: 2,
    syntax.ListLiteral: LIST,
    syntax.MapLiteral: MAP,
    syntax.Message: MESSAGE,
    syntax.Loop: 3,
    syntax.OptionalMap: 6,
}
_DEEPEST: Final = 14  # loops and handlers inside each other; Python allows 20 in one function
_TURN: Final = 16  # what a turn of a macro costs at most, without its parts
_SHARED: Final = (ast.Name, ast.Constant, ast.Subscript)  # may be written down twice; slots are the only subscripts


class Emitter:
    """Writes one function; `block` is where statements go.

    `price` is what the nodes written so far cost at most, but for what they add to the tally; `adds` whether they do.
    The parts of a `steady` function are computed once as it is: only those inside of loops are kept by themselves.
    `emitters` write the nodes, each kind its own.
    """

    def __init__(self, checked: Checked, layout: Layout, emitters: Emitters, *, steady: bool = False) -> None:
        self.checked = checked
        self.layout = layout
        self.scan = Scan(checked, layout)
        self._emitters = emitters
        self.block: list[ast.stmt] = []
        self.names: dict[str, str] = {}
        self.price = 0
        self.adds = False
        self.panics = False
        self._steady_root = steady
        self._turning = 0
        self._temporaries = 0
        self._depth = 0

    def emit(self, node: Node) -> ast.expr:
        """The value of `node`, once the statements in `block` have run."""
        start = len(self.block)
        self.price += _PRICES.get(type(node), 0)
        if node is not self.checked.root and (self._turning or not self._steady_root) and self.is_kept(node):
            value = self._steady(node)
        elif self._depth >= _DEEPEST and not isinstance(node, syntax.Literal | syntax.Ident):
            value = self._outlined(node)
        else:
            value = self._emitters[type(node)](self, node)
        py.locate((*self.block[start:], value), node.at)
        return value

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
        if not self.is_boolean(node):
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

    def slot(self, slot: int, function: str) -> ast.expr:
        """What is in the slot; the function puts it there when it is first needed."""
        name = self.temporary()
        self.block.append(py.assign(name, py.item(py.read(SLOTS), py.constant(slot))))
        fill = py.assign(name, py.call(function, py.read(SLOTS)))
        self.block.append(py.when(py.is_(py.read(name), py.read("UNSET")), [fill]))
        return py.read(name)

    @property
    def is_nested(self) -> bool:
        """Whether what is written is part of a loop, or a failure of it may be absorbed."""
        return self._depth > 0

    def is_kept(self, node: Node) -> bool:
        """Whether the value is computed once for a constraint: only its parameters can change it, and it is no name."""
        if isinstance(node, syntax.Literal | syntax.Ident) or self.scan.variable(node):
            return False
        is_name = isinstance(node, syntax.Select) and node in self.checked.functions
        return not is_name and self.scan.is_steady(node)

    def tally(self, cost: ast.expr) -> None:
        """Add to the tally."""
        self.adds = True
        self.block.append(py.add(py.item(py.read(SLOTS), py.constant(TALLY)), cost))

    def turns(self, items: ast.expr) -> None:
        """Add what that many turns of a loop cost that is written down already; more than may be ends the
        evaluation.
        """
        self.adds = True
        cost = ast.BinOp(py.call("len", items), ast.Mult(), py.constant(self.price + _TURN))
        name, tally = self.temporary("tally"), py.item(py.read(SLOTS), py.constant(TALLY))
        self.block.append(py.assign(name, ast.BinOp(tally, ast.Add(), cost)))
        self.block.append(py.put(py.read(SLOTS), py.constant(TALLY), py.read(name)))
        too_much = ast.Compare(py.read(name), [ast.Gt()], [py.constant(MOST)])
        self.block.append(py.when(too_much, [py.throw(py.read("Exhausted"))]))

    @contextmanager
    def priced(self) -> Iterator[None]:
        """A part of its own: its price does not count for what is around it."""
        outer, self.price = self.price, 0
        self._turning += 1
        try:
            yield
        finally:
            self.price = outer
            self._turning -= 1

    @contextmanager
    def twice(self) -> Iterator[None]:
        """A part that is written once, and computed twice by Kubernetes."""
        price, before = self.price, self.temporary("before")
        tally = py.item(py.read(SLOTS), py.constant(TALLY))
        start = len(self.block)
        yield
        self.price += self.price - price
        if self.adds:
            self.block.insert(start, py.assign(before, tally))
            self.tally(ast.BinOp(tally, ast.Sub(), py.read(before)))

    def _steady(self, node: Node) -> ast.expr:
        """What it adds to the tally is kept beside the value, and added wherever the value is used."""
        emitter = Emitter(replace(self.checked, root=node), self.layout, self._emitters, steady=True)
        slot, cost = self.layout.place(), self.layout.place(0)
        function = self.layout.unused("steady")
        tally, kept = (py.item(py.read(SLOTS), py.constant(place)) for place in (TALLY, cost))
        value = emitter.keep(emitter.emit(node))
        emitter.block.append(py.put(py.read(SLOTS), py.constant(slot), value))
        if emitter.adds:
            before = emitter.temporary("before")
            emitter.block.insert(0, py.assign(before, tally))
            emitter.block.append(
                py.put(py.read(SLOTS), py.constant(cost), ast.BinOp(tally, ast.Sub(), py.read(before)))
            )
            emitter.block.append(py.put(py.read(SLOTS), py.constant(TALLY), py.read(before)))
        emitter.finish(function, value, node)
        self.layout.steady.append(function)
        self.price += emitter.price
        self.panics = self.panics or emitter.panics
        found = self.slot(slot, function)
        if emitter.adds:
            self.tally(kept)
        return found

    def finish(self, function: str, value: ast.expr, node: Node, *, whole: bool = False) -> None:
        """Make the block a function of the layout, which counts what it costs at most."""
        body: list[ast.stmt] = [*self.block, ast.Return(value)]
        if self.panics and whole:
            body = [py.attempt(body, "Panic", [py.throw(py.call("failed", py.read("error")))], "error")]
        self.layout.price += self.price
        definition = py.define(function, (SLOTS,), body)
        py.locate((definition,), node.at)
        py.locate(definition.body, node.at)
        self.layout.functions.append(definition)

    def _outlined(self, node: Node) -> ast.expr:
        depth, self._depth = self._depth, 0
        with self.inside() as body:
            value = self._emitters[type(node)](self, node)
            body.append(ast.Return(value))
        self._depth = depth
        name = self.temporary("part")
        self.block.append(py.define(name, (), body))
        return py.call(name)

    def is_boolean(self, node: Node) -> bool:
        """Whether the value is surely true or false."""
        return self.checked.types[node] == BOOL and self.scan.is_certain(node)

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
