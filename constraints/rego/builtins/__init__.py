"""Rego's builtin functions: one file a family, each registering its own."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass
from importlib.util import find_spec
from typing import Any, Final, TypeVar

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
    print, tracing, rand with its memory: outside.py). `pure` ones with constant arguments may be computed at compile
    time. A `guarded` one exists only where it is enabled by name. `extra` is the optional extra of this distribution
    that it needs.
    """

    name: str
    run: Callable[..., Value]
    types: tuple[str, ...]
    result: str = "any"
    relation: bool = False
    contextual: bool = False
    pure: bool = True
    guarded: bool = False
    extra: str = ""

    @property
    def arity(self) -> int:
        """How many arguments it takes."""
        return len(self.types)

    @property
    def missing(self) -> str:
        """Why it cannot be used in this installation, for the compiler; empty when it can."""
        absent = [name for name in _EXTRAS.get(self.extra, ()) if find_spec(name) is None]
        if not absent:
            return ""
        return f"{self.name} needs the Python package {absent[0]}: pip install 'kube-patrol[{self.extra}]'"


_EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {"crypto": ("cryptography",)}
"""What an extra of pyproject.toml brings, by the names to import."""


BUILTINS: dict[str, Builtin] = {}


@dataclass(frozen=True, slots=True)
class Capabilities:
    """Which builtins a policy may call: not the disabled ones, and of the guarded ones the enabled.

    A disabled builtin is unknown to the compiler, as with Gatekeeper's `--disable-opa-builtin`.
    """

    disabled: frozenset[str] = frozenset()
    enabled: frozenset[str] = frozenset()

    def builtins(self) -> Mapping[str, Builtin]:
        """Those that may be called, by name."""
        return {name: found for name, found in BUILTINS.items() if self._allows(found)}

    def _allows(self, found: Builtin) -> bool:
        if found.name in self.disabled:
            return False
        return not found.guarded or found.name in self.enabled


def builtin(name: str, *types: str, result: str = "any", **flags: Any) -> Callable[[F], F]:
    """Register the decorated function; two for one name is a mistake."""

    def register(run: F) -> F:
        if name in BUILTINS:
            raise ValueError(f"builtin {name!r} is already registered")
        BUILTINS[name] = Builtin(name, run, types, result, **flags)
        return run

    return register


# Families register themselves when imported; heavy ones (cryptography, jsonschema) import their libraries late.
