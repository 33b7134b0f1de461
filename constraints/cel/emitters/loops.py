"""Macros over lists and maps, as loops: one function for each kind of result."""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping
from typing import Final

from constraints.cel import pycode as py
from constraints.cel import syntax
from constraints.cel.emitter import Emitter
from constraints.dataclass import dataclass


@dataclass(frozen=True, slots=True)
class _Head:
    """`for names in source`; the turns are counted beforehand."""

    names: list[str]
    source: ast.expr

    def over(self, emitter: Emitter, body: list[ast.stmt]) -> None:
        """The loop with its body, which is all that was priced so far."""
        name = emitter.temporary("items")
        if len(self.names) == 2:
            target: ast.expr = ast.Tuple([ast.Name(name, ast.Store()) for name in self.names], ast.Store())
            items = py.call("pairs", self.source)
        else:
            target = ast.Name(self.names[0], ast.Store())
            is_list = py.is_(py.call("type", self.source), py.read("list"))
            items = ast.IfExp(is_list, self.source, py.call("each", self.source))
        emitter.block.append(py.assign(name, items))
        emitter.turns(self.source)
        emitter.block.append(py.loop(target, py.read(name), body))


def emit_loop(emitter: Emitter, node: syntax.Loop) -> ast.expr:
    """The statements of a macro; gives its result."""
    source = emitter.keep(emitter.emit(node.source))
    with emitter.naming(*(name.name for name in node.names)) as names, emitter.priced():
        return _KINDS[node.macro](emitter, node, _Head(names, source))


def _decide(emitter: Emitter, node: syntax.Loop, head: _Head) -> ast.expr:
    """`all` and `exists`: the first item that decides ends the loop and hides failures."""
    result, failure, verdict = (emitter.temporary(hint) for hint in ("t", "failure", "verdict"))
    otherwise = node.macro == "all"
    emitter.block.append(py.assign(result, py.constant(otherwise)))
    emitter.block.append(py.assign(failure, py.constant(None)))
    decided = [py.assign(result, py.constant(not otherwise)), ast.Break()]
    body = [_tested(emitter, node, verdict, py.keep_failure(failure, first=True))]
    body.append(py.when(py.is_(py.read(verdict), py.constant(not otherwise)), decided))
    head.over(emitter, body)
    undecided = py.is_(py.read(result), py.constant(otherwise))
    emitter.block.append(py.when(py.both(undecided, _failed(failure)), [py.throw(py.read(failure))]))
    return py.read(result)


def _count(emitter: Emitter, node: syntax.Loop, head: _Head) -> ast.expr:
    """`exists_one`: every item counts, every failure too."""
    count, failure, verdict = (emitter.temporary(hint) for hint in ("count", "failure", "verdict"))
    emitter.block.append(py.assign(count, py.constant(0)))
    one_more = py.assign(count, ast.BinOp(py.read(count), ast.Add(), py.constant(1)))
    _over_tested(emitter, node, head, (failure, verdict), [one_more])
    return ast.Compare(py.read(count), [ast.Eq()], [py.constant(1)])


def _filter(emitter: Emitter, node: syntax.Loop, head: _Head) -> ast.expr:
    result, failure, verdict = (emitter.temporary(hint) for hint in ("found", "failure", "verdict"))
    emitter.block.append(py.assign(result, ast.List([], ast.Load())))
    _over_tested(emitter, node, head, (failure, verdict), [_append(result, py.read(head.names[-1]))])
    return py.read(result)


def _collect(emitter: Emitter, node: syntax.Loop, head: _Head) -> ast.expr:
    """The macros with a body: its values become a list, or the entries of a map."""
    assert node.body is not None
    result = emitter.temporary("found")
    listed = node.macro in ("map", "transformList")
    emitter.block.append(py.assign(result, ast.List([], ast.Load()) if listed else ast.Dict([], [])))
    with emitter.inside(1 if node.test is None else 2) as body:
        value = emitter.emit(node.body)
        if listed:
            body.append(_append(result, value))
        else:
            entries = (
                ast.Dict([py.call("map_key", py.read(head.names[0]))], [value])
                if node.macro == "transformMap"
                else value
            )
            body.append(py.do(py.call("insert", py.read(result), entries)))
    if node.test is None:
        head.over(emitter, body)
    else:
        failure, verdict = emitter.temporary("failure"), emitter.temporary("verdict")
        kept = [py.attempt(body, "Failure", py.keep_failure(failure, first=True), "error")]
        _over_tested(emitter, node, head, (failure, verdict), kept)
    return py.read(result) if listed else py.call("keyed", py.read(result))


def _over_tested(
    emitter: Emitter, node: syntax.Loop, head: _Head, names: tuple[str, str], chosen: list[ast.stmt]
) -> None:
    """Run `chosen` for the items that pass; the last failure of a test is that of the whole."""
    failure, verdict = names
    emitter.block.append(py.assign(failure, py.constant(None)))
    test = _tested(emitter, node, verdict, py.keep_failure(failure, first=False))
    head.over(emitter, [test, py.when(py.read(verdict), chosen)])
    emitter.block.append(py.when(_failed(failure), [py.throw(py.read(failure))]))


def _tested(emitter: Emitter, node: syntax.Loop, verdict: str, keep: list[ast.stmt]) -> ast.stmt:
    """Let `verdict` be the test of the item at hand; after a failure the next item is looked at."""
    assert node.test is not None
    with emitter.inside(2) as body:
        emitter.truth(node.test, verdict)
    return py.attempt(body, "Failure", [*keep, ast.Continue()], "error")


def _failed(failure: str) -> ast.expr:
    return py.is_not(py.read(failure), py.constant(None))


def _append(result: str, value: ast.expr) -> ast.stmt:
    return py.do(py.method(py.read(result), "append", value))


_KINDS: Final[Mapping[str, Callable[[Emitter, syntax.Loop, _Head], ast.expr]]] = {
    "all": _decide,
    "exists": _decide,
    "exists_one": _count,
    "filter": _filter,
    "map": _collect,
    "transformList": _collect,
    "transformMap": _collect,
    "transformMapEntry": _collect,
}
