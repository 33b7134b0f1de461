"""What v1 and strict mode refuse on top: imports that hide each other, hidden roots, deprecated builtins.

The words are OPA's (v1/ast/compilehelper.go, v1/ast/rego_v1.go); what is unused is found by the resolver.
"""

from __future__ import annotations

from typing import Final

from constraints.rego.names.modules import chain, first_word, import_text
from constraints.rego.names.references import References
from constraints.rego.syntax.problems import COMPILE, TYPE, Problems
from constraints.rego.syntax.tree import Body, Call, Import, Module, Var
from constraints.rego.syntax.walk import ROOTS

DEPRECATED: Final = frozenset(
    {
        "all",
        "any",
        "cast_array",
        "cast_boolean",
        "cast_null",
        "cast_object",
        "cast_set",
        "cast_string",
        "net.cidr_overlap",
        "re_match",
        "set_diff",
    }
)


def check_imports(module: Module, problems: Problems) -> None:
    """Note imports of a name that another import has."""
    seen: dict[str, Import] = {}
    for one in module.imports:
        other = seen.setdefault(one.alias, one)
        if other is not one:
            problems.add(COMPILE, f"import must not shadow {import_text(other)}", one.span, module.source)


def check_roots(module: Module, problems: Problems) -> None:
    """Note rules and variables named `input` or `data`."""
    for rule in module.rules:
        name = first_word(rule)
        if name in ROOTS:
            text = f"rules must not shadow {name} (use a different rule name)"
            problems.add(COMPILE, text, rule.span, module.source)
        for one in chain(rule):
            _check_body(one.body, module, problems)


def _check_body(body: Body, module: Module, problems: Problems) -> None:
    for expr in body:
        what = expr.what
        if isinstance(what, Call) and what.name == "assign" and what.args:
            target = what.args[0]
            if isinstance(target, Var) and target.name in ROOTS:
                text = f"variables must not shadow {target.name} (use a different variable name)"
                problems.add(COMPILE, text, expr.span, module.source)


def check_deprecated(references: References, problems: Problems, source: str) -> None:
    """Note calls of builtins that are no longer meant to be called."""
    for call in (*references.statements, *references.calls):
        if call.name in DEPRECATED:
            text = f"deprecated built-in function calls in expression: {call.name}"
            problems.add(TYPE, text, call.span, source)
