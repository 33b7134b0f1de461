"""`dataclass` as the standard library has it, but that methods are written when they are first called.

The standard library writes and compiles up to six functions for each class, of which a process calls one or two, if
any: for the three hundred classes that one run imports that was a third of what importing our modules took. Here a
class begins with stubs: one makes the method that it stands for when that is looked up, and gives it its own place.

Type checkers see the standard library's decorator. What has no user among us is not there: InitVar, kw_only,
unsafe_hash, match_args=False, weakref_slot.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, field, fields
from functools import partial
from reprlib import recursive_repr
from types import MappingProxyType, MemberDescriptorType, MethodType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")
Method = Callable[..., Any]
Written = tuple[str, dict[str, Any]]  # the text of a method, and the names that it uses
Writer = Callable[[type], Written]

_OMITTED: Final = object()  # stands for an argument whose field has a default_factory


@dataclass_transform(frozen_default=True, field_specifiers=(field,))
def value(cls: type[T]) -> type[T]:
    """A slotted dataclass that is frozen for the type checker only.

    For values that are made for every object, or for every word of a policy: refusing assignments at run time makes
    creating one take twice as long, which is more than some policies take.
    """
    return _equipped(cls, True, {"__init__": _init, "__eq__": _equality, "__hash__": _hash}, {})


def _dataclass(
    cls: type[T] | None = None, /, *, frozen: bool = False, slots: bool = False, eq: bool = True, order: bool = False
) -> Any:
    """As `dataclasses.dataclass`, with parentheses or without."""
    later: dict[str, Writer] = {"__init__": _frozen_init if frozen else _init}
    now: dict[str, Any] = dict(_FROZEN if frozen else {})
    if eq:
        later["__eq__"] = _equality
    if eq and frozen:
        later["__hash__"] = _hash
    elif eq:
        now["__hash__"] = None  # Python's way to say that there is none
    if order:
        later |= _ORDER

    def decorate(kind: type[T]) -> type[T]:
        return _equipped(kind, slots, later, now)

    return decorate if cls is None else decorate(cls)


if TYPE_CHECKING:
    from dataclasses import dataclass as dataclass
else:
    dataclass = _dataclass


def _equipped(kind: type[T], slots: bool, later: Mapping[str, Writer], now: Mapping[str, Any]) -> type[T]:
    """A class with its fields, and with these methods where it has none of its own."""
    own = dict(vars(kind))
    if own.get("__hash__") is None and "__eq__" in own:
        own.pop("__hash__", None)  # Python has put it there, for a class that says what is equal
    made = dataclasses.dataclass(init=False, repr=False, eq=False, slots=slots)(kind)
    for name, method in {"__repr__": _shown, **now}.items():
        if name not in own:
            setattr(made, name, method)
    for name, writer in later.items():
        if name not in own:
            setattr(made, name, _Later(made, name, writer))
    return made


class _Later:
    """Stands in a class for a method that is not written yet."""

    __slots__ = ("_kind", "_name", "_writer")

    def __init__(self, kind: type, name: str, writer: Writer) -> None:
        self._kind, self._name, self._writer = kind, name, writer

    def __get__(self, one: object, kind: type) -> Method:
        """The method, which takes this place."""
        text, names = self._writer(self._kind)
        exec(text, names)
        method: Method = names.pop(self._name)
        method.__qualname__ = (
            f"{self._kind.__qualname__}.{self._name}"  # Python's name for it where arguments are wrong
        )
        setattr(self._kind, self._name, method)
        return method if one is None else MethodType(method, one)


def _init(kind: type, setting: Callable[[str, str], str] = "self.{} = {}".format) -> Written:
    """For two fields, one with a default: `def __init__(self, a, b=_given_b):`, `self.a = a`, `self.b = b`."""
    names: dict[str, Any] = {}
    parameters, lines = ["self"], []
    for each in fields(kind):
        parameter, initial, given = _parts(each)
        names |= given
        parameters += [parameter] if each.init else []
        lines += [setting(each.name, initial)] if initial else []
    if hasattr(kind, "__post_init__"):
        lines.append("self.__post_init__()")
    return f"def __init__({', '.join(parameters)}):\n " + "\n ".join(lines or ["pass"]), names


def _frozen_init(kind: type) -> Written:
    """As `_init`; the slots are set themselves, which takes three quarters of what `object.__setattr__` takes."""
    setters: dict[str, Any] = {}

    def setting(name: str, initial: str) -> str:
        slot = getattr(kind, name, None)
        if isinstance(slot, MemberDescriptorType):
            setters[f"_set_{name}"] = slot.__set__
            return f"_set_{name}(self, {initial})"
        setters["_assign"] = object.__setattr__
        return f"_assign(self, {name!r}, {initial})"

    text, names = _init(kind, setting)
    return text, names | setters


def _parts(each: Field[Any]) -> tuple[str, str, dict[str, Any]]:
    """The parameter of a field, the expression of what it begins with, and the names that these use."""
    name, given = each.name, f"_given_{each.name}"
    if each.default_factory is not MISSING:
        value = f"{given}() if {name} is _omitted else {name}" if each.init else f"{given}()"
        return f"{name}=_omitted", value, {given: each.default_factory, "_omitted": _OMITTED}
    if each.default is not MISSING:
        return f"{name}={given}", name if each.init else given, {given: each.default}
    return name, name if each.init else "", {}


def _equality(kind: type) -> Written:
    return _comparison("__eq__", "==", kind)


def _comparison(name: str, sign: str, kind: type) -> Written:
    mine, its = _compared(kind, "self"), _compared(kind, "other")
    same = "other.__class__ is self.__class__"
    return f"def {name}(self, other):\n return {mine} {sign} {its} if {same} else NotImplemented", {}


def _hash(kind: type) -> Written:
    return f"def __hash__(self):\n return hash({_compared(kind, 'self')})", {}


def _compared(kind: Any, of: str) -> str:
    """The tuple of what counts in comparisons."""
    return f"({''.join(f'{of}.{each.name}, ' for each in fields(kind) if each.compare)})"


@recursive_repr()
def _shown(self: Any) -> str:
    parts = ", ".join(f"{each.name}={getattr(self, each.name)!r}" for each in fields(self) if each.repr)
    return f"{type(self).__qualname__}({parts})"


def _refuse_setting(self: object, name: str, value: object) -> NoReturn:
    raise FrozenInstanceError(f"cannot assign to field {name!r}")


def _refuse_deleting(self: object, name: str) -> NoReturn:
    raise FrozenInstanceError(f"cannot delete field {name!r}")


def _state(self: Any) -> list[Any]:
    return [getattr(self, each.name) for each in fields(self)]


def _take_state(self: Any, state: list[Any]) -> None:
    for each, part in zip(fields(self), state, strict=True):
        object.__setattr__(self, each.name, part)


_ORDER: Final[Mapping[str, Writer]] = MappingProxyType(
    {
        name: partial(_comparison, name, sign)
        for name, sign in (("__lt__", "<"), ("__le__", "<="), ("__gt__", ">"), ("__ge__", ">="))
    }
)
_FROZEN: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "__setattr__": _refuse_setting,
        "__delattr__": _refuse_deleting,
        "__getstate__": _state,  # pickle would set the fields
        "__setstate__": _take_state,
    }
)
