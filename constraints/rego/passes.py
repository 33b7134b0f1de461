"""From the trees of modules to rules that can be translated: names resolved, checked, bodies in safe order."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace

from constraints.rego.builtins import BUILTINS, Builtin
from constraints.rego.checks.calls import Callables, CallCheck, own_arities
from constraints.rego.checks.rules import check_packages, check_rules
from constraints.rego.checks.strict import check_deprecated, check_imports, check_roots
from constraints.rego.flat.lift import UNIFICATIONS, fixed
from constraints.rego.flat.order import Order, Settings, Unordered
from constraints.rego.flat.pipeline import Flattening, flattened_query, translatable
from constraints.rego.flat.rules import FlatRule
from constraints.rego.names.graph import forbid_recursion, in_order
from constraints.rego.names.modules import Definition, chain, function_names, linked, names_of, resolve_modules
from constraints.rego.names.references import References
from constraints.rego.names.resolve import Resolver, declared_in
from constraints.rego.names.resolved import Path, Resolved
from constraints.rego.names.ruletree import Tree
from constraints.rego.names.scope import Fresh, Scope
from constraints.rego.names.terms import Names
from constraints.rego.syntax.problems import Problems
from constraints.rego.syntax.progress import During
from constraints.rego.syntax.tree import Body, Call, Expr, Head, Import, Module, Rule, Scalar, Term, Var
from constraints.rego.syntax.walk import visible, visible_in_body
from constraints.rego.types.check import TypeCheck

__all__ = ["Resolved", "prepare", "prepare_query"]

QUERY = "query"
"""How errors name the source of a query."""


def prepare(
    modules: Sequence[Module],
    *,
    strict: bool = False,
    keep_prints: bool = False,
    builtins: Mapping[str, Builtin] = BUILTINS,
    question: Body | None = None,
) -> Resolved:
    """All rules of `modules`, ready for translation. Raises CompileError for what OPA's compiler refuses.

    `keep_prints` keeps calls of `print`, which are erased otherwise. The types must fit the `question`, too: what will be
    asked of the rules, with one call or lookup a statement.
    """
    return _Preparation(modules, strict, builtins).run(keep_prints, question)


class _Preparation:
    """One run over all modules; each step raises its own problems before the next one starts."""

    def __init__(self, modules: Sequence[Module], strict: bool, builtins: Mapping[str, Builtin]) -> None:
        self.modules = modules
        self.strict = strict
        self.builtins = builtins
        self.problems = Problems()
        self.definitions: dict[Path, list[Definition]] = {}

    def run(self, keep_prints: bool, question: Body | None) -> Resolved:
        written = resolve_modules(self.modules, self.builtins, self.problems, self.strict)
        if any(module.asks for module in self.modules):
            from constraints.rego.names.metadata import with_metadata  # late: few policies ask for their annotations

            written = with_metadata(written, self.modules, self.builtins, self.problems)
        for one in written:
            self.definitions.setdefault(one.path, []).append(one)
        self._check_modules()
        self.problems.check()
        tree = Tree.of(self.definitions)
        own = own_arities({path: len(found[0].rule.head.args or ()) for path, found in self.definitions.items()})
        functions = function_names(self.modules)
        callables = Callables(own, functions, self.builtins)
        flattening = Flattening(written, self.definitions, callables.arity, self.problems)
        flattening.strings_and_prints(keep_prints)
        check_rules(self.definitions, tree, self.problems)
        check_packages(self.modules, tree, self.problems)
        self.problems.check()
        graph = self._graph(tree, functions, callables)
        self.problems.check()
        flattening.calls_and_lookups()
        settings = Settings(callables.arity, keep_prints)
        rules = {path: _ordered(found, flattening.rules[path], settings) for path, found in self.definitions.items()}
        sources = {path: tuple([one.module.source for one in found]) for path, found in self.definitions.items()}
        forbid_recursion(graph, rules, sources, self.problems)
        self.problems.check()
        packages = frozenset(module.package for module in self.modules)
        replaces = any("with" in module.words for module in self.modules)
        resolved = Resolved(rules, sources, graph, in_order(graph), functions, packages, replaces)
        types = TypeCheck(functions, self.builtins, self.problems)
        types.rules(flattening.rules, resolved.order)
        self.problems.check()
        if question is not None:
            types.question(question, self.modules[0].source)
            self.problems.check()
        return resolved

    def _check_modules(self) -> None:
        for module in self.modules:
            if module.v1 or self.strict:
                check_imports(module, self.problems)
                check_roots(module, self.problems)

    def _graph(self, tree: Tree, functions: Mapping[str, Path], callables: Callables) -> dict[Path, frozenset[Path]]:
        """For each path those that its definitions refer to; calls are checked on the way."""
        graph = {}
        for path, found in self.definitions.items():
            reached: set[Path] = set()
            for one in found:
                references = References(tree, functions)
                with During(one.rule.span, one.module.source):
                    references.rule(one.rule)
                reached |= references.found
                source = one.module.source
                CallCheck(callables, tree, self.problems, source).check(references)
                if one.module.v1 or self.strict:
                    check_deprecated(references, self.problems, source)
            graph[path] = frozenset(reached)
        return graph


def _ordered(found: Sequence[Definition], flat: Sequence[FlatRule], settings: Settings) -> tuple[Rule, ...]:
    """The definitions of one rule; `flat` are all their branches."""
    waiting = iter(flat)
    ordered = []
    for one in found:
        order = Order(settings, one.fresh)
        with During(one.rule.span, one.module.source):
            ordered.append(linked([_ordered_rule(rule, order, next(waiting)) for rule in chain(one.rule)]))
    return tuple(ordered)


def _ordered_rule(rule: Rule, order: Order, flat: FlatRule) -> Rule:
    try:
        return _as_written(rule, order)
    except Unordered:
        return translatable(flat, order.settings.arity)


def _as_written(rule: Rule, order: Order) -> Rule:
    """The rule with its statements whole, where that is possible. Raises Unordered."""
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
    head = Head(path, args, key, value, head.contains, head.assign, head.span)
    known = bound | visible_in_body(ordered)
    for term in (*head.path, head.key, head.value):
        names: set[str] = set()
        visible(term, names)
        if not names <= known:
            raise Unordered
    return Rule(head, ordered, rule.default, rule.else_, rule.span)


def _moved(term: Term, order: Order, body: list[Expr]) -> Var:
    """A variable in the place of a term that the body has to look up."""
    var = Var(order.fresh.support(), term.span)
    body.append(Expr(Call("eq", (var, term), term.span), span=term.span))
    return var


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
    exports = {package: frozenset(str(path[len(package)]) for path in resolved.rules if path[:-1] == package)}
    names = Names(names_of(package, imports, exports if package else {}), builtins, resolved.functions)
    mentioned = visible_in_body(query)
    fresh = Fresh(mentioned)
    scope = Scope(fresh, None, declared_in(query), lambda: mentioned)
    resolver = Resolver(names, problems, QUERY)
    body = resolver.body(query, scope)
    resolver.close(scope)
    problems.check()
    own = own_arities({path: len(rules[0].head.args or ()) for path, rules in resolved.rules.items()})
    callables = Callables(own, resolved.functions, builtins)
    tree = Tree.of(resolved.rules)
    references = References(tree, resolved.functions)
    references.body(body)
    CallCheck(callables, tree, problems, QUERY).check(references)
    problems.check()
    flat = flattened_query(body, fresh, QUERY, callables.arity, problems)
    settings = Settings(callables.arity, keep_prints=True, equals=UNIFICATIONS)
    try:
        return tuple(Order(settings, fresh).body(body, set()))
    except Unordered:
        return flat
