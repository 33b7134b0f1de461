"""Builtins that generated code spells out where the types allow it, instead of calling them.

Each gives the operand for its arguments, or None where a call is as good. What it spells out holds for the types that
it tests; for others `attempt` calls the builtin.
"""

from __future__ import annotations

import ast
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from typing import Final

from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.regex import compiled
from constraints.rego.codegen.builtin import attempt
from constraints.rego.codegen.emission import Emission
from constraints.rego.codegen.equality import equality
from constraints.rego.codegen.operand import DICT, INPUT, INTEGER, Operand, constant
from constraints.rego.codegen.reading import is_type, load, loads
from constraints.rego.codegen.steps import given_as_argument, is_undefined, item_of, note, path_below
from constraints.rego.values.kinds import RegoSet, Value
from constraints.rego.values.number import is_moderate

_SMALL: Final = 1000

Inline = Callable[[Emission, str, Sequence[Operand]], Operand | None]


def _test(node: ast.expr) -> Operand:
    return Operand(node=node, kind="boolean", test=True)


def _equal(emission: Emission, _: str, arguments: Sequence[Operand]) -> Operand | None:
    return equality(emission, *arguments)


def _unequal(emission: Emission, _: str, arguments: Sequence[Operand]) -> Operand | None:
    found = equality(emission, *arguments)
    return constant(not found.constant) if found.is_constant else _test(emission.nodes.inverse(load(emission, found)))


def _member(emission: Emission, _: str, arguments: Sequence[Operand]) -> Operand | None:
    return _test(emission.nodes.call("contains", *loads(emission, arguments)))


def _member_pair(emission: Emission, _: str, arguments: Sequence[Operand]) -> Operand | None:
    return _test(emission.nodes.call("contains_pair", *loads(emission, arguments)))


def _is_int(value: Operand) -> bool:
    return value.kind == INTEGER or (value.is_constant and type(value.constant) is int)


def _ordered(operator: type[ast.cmpop]) -> Inline:
    def inline(emission: Emission, _: str, arguments: Sequence[Operand]) -> Operand | None:
        nodes = emission.nodes
        left, right = arguments
        fast = nodes.compare(load(emission, left), operator(), load(emission, right))
        if _is_int(left) and _is_int(right):
            return _test(fast)
        sign = emission.nodes.call("compare", load(emission, left), load(emission, right))
        slow = nodes.compare(sign, operator(), nodes.constant(0))
        if not _is_int(left) and not _is_int(right):
            return _test(slow)
        return _test(nodes.choice(is_type(emission, left if _is_int(right) else right, "int"), fast, slow))

    return inline


def _is_type(kind: str) -> Inline:
    def inline(emission: Emission, _: str, arguments: Sequence[Operand]) -> Operand | None:
        return _test(is_type(emission, arguments[0], kind))

    return inline


def _is_number(emission: Emission, _: str, arguments: Sequence[Operand]) -> Operand | None:
    kind = emission.nodes.call("type", load(emission, arguments[0]))
    return _test(emission.nodes.compare(kind, ast.In(), emission.nodes.name("NUMBERS")))


def _affix(method: str) -> Inline:
    """startswith and endswith with a constant."""

    def inline(emission: Emission, name: str, arguments: Sequence[Operand]) -> Operand | None:
        value, affix = arguments
        if not isinstance(affix.constant, str):
            return None
        fast = emission.nodes.method(load(emission, value), method, load(emission, affix))
        return _for_text(emission, name, arguments, fast)

    return inline


def _any_affix(method: str) -> Inline:
    """strings.any_prefix_match and strings.any_suffix_match with constants."""

    def inline(emission: Emission, name: str, arguments: Sequence[Operand]) -> Operand | None:
        value, affixes = arguments
        known = affixes.constant
        texts = list(known) if isinstance(known, (list, RegoSet)) else [known]
        if not all(isinstance(text, str) for text in texts):
            return None
        tests = emission.nodes.row([emission.nodes.constant(text) for text in texts])
        return _for_text(emission, name, arguments, emission.nodes.method(load(emission, value), method, tests))

    return inline


def _contains(emission: Emission, name: str, arguments: Sequence[Operand]) -> Operand | None:
    value, part = arguments
    if not isinstance(part.constant, str):
        return None
    return _for_text(
        emission, name, arguments, emission.nodes.compare(load(emission, part), ast.In(), load(emission, value))
    )


def _for_text(emission: Emission, name: str, arguments: Sequence[Operand], fast: ast.expr) -> Operand:
    """`fast` where the first argument is a string."""
    if arguments[0].kind == "string":
        return _test(fast)
    node = emission.nodes.choice(is_type(emission, arguments[0], "str"), fast, attempt(emission, name, arguments))
    return Operand(node=node, kind="boolean", defined=False)


def _count(emission: Emission, name: str, arguments: Sequence[Operand]) -> Operand | None:
    (value,) = arguments
    fast = emission.nodes.call("len", load(emission, value))
    if value.kind in ("string", "array", "object", "set", DICT):
        return Operand(node=fast, kind=INTEGER)
    sized = emission.nodes.compare(
        emission.nodes.call("type", load(emission, value)), ast.In(), emission.nodes.name("SIZED")
    )
    return Operand(
        node=emission.nodes.choice(sized, fast, attempt(emission, name, arguments)), kind=INTEGER, defined=False
    )


def _get(emission: Emission, name: str, arguments: Sequence[Operand]) -> Operand | None:
    value, key, default = arguments
    if not isinstance(key.constant, str):
        return None
    if value.kind == INPUT:
        found = item_of(emission, value, key)
        return default if is_undefined(found) else found if found.defined else None
    below = path_below(value, key)
    note(emission, below)
    origin = None if below is None else (given_as_argument(emission, below),)  # or it is the default, a made value
    value = replace(value, origin=None)
    fast = emission.nodes.method(load(emission, value), "get", load(emission, key), load(emission, default))
    if value.kind == DICT:
        return Operand(node=fast, origin=origin)
    slow = attempt(emission, name, (value, key, default))
    node = emission.nodes.choice(is_type(emission, value, "dict"), fast, slow)
    return Operand(node=node, defined=False, origin=origin)


def _integers(operator: type[ast.operator]) -> Inline:
    """Python's operator for integers that are small enough for the result to be OPA's, which has 64 bits."""

    def inline(emission: Emission, name: str, arguments: Sequence[Operand]) -> Operand | None:
        left, right = arguments
        if not (_is_int(left) or _is_int(right)):
            return None
        known = [value.constant for value in arguments if value.is_constant]
        if operator is ast.Mult and not (known and all(_keeps_sign(factor) for factor in known)):
            return None
        if not all(is_moderate(value) for value in known):
            return None
        fast = emission.nodes.binary(load(emission, left), operator(), load(emission, right))
        if _is_int(left) and _is_int(right):
            return Operand(node=fast, kind="number")
        test = emission.nodes.call("is_moderate", load(emission, left if _is_int(right) else right))
        return Operand(
            node=emission.nodes.choice(test, fast, attempt(emission, name, arguments)), kind="number", defined=False
        )

    return inline


def _keeps_sign(factor: Value) -> bool:
    """Whether its product with an integer is never OPA's -0."""
    return type(factor) is int and factor > -_SMALL and factor != 0


def _minus(emission: Emission, name: str, arguments: Sequence[Operand]) -> Operand | None:
    left, right = arguments
    if left.kind == "set" and right.keys:
        node = emission.nodes.call("missing_keys", load(emission, left), emission.nodes.name(right.keys))
        return Operand(node=node, kind="set")
    if left.kind == right.kind == "set":
        return Operand(node=emission.nodes.call("difference", load(emission, left), load(emission, right)), kind="set")
    return _difference(emission, name, arguments)


_difference: Final = _integers(ast.Sub)


def _search(emission: Emission, name: str, arguments: Sequence[Operand]) -> Operand | None:
    """regex.match with a constant pattern, which is compiled with the policy."""
    pattern, value = arguments
    if not isinstance(pattern.constant, str):
        return None
    try:
        compiled(pattern.constant)
    except BuiltinError:
        return None
    fast = emission.nodes.call("search", load(emission, pattern), load(emission, value))
    if value.kind == "string":
        return _test(fast)
    node = emission.nodes.choice(is_type(emission, value, "str"), fast, attempt(emission, name, arguments))
    return Operand(node=node, kind="boolean", defined=False)


INLINE: Final[Mapping[str, Inline]] = {
    "contains": _contains,
    "count": _count,
    "endswith": _affix("endswith"),
    "equal": _equal,
    "gt": _ordered(ast.Gt),
    "gte": _ordered(ast.GtE),
    "internal.member_2": _member,
    "internal.member_3": _member_pair,
    "is_array": _is_type("list"),
    "is_boolean": _is_type("bool"),
    "is_number": _is_number,
    "is_string": _is_type("str"),
    "lt": _ordered(ast.Lt),
    "lte": _ordered(ast.LtE),
    "minus": _minus,
    "mul": _integers(ast.Mult),
    "neq": _unequal,
    "object.get": _get,
    "plus": _integers(ast.Add),
    "re_match": _search,
    "regex.match": _search,
    "startswith": _affix("startswith"),
    "strings.any_prefix_match": _any_affix("startswith"),
    "strings.any_suffix_match": _any_affix("endswith"),
}
