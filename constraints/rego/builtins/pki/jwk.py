"""Keys that tokens are signed and verified with: from PEM, and from JWK and JWK sets (RFC 7517, RFC 7518)."""

from __future__ import annotations

import base64
import binascii
from collections.abc import Callable
from typing import Any, Final

from cryptography import x509
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa

from constraints.dataclass import dataclass
from constraints.rego.builtins import BuiltinError
from constraints.rego.builtins.gojson import unmarshal
from constraints.rego.builtins.operands import as_bytes
from constraints.rego.builtins.pki.keys import CURVES
from constraints.rego.builtins.pki.pem import blocks
from constraints.rego.values.kinds import Value

_CURVES: Final[dict[str, ec.EllipticCurve]] = {
    CURVES[curve.name]: curve for curve in (ec.SECP256R1(), ec.SECP384R1(), ec.SECP521R1())
}


@dataclass(frozen=True, slots=True)
class Key:
    """A key with the algorithm and the name that a JWK gives it, empty where it gives none."""

    key: Any
    algorithm: str = ""
    name: str = ""


def verification_keys(text: str) -> list[Key]:
    """The public key of a PEM certificate or key, or the keys of a JWK or JWK set. Raises BuiltinError."""
    data = as_bytes(text)
    for block in blocks(data):
        if block.end < len(data):
            raise BuiltinError("extra data after a PEM certificate block")
        return [Key(_public(block.label, block.content))]
    try:
        return jwk_keys(text)
    except BuiltinError as error:
        raise BuiltinError(f"failed to parse a JWK key (set): {error}") from error


def _public(label: str, content: bytes) -> Any:
    kinds = {"CERTIFICATE": "a PEM certificate", "PUBLIC KEY": "a PEM public key"}
    if label not in kinds:
        raise BuiltinError("failed to extract a Key from the PEM certificate")
    try:
        if label == "CERTIFICATE":
            return x509.load_der_x509_certificate(content).public_key()
        return serialization.load_der_public_key(content)
    except (ValueError, UnsupportedAlgorithm) as error:
        raise BuiltinError(f"failed to parse {kinds[label]}: {error}") from error


def jwk_keys(text: str) -> list[Key]:
    """The keys of a JWK, or of a set of them. Raises BuiltinError."""
    found = unmarshal(text)
    if not isinstance(found, dict):
        raise BuiltinError("a JWK is an object")
    listed = found.get("keys") if "keys" in found else [found]
    if not isinstance(listed, list):
        raise BuiltinError("the keys of a JWK set are an array")
    return [_key(fields) for fields in listed]


def _key(fields: Value) -> Key:
    made = _KINDS.get(_text(fields, "kty")) if isinstance(fields, dict) else None
    if made is None:
        raise BuiltinError("a JWK without a known kty")
    try:
        key = made(fields)
    except (ValueError, TypeError) as error:
        raise BuiltinError(f"invalid JWK: {error}") from error
    return Key(key, _text(fields, "alg"), _text(fields, "kid"))


def _text(fields: dict[str, Value], name: str) -> str:
    found = fields.get(name, "")
    return found if isinstance(found, str) else ""


def _bytes(fields: dict[str, Value], name: str) -> bytes:
    found = _text(fields, name).rstrip("=")
    if not found:
        raise ValueError(f"{name} is missing")
    try:
        return base64.b64decode(found + "=" * (-len(found) % 4), altchars=b"-_", validate=True)
    except binascii.Error as error:
        raise ValueError(f"{name} is no base64url") from error


def _number(fields: dict[str, Value], name: str) -> int:
    return int.from_bytes(_bytes(fields, name), "big")


def _rsa(fields: dict[str, Value]) -> Any:
    public = rsa.RSAPublicNumbers(_number(fields, "e"), _number(fields, "n"))
    if "d" not in fields:
        return public.public_key()
    private = _number(fields, "d")
    if all(name in fields for name in ("p", "q")):
        p, q = _number(fields, "p"), _number(fields, "q")
    else:
        p, q = rsa.rsa_recover_prime_factors(public.n, public.e, private)
    parts = rsa.rsa_crt_dmp1(private, p), rsa.rsa_crt_dmq1(private, q), rsa.rsa_crt_iqmp(p, q)
    return rsa.RSAPrivateNumbers(p, q, private, *parts, public).private_key()


def _ec(fields: dict[str, Value]) -> Any:
    curve = _CURVES.get(_text(fields, "crv"))
    if curve is None:
        raise ValueError("crv is no known curve")
    public = ec.EllipticCurvePublicNumbers(_number(fields, "x"), _number(fields, "y"), curve)
    if "d" not in fields:
        return public.public_key()
    return ec.EllipticCurvePrivateNumbers(_number(fields, "d"), public).private_key()


def _okp(fields: dict[str, Value]) -> Any:
    if _text(fields, "crv") != "Ed25519":
        raise ValueError("crv is no known curve")
    if "d" in fields:
        return ed25519.Ed25519PrivateKey.from_private_bytes(_bytes(fields, "d"))
    return ed25519.Ed25519PublicKey.from_public_bytes(_bytes(fields, "x"))


def _octets(fields: dict[str, Value]) -> bytes:
    return _bytes(fields, "k")


_KINDS: Final[dict[str, Callable[[dict[str, Value]], Any]]] = {"RSA": _rsa, "EC": _ec, "OKP": _okp, "oct": _octets}
