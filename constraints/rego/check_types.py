"""Types that cannot fit, where they are certain: arguments of builtins, sides of a unification, references into values.

The rules and words are OPA's (v1/ast/check.go). Types go from definitions to those that refer to them; a variable gets
the type of what it is unified with first, an argument that of its first use. Bodies of `every` are not looked at.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from itertools import dropwhile

from constraints.rego.builtins import Builtin
from constraints.rego.modules import chain
from constraints.rego.problems import Problems
from constraints.rego.resolved import Resolved
from constraints.rego.ruletree import Tree
from constraints.rego.statictypes import ANY, FunctionType, ObjectOf, SetOf, Type, union
from constraints.rego.syntax import Rule, Scalar
from constraints.rego.typing_terms import Known, Typing


def check_types(resolved: Resolved, builtins: Mapping[str, Builtin], problems: Problems) -> None:
    """Note what cannot fit in any rule."""
    known = Known({}, Tree.of(resolved.rules), resolved.functions, builtins)
    for path in resolved.order:
        rules = resolved.rules[path]
        known.types[path] = _RuleTypes(known, problems).of(rules, resolved.sources[path])


@dataclass(slots=True)
class _RuleTypes:
    known: Known
    problems: Problems

    def of(self, rules: Sequence[Rule], sources: Sequence[str]) -> Type | FunctionType:
        """The type of a rule from all its definitions; ANY when one of them is wrong."""
        before = len(self.problems.found)
        found = [
            self._definition(branch, source)
            for rule, source in zip(rules, sources, strict=True)
            for branch in chain(rule)
        ]
        if len(self.problems.found) > before:
            return ANY
        functions = [one for one in found if isinstance(one, FunctionType)]
        if not functions:
            return union(one for one in found if not isinstance(one, FunctionType))
        args = tuple(union(column) for column in zip(*(one.args for one in functions), strict=True))
        return FunctionType(args, union(one.result for one in functions))

    def _definition(self, rule: Rule, source: str) -> Type | FunctionType:
        typing = Typing(self.known, self.problems, source, {})
        typing.body(rule.body)
        head = rule.head
        for term in (head.key, head.value):
            if term is not None:
                typing.calls_in(term)
        if head.args is not None:
            result = ANY if head.value is None else typing.settled(head.value)  # it may give arguments their types
            return FunctionType(tuple(typing.settled(arg) for arg in head.args), result)
        if head.contains:
            found: Type = SetOf(ANY if head.key is None else typing.settled(head.key))
        else:
            found = ANY if head.value is None else typing.settled(head.value)
        for _ in dropwhile(lambda part: isinstance(part, Scalar), head.path):
            found = ObjectOf((), found)
        return found
