"""`sprintf` with a constant format as an f-string: formats of which all verbs are plain are spelled out."""

from __future__ import annotations

import ast
import re
from collections.abc import Iterator, Sequence
from typing import Final

from constraints.rego.builtins import BuiltinError
from constraints.rego.codegen.builtin import builtin_of, measured
from constraints.rego.codegen.dispatch import values_of
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.operand import NOTHING, Operand
from constraints.rego.codegen.reading import is_type, kept, load
from constraints.rego.syntax.tree import ArrayTerm, Call, Scalar, Term

_VERB: Final = re.compile(r"%(.?)", re.DOTALL)
_MOST: Final = 8  # values; the builtin looks at the size of many before it makes a text of them
_LONG: Final = 1 << 63
_PLAIN: Final = frozenset("vsd%")


def emit_format(emission: Emission, call: Call, wish: str) -> Operand | None:
    """An f-string for a call of `sprintf`; None for any other call, and for what the builtin must look at."""
    match call:
        case Call(name="sprintf", args=(Scalar(value=str() as template), ArrayTerm(items=items))):
            verbs = [found[1] for found in _VERB.finditer(template)]
            wanted = sum(verb != "%" for verb in verbs)
            if _PLAIN.issuperset(verbs) and wanted == len(items) <= _MOST and "sprintf" not in emission.unit.mocked:
                return _formatted(emission, template, items, wish)
    return None


def _formatted(emission: Emission, template: str, items: Sequence[Term], wish: str) -> Operand | None:
    values = values_of(emission, items)
    if values is None:
        return NOTHING
    if all(value.is_constant for value in values):
        return None
    nodes, values = emission.nodes, [kept(emission, value) for value in values]
    parts: list[ast.expr] = []
    for text, verb, value in _pieces(template, values):
        if text:
            parts.append(nodes.constant(text))
        if value is not None:
            parts.append(_verb(emission, verb, value))
    found = Operand(node=nodes.at(ast.JoinedStr(_merged(parts))), kind="string")
    found = kept(emission, found, wish or "text")
    emission.place.block += measured(emission, found.name, "string")
    return found


def _verb(emission: Emission, verb: str, value: Operand) -> ast.expr:
    """The text of a value: as it is where Python's text is Go's, else what the builtin makes of it."""
    nodes, builtin = emission.nodes, builtin_of(emission, "sprintf")
    if value.is_constant:
        try:
            return nodes.constant(builtin.run(f"%{verb}", [value.constant]))
        except BuiltinError:
            pass
    function = emission.unit.bind("sprintf", builtin.run)
    slow = nodes.call(function, nodes.constant(f"%{verb}"), nodes.array([load(emission, value)]))
    node = nodes.choice(_is_plain(emission, verb, value), load(emission, value), slow)
    if value.kind == "string" and verb != "d":
        node = load(emission, value)
    return nodes.at(ast.FormattedValue(node, -1, None))


def _is_plain(emission: Emission, verb: str, value: Operand) -> ast.expr:
    """Whether Python's text of the value is Go's: `%d` of an integer that is not so long that Python refuses it."""
    nodes = emission.nodes
    if verb != "d":
        return is_type(emission, value, "str")
    sizes = [load(emission, value), nodes.constant(_LONG)]
    bounds = nodes.at(ast.Compare(nodes.constant(-_LONG), [ast.Lt(), ast.Lt()], sizes))
    return nodes.both(is_type(emission, value, "int"), bounds)


def _pieces(template: str, values: list[Operand]) -> Iterator[tuple[str, str, Operand | None]]:
    """Plain text, and the verb and value behind it."""
    done, waiting = 0, iter(values)
    for found in _VERB.finditer(template):
        text = template[done : found.start()]
        done = found.end()
        yield (text + "%", "", None) if found[1] == "%" else (text, found[1], next(waiting))
    yield template[done:], "", None


def _merged(parts: list[ast.expr]) -> list[ast.expr]:
    """Neighbouring constants as one."""
    found: list[ast.expr] = []
    for part in parts:
        last = found[-1] if found else None
        if isinstance(part, ast.Constant) and isinstance(last, ast.Constant):
            found[-1] = ast.copy_location(ast.Constant(str(last.value) + str(part.value)), last)
        else:
            found.append(part)
    return found
