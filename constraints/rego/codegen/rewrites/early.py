"""Fields that are looked up before builtins are called and lists are made: they cost less, and may be missing.

    concat(", ", names, t); u = pod.name; sprintf("%v: %v", [u, t], msg)
    becomes    u = pod.name; concat(", ", names, t); sprintf("%v: %v", [u, t], msg)

OPA calls what is nested first. Nobody can tell, since a builtin that fails is undefined in a constraint's policy, too.
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Final

from constraints.rego.builtins import Builtin
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.termorder import SUPPORT
from constraints.rego.syntax.tree import Body, Call, Comprehension, Expr, Ref, Scalar, Var, With

_DATA: Final = Var("data")
_INVENTORY: Final = Scalar("inventory")
_LOUD: Final = ("graphql.", "internal.", "rego.")
"""How the names of builtins begin that may end an evaluation."""


def with_early_fields(body: Body, builtins: Mapping[str, Builtin]) -> Body:
    """The same statements, fields first."""
    found: list[Expr] = []
    for expr in body:
        found.append(expr)
        names = _field_of(expr)
        at = len(found) - 1
        while names and at and _may_wait(found[at - 1], names, builtins):
            found[at - 1], found[at] = found[at], found[at - 1]
            at -= 1
    return tuple(found)


def _field_of(expr: Expr) -> tuple[str, ...]:
    """The variables of a statement that looks up a field, for a value without a name in the policy; none for others."""
    match expr:
        case Expr(Call("eq", (Var(name), Ref(Var(head), path))), False, ()) if name.startswith(SUPPORT):
            plain = head != "data" and all(isinstance(part, Scalar) for part in path)
            return (name, head) if plain else ()
    return ()


def _may_wait(expr: Expr, names: tuple[str, ...], builtins: Mapping[str, Builtin]) -> bool:
    """Whether a statement makes something else than these variables, and does nothing that others see."""
    match expr:
        case Expr(Call("eq", (Var(result), Comprehension() as term)), False, ()):
            return result not in names and all(_is_silent(node, builtins) for node in nodes_of(term))
        case Expr(Call(name, (*arguments, Var(result))) as call, False, ()) if name in builtins:
            made = len(arguments) == builtins[name].arity and result not in names
            return made and _is_silent(call, builtins)
    return False


def _is_silent(node: object, builtins: Mapping[str, Builtin]) -> bool:
    """Whether a node, but for those below it, cannot end in an error, nor be heard of."""
    match node:
        case Call(name, args):
            builtin = builtins.get(name)
            known = name == "eq" or (builtin is not None and builtin.pure and not builtin.contextual)
            return known and _DATA not in args and not name.startswith(_LOUD)
        case Ref(Var("data"), path):
            return path[0] == _INVENTORY
        case Comprehension(kind):
            return kind != "object"
        case With():
            return False
    return True
