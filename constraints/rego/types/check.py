"""Types that cannot fit, where they are certain: arguments of builtins, sides of a unification, references into values.

The rules and words are OPA's (v1/ast/check.go). Types go from definitions to those that refer to them; a variable gets
the type of what it is unified with first, an argument that of its first use.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constraints.rego.builtins import Builtin
from constraints.rego.flat.rules import FlatRule
from constraints.rego.names.resolved import Path
from constraints.rego.syntax.problems import TYPE, Problems
from constraints.rego.syntax.progress import During
from constraints.rego.syntax.tree import Body, Term
from constraints.rego.syntax.walk import everywhere
from constraints.rego.types.kinds import ANY, FunctionType, ObjectOf, Others, SetOf, Type, scalar
from constraints.rego.types.scope import TypeScope, World
from constraints.rego.types.statements import check_body
from constraints.rego.types.tree import TypedPlace


class TypeCheck:
    """Knows the types of the rules that it has seen; notes what cannot fit."""

    def __init__(self, functions: Mapping[str, Path], builtins: Mapping[str, Builtin], problems: Problems) -> None:
        self._world = World(TypedPlace(scalar("data")), functions, builtins, check_body)
        self._problems = problems

    def rules(self, rules: Mapping[Path, Sequence[FlatRule]], order: Sequence[Path]) -> None:
        """Look at all rules; each path of `order` stands behind those that it refers to."""
        for path in order:
            for rule in rules[path]:
                with During(rule.rule.span, rule.source):
                    _check(rule, self._world, self._problems)

    def question(self, body: Body, source: str) -> None:
        """Look at what will be asked of the rules: calls and lookups stand by themselves in it."""
        for misfit in check_body(TypeScope(self._world, {}), body):
            self._problems.add(TYPE, misfit.text, misfit.span, source)


def _check(rule: FlatRule, world: World, problems: Problems) -> None:
    scope = TypeScope(world, rule.fresh.opas)
    misfits = check_body(scope, rule.body)
    for misfit in misfits:
        problems.add(TYPE, misfit.text, misfit.span, rule.source)
    if misfits:
        world.rules.mark(rule.path)
        return
    kind = _function(rule, scope) if rule.args else _document(rule, scope)  # f() is a document for OPA
    if kind is not None:
        world.rules.insert(rule.path, kind)


def _function(rule: FlatRule, scope: TypeScope) -> FunctionType:
    names: set[str] = set()
    for arg in rule.args:
        everywhere(arg, names)
    for name in sorted(names):
        if scope.variable(name) is None:
            scope.put(name, ANY)
    result = None if rule.value is None else scope.type_of(rule.value)
    return FunctionType(tuple(map(scope.type_of, rule.args)), result)


def _document(rule: FlatRule, scope: TypeScope) -> Type | None:
    kind: Type | None
    if rule.rule.head.contains:
        member = None if rule.key is None else scope.type_of(rule.key)
        kind = None if member is None else SetOf(member)
    else:
        kind = None if rule.value is None else scope.type_of(rule.value)
    return _nested(rule.suffix, kind, scope)


def _nested(suffix: Sequence[Term], kind: Type | None, scope: TypeScope) -> Type | None:
    """The type of the object at the ground path whose keys vary; None where a key's type is not known."""
    for part in reversed(suffix):
        key = scope.type_of(part)
        if kind is None or key is None:
            return None
        kind = ObjectOf((), Others(key, kind))
    return kind
