"""`rego.metadata.rule()` and `rego.metadata.chain()`: the compiler puts in their place what the annotations say.

As in OPA nothing of the annotations is looked at where no rule asks for them, so that broken ones are no mistake there.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import fields, replace
from typing import Any, Final

from constraints.rego.builtins import Builtin
from constraints.rego.names.annotations import Annotation, Malformed, annotation, place
from constraints.rego.names.modules import Definition, chain, linked
from constraints.rego.syntax.nodes import nodes_of
from constraints.rego.syntax.problems import PARSE, TYPE, Problems
from constraints.rego.syntax.tree import ArrayTerm, Call, Expr, Module, ObjectTerm, Rule, Scalar, Term, Var
from constraints.rego.values.kinds import Value

CHAIN: Final = "rego.metadata.chain"
RULE: Final = "rego.metadata.rule"

Path = tuple[Value, ...]


def with_metadata(
    written: Sequence[Definition], modules: Sequence[Module], builtins: Mapping[str, Builtin], problems: Problems
) -> list[Definition]:
    """The definitions, all those of a module in their order, with a constant where one asks for its annotations.

    Raises CompileError for annotations that OPA refuses.
    """
    names = [name for name in (CHAIN, RULE) if name in builtins]
    asking = {id(module) for module in modules if module.asks}
    if not any(_asked(one.rule, names) for one in written if id(one.module) in asking):
        return list(written)
    known = _Annotations(written, modules, problems)
    problems.check()
    return [replace(one, rule=_answered(one, names, known)) if id(one.module) in asking else one for one in written]


def _asked(rule: Rule, names: Sequence[str]) -> list[Call]:
    return [one for one in nodes_of(rule) if isinstance(one, Call) and one.name in names]


class _Annotations:
    """The annotations of all modules, by what they are about."""

    def __init__(self, written: Sequence[Definition], modules: Sequence[Module], problems: Problems) -> None:
        self.rules: dict[int, list[Annotation]] = {}
        self.packages: dict[Path, Annotation] = {}
        self.paths: dict[Path, Annotation] = {}
        definitions = iter(written)
        for module in modules:
            own = [next(definitions) for _ in module.rules]
            for remark in module.remarks:
                try:
                    self._add(annotation(remark), module, own, problems)
                except Malformed as error:
                    problems.add(PARSE, str(error), place(remark, str(error)), module.source)

    def _add(self, found: Annotation, module: Module, own: Sequence[Definition], problems: Problems) -> None:
        remark = found.remark
        rule = own[remark.rule] if remark.before == "rule" else None
        if rule is not None and found.scope == "rule":
            self.rules.setdefault(id(rule.rule), []).append(found)
            return
        known = self.packages if found.scope == "package" else self.paths
        path = module.package if rule is None else rule.path
        if path in known:
            text = f"{found.scope} annotation redeclared: {module.source}:{known[path].remark.span.line}"
            problems.add(TYPE, text, remark.span, module.source)
        known.setdefault(path, found)

    def of_rule(self, rule: Rule) -> Value:
        """The nearest annotation of a rule itself; empty where it has none."""
        found = self.rules.get(id(rule))
        return found[-1].shown if found else {}

    def chain(self, one: Definition, rule: Rule) -> Value:
        """The annotations of a rule, the nearest first, then those of what it is part of."""
        path, package = one.path, one.module.package
        links = [_link(path, found) for found in reversed(self.rules.get(id(rule), ()))]
        links = links or [{"path": list(path)}]
        if path in self.paths:
            links.append(_link(path, self.paths[path]))
        if package in self.packages:
            links.append(_link(package, self.packages[package]))
        around = [package[:size] for size in range(len(package), 0, -1)]
        return links + [_link(outer, self.paths[outer]) for outer in around if outer in self.paths]


def _link(path: Path, found: Annotation) -> dict[str, Value]:
    return {"path": list(path), "annotations": found.shown}


def _answered(one: Definition, names: Sequence[str], known: _Annotations) -> Rule:
    """The rule with each branch that asks told the answer by its first statements."""
    branches = []
    for rule in chain(one.rule):
        calls = _asked(replace(rule, else_=None), names)
        first = {call.name: call for call in reversed(calls)}
        told = []
        answers: dict[str, str] = {}
        for name in (name for name in names if name in first):
            span = first[name].span
            answers[name] = one.fresh.support()
            value = known.chain(one, rule) if name == CHAIN else known.of_rule(rule)
            told.append(Expr(Call("eq", (Var(answers[name], span), _literal(value, span)), span), span=span))
        if told:
            kept = replace(rule, else_=None)
            changed = replace(kept, head=_told(kept.head, answers), body=_told(kept.body, answers))
            rule = replace(changed, body=(*told, *changed.body))
        branches.append(rule)
    return linked(branches)


def _told(node: Any, answers: Mapping[str, str]) -> Any:
    """A tree with variables in the place of the calls."""
    kind = type(node)
    if kind is tuple:
        return tuple([_told(one, answers) for one in node])
    if kind is Expr and isinstance(node.what, Call) and node.what.name in answers and len(node.what.args) < 2:
        call = node.what
        what: Term = Var(answers[call.name], call.span)
        if call.args:  # the result as an argument more
            what = Call("eq", (*call.args, what), call.span)
        return Expr(what, span=node.span)  # neither `not` nor `with` stay in OPA
    if kind is Call and node.name in answers and not node.args:
        return Var(answers[node.name], node.span)
    if kind is Scalar or kind is Var or not hasattr(kind, "__dataclass_fields__"):
        return node
    found = {one.name: _told(getattr(node, one.name), answers) for one in fields(kind) if one.name != "span"}
    return replace(node, **found)


def _literal(value: Value, span: Any) -> Term:
    if isinstance(value, Mapping):
        return ObjectTerm(tuple([(Scalar(key, span), _literal(item, span)) for key, item in value.items()]), span)
    if isinstance(value, list):
        return ArrayTerm(tuple([_literal(item, span) for item in value]), span)
    return Scalar(value, span)
