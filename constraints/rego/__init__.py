"""Rego compiled to Python: policies become functions before there is anything to look at.

Text > tokens > tree (syntax) > rules in OPA's form, checked (passes: names, flat, checks, types, index) > specialised
rules as Python's own syntax tree (codegen) > functions, whose only names are those of `runtime`, builtins and
constants.
"""

from __future__ import annotations

import ast
from collections.abc import Mapping, Sequence

from constraints.lang.source import Source
from constraints.rego.builtins import BUILTINS, Builtin
from constraints.rego.builtins.outside import Outside
from constraints.rego.codegen.generator import Generated, Generator
from constraints.rego.names.resolved import Resolved
from constraints.rego.passes import prepare
from constraints.rego.query import prepare_query
from constraints.rego.runtime.context import BUDGET, NOWHERE, Context
from constraints.rego.syntax.parser import parse_module, parse_query
from constraints.rego.syntax.tree import Module
from constraints.rego.values.kinds import UNDEFINED, Value
from constraints.rego.values.sizes import limited_to


class Compiled:
    """Modules that queries are asked against."""

    def __init__(self, resolved: Resolved, builtins: Mapping[str, Builtin]) -> None:
        self._resolved = resolved
        self._builtins = builtins

    def query(
        self,
        text: str,
        *,
        input: Value = UNDEFINED,
        data: Value = None,
        strict: bool = False,
        outside: Outside = NOWHERE,
    ) -> list[dict[str, Value]]:
        """The bindings of each solution. Raises CompileError, EvaluationError.

        `strict`: a builtin that fails is an error, and not undefined.
        """
        generated, name = self._generated(text)
        generated.load()
        with limited_to(BUDGET):
            context = Context(input, {} if data is None else data, generated.rules, outside)
            context.strict = strict
            found: list[dict[str, Value]] = generated.scope[name](context)
        return found

    def explain(self, text: str) -> str:
        """The Python that answers a query, as text."""
        generated, _ = self._generated(text)
        return "\n\n".join(ast.unparse(module) for module in generated.modules.values())

    def _generated(self, text: str) -> tuple[Generated, str]:
        body = prepare_query(parse_query(Source("", text), True), self._resolved, builtins=self._builtins)
        generator = Generator(self._resolved, self._builtins, body)
        generator.rules()
        name = generator.query("query", body)
        return generator.generated(), name


def compile_modules(
    sources: Sequence[Source], *, v1: bool | None = None, builtins: Mapping[str, Builtin] = BUILTINS
) -> Compiled:
    """Modules of v1 or v0; None takes for each the one that it can be read as. Raises CompileError."""
    modules = [_module(source, v1) for source in sources]
    return Compiled(prepare(modules, builtins=builtins), builtins)


def _module(source: Source, v1: bool | None) -> Module:
    from constraints.errors import CompileError

    if v1 is not None:
        return parse_module(source, v1)
    try:
        return parse_module(source, True)
    except CompileError:
        return parse_module(source, False)


__all__ = ["Compiled", "compile_modules"]
