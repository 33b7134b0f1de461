"""From the trees of modules to rules that can be translated: names resolved, checked, bodies in safe order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from constraints.rego.builtins import BUILTINS, Builtin
from constraints.rego.flatten import UNIFICATIONS, fixed
from constraints.rego.graph import forbid_recursion, graph_of, in_order
from constraints.rego.modules import (
    Definition,
    chain,
    function_names,
    linked,
    names_of,
    resolve_modules,
)
from constraints.rego.order import Order, Settings
from constraints.rego.problems import UNSAFE, Problems, shown
from constraints.rego.resolve import Names, Resolver, declared_in
from constraints.rego.resolved import Path, Resolved
from constraints.rego.scope import Fresh, Scope
from constraints.rego.syntax import Body, Call, Expr, Head, Import, Module, Rule, Scalar, Term, Var
from constraints.rego.walk import visible, visible_in_body

__all__ = ["Resolved", "prepare", "prepare_query"]


def prepare(
    modules: Sequence[Module],
    *,
    strict: bool = False,
    keep_prints: bool = False,
    builtins: Mapping[str, Builtin] = BUILTINS,
) -> Resolved:
    """All rules of `modules`, ready for translation. Raises CompileError for what OPA's compiler refuses.

    `keep_prints` keeps calls of `print`, which are erased otherwise.
    """
    problems = Problems()
    definitions = resolve_modules(modules, builtins, problems, strict)
    problems.check()
    functions = function_names(modules)
    arities = _Arities(functions, definitions, builtins)
    settings = Settings(arities, problems, keep_prints)
    rules: dict[Path, list[Rule]] = {}
    sources: dict[Path, list[str]] = {}
    for one in definitions:
        rules.setdefault(one.path, []).append(_ordered(one, settings))
        sources.setdefault(one.path, []).append(one.module.source)
    problems.check()
    return _resolved(rules, sources, functions, modules, problems)


def _resolved(
    rules: Mapping[Path, list[Rule]],
    sources: Mapping[Path, list[str]],
    functions: Mapping[str, Path],
    modules: Sequence[Module],
    problems: Problems,
) -> Resolved:
    by_path = {path: tuple(found) for path, found in rules.items()}
    from_sources = {path: tuple(found) for path, found in sources.items()}
    graph = graph_of(by_path, functions)
    forbid_recursion(graph, by_path, from_sources, problems)
    problems.check()
    packages = frozenset(module.package for module in modules)
    return Resolved(by_path, from_sources, graph, in_order(graph), functions, packages)


class _Arities:
    """How many arguments a function takes, by its name."""

    def __init__(
        self, functions: Mapping[str, Path], definitions: Sequence[Definition], builtins: Mapping[str, Builtin]
    ) -> None:
        self.builtins = builtins
        by_path = {one.path: len(one.rule.head.args or ()) for one in reversed(definitions)}
        self.own = {name: by_path[path] for name, path in functions.items()}

    def __call__(self, name: str) -> int | None:
        own = self.own.get(name)
        if own is not None:
            return own
        builtin = self.builtins.get(name)
        return None if builtin is None else builtin.arity


def _ordered(one: Definition, settings: Settings) -> Rule:
    order = Order(settings, one.fresh, one.module.source)
    return linked([_ordered_rule(rule, order) for rule in chain(one.rule)])


def _ordered_rule(rule: Rule, order: Order) -> Rule:
    head = rule.head
    bound: set[str] = set()
    body = list(rule.body)
    args = head.args
    if args is not None:
        args = tuple(arg if fixed(arg) else _moved(arg, order, body) for arg in args)
        for arg in args:
            visible(arg, bound)
    path = tuple(part if isinstance(part, (Scalar, Var)) else _moved(part, order, body) for part in head.path)
    terms = [term for term in (head.key, head.value) if term is not None]
    if not body and all(type(term) is Scalar for term in terms):
        return replace(rule, head=replace(head, path=path, args=args)) if path != head.path else rule
    ordered, found = order.with_terms(tuple(body), terms, bound)
    value = None if head.value is None else found.pop()
    key = found.pop() if found else None
    head = replace(head, path=path, args=args, key=key, value=value)
    _require_head(head, bound | visible_in_body(ordered), order)
    return replace(rule, head=head, body=ordered)


def _moved(term: Term, order: Order, body: list[Expr]) -> Var:
    """A variable in the place of a term that the body has to look up."""
    var = Var(order.fresh.support(), term.span)
    body.append(Expr(Call("eq", (var, term), term.span), span=term.span))
    return var


def _require_head(head: Head, bound: set[str], order: Order) -> None:
    for term in (*head.path, head.key, head.value):
        names: set[str] = set()
        visible(term, names)
        for name in sorted(names - bound):
            span = term.span if term is not None else head.span
            order.settings.problems.add(UNSAFE, f"var {shown(name)} is unsafe", span, order.source)


def prepare_query(
    query: Body,
    resolved: Resolved,
    package: tuple[str, ...] = (),
    imports: Sequence[Import] = (),
    *,
    builtins: Mapping[str, Builtin] = BUILTINS,
) -> Body:
    """The same for a query: its variables keep their names, as bindings are reported by them."""
    problems = Problems()
    exports = {package: frozenset(path[len(package)] for path in resolved.rules if path[: len(package)] == package)}
    names = Names(names_of(package, imports, exports if package else {}), builtins, resolved.functions)
    fresh = Fresh(visible_in_body(query))
    scope = Scope(fresh, None, declared_in(query), lambda: visible_in_body(query))
    resolver = Resolver(names, problems, "")
    body = resolver.body(query, scope)
    resolver.close(scope)
    problems.check()

    def arity(name: str) -> int | None:
        own = resolved.arity(name)
        builtin = builtins.get(name)
        return own if own is not None or builtin is None else builtin.arity

    settings = Settings(arity, problems, True, UNIFICATIONS)
    ordered = Order(settings, fresh, "").body(body, set())
    problems.check()
    return tuple(ordered)
