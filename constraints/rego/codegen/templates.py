"""Template strings: calls on an array of texts and of sets, each of which is what one part may be."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from constraints.rego.codegen.blocks import attach, closure
from constraints.rego.codegen.dispatch import value_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import Operand, constant
from constraints.rego.codegen.reading import kept, load
from constraints.rego.codegen.steps import is_undefined
from constraints.rego.syntax.tree import Comprehension, Scalar, SetTerm, Term


def emit_template(emission: Emission, parts: Sequence[Term]) -> Operand:
    """The text of `["text ", {x}, {t | t = input.a}]`; the sets are not made, as each part is a single value."""
    nodes = emission.nodes
    texts = [nodes.constant(part.value) if isinstance(part, Scalar) else _part(emission, part) for part in parts]
    known = [str(text.value) for text in texts if isinstance(text, ast.Constant)]
    if len(known) == len(texts):
        return constant("".join(known))
    return Operand(node=nodes.call("joined", emission.context(), nodes.array(texts)), kind="string")


def _part(emission: Emission, part: Term) -> ast.expr:
    """The text of a part; where it is undefined, the others still count."""
    nodes, found = emission.nodes, emission.names.new("part")
    block, end = closure(emission, lambda: _assign_part(emission, part, found))
    if end is None:
        return nodes.constant("<undefined>")
    emission.emit(nodes.assign(found, nodes.name("UNDEFINED")))
    attach(emission, block, end)
    return nodes.call("shown", nodes.name(found))


def _assign_part(emission: Emission, part: Term, found: str) -> bool:
    """Let a variable be the value of a part, which must be a single one. False when there never is one."""
    nodes = emission.nodes
    match part:
        case Comprehension(value=term, body=body):
            if not emission.table.body(emission, body):
                return False
        case SetTerm((term,)):
            pass
        case _:
            raise emission.error("a part of a template string is a set of one value")
    value = value_of(emission, term)
    if is_undefined(value):
        return False
    value = kept(emission, value)
    emission.quiet = False
    one = nodes.call("one_part", nodes.name(found), load(emission, value), emission.where())
    emission.emit(nodes.assign(found, one))
    return True
