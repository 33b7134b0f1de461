"""The functions of the library: declared by signature beside their code, chosen by the types of their arguments."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterable
from functools import cache
from typing import Final, TypeVar

from constraints.cel.failures import no_overload
from constraints.cel.maps import entries
from constraints.cel.types import Type, parse_type, parse_types
from constraints.cel.values import Value, type_name
from constraints.dataclass import dataclass

Code = Callable[..., Value]
_Code = TypeVar("_Code", bound=Code)
_SIGNATURE: Final = re.compile(r"(?P<name>[@\w.]+)\((?P<arguments>.*)\) -> (?P<result>.+)")
_METHOD: Final = re.compile(r"(?P<receiver>.+)\.(?P<name>@?\w+)\((?P<arguments>.*)\) -> (?P<result>.+)")


@dataclass(frozen=True, slots=True, eq=False)
class Overload:
    """One way to call a function; the receiver of a method is its first argument."""

    method: bool
    arguments: tuple[Type, ...]
    result: Type
    code: Code

    def takes(self, values: tuple[Value, ...]) -> bool:
        """Whether the values are of the arguments' types, as far as cel-go looks: into the first item of a list."""
        return len(values) == len(self.arguments) and all(map(_fits, self.arguments, values))


class Function:
    """All overloads of one name. Called with values it runs the overload that takes them."""

    __slots__ = ("_checked", "name", "overloads", "unguarded")

    def __init__(self, name: str) -> None:
        self.name = name
        self.unguarded: Code | None = None
        self.overloads: list[Overload] = []
        self._checked: dict[tuple[type, ...], Code] = {}

    def __call__(self, *values: Value) -> Value:
        """Raises Failure when no overload takes the values."""
        kinds = (type(values[0]),) if len(values) == 1 else tuple(map(type, values))
        code = self._checked.get(kinds)
        if code is not None:
            return code(*values)
        for overload in self.overloads:
            if overload.takes(values):
                if not any(argument.parameters for argument in overload.arguments):
                    self._checked[kinds] = overload.code
                return overload.code(*values)
        raise no_overload(f"{self.name}({', '.join(map(type_name, values))})")


@cache
def alone(name: str, overload: Overload) -> Code:
    """One overload, which refuses values that another one would take."""

    def call(*values: Value) -> Value:
        if not overload.takes(values):
            raise no_overload(f"{name}({', '.join(map(type_name, values))})")
        return overload.code(*values)

    return call


FUNCTIONS: Final[dict[str, Function]] = {}


def function(*signatures: str) -> Callable[[_Code], _Code]:
    """Declare the code for `name(types) -> type`; the name may have dots."""
    return _declared(_SIGNATURE, signatures)


def method(*signatures: str) -> Callable[[_Code], _Code]:
    """Declare the code for `receiver.name(types) -> type`."""
    return _declared(_METHOD, signatures)


def unguarded(name: str, *signatures: str) -> Callable[[_Code], _Code]:
    """Declare the functions and methods of one name, whose code looks at the types of its arguments itself."""

    def declare(code: _Code) -> _Code:
        for signature in signatures:
            (function if signature.startswith(f"{name}(") else method)(signature)(code)
        named(name).unguarded = code
        return code

    return declare


def named(name: str) -> Function:
    """The function of that name, a new one when there is none."""
    return FUNCTIONS.setdefault(name, Function(name))


def _declared(pattern: re.Pattern[str], signatures: Iterable[str]) -> Callable[[_Code], _Code]:
    def declare(code: _Code) -> _Code:
        for signature in signatures:
            found = pattern.fullmatch(signature)
            assert found, signature
            receiver = (parse_type(found["receiver"]),) if pattern is _METHOD else ()
            arguments = (*receiver, *parse_types(found["arguments"]))
            named(found["name"]).overloads.append(
                Overload(bool(receiver), arguments, parse_type(found["result"]), code)
            )
        return code

    return declare


def _fits(wanted: Type, value: Value) -> bool:
    if wanted.is_dyn or wanted.is_variable:
        return True
    if wanted.name != type_name(value):
        return False
    if wanted.name == "list":
        return not value or _fits(wanted.parameters[0], value[0])
    if wanted.name == "map" and value:
        key, item = next(iter(entries(value)))
        return _fits(wanted.parameters[0], key) and _fits(wanted.parameters[1], item)
    return True
