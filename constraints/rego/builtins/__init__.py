"""Rego's builtin functions: one file a family, each registering its own."""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, TypeVar

from constraints.rego.values import Value

F = TypeVar("F", bound=Callable[..., Any])


class BuiltinError(Exception):
    """A builtin cannot answer for these arguments: undefined, or in strict mode an error.

    `code` is `eval_builtin_error`, or `eval_type_error` for an argument of a wrong type. The text is what OPA prints
    behind `<name>: `.
    """

    def __init__(self, message: str, code: str = "eval_builtin_error") -> None:
        super().__init__(message)
        self.code = code


def wrong_type(position: int, wanted: str, got: str) -> BuiltinError:
    """`operand 2 must be number but got string`; `position` counts from 1."""
    return BuiltinError(f"operand {position} must be {wanted} but got {got}", "eval_type_error")


@dataclass(frozen=True, slots=True)
class Builtin:
    """One function: `run` takes `arity` values and gives one, or UNDEFINED, or raises BuiltinError.

    `types` are the declared types of its arguments, for the compiler's type check: any, null, boolean, number, string,
    array, object, set, or several with `|`. `result` is the declared type of its value. A `relation` (`walk`) gives an
    iterable of values. A `contextual` one takes the evaluation's context as its first argument (clock, external data,
    print, tracing, rand with its memory). `pure` ones with constant arguments may be computed at compile time.
    """

    name: str
    run: Callable[..., Value]
    types: tuple[str, ...]
    result: str = "any"
    relation: bool = False
    contextual: bool = False
    pure: bool = True

    @property
    def arity(self) -> int:
        """How many arguments it takes."""
        return len(self.types)


BUILTINS: dict[str, Builtin] = {}


def builtin(name: str, *types: str, result: str = "any", **flags: bool) -> Callable[[F], F]:
    """Register the decorated function; two for one name is a mistake."""

    def register(run: F) -> F:
        if name in BUILTINS:
            raise ValueError(f"builtin {name!r} is already registered")
        BUILTINS[name] = Builtin(name, run, types, result, **flags)
        return run

    return register


# Families register themselves when imported; heavy ones (cryptography, jsonschema) import their libraries late.
