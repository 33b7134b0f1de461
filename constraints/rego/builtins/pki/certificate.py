"""Certificates and certificate requests in the JSON that Go makes of `x509.Certificate`.

What is absent is null, bytes are base64. Facts: Go's crypto/x509/x509.go and parser.go, pkix/pkix.go.
"""

from __future__ import annotations

from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import dsa, ec, ed25519, padding, rsa

from constraints.rego.builtins.pki.der import BOOLEAN, OBJECT_ID, OCTETS, SEQUENCE, SET, Element, elements, object_id
from constraints.rego.builtins.pki.extensions import alternative_names, certificate_fields, coded, numbers_of
from constraints.rego.values.kinds import Value

Fields = dict[str, Value]

_NAMES: Final = {
    "2.5.4.6": "Country",
    "2.5.4.10": "Organization",
    "2.5.4.11": "OrganizationalUnit",
    "2.5.4.7": "Locality",
    "2.5.4.8": "Province",
    "2.5.4.9": "StreetAddress",
    "2.5.4.17": "PostalCode",
}
_SINGLE_NAMES: Final = {"2.5.4.3": "CommonName", "2.5.4.5": "SerialNumber"}
_SIGNATURES: Final = {
    "1.2.840.113549.1.1.2": 1,
    "1.2.840.113549.1.1.4": 2,
    "1.2.840.113549.1.1.5": 3,
    "1.3.14.3.2.29": 3,
    "1.2.840.113549.1.1.11": 4,
    "1.2.840.113549.1.1.12": 5,
    "1.2.840.113549.1.1.13": 6,
    "1.2.840.10040.4.3": 7,
    "2.16.840.1.101.3.4.3.2": 8,
    "1.2.840.10045.4.1": 9,
    "1.2.840.10045.4.3.2": 10,
    "1.2.840.10045.4.3.3": 11,
    "1.2.840.10045.4.3.4": 12,
    "1.3.101.112": 16,
}
"""Go's number of each signature algorithm; PSS has one for each hash."""
_PSS: Final = {"sha256": 13, "sha384": 14, "sha512": 15}
_EXTENSION_REQUEST: Final = "1.2.840.113549.1.9.14"


def certificate_json(cert: x509.Certificate) -> Fields:
    """A certificate as Go's JSON. Raises ValueError for an extension that cannot be read."""
    raw = cert.public_bytes(serialization.Encoding.DER)
    body, *_ = next(elements(raw)).children()
    parts = body.children()
    parts = parts[1:] if parts[0].tag == 0xA0 else parts  # the version, absent in a v1 certificate
    fields: Fields = {
        "Raw": coded(raw),
        "RawTBSCertificate": coded(body.raw),
        "RawSubjectPublicKeyInfo": coded(parts[5].raw),
        "RawSubject": coded(parts[4].raw),
        "RawIssuer": coded(parts[2].raw),
        "Version": cert.version.value + 1,
        "SerialNumber": int.from_bytes(parts[0].content, "big", signed=True),
        "Issuer": _name(cert.issuer),
        "Subject": _name(cert.subject),
        "NotBefore": f"{cert.not_valid_before_utc:%Y-%m-%dT%H:%M:%SZ}",
        "NotAfter": f"{cert.not_valid_after_utc:%Y-%m-%dT%H:%M:%SZ}",
    }
    extensions = next((part.children()[0] for part in parts[6:] if part.tag == 0xA3), None)
    return fields | _signed(cert) | _extensions(extensions) | certificate_fields(cert)


def request_json(request: x509.CertificateSigningRequest) -> Fields:
    """A certificate request as Go's JSON. Raises ValueError for an extension that cannot be read."""
    raw = request.public_bytes(serialization.Encoding.DER)
    body, *_ = next(elements(raw)).children()
    version, subject, key, *rest = body.children()
    attributes = [part for found in rest if found.tag == 0xA0 for part in found.children()]
    fields: Fields = {
        "Raw": coded(raw),
        "RawTBSCertificateRequest": coded(body.raw),
        "RawSubjectPublicKeyInfo": coded(key.raw),
        "RawSubject": coded(subject.raw),
        "Version": int.from_bytes(version.content, "big"),
        "Subject": _name(request.subject),
        "Attributes": [found for part in attributes for found in _attribute(part)] or None,
    }
    return fields | _signed(request) | _extensions(_requested(attributes)) | alternative_names(request)


def _signed(found: x509.Certificate | x509.CertificateSigningRequest) -> Fields:
    number, key = _public_key(found)
    return {
        "Signature": coded(found.signature),
        "SignatureAlgorithm": _signature_algorithm(found),
        "PublicKeyAlgorithm": number,
        "PublicKey": key,
    }


def _signature_algorithm(found: x509.Certificate | x509.CertificateSigningRequest) -> int:
    dotted = found.signature_algorithm_oid.dotted_string
    if dotted != "1.2.840.113549.1.1.10":
        return _SIGNATURES.get(dotted, 0)
    if not isinstance(found.signature_algorithm_parameters, padding.PSS):
        return 0
    digest: hashes.HashAlgorithm | None = found.signature_hash_algorithm
    return _PSS.get(digest.name, 0) if digest else 0


def _public_key(found: x509.Certificate | x509.CertificateSigningRequest) -> tuple[int, Value]:
    """Go's number of the key's algorithm, and the key; 0 and null for an algorithm that Go does not know."""
    try:
        return public_key_json(found.public_key())
    except (ValueError, UnsupportedAlgorithm):
        return 0, None


def public_key_json(key: Any) -> tuple[int, Value]:
    """Go's number of the key's algorithm, and the key as JSON."""
    if isinstance(key, rsa.RSAPublicKey):
        numbers = key.public_numbers()
        return 1, {"N": numbers.n, "E": numbers.e}
    if isinstance(key, dsa.DSAPublicKey):
        found = key.public_numbers()
        shared = found.parameter_numbers
        return 2, {"P": shared.p, "Q": shared.q, "G": shared.g, "Y": found.y}
    if isinstance(key, ec.EllipticCurvePublicKey):
        point = key.public_numbers()
        return 3, {"Curve": {}, "X": point.x, "Y": point.y}
    if isinstance(key, ed25519.Ed25519PublicKey):
        return 4, coded(key.public_bytes_raw())
    return 0, None


def _name(name: x509.Name) -> Fields:
    fields: Fields = dict.fromkeys(_NAMES.values()) | dict.fromkeys(_SINGLE_NAMES.values(), "")
    names: list[Value] = []
    for attribute in name:
        dotted = attribute.oid.dotted_string
        value = coded(attribute.value) if isinstance(attribute.value, bytes) else attribute.value
        names.append({"Type": numbers_of(dotted), "Value": value})
        if dotted in _NAMES:
            fields[_NAMES[dotted]] = [*(fields[_NAMES[dotted]] or ()), value]
        elif dotted in _SINGLE_NAMES:
            fields[_SINGLE_NAMES[dotted]] = value
    return fields | {"Names": names or None, "ExtraNames": None}


def _extensions(found: Element | None) -> Fields:
    if found is None:
        return {"Extensions": None, "ExtraExtensions": None}
    return {"Extensions": [_extension(part.children()) for part in found.children()], "ExtraExtensions": None}


def _extension(parts: list[Element]) -> Fields:
    critical = parts[1].tag == BOOLEAN and parts[1].content != b"\0"
    return {"Id": object_id(parts[0].content), "Critical": critical, "Value": coded(parts[-1].content)}


def _requested(attributes: list[Element]) -> Element | None:
    for attribute in attributes:
        kind, values = attribute.children()[:2]
        if ".".join(map(str, object_id(kind.content))) == _EXTENSION_REQUEST:
            return values.children()[0]
    return None


def _attribute(attribute: Element) -> list[Fields]:
    """An attribute whose value is a set of sequences of pairs; Go leaves others out."""
    kind, values = attribute.children()[:2]
    rows = values.children()
    if values.tag != SET or any(row.tag != SEQUENCE for row in rows):
        return []
    pairs = [[part.children() for part in row.children()] for row in rows]
    if any(len(pair) < 2 or pair[0].tag != OBJECT_ID for row in pairs for pair in row):
        return []
    value = [[{"Type": object_id(pair[0].content), "Value": _any(pair[1])} for pair in row] for row in pairs]
    return [{"Type": object_id(kind.content), "Value": value}]


def _any(element: Element) -> Value:
    """A value of no fixed type, as Go's asn1 reads it."""
    if element.tag == OCTETS:
        return coded(element.content)
    if element.tag == OBJECT_ID:
        return object_id(element.content)
    if element.tag == BOOLEAN:
        return element.content != b"\0"
    return element.content.decode("utf-8", "replace") if element.tag in (0x0C, 0x13, 0x16, 0x14) else None
