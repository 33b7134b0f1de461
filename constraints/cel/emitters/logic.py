"""What decides which part is looked at: `||`, `&&`, `?:`, optMap."""

from __future__ import annotations

import ast

from constraints.cel import pycode as py
from constraints.cel import syntax
from constraints.cel.emitter import Emitter


def emit_logic(emitter: Emitter, node: syntax.Logic) -> ast.expr:
    """Each term in its turn, until one decides; the first failure counts if none does."""
    result, failure = emitter.temporary(), emitter.temporary("failure")
    undecided = py.constant(not node.either)
    emitter.block.append(py.assign(failure, py.constant(None)))
    for place, term in enumerate(node.terms):
        with emitter.inside(1) as body:
            emitter.truth(term, result)
        handler = [*py.keep_failure(failure, first=True), py.assign(result, undecided)]
        step = [py.attempt(body, "Failure", handler, "error")]
        emitter.block.extend(step if place == 0 else [py.when(py.is_(py.read(result), undecided), step)])
    open_ = py.both(py.is_(py.read(result), undecided), py.is_not(py.read(failure), py.constant(None)))
    emitter.block.append(py.when(open_, [py.throw(py.read(failure))]))
    return py.read(result)


def emit_choice(emitter: Emitter, node: syntax.Choice) -> ast.expr:
    """Only the branch that is taken is looked at."""
    test, result = emitter.temporary(), emitter.temporary()
    emitter.truth(node.test, test)
    branches = []
    for part in (node.then, node.other):
        with emitter.inside() as body:
            body.append(py.assign(result, emitter.emit(part)))
        branches.append(body)
    emitter.block.append(py.when(py.read(test), *branches))
    return py.read(result)


def emit_optional_map(emitter: Emitter, node: syntax.OptionalMap) -> ast.expr:
    """optMap and optFlatMap: the body is for a value that is there."""
    macro = py.constant("optFlatMap" if node.flat else "optMap")
    with emitter.twice():
        target = emitter.keep(py.call("optional_target", emitter.emit(node.target), macro))
    result = emitter.temporary()
    with emitter.naming(node.name.name) as (name,), emitter.inside() as body:
        body.append(py.assign(name, ast.Attribute(target, "value", ast.Load())))
        value = emitter.emit(node.body)
        body.append(py.assign(result, value if node.flat else py.call("Optional", value)))
    present = ast.Attribute(target, "present", ast.Load())
    emitter.block.append(py.when(present, body, [py.assign(result, py.read("NONE"))]))
    return py.read(result)
