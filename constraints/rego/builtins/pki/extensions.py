"""What extensions add to a certificate's JSON (facts: Go's crypto/x509/parser.go, processExtensions)."""

from __future__ import annotations

import base64
from collections.abc import Callable, Iterable
from ipaddress import IPv4Network, IPv6Network
from typing import Any, Final
from urllib.parse import unquote, urlsplit

from cryptography import x509
from cryptography.x509.oid import AuthorityInformationAccessOID

from constraints.rego.values.kinds import Value

Fields = dict[str, Value]
Signed = x509.Certificate | x509.CertificateSigningRequest

_ABSENT: Final[Fields] = {
    "KeyUsage": 0,
    "UnhandledCriticalExtensions": None,
    "ExtKeyUsage": None,
    "UnknownExtKeyUsage": None,
    "BasicConstraintsValid": False,
    "IsCA": False,
    "MaxPathLen": 0,
    "MaxPathLenZero": False,
    "SubjectKeyId": None,
    "AuthorityKeyId": None,
    "OCSPServer": None,
    "IssuingCertificateURL": None,
    "PermittedDNSDomainsCritical": False,
    "CRLDistributionPoints": None,
    "PolicyIdentifiers": None,
    "Policies": None,
    "InhibitAnyPolicy": 0,
    "InhibitAnyPolicyZero": False,
    "InhibitPolicyMapping": 0,
    "InhibitPolicyMappingZero": False,
    "RequireExplicitPolicy": 0,
    "RequireExplicitPolicyZero": False,
    "PolicyMappings": None,
}
_USES: Final = (
    "digital_signature",
    "content_commitment",
    "key_encipherment",
    "data_encipherment",
    "key_agreement",
    "key_cert_sign",
    "crl_sign",
)
_AGREEMENT_USES: Final = ("encipher_only", "decipher_only")
PURPOSES: Final = (
    "2.5.29.37.0",
    *(f"1.3.6.1.5.5.7.3.{last}" for last in range(1, 10)),
    "1.3.6.1.4.1.311.10.3.3",
    "2.16.840.1.113730.4.1",
    "1.3.6.1.4.1.311.2.1.22",
    "1.3.6.1.4.1.311.61.1.1",
)
"""The extended key usages that Go knows, at the places of Go's numbers for them."""
_KINDS: Final = ("DNSDomains", "EmailAddresses", "IPRanges", "URIDomains")


def coded(data: bytes) -> str:
    """Bytes as JSON has them."""
    return base64.b64encode(data).decode()


def numbers_of(dotted: str) -> list[Value]:
    """An object identifier as JSON has it."""
    return [int(arc) for arc in dotted.split(".")]


def certificate_fields(cert: x509.Certificate) -> Fields:
    """The fields of a certificate that its extensions fill. Raises ValueError for one that cannot be read."""
    fields: Fields = dict(_ABSENT)
    fields |= {f"{way}{kind}": None for way in ("Permitted", "Excluded") for kind in _KINDS}
    unhandled = []
    for extension in cert.extensions:
        read = _READERS.get(type(extension.value))
        found = read(extension.value) if read else None
        if found is not None:
            fields |= found
        elif extension.critical and not isinstance(
            extension.value, x509.SubjectAlternativeName | x509.PolicyConstraints
        ):
            unhandled.append(numbers_of(extension.oid.dotted_string))
        if isinstance(extension.value, x509.NameConstraints):
            fields["PermittedDNSDomainsCritical"] = extension.critical
    return fields | alternative_names(cert) | {"UnhandledCriticalExtensions": unhandled or None}


def alternative_names(found: Signed) -> Fields:
    """The subject's alternative names, by kind."""
    names = _alternatives(found)
    return {
        "DNSNames": [name.value for name in names if isinstance(name, x509.DNSName)] or None,
        "EmailAddresses": [name.value for name in names if isinstance(name, x509.RFC822Name)] or None,
        "IPAddresses": [str(name.value) for name in names if isinstance(name, x509.IPAddress)] or None,
        "URIs": [_url(name.value) for name in names if isinstance(name, x509.UniformResourceIdentifier)] or None,
    }


def uris(cert: x509.Certificate) -> Value:
    """The URIs among the subject's alternative names, as text; null where there are none."""
    return [name.value for name in _alternatives(cert) if isinstance(name, x509.UniformResourceIdentifier)] or None


def _alternatives(found: Signed) -> Iterable[x509.GeneralName]:
    for extension in found.extensions:
        if isinstance(extension.value, x509.SubjectAlternativeName):
            return list(extension.value)
    return ()


def _url(text: str) -> Fields:
    """A URI as the JSON of Go's `url.URL`."""
    parts = urlsplit(text)
    path, fragment = unquote(parts.path), unquote(parts.fragment)
    opaque = parts.path if parts.scheme and not parts.path.startswith("/") and not parts.netloc else ""
    user, mark, host = parts.netloc.rpartition("@")
    return {
        "Scheme": parts.scheme,
        "Opaque": opaque,
        "User": {} if mark or user else None,
        "Host": host,
        "Path": "" if opaque else path,
        "Fragment": fragment,
        "RawQuery": parts.query,
        "RawPath": "",
        "RawFragment": "",
        "ForceQuery": text.endswith("?"),
        "OmitHost": False,
    }


def _key_usage(value: x509.KeyUsage) -> Fields:
    uses = [getattr(value, use) for use in _USES]
    uses += [value.key_agreement and getattr(value, use) for use in _AGREEMENT_USES]
    return {"KeyUsage": sum(1 << place for place, used in enumerate(uses) if used)}


def _basic_constraints(value: x509.BasicConstraints) -> Fields:
    length = -1 if value.path_length is None else value.path_length
    return {"BasicConstraintsValid": True, "IsCA": value.ca, "MaxPathLen": length, "MaxPathLenZero": length == 0}


def _purposes(value: x509.ExtendedKeyUsage) -> Fields:
    dotted = [purpose.dotted_string for purpose in value]
    known = [PURPOSES.index(purpose) for purpose in dotted if purpose in PURPOSES]
    unknown = [numbers_of(purpose) for purpose in dotted if purpose not in PURPOSES]
    return {"ExtKeyUsage": known or None, "UnknownExtKeyUsage": unknown or None}


def _name_constraints(value: x509.NameConstraints) -> Fields | None:
    trees = {"Permitted": value.permitted_subtrees or (), "Excluded": value.excluded_subtrees or ()}
    kinds = (x509.DNSName, x509.RFC822Name, x509.IPAddress, x509.UniformResourceIdentifier)
    return {
        f"{way}{word}": [_subtree(name) for name in names if isinstance(name, kind)] or None
        for way, names in trees.items()
        for word, kind in zip(_KINDS, kinds, strict=True)
    }


def _subtree(name: x509.GeneralName) -> Value:
    if isinstance(name.value, IPv4Network | IPv6Network):
        return {"IP": str(name.value.network_address), "Mask": coded(name.value.netmask.packed)}
    return name.value


def _distribution_points(value: x509.CRLDistributionPoints) -> Fields:
    found: list[Value] = []
    for point in value:
        for name in point.full_name or ():
            if not isinstance(name, x509.UniformResourceIdentifier):
                break
            found.append(name.value)
    return {"CRLDistributionPoints": found or None}


def _policies(value: x509.CertificatePolicies) -> Fields:
    dotted: list[Value] = [policy.policy_identifier.dotted_string for policy in value]
    return {"Policies": dotted, "PolicyIdentifiers": [numbers_of(policy) for policy in dotted]}


def _policy_constraints(value: x509.PolicyConstraints) -> Fields:
    fields: Fields = {}
    rows = (
        ("RequireExplicitPolicy", value.require_explicit_policy),
        ("InhibitPolicyMapping", value.inhibit_policy_mapping),
    )
    for name, skipped in rows:
        if skipped is not None:
            fields |= {name: skipped, f"{name}Zero": skipped == 0}
    return fields


def _information_access(value: x509.AuthorityInformationAccess) -> Fields:
    def of(method: x509.ObjectIdentifier) -> Value:
        places = [found.access_location for found in value if found.access_method == method]
        return [place.value for place in places if isinstance(place, x509.UniformResourceIdentifier)] or None

    methods = AuthorityInformationAccessOID
    return {"OCSPServer": of(methods.OCSP), "IssuingCertificateURL": of(methods.CA_ISSUERS)}


def _authority(value: x509.AuthorityKeyIdentifier) -> Fields:
    return {"AuthorityKeyId": coded(value.key_identifier) if value.key_identifier else None}


_READERS: Final[dict[type, Callable[[Any], Fields | None]]] = {
    x509.KeyUsage: _key_usage,
    x509.BasicConstraints: _basic_constraints,
    x509.SubjectAlternativeName: lambda value: {} if len(value) else None,
    x509.NameConstraints: _name_constraints,
    x509.CRLDistributionPoints: _distribution_points,
    x509.AuthorityKeyIdentifier: _authority,
    x509.PolicyConstraints: _policy_constraints,
    x509.ExtendedKeyUsage: _purposes,
    x509.SubjectKeyIdentifier: lambda value: {"SubjectKeyId": coded(value.digest)},
    x509.CertificatePolicies: _policies,
    x509.InhibitAnyPolicy: lambda value: {
        "InhibitAnyPolicy": value.skip_certs,
        "InhibitAnyPolicyZero": value.skip_certs == 0,
    },
    x509.AuthorityInformationAccess: _information_access,
}
