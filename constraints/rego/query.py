"""Queries: one body, through the passes that bodies of rules go through."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Final

from constraints.rego.builtins import BUILTINS, Builtin
from constraints.rego.checks.calls import Callables, CallCheck, own_arities
from constraints.rego.flat.lookups import QUERIES
from constraints.rego.flat.rules import FlatRule
from constraints.rego.flat.templates import Knowledge
from constraints.rego.names.modules import names_of
from constraints.rego.names.references import References
from constraints.rego.names.resolve import Resolver, declared_in
from constraints.rego.names.resolved import Resolved
from constraints.rego.names.ruletree import Tree
from constraints.rego.names.scope import Fresh, Scope
from constraints.rego.names.terms import Names
from constraints.rego.passes import binding, calls, copies, lookups, plain, prints, safety, templates
from constraints.rego.syntax.problems import Problems
from constraints.rego.syntax.tree import Body, Import
from constraints.rego.syntax.walk import visible_in_body

SOURCE: Final = "query"
"""How errors name the source of a query."""


def prepare_query(
    query: Body,
    resolved: Resolved,
    package: tuple[str, ...] = (),
    imports: Sequence[Import] = (),
    *,
    builtins: Mapping[str, Builtin] = BUILTINS,
) -> Body:
    """A query through the same passes: its variables keep their names, as bindings are reported by them."""
    problems = Problems()
    exports = {package: frozenset(str(path[len(package)]) for path in resolved.rules if path[:-1] == package)}
    known = Names(names_of(package, imports, exports if package else {}), builtins, resolved.functions)
    mentioned = visible_in_body(query)
    fresh = Fresh(mentioned)
    scope = Scope(fresh, None, declared_in(query), lambda: mentioned)
    resolver = Resolver(known, problems, SOURCE)
    body = resolver.body(query, scope)
    resolver.close(scope)
    problems.check()
    own = own_arities({path: len(rules[0].head.args or ()) for path, rules in resolved.rules.items()})
    callables = Callables(own, resolved.functions, builtins)
    _check_calls(body, Tree.of(resolved.rules), callables, problems)
    rules = [FlatRule.of_query(body, fresh, SOURCE)]
    around = Knowledge(callables.arity, lambda ref: False, problems)
    plain(rules, keep_prints=True)
    templates(rules, around)
    prints(rules, around, keep_prints=True)
    calls(rules, problems)
    safety(rules, callables.arity, problems)
    lookups(rules, QUERIES)
    binding(rules, callables.arity, QUERIES)
    copies(rules)
    return rules[0].body


def _check_calls(body: Body, tree: Tree, callables: Callables, problems: Problems) -> None:
    referred = References(tree, callables.functions)
    referred.body(body)
    CallCheck(callables, tree, problems, SOURCE).check(referred)
    problems.check()
