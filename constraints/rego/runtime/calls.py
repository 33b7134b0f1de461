"""Calls of builtins and functions: their failures, what replaces them, and answers that are remembered."""

from __future__ import annotations

from collections.abc import Callable
from decimal import Decimal
from typing import Any, Final

from constraints.errors import EvaluationError
from constraints.lang.source import Span
from constraints.rego.builtins import Builtin, BuiltinError
from constraints.rego.runtime.conflicts import Where
from constraints.rego.runtime.context import MISSING, Context
from constraints.rego.runtime.iteration import spend_copy, spend_size
from constraints.rego.values.kinds import UNDEFINED, RegoObject, RegoSet, Value, key_of
from constraints.rego.values.number import LiteralDecimal, LiteralFloat
from constraints.rego.values.sizes import FEW, LONG

ANSWERS: Final = 4096

SHARING: Final = frozenset({"array.concat", "array.reverse", "array.slice", "sort"})
"""Builtins that make lists of items which were there before."""

SIZED: Final = frozenset({str, list, dict, RegoSet, RegoObject})

NUMBERS: Final = frozenset({int, float, Decimal, LiteralFloat, LiteralDecimal})

_CALL: Final = 16
"""Steps for an answer of a function that is remembered."""


def failed(context: Context, error: BuiltinError, name: str, where: Where) -> Value:
    """A builtin without an answer: undefined, or in strict mode an error."""
    if not context.strict:
        return UNDEFINED
    message = f"{where[0]}:{where[1]}: {error.code}: {name}: {error}"
    raise EvaluationError(message, code=error.code, span=Span(where[1], where[2]), source=where[0]) from error


def attempt(context: Context, builtin: Builtin, arguments: tuple[Value, ...], where: Where) -> Value:
    """A builtin's answer, undefined when it has none."""
    try:
        found = builtin.run(context, *arguments) if builtin.contextual else builtin.run(*arguments)
    except BuiltinError as error:
        return failed(context, error, builtin.name, where)
    if type(found) in SIZED and len(found) > FEW:
        (spend_copy if builtin.name in SHARING else spend_size)(context, found)
    return found


def callable_of(builtin: Builtin, where: Where) -> Any:
    """A builtin as a function of the Context and its arguments."""

    def run(context: Context, *arguments: Value) -> Value:
        return attempt(context, builtin, arguments, where)

    return run


def mocked(context: Context, name: str, original: Any, arguments: tuple[Value, ...]) -> Value:
    """The answer of a function that some `with` replaces; what replaces it calls no replacement itself."""
    mock = context.mocks.get(name)
    if mock is None:
        return original(context, *arguments)
    if mock.run is None:
        return mock.value
    unmocked = context.derived()
    unmocked.mocks = {}
    return mock.run(unmocked, *arguments)


def recalled(run: Callable[..., Value], context: Context, *arguments: Value) -> Value:
    """A function's answer in this evaluation, which is computed when it is first asked for."""
    key = (run, *map(key_of, arguments))
    found = context.calls.get(key, MISSING)
    if found is MISSING:
        context.budget.spend(_CALL)
        found = context.calls[key] = run(context, *arguments)
    return found


def remembered(answers: dict[str, Value], argument: str, answer: Value) -> Value:
    """Keep a function's answer, unless it is large; a full table is emptied, since clusters repeat themselves soon."""
    if len(argument) > LONG or (type(answer) in SIZED and len(answer) > LONG):
        return answer
    if len(answers) >= ANSWERS:
        answers.clear()
    # null can't be told from nothing, and is computed again
    answers[argument] = answer
    return answer
