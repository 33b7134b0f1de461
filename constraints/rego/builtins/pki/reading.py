"""Certificates and certificate requests from PEM, from base64 of PEM and from base64 of DER."""

from __future__ import annotations

import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from typing import Any, TypeVar

from cryptography import x509
from cryptography.utils import CryptographyDeprecationWarning

from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.encoding import unpacked
from constraints.rego.builtins.operands import as_bytes
from constraints.rego.builtins.pki.der import elements
from constraints.rego.builtins.pki.extensions import coded
from constraints.rego.builtins.pki.keys import go_json, private_key
from constraints.rego.builtins.pki.pem import BEGIN, blocks
from constraints.rego.values.kinds import Value

T = TypeVar("T")

_REQUEST = "CERTIFICATE REQUEST"


def certificates(text: str) -> list[x509.Certificate]:
    """The certificates of a text, in its order. Raises BuiltinError."""
    data = as_bytes(text) if text.startswith("-----BEGIN") else unpacked(text)
    if data.startswith(BEGIN):
        data = b"".join(_of_certificate(found.label, found.content) for found in blocks(data))
    with _go_words("x509: malformed certificate"):
        return [x509.load_der_x509_certificate(found.raw) for found in elements(data)]


def shaped(found: T, shape: Callable[[T], Value]) -> Value:
    """The JSON of what was read. Raises BuiltinError where an extension cannot be read."""
    with _go_words("x509: invalid extension"):
        return shape(found)


def request(text: str) -> x509.CertificateSigningRequest:
    """The certificate request of a text. Raises BuiltinError."""
    data = as_bytes(text) if text.startswith("-----BEGIN CERTIFICATE REQUEST-----") else unpacked(text)
    for block in blocks(data):
        if block.label != _REQUEST:
            raise BuiltinError("invalid PEM-encoded certificate signing request")
        data = block.content
        break
    with _go_words("asn1: structure error"):
        return x509.load_der_x509_csr(data)


def key_pair(cert: str, key: str, shape: Callable[[x509.Certificate], Value]) -> Value:
    """A certificate chain and the key of its first, as Go's `tls.Certificate`. Raises BuiltinError."""
    chain = [found.content for found in blocks(_pem_or_der(cert, "CERTIFICATE")) if found.label == "CERTIFICATE"]
    if not chain:
        raise BuiltinError("tls: failed to find any PEM data in certificate input")
    with _go_words("x509: malformed certificate"):
        leaf = x509.load_der_x509_certificate(chain[0])
    private = _private(_pem_or_der(key, "PRIVATE KEY"))
    if leaf.public_key() != private.public_key():
        raise BuiltinError("tls: private key does not match public key")
    return {
        "Certificate": [coded(der) for der in chain],
        "PrivateKey": go_json(private),
        "Leaf": shaped(leaf, shape),
        "SupportedSignatureAlgorithms": None,
        "OCSPStaple": None,
        "SignedCertificateTimestamps": None,
    }


def _private(data: bytes) -> Any:
    for block in blocks(data):
        if block.label == "PRIVATE KEY" or block.label.endswith(" PRIVATE KEY"):
            return private_key(block.content)
    raise BuiltinError("tls: failed to find any PEM data in key input")


def _pem_or_der(text: str, label: str) -> bytes:
    data = as_bytes(text) if text.startswith("-----BEGIN ") else unpacked(text)
    if data.startswith(BEGIN):
        return data
    return f"-----BEGIN {label}-----\n{coded(data)}\n-----END {label}-----\n".encode()


def _of_certificate(label: str, content: bytes) -> bytes:
    if label != "CERTIFICATE":
        raise BuiltinError(f"PEM block type is '{label}', expected CERTIFICATE")
    return content


@contextmanager
def _go_words(message: str) -> Iterator[None]:
    """The library's complaint behind Go's words; what it only warns of, Go takes in silence."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", CryptographyDeprecationWarning)
        try:
            yield
        except (ValueError, TypeError, x509.DuplicateExtension, x509.UnsupportedGeneralNameType) as error:
            raise BuiltinError(f"{message}: {error}") from error
