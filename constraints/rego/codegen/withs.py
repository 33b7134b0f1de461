"""`with`: a Context with another input, other data, other functions for one statement."""

from __future__ import annotations

import ast

from constraints.rego.codegen.calls import function_value
from constraints.rego.codegen.dispatch import value_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import Operand
from constraints.rego.codegen.reading import kept, load, needed
from constraints.rego.names.resolved import Path
from constraints.rego.syntax.tree import FunctionName, Ref, Scalar, Term, Var, With
from constraints.rego.values.kinds import key_of


def emit_withs(emission: Emission, withs: tuple[With, ...]) -> bool:
    """Make the Context of a statement with `with`; values are computed in the present one. False when one never is."""
    values = []
    for found in withs:
        value = _replacement(emission, found)
        if value is None:
            return False
        values.append(value)
    for found, value in zip(withs, values, strict=True):
        made = _with_function(emission, found, value) or _with_document(emission, found.target, value)
        emission.place.context = emission.names.new("c")
        emission.emit(emission.nodes.assign(emission.place.context, made))
    return True


def _replacement(emission: Emission, found: With) -> Operand | None:
    """What is put in the place of the target; None when it is never defined."""
    if isinstance(found.value, FunctionName):
        return Operand(node=emission.nodes.call("Mock", function_value(emission, found.value.name)))
    value = needed(emission, value_of(emission, found.value), "replacement")
    return None if value is None else kept(emission, value, "replacement")


def _with_function(emission: Emission, found: With, value: Operand) -> ast.expr | None:
    """The Context in which a function is replaced; None where the target is no function."""
    nodes, target = emission.nodes, found.target
    if not isinstance(target, FunctionName):
        return None
    mock = load(emission, value)
    if not isinstance(found.value, FunctionName):
        mock = nodes.call("Mock", nodes.constant(None), mock)
    return nodes.call("with_mock", emission.context(), nodes.constant(target.name), mock)


def _with_document(emission: Emission, target: Term, value: Operand) -> ast.expr:
    """The Context with a value somewhere in the input, or below `data`."""
    root, path = _target_of(emission, target)
    nodes, unit = emission.nodes, emission.unit
    keys = nodes.row([nodes.constant(key) for key in path])
    arguments = [emission.context(), keys, load(emission, value)]
    if root == "data":
        arguments.append(nodes.name(unit.bind("HIDDEN", _hidden(emission, path))))
    return nodes.call(f"with_{root}", *arguments)


def _target_of(emission: Emission, target: Term) -> tuple[str, Path]:
    if isinstance(target, Var) and target.name in ("input", "data"):
        return target.name, ()
    if isinstance(target, Ref) and isinstance(target.head, Var) and target.head.name in ("input", "data"):
        return target.head.name, tuple(part.value for part in target.path if isinstance(part, Scalar))
    raise emission.error("with keyword target must reference existing input, data, or a function")


def _hidden(emission: Emission, path: Path) -> frozenset[int]:
    """The numbers of the branch at this path and of those below."""
    branch = emission.unit.tree.find(map(key_of, path))
    return frozenset(branch.numbers()) if branch else frozenset()
