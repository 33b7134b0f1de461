"""IP addresses, read as strictly as Go's netip does."""

from __future__ import annotations

import ipaddress
from typing import ClassVar

from constraints.cel.failures import Failure
from constraints.cel.overloads import function, method
from constraints.cel.values import Opaque
from constraints.dataclass import dataclass
from constraints.golang.netip import complaint
from constraints.golang.quoting import quoted

Address = ipaddress.IPv4Address | ipaddress.IPv6Address


@dataclass(frozen=True, slots=True)
class IP(Opaque):
    """An address without a zone."""

    type_name: ClassVar[str] = "net.IP"
    address: Address

    def __str__(self) -> str:
        return str(self.address)


def read_address(text: str) -> Address:
    """Raises Failure."""
    try:
        found = ipaddress.ip_address(text)
    except ValueError as error:
        what = f"IP Address {quoted(text)} parse error during conversion from string: ParseAddr({quoted(text)})"
        raise Failure(f"{what}: {complaint(text)}") from error
    if "%" in text:
        raise Failure(f"IP address {quoted(text)} with zone value is not allowed")
    if isinstance(found, ipaddress.IPv6Address) and found.ipv4_mapped is not None:
        raise Failure(f'IPv4-mapped IPv6 address "{text}" is not allowed')
    return found


@function("ip(string) -> net.IP")
def ip(text: str) -> IP:
    """The address of that text."""
    return IP(read_address(text))


@function("isIP(string) -> bool")
def is_ip(text: str) -> bool:
    """Whether the text is an address."""
    try:
        read_address(text)
    except Failure:
        return False
    return True


@function("ip.isCanonical(string) -> bool")
def is_canonical(text: str) -> bool:
    """Whether the text is how the address is written."""
    return str(read_address(text)) == text


@function("string(net.IP) -> string")
def text_of_ip(value: IP) -> str:
    """The canonical text."""
    return str(value)


@method("net.IP.family() -> int")
def family(value: IP) -> int:
    """4 or 6."""
    return value.address.version


@method("net.IP.isUnspecified() -> bool")
def is_unspecified(value: IP) -> bool:
    """Whether it is `0.0.0.0` or `::`."""
    return value.address.is_unspecified


@method("net.IP.isLoopback() -> bool")
def is_loopback(value: IP) -> bool:
    """Whether it is in `127.0.0.0/8`, or `::1`."""
    return value.address.is_loopback


@method("net.IP.isLinkLocalMulticast() -> bool")
def is_link_local_multicast(value: IP) -> bool:
    """Whether it is in `224.0.0.0/24` or `ffx2::/16`."""
    packed = value.address.packed
    if value.address.version == 4:
        return packed[:3] == bytes((224, 0, 0))
    return packed[0] == 0xFF and packed[1] & 0x0F == 0x02


@method("net.IP.isLinkLocalUnicast() -> bool")
def is_link_local_unicast(value: IP) -> bool:
    """Whether it is in `169.254.0.0/16` or `fe80::/10`."""
    return value.address.is_link_local


@method("net.IP.isGlobalUnicast() -> bool")
def is_global_unicast(value: IP) -> bool:
    """Whether it is none of the above, no multicast and no broadcast; private addresses are."""
    address = value.address
    special = address.is_unspecified or address.is_loopback or address.is_multicast or address.is_link_local
    return not special and address.packed != b"\xff\xff\xff\xff"
