"""Modules of a template as Gatekeeper compiles them: packages moved, references to libraries moved along.

As regorewriter of the constraint framework has it. It changes references that are a statement, an argument of a call
that is one, or a key, value or argument of a head; it does not look into terms. So a full reference to a library inside
of an array, an object, a comprehension or a call in a call asks for what is nowhere, and is undefined; a function that
is called there by its full name is refused. What is imported is found everywhere.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import replace
from typing import Any, Final, TypeVar

from constraints.rego.flat.rules import is_lookup
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.problems import TYPE, Problems
from constraints.rego.syntax.terms import kind_of
from constraints.rego.syntax.tree import Body, Call, Every, Expr, Head, Import, Module, Ref, Rule, Scalar, Var, With

_ENTRY: Final = ("template",)
_LIBS: Final = "libs"
_DATA: Final = Var("data")
_INVENTORY: Final = "inventory"

_NUMBERS: Final = "number,number"
_SETS: Final = "set[any],set[any]"
_ANY: Final = "any,any"

_OPERATORS: Final = {  # by the names of their builtins, with the types that OPA prints for their arguments
    **dict.fromkeys(("assign", "eq", "equal", "gt", "gte", "internal.member_2", "lt", "lte", "neq"), _ANY),
    **dict.fromkeys(("div", "mul", "plus"), _NUMBERS),
    **dict.fromkeys(("and", "or"), _SETS),
    "internal.member_3": "any,any,any",
    "minus": "any<number, set[any]>,any<number, set[any]>",
    "rem": _NUMBERS,
}

_WORDS: Final = frozenset(name.partition(".")[0] for name in _OPERATORS)
"""What a call of an operator by its name begins with; one that is written as an operator has the right arguments."""

T = TypeVar("T")


def compiled_as(modules: Sequence[Module]) -> list[Module]:
    """The modules, of which the first one has the violations, with the names that they have in Gatekeeper.

    Raises CompileError for an operator that is called by its name with a wrong number of arguments: even where the
    policy has a function of that name, since Gatekeeper prints all modules, and OPA's formatter does not mind names.
    """
    for module in (*modules[1:], modules[0]):
        if module.words.isdisjoint(_WORDS):
            continue
        problems = Problems()
        for rule in module.rules:
            _check_operators(rule, module.source, problems)
        problems.check()
    entry, *libs = modules
    return [_moved(entry, _ENTRY), *[_moved(lib, (_LIBS, *lib.package)) for lib in libs]]


def _moved(module: Module, package: tuple[str, ...]) -> Module:
    imports = tuple([replace(one, path=_below_libs(one)) for one in module.imports])
    rules = tuple(map(_rule, module.rules)) if "data" in module.words else module.rules
    return replace(module, package=package, imports=imports, rules=rules)


def _below_libs(one: Import) -> tuple[str, ...]:
    return (one.path[0], _LIBS, *one.path[1:]) if one.path[0] == "data" else one.path


def _rule(rule: Rule) -> Rule:
    chain = [rule]
    while chain[-1].else_ is not None:
        chain.append(chain[-1].else_)
    moved: Rule | None = None
    for one in reversed(chain):
        moved = replace(one, head=_head(one.head), body=_body(one.body), else_=moved)
    assert moved is not None
    return moved


def _head(head: Head) -> Head:
    args = None if head.args is None else tuple(map(_term, head.args))
    path = head.path
    if len(path) == 2 and not head.contains:  # `p[key]`: what OPA calls the key of a head
        path = (path[0], _term(path[1]))
    return replace(head, path=path, args=args, key=_term(head.key), value=_term(head.value))


def _body(body: Body) -> Body:
    return tuple(map(_statement, body))


def _statement(expr: Expr) -> Expr:
    what = expr.what
    if isinstance(what, Call):
        name = what.name
        if name.startswith("data.") and not name.startswith(f"data.{_INVENTORY}."):
            name = f"data.{_LIBS}.{name.removeprefix('data.')}"
        what = Call(name, tuple(map(_term, what.args)), what.span)
    elif isinstance(what, Every):
        what = replace(what, domain=_term(what.domain), body=_body(what.body))
    else:
        what = _term(what)
    withs = tuple([With(_term(one.target), _term(one.value), one.span) for one in expr.withs])
    return replace(expr, what=what, withs=withs)


def _term(term: T) -> T:
    """A reference to a library at its new place; any other term as it is."""
    if isinstance(term, Ref) and term.head == _DATA and term.path[0] != Scalar(_INVENTORY):
        return replace(term, path=(Scalar(_LIBS, term.path[0].span), *term.path))
    return term


def _check_operators(rule: Rule, source: str, problems: Problems) -> None:
    """Note the operators that have too few or too many arguments; a statement may have one more, for the result."""
    statements = {id(one.what) for one in nodes_of(rule) if isinstance(one, Expr)}
    for call in _calls(rule):
        wanted = _OPERATORS.get(call.name)
        arity = 2 if call.name != "internal.member_3" else 3
        most = arity + (id(call) in statements and not call.name.startswith("internal."))
        if wanted is not None and not arity <= len(call.args) <= most:
            have = ",".join("ref" if is_lookup(arg) else kind_of(arg) for arg in call.args)
            text = f"{call.name}: arity mismatch\n\thave: ({have})\n\twant: ({wanted})"
            problems.add(TYPE, text, call.span, source)


def _calls(node: Any) -> Iterator[Call]:
    return (one for one in nodes_of(node) if isinstance(one, Call))
