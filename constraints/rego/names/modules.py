"""All modules together: each rule resolved and filed under its absolute path."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace

from constraints.dataclass import value
from constraints.rego.builtins import Builtin
from constraints.rego.names.resolve import Resolver, declared_in
from constraints.rego.names.resolved import Path
from constraints.rego.names.scope import ARGUMENT, Fresh, Scope
from constraints.rego.names.terms import Names
from constraints.rego.syntax.problems import COMPILE, Problems
from constraints.rego.syntax.progress import During
from constraints.rego.syntax.tree import Body, Head, Import, Module, Rule, Scalar, Term
from constraints.rego.syntax.walk import pattern, visible, visible_in_body
from constraints.rego.values.kinds import key_of

Exports = Mapping[tuple[str, ...], frozenset[str]]
"""The first words of the rules of each package."""


@value
class Definition:
    """One definition of a rule with the names that it has used up, and where it comes from."""

    path: Path
    rule: Rule
    fresh: Fresh
    module: Module


def exports_of(modules: Sequence[Module]) -> Exports:
    """What each package offers to its own modules."""
    found: dict[tuple[str, ...], set[str]] = {}
    for module in modules:
        found.setdefault(module.package, set()).update(first_word(rule) for rule in module.rules)
    return {package: frozenset(names) for package, names in found.items()}


def first_word(rule: Rule) -> str:
    """`p` of `p.q[x]`."""
    return str(getattr(rule.head.path[0], "value", ""))


def names_of(package: tuple[str, ...], imports: Sequence[Import], exports: Exports) -> dict[str, tuple[str, ...]]:
    """What stands for an absolute path in a module: its package's rules, and imports before them."""
    paths = {name: ("data", *package, name) for name in exports.get(package, ())}
    paths.update({one.alias: one.path for one in imports})
    return paths


def ground_path(module: Module, rule: Rule) -> Path:
    """The absolute path as far as it does not vary."""
    path: list[object] = list(module.package)
    for part in rule.head.path:
        if not isinstance(part, Scalar):
            break
        path.append(key_of(part.value))
    return tuple(path)


def function_names(modules: Sequence[Module]) -> dict[str, Path]:
    """The path of each function by its full name."""
    found: dict[str, Path] = {}
    for module in modules:
        for rule in module.rules:
            if rule.head.args is not None:
                path = ground_path(module, rule)
                found["data." + ".".join(map(str, path))] = path
    return found


def resolve_modules(
    modules: Sequence[Module], builtins: Mapping[str, Builtin], problems: Problems, strict: bool
) -> list[Definition]:
    """Every definition of every module, with its names resolved."""
    exports = exports_of(modules)
    functions = function_names(modules)
    found: list[Definition] = []
    for module in modules:
        names = Names(names_of(module.package, module.imports, exports), builtins, functions)
        resolver = Resolver(names, problems, module.source, strict)
        for rule in module.rules:
            fresh = Fresh()
            with During(rule.span, module.source):
                resolved = _rule(resolver, rule, fresh)
            found.append(Definition(ground_path(module, rule), resolved, fresh, module))
        if strict:
            _unused_imports(module, names, problems)
    return found


def _unused_imports(module: Module, names: Names, problems: Problems) -> None:
    for one in module.imports:
        if one.alias not in names.used:
            problems.add(COMPILE, f"{import_text(one)} unused", one.span, module.source)


def import_text(one: Import) -> str:
    """`import data.lib as l`, as it was written."""
    alias = "" if one.alias == one.path[-1] else f" as {one.alias}"
    return f"import {'.'.join(one.path)}{alias}"


def chain(rule: Rule) -> Iterator[Rule]:
    """A definition, then its `else` branches."""
    one: Rule | None = rule
    while one is not None:
        yield one
        one = one.else_


def _rule(resolver: Resolver, rule: Rule, fresh: Fresh) -> Rule:
    first = _scope(resolver, rule, fresh, rule.head.args or ())
    args = rule.head.args
    if args is not None:
        args = tuple([resolver.argument(arg, first) for arg in args])
    first_declared, first_spans, first_uses = first.declared.copy(), first.spans.copy(), first.uses.copy()
    found: list[Rule] = []
    scopes = [first]
    for one in chain(rule):
        scope = first
        if one is not rule:
            scope = _scope(resolver, one, fresh, rule.head.args or ())
            scope.declared, scope.spans, scope.uses = (first_declared.copy(), first_spans.copy(), first_uses.copy())
            scope.occurred = dict.fromkeys(scope.declared, ARGUMENT)
            scopes.append(scope)
        start = len(fresh.made)
        body = resolver.body(one.body, scope)
        behind = len(fresh.made)
        head = _head(resolver, one.head, args, scope)
        fresh.made[start:] = fresh.made[behind:] + fresh.made[start:behind]  # OPA begins with closures in the head
        resolver.close(scope)
        found.append(Rule(head, body, one.default, None, one.span))
    if resolver.strict:
        _unused_arguments(resolver, rule, scopes)
    return linked(found)


def linked(found: Sequence[Rule]) -> Rule:
    """The definition of these branches, the last ones as `else`."""
    rule = found[-1]
    for one in reversed(found[:-1]):
        rule = replace(one, else_=rule)
    return rule


def _unused_arguments(resolver: Resolver, rule: Rule, scopes: Sequence[Scope]) -> None:
    for name in scopes[0].unused(ARGUMENT):
        if all(scope.uses[name] == 0 for scope in scopes):
            resolver.refuse(f"unused argument {name}. (hint: use _ (wildcard variable) instead)", rule.head.span)


def _scope(resolver: Resolver, rule: Rule, fresh: Fresh, args: tuple[Term, ...]) -> Scope:
    declares = declared_in(rule.body)
    if args:
        names: set[str] = set()
        for arg in args:
            pattern(arg, names)
        declares |= names
    return resolver.scope(fresh, None, declares, lambda: _mentions_of(rule.head, rule.body))


def _mentions_of(head: Head, body: Body) -> set[str]:
    into = visible_in_body(body)
    for term in (*head.path, head.key, head.value):
        visible(term, into)
    return into


def _head(resolver: Resolver, head: Head, args: tuple[Term, ...] | None, scope: Scope) -> Head:
    path = tuple([part if type(part) is Scalar else resolver.term(part, scope) for part in head.path])
    key = None if head.key is None else resolver.term(head.key, scope)
    value = None if head.value is None else resolver.term(head.value, scope)
    return Head(path, args, key, value, head.contains, head.assign, head.span)
