"""Parts of a policy that depend on the constraint alone are computed once, when it is compiled."""

from __future__ import annotations

import ast
from collections.abc import Mapping
from typing import Any, Final

from constraints.errors import EvaluationError
from constraints.lang.pycode import Block, Nodes
from constraints.lang.pywalk import loaded_names, walk
from constraints.rego.runtime.context import Context
from constraints.rego.values.kinds import Value
from constraints.rego.values.sizes import limited_to

EARLY_STEPS: Final = 100_000
"""The budget of what is computed early; what takes more is left to the reviews, which have budgets of their own."""

_FAILURES: Final = (EvaluationError, RecursionError, MemoryError, SyntaxError)
"""What ends an evaluation, and what Python says of code that nests too deeply. Builtins that cannot answer are handled
by the code itself, as in a review."""


class Unknown(Exception):
    """There is no answer yet."""


def computed(block: Block, scope: Mapping[str, Any], used: Mapping[str, int], known: int) -> Value:
    """What the block, which ends by giving a value, gives. Raises Unknown when that depends on more than `scope`.

    Of the `used` local names those before the number `known` are in use around it.
    """
    names = set(loaded_names(block))
    stored = {node.id for node in walk(block) if isinstance(node, ast.Name) and isinstance(node.ctx, ast.Store)}
    read = names - stored - {"c", "error"}
    if any(used.get(name, known) < known or name not in scope for name in read):
        raise Unknown
    inside = dict(scope)
    try:
        exec(compile(ast.Module([Nodes().function("early", ["c"], block)], []), "early", "exec"), inside)
        with limited_to(EARLY_STEPS):
            return inside["early"](Context({}, {}, 0))
    except _FAILURES as error:
        raise Unknown from error  # a review that comes to this place says it
