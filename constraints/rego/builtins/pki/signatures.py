"""Signatures of JSON Web Signature by the names of their algorithms (RFC 7518, section 3)."""

from __future__ import annotations

import hashlib
import hmac
from collections.abc import Callable
from typing import Any, Final

from cryptography.exceptions import InvalidSignature
from cryptography.hazmat.primitives import hashes
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, padding, rsa
from cryptography.hazmat.primitives.asymmetric.utils import decode_dss_signature, encode_dss_signature

from constraints.rego.builtins import BuiltinError

Hash = Callable[[], hashes.HashAlgorithm]

_HASHES: Final[dict[str, Hash]] = {"256": hashes.SHA256, "384": hashes.SHA384, "512": hashes.SHA512}
_PRIVATE: Final[dict[str, type]] = {"RS": rsa.RSAPrivateKey, "PS": rsa.RSAPrivateKey, "ES": ec.EllipticCurvePrivateKey}
_PUBLIC: Final[dict[str, type]] = {"RS": rsa.RSAPublicKey, "PS": rsa.RSAPublicKey, "ES": ec.EllipticCurvePublicKey}


def verifies(key: Any, algorithm: str, text: bytes, signature: bytes) -> bool:
    """Whether it is the key's signature of the text; False for a key of another kind than the algorithm's."""
    try:
        return _verifies(key, algorithm, text, signature)
    except (InvalidSignature, ValueError):
        return False


def _verifies(key: Any, algorithm: str, text: bytes, signature: bytes) -> bool:
    family, digest = algorithm[:2], _HASHES.get(algorithm[2:])
    if algorithm == "EdDSA":
        if not isinstance(key, ed25519.Ed25519PublicKey):
            return False
        key.verify(signature, text)
        return True
    if digest is None:
        return False
    if family == "HS":
        return isinstance(key, bytes) and hmac.compare_digest(_mac(key, digest, text), signature)
    of_kind = family in _PUBLIC and isinstance(key, _PUBLIC[family])
    if not of_kind:
        return False
    if family == "ES":
        half = len(signature) // 2
        numbers = (int.from_bytes(part, "big") for part in (signature[:half], signature[half:]))
        key.verify(encode_dss_signature(*numbers), text, ec.ECDSA(digest()))
    else:
        key.verify(signature, text, _padding(family, digest, padding.PSS.AUTO), digest())
    return True


def signature_of(key: Any, algorithm: str, text: bytes) -> bytes:
    """The key's signature of the text. Raises BuiltinError for a key of another kind than the algorithm's."""
    family, digest = algorithm[:2], _HASHES.get(algorithm[2:])
    if algorithm == "EdDSA" and isinstance(key, ed25519.Ed25519PrivateKey):
        return key.sign(text)
    if family == "HS" and digest and isinstance(key, bytes):
        return _mac(key, digest, text)
    of_kind = family in _PRIVATE and isinstance(key, _PRIVATE[family])
    if digest is None or not of_kind:
        raise BuiltinError(f"the key cannot sign with {algorithm}")
    if isinstance(key, ec.EllipticCurvePrivateKey):
        width = (key.curve.key_size + 7) // 8
        numbers = decode_dss_signature(key.sign(text, ec.ECDSA(digest())))
        return b"".join(number.to_bytes(width, "big") for number in numbers)
    made: bytes = key.sign(text, _padding(family, digest, padding.PSS.DIGEST_LENGTH), digest())
    return made


def _padding(family: str, digest: Hash, salt: Any) -> padding.AsymmetricPadding:
    return padding.PKCS1v15() if family == "RS" else padding.PSS(padding.MGF1(digest()), salt)


def _mac(key: bytes, digest: Hash, text: bytes) -> bytes:
    return hmac.new(key, text, getattr(hashlib, digest().name)).digest()
