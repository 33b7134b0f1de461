"""Networks in CIDR notation."""

from __future__ import annotations

import ipaddress
from typing import ClassVar

from constraints.cel.failures import Failure, no_overload
from constraints.cel.library.ip import IP, Address, read_address
from constraints.cel.overloads import function, method
from constraints.cel.values import Opaque
from constraints.dataclass import dataclass
from constraints.golang.netip import complaint
from constraints.golang.quoting import quoted

_ERROR = "network address parse error during conversion from string: "


@dataclass(frozen=True, slots=True)
class CIDR(Opaque):
    """An address and the length of its prefix."""

    type_name: ClassVar[str] = "net.CIDR"
    address: Address
    length: int

    def __str__(self) -> str:
        return f"{self.address}/{self.length}"

    @property
    def network(self) -> ipaddress.IPv4Network | ipaddress.IPv6Network:
        """All addresses with that prefix."""
        return ipaddress.ip_network((self.address.packed, self.length), strict=False)


def read_network(text: str) -> CIDR:
    """Raises Failure."""
    head, slash, bits = text.rpartition("/")
    what = f"{_ERROR}{_ERROR}netip.ParsePrefix({quoted(text)}): "
    if not slash:
        raise Failure(what + "no '/'")
    try:
        address = ipaddress.ip_address(head)
    except ValueError as error:
        raise Failure(f"{what}ParseAddr({quoted(head)}): {complaint(head)}") from error
    if "%" in head:
        raise Failure(what + "IPv6 zones cannot be present in a prefix")
    if not bits.isascii() or not bits.isdigit() or (len(bits) > 1 and bits[0] == "0"):
        raise Failure(what + f'bad bits after slash: "{bits}"')
    if len(bits) > 3 or int(bits) > address.max_prefixlen:
        raise Failure(what + "prefix length out of range")
    if isinstance(address, ipaddress.IPv6Address) and address.ipv4_mapped is not None:
        raise Failure(f'{_ERROR}IPv4-mapped IPv6 address "{text}" is not allowed')
    return CIDR(address, int(bits))


@function("cidr(string) -> net.CIDR")
def cidr(text: str) -> CIDR:
    """The network of that text."""
    return read_network(text)


@function("isCIDR(string) -> bool")
def is_cidr(text: str) -> bool:
    """Whether the text is a network."""
    try:
        read_network(text)
    except Failure:
        return False
    return True


@function("string(net.CIDR) -> string")
def text_of_cidr(value: CIDR) -> str:
    """Address, slash, length."""
    return str(value)


@method("net.CIDR.ip() -> net.IP")
def ip(value: CIDR) -> IP:
    """The address as it was given."""
    return IP(value.address)


@method("net.CIDR.prefixLength() -> int")
def prefix_length(value: CIDR) -> int:
    """The number of bits that all addresses share."""
    return value.length


@method("net.CIDR.masked() -> net.CIDR")
def masked(value: CIDR) -> CIDR:
    """The same network, by its first address."""
    return CIDR(value.network.network_address, value.length)


@method("net.CIDR.containsIP(net.IP) -> bool")
def contains_ip(value: CIDR, other: IP) -> bool:
    """Whether the address is one of the network."""
    return other.address.version == value.address.version and other.address in value.network


@method("net.CIDR.containsIP(string) -> bool")
def contains_ip_text(value: CIDR, other: str) -> bool:
    """Whether the address is one of the network."""
    try:
        return contains_ip(value, IP(read_address(other)))
    except Failure as error:
        raise no_overload() from error


@method("net.CIDR.containsCIDR(net.CIDR) -> bool")
def contains_cidr(value: CIDR, other: CIDR) -> bool:
    """Whether all addresses of the other are also here."""
    same = other.address.version == value.address.version
    return same and other.length >= value.length and other.address in value.network


@method("net.CIDR.containsCIDR(string) -> bool")
def contains_cidr_text(value: CIDR, other: str) -> bool:
    """Whether all addresses of the other are also here."""
    return contains_cidr(value, read_network(other))
