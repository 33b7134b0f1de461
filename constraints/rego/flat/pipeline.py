"""All rules through the steps of OPA's compiler, up to the order of their bodies; each step raises its own problems."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from constraints.rego.flat.aliases import linked_body
from constraints.rego.flat.calls import spread_calls
from constraints.rego.flat.lookups import spread_lookups
from constraints.rego.flat.numbers import number
from constraints.rego.flat.outputs import Arity
from constraints.rego.flat.plain import make_plain
from constraints.rego.flat.prints import spread_prints
from constraints.rego.flat.rules import FlatRule, branches, is_empty
from constraints.rego.flat.safety import check_head, order_body, order_to_translate
from constraints.rego.flat.templates import Surroundings, spread_templates
from constraints.rego.names.modules import Definition
from constraints.rego.names.resolved import Path
from constraints.rego.names.scope import Fresh
from constraints.rego.syntax.problems import Problems
from constraints.rego.syntax.progress import During
from constraints.rego.syntax.tree import ArrayTerm, Body, Head, ObjectTerm, Ref, Rule, Scalar, SetTerm, Term, Var
from constraints.rego.syntax.walk import visible
from constraints.rego.values.kinds import key_of

Definitions = Mapping[Path, Sequence[Definition]]


class Flattening:
    """All branches of all definitions on their way to one call a statement, in safe order."""

    def __init__(
        self, written: Sequence[Definition], definitions: Definitions, arity: Arity, problems: Problems
    ) -> None:
        self._written = written
        self.rules = {
            path: tuple(rule for one in found for rule in branches(one)) for path, found in definitions.items()
        }
        self._each = [rule for found in self.rules.values() for rule in found]
        self._around = Surroundings(arity, _Certain(definitions), problems)

    def strings_and_prints(self, keep_prints: bool) -> None:
        """The steps before calls are looked at. Raises CompileError."""
        for rule in self._each:
            with During(rule.rule.span, rule.source):
                if make_plain(rule, keep_prints):
                    spread_templates(rule, self._around)
        self._around.problems.check()
        if keep_prints:
            _prints(self._each, self._around)

    def calls_and_lookups(self) -> None:
        """The steps behind that. Raises CompileError."""
        problems = self._around.problems
        for rule in self._each:
            with During(rule.rule.span, rule.source):
                spread_calls(rule)
                check_head(rule, problems)
        problems.check()
        for rule in self._each:
            with During(rule.rule.span, rule.source):
                order_body(rule, self._around.arity, problems)
        problems.check()
        for rule in self._each:
            with During(rule.rule.span, rule.source):
                rule.body = spread_lookups(rule.body, rule.fresh)
        number(self._written)


def translatable(rule: FlatRule, arity: Arity) -> Rule:
    """The rule in this form, for the code generator."""
    body = order_to_translate(rule, arity)
    if body is not None:
        return rule.back(spread_lookups(body, rule.fresh), {})
    return rule.back(*linked_body(rule.body, rule.bound(), arity))


def flattened_query(body: Body, fresh: Fresh, source: str, arity: Arity, problems: Problems) -> Body:
    """The same for a query, whose prints are kept. Raises CompileError."""
    rule = FlatRule((), Rule(Head(())), fresh, source, (), (), None, None, body)
    if make_plain(rule, keep_prints=True):
        spread_templates(rule, Surroundings(arity, lambda ref: False, problems))
    _prints([rule], Surroundings(arity, lambda ref: False, problems))
    spread_calls(rule)
    order_body(rule, arity, problems)
    problems.check()
    return spread_lookups(order_to_translate(rule, arity) or rule.body, fresh, frozenset({"eq"}))


def _prints(rules: Iterable[FlatRule], around: Surroundings) -> None:
    for rule in rules:
        rule.body = spread_prints(rule, around.arity, around.problems)
    around.problems.check()


class _Certain:
    """Whether a reference means a rule that has a value whatever happens, as far as OPA sees."""

    def __init__(self, definitions: Definitions) -> None:
        self.definitions = definitions

    def __call__(self, ref: Ref) -> bool:
        if not isinstance(ref.head, Var) or ref.head.name != "data":
            return False
        if not all(isinstance(part, Scalar) for part in ref.path):
            return False
        found = self.definitions.get(tuple(key_of(part.value) for part in ref.path if isinstance(part, Scalar)), ())
        if not found or found[0].rule.head.args is not None:
            return False
        first = found[0].rule
        if first.default or first.head.contains:
            return True
        if len(found) == 1:
            return (not first.body or is_empty(first.body)) and _is_constant(first.head.value)
        return any(one.rule.default for one in found[1:])


def _is_constant(term: Term | None) -> bool:
    if isinstance(term, (Scalar, Var)):
        return True
    names: set[str] = set()
    visible(term, names)
    return isinstance(term, (ArrayTerm, ObjectTerm, SetTerm)) and not names
