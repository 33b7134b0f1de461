"""Expressions of CEL, evaluated as a policy's would be."""

from __future__ import annotations

from typing import Any

from constraints.cel import Compiler, Failure, Invalid
from constraints.cel.types import STRING


def evaluate(text: str, *, params: Any = None, variables: dict[str, str] | None = None, **inputs: Any) -> Any:
    """The value of an expression; `params` is read as `variables.params`. Raises Invalid, Failure."""
    compiler = Compiler(structs={"Request": {"operation": STRING}})
    for name in ("object", *(name for name in inputs if name != "object")):
        compiler.input(name)
    compiler.input("variables.params", setting=True)
    for name, expression in (variables or {}).items():
        compiler.variable(name, expression)
    function = compiler.expression(text).function
    loaded = compiler.load("policy")
    slots = loaded.settle({"variables.params": params}).copy()
    for name, value in inputs.items():
        slots[loaded.layout.inputs[name]] = value
    return loaded.code[function](slots)


def failure(text: str, **inputs: Any) -> str:
    """Why an expression fails."""
    try:
        found = evaluate(text, **inputs)
    except Failure as error:
        return str(error)
    raise AssertionError(f"{text} gives {found!r}")


def mistakes(text: str, **inputs: Any) -> str:
    """Why an expression does not compile."""
    try:
        found = evaluate(text, **inputs)
    except Invalid as error:
        return str(error)
    raise AssertionError(f"{text} gives {found!r}")
