"""Rego's builtin functions: one file a family, each registering its own."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Mapping
from importlib import import_module
from importlib.util import find_spec
from typing import Any, Final, TypeVar

from constraints.dataclass import value
from constraints.rego.builtins.families import FAMILIES, GUARDED, PROVIDED
from constraints.rego.values.kinds import Value

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


@value
class Builtin:
    """One function: `run` takes `arity` values and gives one, or UNDEFINED, or raises BuiltinError.

    `types` are the declared types of its arguments, for the compiler's type check: any, null, boolean, number, string,
    array, object, set, or several with `|`; with the type of what is in them where OPA declares one: array[number],
    object[string] (the values), the first parts by themselves as in array<number,string>. `result` is the declared type
    of its value. A `relation` (`walk`) gives an iterable of values. A `contextual` one takes the evaluation's context
    as its first argument (clock, external data, print, tracing, rand with its memory: outside.py). `pure` ones with
    constant arguments may be computed at compile time. `extra` is the optional extra of this distribution that it
    needs.
    """

    name: str
    run: Callable[..., Value]
    types: tuple[str, ...]
    result: str = "any"
    relation: bool = False
    contextual: bool = False
    pure: bool = True
    extra: str = ""

    @property
    def arity(self) -> int:
        """How many arguments it takes."""
        return len(self.types)

    @property
    def kind(self) -> str:
        """The declared type of its value, without that of what is in it."""
        return re.split(r"[\[<]", self.result)[0] if "|" not in self.result else self.result

    @property
    def missing(self) -> str:
        """Why it cannot be used in this installation, for the compiler; empty when it can."""
        absent = [name for name in _EXTRAS.get(self.extra, ()) if find_spec(name) is None]
        if not absent:
            return ""
        return f"{self.name} needs the Python package {absent[0]}: pip install 'kube-patrol[{self.extra}]'"


_EXTRAS: Final[Mapping[str, tuple[str, ...]]] = {"crypto": ("cryptography",), "graphql": ("graphql",)}
"""What an extra of pyproject.toml brings, by the names to import."""


_REGISTERED: dict[str, Builtin] = {}


class Builtins(Mapping[str, Builtin]):
    """Builtins by name. The family of one is imported when it is first asked for: most policies need few of them."""

    def __init__(self, families: Mapping[str, str]) -> None:
        self._families = families

    def __getitem__(self, name: str) -> Builtin:
        family = self._families[name]
        if name not in _REGISTERED:
            import_module(f"{__name__}.{family}")
        return _REGISTERED[name]

    def __contains__(self, name: object) -> bool:
        return name in self._families

    def __iter__(self) -> Iterator[str]:
        return iter(self._families)

    def __len__(self) -> int:
        return len(self._families)


_FAMILY_OF: Final = {name: family for family, names in FAMILIES.items() for name in names}
BUILTINS: Final = Builtins(_FAMILY_OF)


@value
class Capabilities:
    """Which builtins a policy may call: not the disabled ones, and of the guarded and provided ones the enabled.

    A disabled builtin is unknown to the compiler, as with Gatekeeper's `--disable-opa-builtin`.
    """

    disabled: frozenset[str] = frozenset()
    enabled: frozenset[str] = frozenset()

    def builtins(self) -> Mapping[str, Builtin]:
        """Those that may be called, by name."""
        absent = self.disabled | ((GUARDED | PROVIDED) - self.enabled)
        return Builtins({name: family for name, family in _FAMILY_OF.items() if name not in absent})


def builtin(name: str, *types: str, result: str = "any", **flags: Any) -> Callable[[F], F]:
    """Register the decorated function; two for one name is a mistake."""

    def register(run: F) -> F:
        if name not in _FAMILY_OF or name in _REGISTERED:
            raise ValueError(f"builtin {name!r} is already registered, or missing in families.py")
        _REGISTERED[name] = Builtin(name, run, types, result, **flags)
        return run

    return register


# Heavy families (cryptography, jsonschema) import their libraries late, too.
