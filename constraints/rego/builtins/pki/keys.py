"""Private keys: read from PEM, and as the JSON that Go and JWK (RFC 7517) make of them."""

from __future__ import annotations

import base64
from collections.abc import Callable
from contextlib import suppress
from typing import Any, Final

from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.encoding import unpacked
from constraints.rego.builtins.operands import as_bytes
from constraints.rego.builtins.pki.certificate import public_key_json
from constraints.rego.builtins.pki.extensions import coded
from constraints.rego.builtins.pki.pem import blocks
from constraints.rego.values.kinds import Value

PrivateKey = Any
Fields = dict[str, Value]

CURVES: Final = {"secp256r1": "P-256", "secp384r1": "P-384", "secp521r1": "P-521"}
"""JWK's name of each curve."""
_LABELS: Final = ("RSA PRIVATE KEY", "PRIVATE KEY", "EC PRIVATE KEY")


def private_keys(text: str) -> list[PrivateKey]:
    """The keys of the PEM blocks of a text, which may be base64 as a whole. Raises BuiltinError."""
    data = as_bytes(text)
    with suppress(BuiltinError):  # what is no base64 is PEM
        data = unpacked(text)
    return [private_key(block.content) for block in blocks(data) if block.label in _LABELS]


def private_key(der: bytes) -> PrivateKey:
    """The key of a DER encoding. Raises BuiltinError."""
    try:
        return serialization.load_der_private_key(der, None)
    except (ValueError, TypeError, UnsupportedAlgorithm) as error:
        raise BuiltinError(f"x509: failed to parse private key: {error}") from error


def go_json(key: PrivateKey) -> Value:
    """A private key as Go's JSON."""
    if isinstance(key, rsa.RSAPrivateKey):
        return _rsa_go(key)
    if isinstance(key, ec.EllipticCurvePrivateKey):
        _, public = public_key_json(key.public_key())
        return {**public, "D": key.private_numbers().private_value}
    if isinstance(key, ed25519.Ed25519PrivateKey):
        return coded(key.private_bytes_raw() + key.public_key().public_bytes_raw())
    return {}


def _rsa_go(key: rsa.RSAPrivateKey) -> Value:
    numbers = key.private_numbers()
    shared = numbers.public_numbers
    computed = {"Dp": numbers.dmp1, "Dq": numbers.dmq1, "Qinv": numbers.iqmp, "CRTValues": []}
    return {"N": shared.n, "E": shared.e, "D": numbers.d, "Primes": [numbers.p, numbers.q], "Precomputed": computed}


def jwk_json(key: PrivateKey) -> Fields:
    """A private key as a JWK. Raises BuiltinError for a kind of key that has none."""
    for kind, made in _JWK.items():
        if isinstance(key, kind):
            return made(key)
    raise BuiltinError("failed to convert the key to a JWK")


def _rsa_jwk(key: rsa.RSAPrivateKey) -> Fields:
    numbers = key.private_numbers()
    parts = {
        "n": numbers.public_numbers.n,
        "e": numbers.public_numbers.e,
        "d": numbers.d,
        "p": numbers.p,
        "q": numbers.q,
        "dp": numbers.dmp1,
        "dq": numbers.dmq1,
        "qi": numbers.iqmp,
    }
    return {"kty": "RSA"} | {name: _number(value, (value.bit_length() + 7) // 8) for name, value in parts.items()}


def _ec_jwk(key: ec.EllipticCurvePrivateKey) -> Fields:
    width = (key.curve.key_size + 7) // 8
    point = key.public_key().public_numbers()
    parts = {"x": point.x, "y": point.y, "d": key.private_numbers().private_value}
    fields: Fields = {"kty": "EC", "crv": CURVES.get(key.curve.name, key.curve.name)}
    return fields | {name: _number(value, width) for name, value in parts.items()}


def _ed25519_jwk(key: ed25519.Ed25519PrivateKey) -> Fields:
    public = key.public_key().public_bytes_raw()
    return {"kty": "OKP", "crv": "Ed25519", "x": _urlsafe(public), "d": _urlsafe(key.private_bytes_raw())}


def _number(value: int, width: int) -> str:
    return _urlsafe(value.to_bytes(width, "big"))


def _urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()


_JWK: Final[dict[type, Callable[[Any], Fields]]] = {
    rsa.RSAPrivateKey: _rsa_jwk,
    ec.EllipticCurvePrivateKey: _ec_jwk,
    ed25519.Ed25519PrivateKey: _ed25519_jwk,
}
