"""`dataclass` as the standard library has it, but that methods are written when they are first called.

The standard library writes and compiles up to six functions for each class, of which a process calls one or two, if
any: for the three hundred classes that one run imports that was a third of what importing our modules took. Here a
class begins with stubs: a stub makes the method that it stands for, puts that in its own place, and calls it.

Type checkers see the standard library's decorator. What has no user among us is not there: InitVar, kw_only,
unsafe_hash, match_args=False, weakref_slot.
"""

from __future__ import annotations

import dataclasses
from collections.abc import Callable, Mapping
from dataclasses import MISSING, Field, FrozenInstanceError, field, fields
from functools import partial
from reprlib import recursive_repr
from types import MappingProxyType, MemberDescriptorType
from typing import TYPE_CHECKING, Any, Final, NoReturn, TypeVar, dataclass_transform

T = TypeVar("T")
Method = Callable[..., Any]
Written = tuple[str, dict[str, Any]]  # the text of a method, and the names that it uses
Writer = Callable[[type], Written]

_SIGNS: Final = MappingProxyType({"__lt__": "<", "__le__": "<=", "__gt__": ">", "__ge__": ">="})
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
        later |= {name: partial(_comparison, name, sign) for name, sign in _SIGNS.items()}

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
            setattr(made, name, _stub(made, name, writer))
    return made


def _stub(kind: type, name: str, writer: Writer) -> Method:
    def first(*args: Any, **named: Any) -> Any:
        text, names = writer(kind)
        exec(text, names)
        method = names[name]
        method.__qualname__ = f"{kind.__qualname__}.{name}"  # by which Python names it where arguments are wrong
        setattr(kind, name, method)
        return method(*args, **named)

    return first


def _init(kind: type, setting: Callable[[str, str], str] = "self.{} = {}".format) -> Written:
    """For two fields, one with a default: `def __init__(self, a, b=_given_b):`, `self.a = a`, `self.b = b`."""
    names: dict[str, Any] = {"_omitted": _OMITTED}
    parameters, lines = ["self"], []
    for each in fields(kind):
        parameter, initial, given = _parts(each)
        names[f"_given_{each.name}"] = given
        parameters += [parameter] if each.init else []
        lines += [setting(each.name, initial)] if initial else []
    if hasattr(kind, "__post_init__"):
        lines.append("self.__post_init__()")
    return f"def __init__({', '.join(parameters)}):\n " + "\n ".join(lines or ["pass"]), names


def _frozen_init(kind: type) -> Written:
    """As `_init`; the slots are set themselves, which takes half as long as `object.__setattr__`."""
    slots = {each.name: getattr(kind, each.name, None) for each in fields(kind)}

    def setting(name: str, initial: str) -> str:
        direct = isinstance(slots[name], MemberDescriptorType)
        return f"_set_{name}(self, {initial})" if direct else f"_assign(self, {name!r}, {initial})"

    text, names = _init(kind, setting)
    setters = {f"_set_{name}": slot.__set__ for name, slot in slots.items() if isinstance(slot, MemberDescriptorType)}
    return text, {**names, **setters, "_assign": object.__setattr__}


def _parts(each: Field[Any]) -> tuple[str, str, object]:
    """The parameter of a field, the expression of what it begins with, and its default or who makes that."""
    name, given = each.name, f"_given_{each.name}"
    if each.default_factory is not MISSING:
        value = f"{given}() if {name} is _omitted else {name}" if each.init else f"{given}()"
        return f"{name}=_omitted", value, each.default_factory
    if each.default is not MISSING:
        return f"{name}={given}", name if each.init else given, each.default
    return name, name if each.init else "", None


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


_FROZEN: Final[Mapping[str, Method]] = MappingProxyType(
    {
        "__setattr__": _refuse_setting,
        "__delattr__": _refuse_deleting,
        "__getstate__": _state,  # pickle would set the fields
        "__setstate__": _take_state,
    }
)
