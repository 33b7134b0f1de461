"""Calls of builtins and of a policy's own functions, and what replaces them."""

from __future__ import annotations

import ast
from collections.abc import Sequence

from constraints.rego.builtins import Builtin
from constraints.rego.codegen.blocks import guard
from constraints.rego.codegen.builtin import builtin_of, fold, global_name, relation, run
from constraints.rego.codegen.callees import call_function, function_of, identity
from constraints.rego.codegen.dispatch import value_of, values_of
from constraints.rego.codegen.documents import document
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.format import emit_format
from constraints.rego.codegen.inline import INLINE
from constraints.rego.codegen.operand import INPUT, NOTHING, Operand
from constraints.rego.codegen.patterns import matches, unify, wish_of
from constraints.rego.codegen.reading import holds, kept, load, loads, needed
from constraints.rego.codegen.steps import looked_into
from constraints.rego.codegen.templates import emit_template
from constraints.rego.index.conditions import pattern_of
from constraints.rego.index.guards import INDEXED
from constraints.rego.runtime.index import may_fit
from constraints.rego.syntax.termorder import TEMPLATE
from constraints.rego.syntax.tree import ArrayTerm, Call, Scalar, Term


def emit_call(emission: Emission, call: Call) -> bool:
    """A statement: an equation, a condition of the rule index, any other call. False when it never holds."""
    match call:
        case Call(name=indexed, args=(term, *patterns)) if indexed == INDEXED:
            return _may_fit(emission, term, patterns)
        case Call(name="eq", args=(left, right)):
            return unify(emission, left, right)
    with emission.at(call.span):
        if len(call.args) != _arity(emission, call.name) + 1:
            return holds(emission, _value(emission, call, ""))
        *arguments, result = call.args
        wish = wish_of(result)
        found = _value(emission, Call(call.name, tuple(arguments), call.span), wish)
        value = needed(emission, found, wish or "value")
        return value is not None and matches(emission, result, value)


def _value(emission: Emission, call: Call, wish: str) -> Operand:
    """The value of a call; `wish` is what a variable for it should be called."""
    match call:
        case Call(name="sprintf"):
            found = emit_format(emission, call, wish)
            if found is not None:
                return found
        case Call(name=name, args=(ArrayTerm(parts),)) if name == TEMPLATE:
            return emit_template(emission, parts)
    arguments = values_of(emission, call.args)
    return NOTHING if arguments is None else _apply(emission, call.name, arguments, wish)


def _may_fit(emission: Emission, term: Term, patterns: Sequence[Term]) -> bool:
    """A condition of the rule index. False when it never holds."""
    value = needed(emission, value_of(emission, term))
    if value is None or not patterns:
        return value is not None
    known = emission.unit.bind("PATTERNS", tuple(map(pattern_of, patterns)))
    if value.is_constant:
        return may_fit(value.constant, emission.unit.scope[known])
    guard(emission, emission.nodes.call("may_fit", load(emission, value), emission.nodes.name(known)))
    return True


def _arity(emission: Emission, name: str) -> int:
    """How many arguments a function takes."""
    known = emission.unit.resolved.arity(name)
    if known is not None:
        return known
    return 0 if name in emission.unit.rule_names else builtin_of(emission, name).arity


def _apply(emission: Emission, name: str, arguments: Sequence[Operand], wish: str) -> Operand:
    """The value of a function for these values."""
    unit = emission.unit
    if name in unit.mocked:
        return _mocked(emission, name, arguments)
    if name in unit.resolved.functions:
        return call_function(emission, name, arguments, wish)
    if name in unit.rule_names:
        return document(emission, [Scalar(part) for part in unit.rule_names[name]])
    return _builtin(emission, builtin_of(emission, name), arguments, wish)


def _builtin(emission: Emission, builtin: Builtin, arguments: Sequence[Operand], wish: str) -> Operand:
    """The value of a builtin, computed once in a function where it depends on its arguments alone."""
    if builtin.contextual or not builtin.pure:
        emission.uses_more()
    elif not builtin.relation and all(argument.is_constant for argument in arguments):
        return fold(emission, builtin, arguments)
    key = _shared(builtin, arguments)
    if key is not None and key in emission.place.walked:
        return emission.place.step(key)
    found = _computed(emission, builtin, arguments, wish)
    if key is not None and not found.is_constant and found.kind != "boolean":
        found = kept(emission, found, wish or "value")
        emission.place.learn(key, found)
    return found


def _shared(builtin: Builtin, arguments: Sequence[Operand]) -> object:
    """What the same call elsewhere has in common."""
    if not builtin.pure or builtin.relation or not all(one.name or one.is_constant for one in arguments):
        return None
    return ("call", builtin.name, *map(identity, arguments))


def _computed(emission: Emission, builtin: Builtin, arguments: Sequence[Operand], wish: str) -> Operand:
    inline = INLINE.get(builtin.name)
    if inline is not None:
        if not (builtin.name == "object.get" and arguments[0].kind == INPUT and type(arguments[1].constant) is str):
            arguments = [kept(emission, argument, "argument") for argument in arguments]
        if builtin.name == "object.get" and isinstance(arguments[1].constant, list):
            arguments = [looked_into(emission, arguments[0], arguments[1].constant), *arguments[1:]]
        found = inline(emission, builtin.name, arguments)
        if found is not None:
            return found
    return relation(emission, builtin, arguments) if builtin.relation else run(emission, builtin, arguments, wish)


# replacements


def _mocked(emission: Emission, name: str, arguments: Sequence[Operand]) -> Operand:
    """A call of a function that some `with` replaces."""
    nodes = emission.nodes
    known = nodes.row(loads(emission, arguments))
    emission.quiet = False
    emission.uses_more()
    node = nodes.call("mocked", emission.context(), nodes.constant(name), function_value(emission, name), known)
    return Operand(node=node, defined=False)


def function_value(emission: Emission, name: str) -> ast.expr:
    """A function that takes a Context and the arguments, to be put in the place of another one."""
    if name in emission.unit.resolved.functions:
        return emission.nodes.name(function_of(emission, name))
    attempt = emission.nodes.name(emission.unit.bind(global_name(name), builtin_of(emission, name)))
    return emission.nodes.call("callable_of", attempt, emission.where())
