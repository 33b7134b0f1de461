"""What each call costs in Kubernetes: cel-go's rules for its own functions, Kubernetes' for those of its library.

Everything that is not in a table here costs 1. Texts are traversed at 0.1 a character, patterns weigh 0.25 a character.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Final

from constraints.cel.failures import Panic
from constraints.cel.library.cidr import CIDR
from constraints.cel.library.formats import Format
from constraints.cel.library.ip import IP
from constraints.cel.maps import entries
from constraints.cel.overloads import Overload
from constraints.cel.types import BYTES, DURATION, STRING, TIMESTAMP
from constraints.cel.values import Keyed, Opaque, Optional, Value, go_name, type_name
from constraints.dataclass import dataclass

PER_CALL: Final = 1_000_000  # for one expression; Gatekeeper gives as much for all validations of a constraint
CONDITIONS: Final = 2_500_000  # for all match conditions of a constraint
LIST: Final = 10  # for making one
MAP: Final = 30
MESSAGE: Final = 40

PANICS: Final = frozenset({"distinct", "sort", "@sortByAssociatedKeys"})  # when there is a rule, but no list
Values = Sequence[Value]
Price = Callable[[Values, Value], int]  # of the arguments and the result
_ADDABLE: Final = frozenset({"bytes", "double", "int", "string", "uint", TIMESTAMP.name, DURATION.name})
_SIZED: Final = frozenset({str, bytes, list, dict, Keyed})


@dataclass(frozen=True, slots=True)
class Charge:
    """The price of a call; `after` when it depends on the result, which is None before and ERROR for a failure."""

    price: Price
    after: bool = False


class _Error:
    """An argument or a result that could not be computed."""


ERROR: Final = _Error()


def size(value: Value) -> int:
    """Characters, bytes, items or entries; 1 for anything else."""
    kind = type(value)
    if kind in _SIZED:
        return len(value)
    if kind is Optional:
        return size(value.value) if value.present else 1
    if isinstance(value, CIDR):
        return -(-value.length // 8)
    return (4 if value.address.version == 4 else 16) if isinstance(value, IP) else 1


def rule_of(name: str, overloads: Sequence[Overload]) -> Charge | None:
    """The rule for a call of which only `overloads` fit; None when it costs 1.

    cel-go knows the rules of its own functions by overload, so a call that may mean several costs 1.
    """
    method = bool(overloads) and overloads[0].method
    if name in _OF_NETWORKS and len(overloads) == 1 and overloads[0].arguments[1] == STRING:
        return _OF_NETWORKS[name]
    if name in _BY_NAME and (name, method) != ("ip", True):
        return _BY_NAME[name]
    if len(overloads) != 1:
        return None
    kinds = overloads[0].arguments
    if name in _OF_LISTS:
        return _OF_LISTS[name]
    if name in _OF_ORDERED:
        return _OF_ORDERED[name]
    if name in _OF_TEXTS:
        return _OF_TEXTS[name] if kinds[-1] in (STRING, BYTES) else None
    if name in ("bytes", "string"):
        return _scanned(1) if kinds[0] == (STRING if name == "bytes" else BYTES) else None
    return Charge(lambda given, _: size(given[1])) if name == "@in" and kinds[1].name == "list" else None


def tenths(count: int) -> int:
    """A tenth of `count`, rounded up."""
    return -(-count // 10)


def searched(text: int, pattern: int) -> int:
    """A pattern of that many characters, looked for in a text of that many."""
    return tenths(text + 1) * -(-pattern // 4)


def _scanned(times: int) -> Charge:
    return Charge(lambda given, _: tenths(size(given[0]) * times))


def _less(given: Values, _: Value) -> int:
    return tenths(min(size(given[0]), size(given[1])))


def _equal(given: Values, _: Value) -> int:
    return 1 if isinstance(given[0], Opaque) else _less(given, _)


def _traversed(given: Values, _: Value) -> int:
    return _weight(given[0])


def _weight(value: Value) -> int:
    kind = type(value)
    if kind is str:
        return len(value.encode(errors="surrogatepass")) // 10
    if kind is bytes:
        return len(value) // 10
    if kind is list:
        return sum(map(_weight, value))
    return sum(_weight(key) + _weight(item) for key, item in entries(value)) if isinstance(value, dict) else 1


def _contains(given: Values, _: Value) -> int:
    return tenths(size(given[0])) * tenths(size(given[1]))


def _in_network(given: Values, _: Value) -> int:
    return tenths(2 * size(given[0]))


def _networks(given: Values, _: Value) -> int:
    return _in_network(given, _) + tenths(size(given[0])) + 1


def _read(price: Price) -> Charge:
    """With the price of reading what is known to be a text."""
    return Charge(lambda given, _: price(given, _) + tenths(size(given[1])))


def _validated(given: Values, _: Value) -> int:
    return searched(size(given[1]), given[0].weight) if isinstance(given[0], Format) else 1


def _compared(given: Values, place: int) -> int:
    items = given[place]
    if type(items) is not list:
        missing = "Contains" if type_name(items) in _ADDABLE else "Add"
        raise Panic(f"{go_name(items)} is not traits.Lister: missing method {missing}")
    texts = bool(items) and type(items[0]) in (str, bytes)
    return LIST + 1 + len(items) ** 2 * (21 if texts else 20) // 10


def _flattened(given: Values, _: Value) -> int:
    depth = given[1] if len(given) == 2 else 1
    if type(depth) is not int:
        raise Panic(no_integer(depth))
    return LIST + 1 + size(given[0]) * (depth if depth >= 0 else 1)


def no_integer(value: Value) -> str:
    """How Go says that a value is no integer."""
    return f"ref.Val is {'*types.Err' if value is ERROR else go_name(value)}, not types.Int"


def _made(given: Values, result: Value) -> int:
    return LIST + 1 + size(result)


def _sets(times: int) -> Charge:
    return Charge(lambda given, _: 1 + size(given[0]) * size(given[1]) * times)


_SEARCH: Final = Charge(lambda given, _: searched(size(given[0]), size(given[1])))
_AFFIX: Final = Charge(lambda given, _: tenths(size(given[1])))
_BY_NAME: Final[Mapping[str, Charge]] = {
    **dict.fromkeys(("isSorted", "sum", "max", "min", "indexOf", "lastIndexOf"), Charge(_traversed)),
    **dict.fromkeys(("url", "lowerAscii", "upperAscii", "substring", "trim", "cidr", "isIP", "isCIDR"), _scanned(1)),
    **dict.fromkeys(("ip", "quantity", "isQuantity", "semver", "isSemver"), _scanned(1)),
    **dict.fromkeys(("replace", "split", "ip.isCanonical"), _scanned(2)),
    **dict.fromkeys(("find", "findAll"), _SEARCH),
    "join": Charge(lambda _, result: tenths(2 * size(result)), after=True),
    "containsIP": Charge(_in_network),
    "containsCIDR": Charge(_networks),
    "validate": Charge(_validated),
    "_==_": Charge(_equal),
    "_!=_": Charge(_less),
}
_OF_NETWORKS: Final[Mapping[str, Charge]] = {"containsIP": _read(_in_network), "containsCIDR": _read(_networks)}
_OF_LISTS: Final[Mapping[str, Charge]] = {
    **dict.fromkeys(("slice", "lists.range", "reverse"), Charge(_made, after=True)),
    "distinct": Charge(lambda given, _: _compared(given, 0)),
    "flatten": Charge(_flattened),
    "sets.contains": _sets(1),
    "sets.intersects": _sets(1),
    "sets.equivalent": _sets(2),
    **dict.fromkeys(("startsWith", "endsWith"), _AFFIX),
    **dict.fromkeys(("strings.quote", "format"), _scanned(1)),
    "matches": _SEARCH,
    "contains": Charge(_contains),
}
_OF_ORDERED: Final[Mapping[str, Charge]] = {
    "sort": Charge(lambda given, _: _compared(given, 0)),
    "@sortByAssociatedKeys": Charge(lambda given, _: _compared(given, 1)),
}
_OF_TEXTS: Final[Mapping[str, Charge]] = {
    **dict.fromkeys(("_<_", "_<=_", "_>_", "_>=_"), Charge(_less)),
    "_+_": Charge(lambda given, _: tenths(size(given[0]) + size(given[1]))),
}
