"""Which names an authority may sign for (RFC 5280, section 4.2.1.10)."""

from __future__ import annotations

import base64
from collections.abc import Callable
from ipaddress import ip_address
from typing import Any, Final

Fields = dict[str, Any]


def permitted(below: Fields, authority: Fields) -> bool:
    """Whether the constraints of an authority allow each name of a certificate below it."""
    return all(
        _allowed(_names(below, kind), authority[f"Permitted{kind}"], authority[f"Excluded{kind}"], covers)
        for kind, covers in _KINDS.items()
    )


def _allowed(names: list[Any], within: list[Any] | None, without: list[Any] | None, covers: Covers) -> bool:
    for name in names:
        if any(covers(tree, name) for tree in without or ()):
            return False
        if within and not any(covers(tree, name) for tree in within):
            return False
    return True


def _names(fields: Fields, kind: str) -> list[Any]:
    if kind == "URIDomains":
        return [url["Host"].rpartition(":")[0] or url["Host"] for url in fields["URIs"] or ()]
    return fields[{"DNSDomains": "DNSNames", "IPRanges": "IPAddresses"}.get(kind, kind)] or []


def _domain_covers(tree: str, name: str) -> bool:
    """`a.b` covers itself and what is below it, `.a.b` only what is below it, the empty one all."""
    tree, name = tree.lower(), name.lower()
    return not tree or name == tree or name.endswith(tree if tree.startswith(".") else f".{tree}")


def _host_covers(tree: str, name: str) -> bool:
    """For addresses and URIs `a.b` is one host, `.a.b` all below it."""
    tree, name = tree.lower(), name.lower()
    return not tree or (name.endswith(tree) if tree.startswith(".") else name == tree)


def _mailbox_covers(tree: str, name: str) -> bool:
    if "@" not in tree:
        return _host_covers(tree, name.rpartition("@")[2])
    mailbox, _, host = tree.rpartition("@")
    given, _, other = name.rpartition("@")
    return mailbox == given and host.lower() == other.lower()


def _range_covers(tree: dict[str, str], name: str) -> bool:
    address, start = ip_address(name).packed, ip_address(tree["IP"]).packed
    mask = base64.b64decode(tree["Mask"])
    if len(address) != len(start):
        return False
    return all(a & m == s & m for a, s, m in zip(address, start, mask, strict=True))


Covers = Callable[[Any, Any], bool]
_KINDS: Final[dict[str, Covers]] = {
    "DNSDomains": _domain_covers,
    "EmailAddresses": _mailbox_covers,
    "IPRanges": _range_covers,
    "URIDomains": _host_covers,
}
