"""Whether a chain of certificates leads back to a root (facts: Go's crypto/x509/verify.go, RFC 5280 section 6)."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from datetime import UTC, datetime
from ipaddress import ip_address
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import InvalidSignature

from constraints.dataclass import dataclass
from constraints.rego.builtins.pki.extensions import PURPOSES, certificate_fields
from constraints.rego.builtins.pki.nameconstraints import permitted

Chain = tuple[x509.Certificate, ...]

_LONGEST: Final = 100
_WEAK: Final = ("md5", "sha1")
_ANY: Final = 0
_LABEL: Final = re.compile(r"[A-Za-z0-9_-]+")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a chain must be good for: at this time (nanoseconds since 1970), this host, one of these purposes (Go's
    numbers)."""

    now: int
    host: str = ""
    purposes: tuple[int, ...] = ()


def verified(certs: Sequence[x509.Certificate], wanted: Wanted) -> Chain | None:
    """The first chain from the last certificate to the first, by way of others; None when there is no good one."""
    *others, leaf = certs
    root, *between = others
    fields = certificate_fields(leaf)
    if not _current(leaf, wanted.now) or fields["UnhandledCriticalExtensions"] or not _names(fields, wanted.host):
        return None
    purposes = wanted.purposes or (PURPOSES.index("1.3.6.1.5.5.7.3.1"),)
    for chain in _chains((leaf,), root, between, wanted):
        if _serves(chain, purposes):
            return chain
    return None


def _chains(chain: Chain, root: x509.Certificate, between: list[x509.Certificate], wanted: Wanted) -> Iterator[Chain]:
    if len(chain) == 1 and chain[0] == root:
        yield chain
        return
    if len(chain) > _LONGEST:
        return
    if root not in chain and _issued(chain, root, wanted):
        yield (*chain, root)
    for issuer in between:
        if issuer not in chain and _issued(chain, issuer, wanted):
            yield from _chains((*chain, issuer), root, between, wanted)


def _issued(chain: Chain, issuer: x509.Certificate, wanted: Wanted) -> bool:
    """Whether `issuer` may come next in a chain."""
    child = chain[-1]
    digest = None if child.signature_hash_algorithm is None else child.signature_hash_algorithm.name
    if child.issuer != issuer.subject or digest in _WEAK or not _current(issuer, wanted.now):
        return False
    fields = certificate_fields(issuer)
    if fields["UnhandledCriticalExtensions"] or not _authority(issuer, fields, len(chain) - 1):
        return False
    try:
        child.verify_directly_issued_by(issuer)
    except (InvalidSignature, ValueError, TypeError):
        return False
    return all(permitted(certificate_fields(below), fields) for below in chain)


def _authority(cert: x509.Certificate, fields: dict[str, Any], below: int) -> bool:
    """Whether it may sign certificates that have so many authorities below them."""
    if cert.version is x509.Version.v3 and not (fields["BasicConstraintsValid"] and fields["IsCA"]):
        return False
    if fields["KeyUsage"] and not fields["KeyUsage"] & 1 << 5:
        return False
    return not fields["BasicConstraintsValid"] or fields["MaxPathLen"] < 0 or below <= fields["MaxPathLen"]


def _current(cert: x509.Certificate, now: int) -> bool:
    moment = datetime.fromtimestamp(now // 10**9, UTC)
    late = now % 10**9 > 0 and moment == cert.not_valid_after_utc
    return cert.not_valid_before_utc <= moment <= cert.not_valid_after_utc and not late


def _serves(chain: Chain, purposes: tuple[int, ...]) -> bool:
    """Whether one purpose is allowed by every certificate; one that names none allows all."""
    if _ANY in purposes:
        return True
    left = set(purposes)
    for cert in chain:
        fields = certificate_fields(cert)
        allowed = fields["ExtKeyUsage"] or ()
        if (not allowed and not fields["UnknownExtKeyUsage"]) or _ANY in allowed:
            continue
        left &= set(allowed)
    return bool(left)


def _names(fields: dict[str, Any], host: str) -> bool:
    """Whether the certificate is one for this host; the subject's common name counts for nothing."""
    if not host:
        return True
    literal = host[1:-1] if host.startswith("[") and host.endswith("]") else host
    try:
        address = str(ip_address(literal))
    except ValueError:
        return any(_covers(name, host) for name in fields["DNSNames"] or ())
    return address in (fields["IPAddresses"] or ())


def _covers(pattern: str, host: str) -> bool:
    """`*` stands for one whole label, the first."""
    wanted = host.lower().removesuffix(".").split(".")
    given = pattern.lower().split(".")
    if len(given) != len(wanted) or not all(_LABEL.fullmatch(label) for label in wanted):
        return host.lower() == pattern.lower()
    return (given[0] == "*" or given[0] == wanted[0]) and given[1:] == wanted[1:]
