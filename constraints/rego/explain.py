"""Generated code as text for people: each stretch below the line of the policy that it comes from."""

from __future__ import annotations

import ast
import copy
import re
from collections.abc import Container, Iterator, Mapping
from typing import Any, Final

from constraints.lang.pycode import Block
from constraints.lang.pywalk import loaded_names
from constraints.rego.builtins import Builtin

_LONG: Final = 2000  # bits
_SHORT: Final = 100  # characters of a line of the policy
_MARK: Final = "policy_line_"  # a statement of this name stands where a comment will be
_MARKED: Final = re.compile(rf"^( *){_MARK}(\d+)\n\n?", re.MULTILINE)


def explained(
    modules: Mapping[str, ast.Module], scope: Mapping[str, Any], runtime: Container[str], texts: Mapping[str, str]
) -> str:
    """Python for the modules; `runtime` are the names that all programs know, `texts` the policy's sources by name."""
    functions = [statement for module in modules.values() for statement in module.body]
    parts = ["\n".join(_constants(functions, scope, runtime))]
    for source, module in modules.items():
        policy = _policy_lines(texts.get(source, ""))
        parts += [_text(statement, source, policy) for statement in module.body]
    return "\n\n\n".join(filter(None, parts))


def _constants(functions: Block, scope: Mapping[str, Any], runtime: Container[str]) -> Iterator[str]:
    """What the code's own names stand for."""
    for name in dict.fromkeys(loaded_names(functions)):
        value = scope.get(name)
        if name in runtime or name not in scope or (callable(value) and not isinstance(value, Builtin)):
            continue
        yield f"{name} = builtins[{value.name!r}]" if isinstance(value, Builtin) else f"{name} = {_shown(value)}"


def _shown(value: object) -> str:
    try:
        return repr(value)
    except ValueError:  # Python writes no integers of so many digits
        return "..."


def _text(function: ast.stmt, source: str, policy: Mapping[int, str]) -> str:
    """The function, each stretch of it below a comment with the policy's line."""

    def comment(mark: re.Match[str]) -> str:
        return f"{mark[1]}# {source}:{mark[2]}: {policy[int(mark[2])]}\n"

    marked: Block = []
    _mark([_Spelled().visit(copy.deepcopy(function))], marked, policy, 0)
    return _MARKED.sub(comment, ast.unparse(ast.Module(marked, [])))


class _Spelled(ast.NodeTransformer):
    """Spells integers that Python refuses to write in decimal digits."""

    def visit_Constant(self, node: ast.Constant) -> ast.expr:
        value = node.value
        if isinstance(value, int) and value.bit_length() > _LONG:
            return ast.copy_location(ast.Name(hex(value), ast.Load()), node)
        return node


def _policy_lines(text: str) -> dict[int, str]:
    """By number those lines of a policy that code can come from, each fit to stand in a comment."""
    lines = ["".join(char if char.isprintable() else "\ufffd" for char in line.strip()) for line in text.split("\n")]
    return {
        at: line if len(line) <= _SHORT else f"{line[:_SHORT]}..."
        for at, line in enumerate(lines, 1)
        if line and not line.startswith(("package ", "#"))
    }


def _mark(block: Block, into: Block, policy: Mapping[int, str], line: int) -> int:
    """Copy a block, with a mark wherever the policy's line changes; gives the last line."""
    for statement in block:
        if statement.lineno != line and statement.lineno in policy:
            line = statement.lineno
            into.append(ast.Expr(ast.Name(f"{_MARK}{line}", ast.Load())))
        into.append(statement)
        for inner in _blocks(statement):
            inner[:], rest = [], list(inner)
            line = _mark(rest, inner, policy, line)
    return line


def _blocks(statement: ast.stmt) -> Iterator[Block]:
    for field in ("body", "orelse"):
        if getattr(statement, field, None):
            yield getattr(statement, field)
    for handler in getattr(statement, "handlers", ()):
        yield handler.body
