"""Rules that cannot stand side by side: kinds and arities under one name, rules inside rules, packages inside rules.

The words are OPA's (v1/ast/compile.go checkRuleConflicts).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from constraints.rego.names.modules import Definition, ground_path
from constraints.rego.names.resolved import Path
from constraints.rego.names.ruletree import Tree, path_text
from constraints.rego.syntax.problems import TYPE, Problems, shown
from constraints.rego.syntax.tree import Head, Module, Scalar, Term, Var
from constraints.rego.values.text import text


def check_rules(by_path: Mapping[Path, Sequence[Definition]], tree: Tree, problems: Problems) -> None:
    """Note each rule whose definitions contradict each other or those of a rule inside it."""
    for node in tree.below():
        definitions = by_path[node.path]
        first = definitions[0]
        conflict = _conflict(node, definitions, by_path)
        if conflict:
            problems.add(TYPE, conflict, first.rule.span, first.module.source)
            continue
        defaults = [one for one in definitions if one.rule.default]
        if len(defaults) > 1:
            places = ", ".join(f"{one.module.source}:{one.rule.span.line}" for one in defaults)
            message = f"multiple default rules {path_text(node.path)} found at {places}"
            problems.add(TYPE, message, defaults[0].module.span, defaults[0].module.source)


def _conflict(node: Tree, definitions: Sequence[Definition], by_path: Mapping[Path, Sequence[Definition]]) -> str:
    heads = [one.rule.head for one in definitions]
    inner = [path for path in (other.path for other in node.below()) if path != node.path]
    if not any(map(is_ground, heads)):  # rules may stand where these vary, functions may not
        inner = [path for path in inner if by_path[path][0].rule.head.args is not None]
    if inner:
        return f"rule {_name(definitions[-1])} conflicts with [{' '.join(map(path_text, inner))}]"
    kinds = {(head.contains, len(head.args or ()), not head.contains and is_ground(head)) for head in heads}
    return f"conflicting rules {_name(definitions[-1])} found" if len(kinds) > 1 else ""


def _name(one: Definition) -> str:
    """The definition's whole path, `data.a.p[x]`."""
    varying = one.rule.head.path[len(one.path) - len(one.module.package) :]
    return path_text(one.path) + "".join(map(_step, varying))


def _step(part: Term) -> str:
    if isinstance(part, Var):
        return f"[{shown(part.name)}]"
    return f"[{text(part.value)}]" if isinstance(part, Scalar) else "[...]"


def is_ground(head: Head) -> bool:
    """Whether nothing in the head's path varies."""
    return all(isinstance(part, Scalar) for part in head.path)


def check_packages(modules: Sequence[Module], tree: Tree, problems: Problems) -> None:
    """Note each rule that has the path of a package."""
    for module in modules:
        node = tree.at(module.package)
        if node is None or not node.is_rule:
            continue
        for other in modules:
            for rule in other.rules:
                if is_ground(rule.head) and ground_path(other, rule) == module.package:
                    name = ".".join(str(part.value) for part in rule.head.path if isinstance(part, Scalar))
                    place = f"{other.source}:{rule.span.line}"
                    message = f"package {'.'.join(module.package)} conflicts with rule {name} defined at {place}"
                    problems.add(TYPE, message, other.span, other.source)
