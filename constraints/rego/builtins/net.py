"""`net.cidr_*`: networks and addresses (facts: OPA's topdown/cidr.go and Go's net)."""

from __future__ import annotations

import ipaddress
import re
import sys
from collections.abc import Callable, Iterable, Iterator
from typing import Final

from constraints.dataclass import dataclass
from constraints.errors import EvaluationError
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.operands import string
from constraints.rego.values.kinds import RegoSet, Value, is_object
from constraints.rego.values.order import sorted_pairs
from constraints.rego.values.sizes import limited, look_through, spend

Address = ipaddress.IPv4Address | ipaddress.IPv6Address

_PREFIX: Final = re.compile("[0-9]{1,6}")
_MAPPED: Final = 0xFFFF << 32  # ::ffff:0:0, where Go keeps the addresses of version 4


@dataclass(frozen=True, slots=True)
class Network:
    """The addresses from `first` to `last`, as numbers of 128 bits in which version 4 is mapped into version 6.

    `text` is the network as Go prints it, empty for one that is made of several.
    """

    first: int
    last: int
    text: str = ""

    @property
    def version(self) -> int:
        """4 or 6."""
        return 4 if self.first >> 32 == self.last >> 32 == 0xFFFF else 6


def _address(text: str) -> Address | None:
    """An address as Go's net.ParseIP reads it: no zone."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError:
        return None
    return None if "%" in text else found


def _number(address: Address) -> int:
    return int(address) + (_MAPPED if address.version == 4 else 0)


def _network(text: str) -> Network:
    """A network in CIDR notation, whatever the bits of the host are."""
    written, _, prefix = text.partition("/")
    address = _address(written)
    if address is None or not _PREFIX.fullmatch(prefix) or int(prefix) > address.max_prefixlen:
        raise BuiltinError(f"invalid CIDR address: {text}")
    size = 1 << (address.max_prefixlen - int(prefix))
    number = _number(address)
    first = number - number % size
    return Network(first, first + size - 1, f"{_shown(first)}/{int(prefix)}")


def _shown(number: int) -> str:
    if number >> 32 == 0xFFFF:
        return str(ipaddress.IPv4Address(number & 0xFFFFFFFF))
    return str(ipaddress.IPv6Address(number))


def _contains(network: Network, number: int) -> bool:
    same_version = (network.version == 4) == (number >> 32 == 0xFFFF)
    return same_version and network.first <= number <= network.last


def _cidr_contains(cidr: str, other: str) -> bool:
    spend(20)
    network = _network(cidr)
    address = _address(other)
    if address is not None:
        return _contains(network, _number(address))
    try:
        inner = _network(other)
    except BuiltinError as error:
        raise BuiltinError(f"not a valid textual representation of an IP address or CIDR: {other}") from error
    return _contains(network, inner.first) and _contains(network, inner.last)


@builtin("net.cidr_contains", "string", "string", result="boolean")
def cidr_contains(cidr: Value, cidr_or_ip: Value) -> bool:
    """Whether an address or all of a network is in a network."""
    return _cidr_contains(string(cidr, 1), string(cidr_or_ip, 1))


@builtin("net.cidr_overlap", "string", "string", result="boolean")
def cidr_overlap(cidr: Value, cidr_or_ip: Value) -> bool:
    """The old name of `net.cidr_contains`."""
    return _cidr_contains(string(cidr, 1), string(cidr_or_ip, 1))


@builtin("net.cidr_intersects", "string", "string", result="boolean")
def cidr_intersects(one: Value, other: Value) -> bool:
    """Whether two networks have an address in common."""
    first, second = _network(string(one, 1)), _network(string(other, 1))
    return _contains(first, second.first) or _contains(second, first.first)


@builtin("net.cidr_is_valid", "string", result="boolean")
def cidr_is_valid(cidr: Value) -> bool:
    """Whether it is a network in CIDR notation; false for what is no string."""
    if not isinstance(cidr, str):
        return False
    try:
        _network(cidr)
    except BuiltinError:
        return False
    return True


@builtin("net.cidr_expand", "string", result="set[string]")
def cidr_expand(cidr: Value) -> RegoSet:
    """All addresses of a network."""
    network = _network(string(cidr, 1))
    size = network.last - network.first + 1
    if size > sys.maxsize:  # nothing counts as far
        raise EvaluationError("a value becomes too large", code="budget_exceeded")
    return RegoSet.later(size, lambda: map(_shown, range(network.first, network.last + 1)))


@builtin(
    "net.cidr_contains_matches",
    "string|array[string|array]|object[string:string|array]|set[string|array]",
    "string|array[string|array]|object[string:string|array]|set[string|array]",
    result="set[array<any,any>]",
)
def cidr_contains_matches(cidrs: Value, cidrs_or_ips: Value) -> RegoSet:
    """Pairs of places (an index, a key or a member), of which the network of one contains that of the other."""
    return RegoSet.of(
        limited(
            [place, other_place]
            for cidr, place in _places(1, cidrs)
            for inner, other_place in _places(2, cidrs_or_ips)
            if _cidr_contains(string(cidr, 1), string(inner, 1))
        )
    )


def _places(position: int, value: Value) -> Iterator[tuple[Value, Value]]:
    """Networks and where they are: a string, or the elements of an array, a set or an object."""
    if isinstance(value, str):
        yield value, value
    elif isinstance(value, list):
        look_through(value)
        yield from ((_entry(position, item), index) for index, item in enumerate(value))
    elif isinstance(value, RegoSet):
        yield from ((_entry(position, item), item) for item in value)
    elif is_object(value):
        yield from ((_entry(position, item), key) for key, item in sorted_pairs(value))


def _entry(position: int, item: Value) -> Value:
    if isinstance(item, str):
        return item
    if isinstance(item, list) and item:
        return item[0]
    raise BuiltinError(f"operand {position}: element must be string or non-empty array")


@builtin("net.cidr_merge", "array[string]|set[string]", result="set[string]")
def cidr_merge(addresses: Value) -> RegoSet:
    """The fewest networks with the same addresses."""
    if not isinstance(addresses, list | RegoSet):
        raise BuiltinError("operand must be an array")
    look_through(addresses, 40)
    merged = _merged([_element(item) for item in addresses])
    return RegoSet.of(text for network in merged for text in _texts(network))


def _element(item: Value) -> Network:
    """A network, or an address of version 4 with the mask of its old class, which Go does not apply to its text."""
    if not isinstance(item, str):
        raise BuiltinError("element must be string")
    address = _address(item)
    if address is None:
        return _network(item)
    number = _number(address)
    if number >> 32 != 0xFFFF:
        raise BuiltinError("IPv6 invalid: needs prefix length")
    top = number >> 24 & 0xFF
    prefix = 8 if top < 0x80 else 16 if top < 0xC0 else 24
    size = 1 << (32 - prefix)
    return Network(number - number % size, number - number % size + size - 1, f"{_shown(number)}/{prefix}")


def _merged(networks: Iterable[Network]) -> list[Network]:
    ranges = sorted(networks, key=lambda network: (network.last, network.first))
    for place in range(len(ranges) - 1, 0, -1):
        upper, lower = ranges[place], ranges[place - 1]
        if _previous(upper.first) <= lower.last:
            ranges[place - 1 : place + 1] = [Network(min(lower.first, upper.first), upper.last)]
    return ranges


def _previous(number: int) -> int:
    """The number before, but nothing is before 0.0.0.0 and ::."""
    return number if number in (0, _MAPPED) else number - 1


def _texts(network: Network) -> Iterator[str]:
    if network.text:
        yield network.text
        return
    kind: Callable[[int], Address] = ipaddress.IPv4Address if network.version == 4 else ipaddress.IPv6Address
    mask = 0xFFFFFFFF if network.version == 4 else -1
    ends = kind(network.first & mask), kind(network.last & mask)
    yield from map(str, ipaddress.summarize_address_range(*ends))
