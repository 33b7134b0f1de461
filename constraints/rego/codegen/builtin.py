"""Builtins: computed when the policy is compiled, called, and tried where they may fail; what they make is counted."""

from __future__ import annotations

import ast
from collections.abc import Sequence
from typing import Final

from constraints.errors import EvaluationError
from constraints.lang.pycode import Block
from constraints.rego.builtins import Builtin, BuiltinError
from constraints.rego.codegen.blocks import loop
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.fold import EARLY_STEPS
from constraints.rego.codegen.operand import NOTHING, Operand, constant
from constraints.rego.codegen.reading import loads
from constraints.rego.runtime.calls import SHARING, SIZED
from constraints.rego.values.sizes import FEW, SMALL, limited_to

_WIDE: Final = frozenset({"bits.lsh", "bits.negate", "bits.or", "bits.xor", "to_number"})
"""What makes numbers of very many digits."""

EARLY: Final = 10_000  # characters or items of a constant that a builtin makes when the policy is compiled
_RESULTS: Final = {"string": "text", "number": "number", "boolean": "holds", "array": "items", "set": "members"}
_SIMPLE_KINDS: Final = frozenset({"null", "boolean", "number", "string", "array", "object", "set"})


def builtin_of(emission: Emission, name: str) -> Builtin:
    """The builtin of this name. Raises CompileError."""
    found = emission.unit.builtins.get(name)
    if found is None:
        raise emission.error(f"undefined function {name}")
    if found.missing:
        raise emission.error(found.missing)
    return found


def global_name(builtin: str) -> str:
    """What a builtin should be called in generated code."""
    return builtin.replace(".", "_")


def fold(emission: Emission, builtin: Builtin, arguments: Sequence[Operand]) -> Operand:
    """The answer for constants; where it fails it must fail again at run time, in strict mode."""
    try:
        with limited_to(EARLY_STEPS):
            found = builtin.run(*[argument.constant for argument in arguments])
    except BuiltinError:
        if emission.unit.fixed:
            return NOTHING
    except EvaluationError:
        pass  # an error of the evaluations that come here
    else:
        if type(found) not in SIZED or len(found) <= EARLY:
            return constant(found)
    return Operand(node=attempt(emission, builtin.name, arguments), defined=False)


def attempt(emission: Emission, name: str, arguments: Sequence[Operand]) -> ast.expr:
    """A call of a builtin that gives UNDEFINED where it fails."""
    emission.quiet = emission.quiet and emission.unit.fixed
    nodes = emission.nodes
    builtin = nodes.name(emission.unit.bind(f"B_{global_name(name)}", builtin_of(emission, name)))
    known = nodes.row(loads(emission, arguments))
    return nodes.call("attempt", emission.context(), builtin, known, emission.where())


def run(emission: Emission, builtin: Builtin, arguments: Sequence[Operand], wish: str) -> Operand:
    """A call of a builtin as a statement, which lets a variable be the answer."""
    nodes = emission.nodes
    emission.quiet = emission.quiet and emission.unit.fixed
    name = emission.names.new(wish or _RESULTS.get(builtin.kind, "value"))
    made = nodes.assign(name, _call(emission, builtin, arguments))
    block = [made, *measured(emission, name, builtin.kind, is_copy=builtin.name in SHARING)]
    if builtin.name in _WIDE:
        block.append(nodes.do(nodes.call("spend_size", emission.context(), nodes.name(name))))
    error, title = nodes.name("error"), nodes.constant(builtin.name)
    failed = nodes.assign(name, nodes.call("failed", emission.context(), error, title, emission.where()))
    emission.emit(nodes.attempt(block, "BuiltinError", [failed]))
    return Operand(name=name, defined=False, kind=builtin.kind if builtin.kind in _SIMPLE_KINDS else "")


def relation(emission: Emission, builtin: Builtin, arguments: Sequence[Operand]) -> Operand:
    """A loop over the answers of a builtin that has several."""
    nodes = emission.nodes
    rows = _call(emission, builtin, arguments)
    emission.quiet = False
    (name,) = loop(emission, ("row",), rows)
    emission.emit(nodes.do(nodes.call("spend", emission.context(), nodes.constant(1))))
    return Operand(name=name)


def _call(emission: Emission, builtin: Builtin, arguments: Sequence[Operand]) -> ast.expr:
    function = emission.unit.bind(global_name(builtin.name), builtin.run)
    context = [emission.context()] if builtin.contextual else []
    return emission.nodes.call(function, *context, *loads(emission, arguments))


def measured(emission: Emission, name: str, kind: str, *, is_copy: bool = False) -> Block:
    """What counts the size of a value that a builtin made, unless it is small; `is_copy`: of items that were there."""
    if kind in ("number", "boolean", "null"):
        return []
    nodes = emission.nodes
    large = nodes.compare(
        nodes.call("len", nodes.name(name)), ast.Gt(), nodes.constant(SMALL if kind == "string" else FEW)
    )
    if kind != "string":  # a builtin may give null or nothing at all in the place of an object
        is_sized = nodes.compare(nodes.call("type", nodes.name(name)), ast.In(), nodes.name("SIZED"))
        large = nodes.both(is_sized, large)
    found = nodes.when(large)
    spend = "spend_copy" if is_copy else "spend_size"
    found.body.append(nodes.do(nodes.call(spend, emission.context(), nodes.name(name))))
    return [found]
