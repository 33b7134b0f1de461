"""The front half of the compiler as one sequence of passes: from the trees of modules to rules that can be translated.

    names > plain > templates > prints > shapes > references > calls > safety > lookups > numbers > recursion > types
        > binding > copies > index

As with OPA (v1/ast/compile.go) each pass raises its own problems before the next one starts. Behind `names` a rule is
taken apart into its branches, each a FlatRule that the passes change; behind `copies` they are put together again. All
bodies have one form from `lookups` on: a statement makes one call or one lookup, on variables and constants.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Mapping, Sequence

from constraints.dataclass import value
from constraints.rego.builtins import BUILTINS, Builtin
from constraints.rego.checks.calls import Callables, CallCheck, own_arities
from constraints.rego.checks.rules import check_packages, check_rules
from constraints.rego.checks.strict import check_deprecated, check_imports, check_roots
from constraints.rego.flat.aliases import bind_first
from constraints.rego.flat.calls import spread_calls
from constraints.rego.flat.copies import drop_copies
from constraints.rego.flat.lookups import UNIFICATIONS, spread_lookups
from constraints.rego.flat.numbers import number
from constraints.rego.flat.outputs import Arity
from constraints.rego.flat.plain import make_plain
from constraints.rego.flat.prints import spread_prints
from constraints.rego.flat.rules import FlatRule, branches, put_together
from constraints.rego.flat.safety import check_head, order_body
from constraints.rego.flat.templates import Certain, Knowledge, spread_templates
from constraints.rego.index.guards import with_index
from constraints.rego.names.graph import forbid_recursion, in_order
from constraints.rego.names.modules import Definition, function_names, resolve_modules
from constraints.rego.names.references import References
from constraints.rego.names.resolved import Path, Resolved
from constraints.rego.names.ruletree import Tree
from constraints.rego.syntax.problems import Problems
from constraints.rego.syntax.progress import During
from constraints.rego.syntax.tree import Body, Module
from constraints.rego.types.check import TypeCheck

__all__ = ["Resolved", "prepare"]

Definitions = Mapping[Path, Sequence[Definition]]
Branches = Mapping[Path, Sequence[FlatRule]]


@value
class Given:
    """What is compiled. `strict`: with the checks of OPA's strict mode; `keep_prints`: calls of `print` are not
    erased.
    """

    modules: Sequence[Module]
    builtins: Mapping[str, Builtin]
    strict: bool
    keep_prints: bool
    problems: Problems


def prepare(
    modules: Sequence[Module],
    *,
    strict: bool = False,
    keep_prints: bool = False,
    builtins: Mapping[str, Builtin] = BUILTINS,
    question: Body | None = None,
) -> Resolved:
    """All rules of `modules`, ready for translation. Raises CompileError for what OPA's compiler refuses.

    `keep_prints` keeps calls of `print`, which are erased otherwise. The types must fit the `question`, too: what will
    be asked of the rules, with one call or lookup a statement.
    """
    given = Given(modules, builtins, strict, keep_prints, Problems())
    written = names(given)
    definitions = _by_path(written)
    tree = Tree.of(definitions)
    own = own_arities({path: len(found[0].rule.head.args or ()) for path, found in definitions.items()})
    callables = Callables(own, function_names(modules), builtins)
    parts = {path: [branch for one in found for branch in branches(one)] for path, found in definitions.items()}
    each = [branch for found in parts.values() for branch in found]
    around = Knowledge(callables.arity, Certain(definitions), given.problems)
    plain(each, keep_prints)
    templates(each, around)
    prints(each, around, keep_prints)
    shapes(given, definitions, tree)
    graph = references(given, definitions, tree, callables)
    calls(each, given.problems)
    safety(each, callables.arity, given.problems)
    lookups(each)
    numbers(written)
    recursion(graph, definitions, given.problems)
    order = in_order(graph)
    types(TypeCheck(callables.functions, builtins, given.problems), parts, order, question, given)
    binding(each, callables.arity)
    copies(each)
    return index(_resolved(given, definitions, parts, graph, order))


# names


def names(given: Given) -> list[Definition]:
    """Every definition with its names resolved: absolute paths for rules, and variables that are unique in their rule.

    In package `a`, where `q` is a rule:    p { q.x; some y; y == r.z }    with    import input.review as r
    is then                                 p { data.a.q.x; some y; y == input.review.z }

    Calls of `rego.metadata.rule` and the like are replaced by what they give.
    """
    written = resolve_modules(given.modules, given.builtins, given.problems, given.strict)
    if any(module.asks for module in given.modules):
        from constraints.rego.names.metadata import with_metadata  # late: few policies ask for their annotations

        written = with_metadata(written, given.modules, given.builtins, given.problems)
    for module in given.modules:
        if module.v1 or given.strict:
            check_imports(module, given.problems)
            check_roots(module, given.problems)
    given.problems.check()
    return written


def _by_path(written: Sequence[Definition]) -> Definitions:
    found: dict[Path, list[Definition]] = {}
    for one in written:
        found.setdefault(one.path, []).append(one)
    return found


# OPA's form: what has no calls nested any more is checked


def plain(rules: Iterable[FlatRule], keep_prints: bool) -> None:
    """Statements of one kind: assignments are unifications, members are lookups, declarations and prints are gone.

    x := 1; some k, v in xs; print(x)    becomes    x = 1; v = xs[k]
    """
    _each(rules, lambda rule: make_plain(rule, keep_prints))


def templates(rules: Iterable[FlatRule], around: Knowledge) -> None:
    """Template strings are calls, each part is a set, which is empty where the part is undefined.

    m := $"{x} of {input.n}"    becomes    m = internal.template_string([{x}, " of ", {t | t = input.n}])
    """
    _each((rule for rule in rules if rule.has_templates), lambda rule: spread_templates(rule, around))
    around.problems.check()


def prints(rules: Iterable[FlatRule], around: Knowledge, keep_prints: bool) -> None:
    """Prints, where they are kept, do not fail for an argument that is undefined.

    print(x, input.n)    becomes    internal.print([{t | t = x}, {t | t = input.n}])
    """
    if keep_prints:
        _each(rules, lambda rule: spread_prints(rule, around.arity, around.problems))
        around.problems.check()


def shapes(given: Given, definitions: Definitions, tree: Tree) -> None:
    """Refuses rules that cannot stand side by side, such as `p := 1` and `p(x) := x`; changes nothing."""
    check_rules(definitions, tree, given.problems)
    check_packages(given.modules, tree, given.problems)
    given.problems.check()


def references(
    given: Given, definitions: Definitions, tree: Tree, callables: Callables
) -> Mapping[Path, frozenset[Path]]:
    """For each rule the paths of those that it refers to; refuses calls and `with` of what there is not.

    p { q; data.lib.f(r) }    of package `a` gives    a.p -> a.q, a.r, lib.f
    """
    graph = {}
    for path, found in definitions.items():
        reached: set[Path] = set()
        for one in found:
            referred = References(tree, callables.functions)
            with During(one.rule.span, one.module.source):
                referred.rule(one.rule)
            reached |= referred.found
            source = one.module.source
            CallCheck(callables, tree, given.problems, source).check(referred)
            if one.module.v1 or given.strict:
                check_deprecated(referred, given.problems, source)
        graph[path] = frozenset(reached)
    given.problems.check()
    return graph


def calls(rules: Iterable[FlatRule], problems: Problems) -> None:
    """A statement for each call, with a variable for the result behind the arguments; heads make no calls nor lookups.

    p contains upper(x.a) if { count(x) > f(1) }
    becomes    p contains s if { count(x, t); f(1, u); t > u; upper(x.a, s) }

    Refuses variables of a head that stand nowhere in its body.
    """

    def spread(rule: FlatRule) -> None:
        spread_calls(rule)
        check_head(rule, problems)

    _each(rules, spread)
    problems.check()


def safety(rules: Iterable[FlatRule], arity: Arity, problems: Problems) -> None:
    """Bodies in an order in which every variable is bound before it is needed; refuses those that have none.

    y > 1; y = input.a    becomes    y = input.a; y > 1
    """
    _each(rules, lambda rule: order_body(rule, arity, problems))
    problems.check()


def lookups(rules: Iterable[FlatRule], equals: frozenset[str] = UNIFICATIONS) -> None:
    """A statement for each lookup, but on the sides of a unification, which the calls of `equals` become.

    startswith(x.a, b[c.d])    becomes    t = x.a; u = c.d; v = b[u]; startswith(t, v)
    """

    def spread(rule: FlatRule) -> None:
        rule.body = spread_lookups(rule.body, rule.fresh, equals)

    _each(rules, spread)


def numbers(written: Sequence[Definition]) -> None:
    """Gives each variable the name that it has with OPA, whose types depend on the order of names here and there.

    p { x := 1; y := count(z) }    notes    x: __local0__, y: __local1__, the result of count: __local2__
    """
    number(written)


# what is checked on that form


def recursion(graph: Mapping[Path, frozenset[Path]], definitions: Definitions, problems: Problems) -> None:
    """Refuses rules that refer to themselves in the end; changes nothing."""
    forbid_recursion(
        graph, {path: (found[0].rule.span, found[0].module.source) for path, found in definitions.items()}, problems
    )
    problems.check()


def types(check: TypeCheck, rules: Branches, order: Sequence[Path], question: Body | None, given: Given) -> None:
    """Refuses statements whose types cannot fit, such as `x = 1; startswith(x, "a")`; changes nothing."""
    check.rules(rules, order)
    given.problems.check()
    if question is not None:
        check.question(question, given.modules[0].source)
        given.problems.check()


# for our translation


def binding(rules: Iterable[FlatRule], arity: Arity, equals: frozenset[str] = UNIFICATIONS) -> None:
    """Where OPA takes a statement for ready too early, another order, or one variable in the place of two.

    n = m; xs = input.a; count(xs, m)    becomes    xs = input.a; count(xs, m); n = m
    """
    _each((rule for rule in rules if rule.is_early), lambda rule: bind_first(rule, arity, equals))


def copies(rules: Iterable[FlatRule]) -> None:
    """Variables of the compiler that only hand a value on go again.

    p contains t if { count(xs, u); n = u; t = {"msg": n} }    becomes    p contains {"msg": n} if { count(xs, n) }
    """
    _each((rule for rule in rules if not rule.is_early), drop_copies)


def index(resolved: Resolved) -> Resolved:
    """Conditions that OPA tests before it looks at a body, in front of what can end in an error.

    p { x = {1: v | v = xs[_]}; input.a = 1 }
    becomes    p { internal.indexed(input.a, 1); x = {1: v | v = xs[_]}; input.a = 1 }
    """
    return with_index(resolved)


def _each(rules: Iterable[FlatRule], step: Callable[[FlatRule], None]) -> None:
    for rule in rules:
        with During(rule.rule.span, rule.source):
            step(rule)


def _resolved(
    given: Given,
    definitions: Definitions,
    parts: Branches,
    graph: Mapping[Path, frozenset[Path]],
    order: Sequence[Path],
) -> Resolved:
    """What the back half takes."""
    return Resolved(
        {path: put_together(found, parts[path]) for path, found in definitions.items()},
        {path: tuple([one.module.source for one in found]) for path, found in definitions.items()},
        graph,
        tuple(order),
        function_names(given.modules),
        frozenset(module.package for module in given.modules),
        any("with" in module.words for module in given.modules),
        given.keep_prints,
        {path: tuple([(one.rule, one.module.source) for one in found]) for path, found in definitions.items()},
    )
