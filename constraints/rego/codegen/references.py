"""Variables and references."""

from __future__ import annotations

from dataclasses import replace

from constraints.rego.codegen.dispatch import value_of
from constraints.rego.codegen.documents import document
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import BASE, NOTHING, Operand
from constraints.rego.codegen.patterns import free
from constraints.rego.codegen.steps import input_document
from constraints.rego.codegen.walks import walk
from constraints.rego.syntax.tree import Ref, Var


def emit_variable(emission: Emission, var: Var) -> Operand:
    """The value of a variable or of a whole document."""
    if var.name in emission.place.env:
        return emission.place.variable(var.name)
    if var.name == "input":
        return input_document(emission)
    if var.name == "data":
        return document(emission, ())
    raise emission.error(f"var {var.name} is unsafe")


def emit_reference(emission: Emission, ref: Ref) -> Operand:
    """The value of a reference; loops for its keys that are not bound yet."""
    if isinstance(ref.head, Var) and ref.head.name == "data" and "data" not in emission.place.env:
        found = document(emission, ref.path)
        return replace(found, kind="") if found.kind == BASE else found
    if isinstance(ref.head, Var) and free(emission, ref.head):
        return NOTHING  # as with OPA, whose safety check lets a key bind the head of a reference before it
    return walk(emission, value_of(emission, ref.head), ref.path)
