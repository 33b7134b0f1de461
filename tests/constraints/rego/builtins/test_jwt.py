"""Tokens: signed, looked into, verified."""

from __future__ import annotations

import base64
import json
from collections.abc import Callable
from typing import Any

import pytest
from cryptography.hazmat.primitives import serialization
from cryptography.hazmat.primitives.asymmetric import ec, ed25519, rsa
from regocalls import call

from constraints.rego.builtins import BUILTINS
from constraints.rego.builtins.outside import Outside

SECRET = "sesame"
OCT = {"kty": "oct", "k": base64.urlsafe_b64encode(SECRET.encode()).decode().rstrip("=")}
KEYS: dict[str, Callable[[], Any]] = {
    "RS256": lambda: rsa.generate_private_key(65537, 2048),
    "PS384": lambda: rsa.generate_private_key(65537, 2048),
    "ES256": lambda: ec.generate_private_key(ec.SECP256R1()),
    "ES512": lambda: ec.generate_private_key(ec.SECP521R1()),
    "EdDSA": ed25519.Ed25519PrivateKey.generate,
}


class Moment:
    """A context in which it is always the same second."""

    def __init__(self, seconds: int = 100) -> None:
        self.outside = Outside(now=lambda: seconds * 10**9)
        self.memory: dict[Any, Any] = {}


def signed(claims: dict[str, Any], algorithm: str = "HS256", **header: Any) -> str:
    token: str = BUILTINS["io.jwt.encode_sign"].run({"alg": algorithm, **header}, claims, OCT)
    return token


def verified(token: str, constraints: dict[str, Any]) -> bool:
    answer = BUILTINS["io.jwt.decode_verify"].run(Moment(), token, {"secret": SECRET, **constraints})
    return bool(answer[0])


@pytest.mark.parametrize("algorithm", sorted(KEYS))
def test_what_a_private_key_signs_its_public_key_verifies(algorithm: str) -> None:
    key = KEYS[algorithm]()
    private = key.private_bytes(
        serialization.Encoding.PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()
    )
    jwk = BUILTINS["crypto.x509.parse_rsa_private_key"].run(private.decode())
    token = BUILTINS["io.jwt.encode_sign"].run({"alg": algorithm}, {"a": 1}, jwk)
    public = key.public_key().public_bytes(serialization.Encoding.PEM, serialization.PublicFormat.SubjectPublicKeyInfo)
    verify = BUILTINS[f"io.jwt.verify_{algorithm.lower()}"].run
    assert verify(token, public.decode()) is True
    assert verify(token[:-8] + "AAAAAAAA", public.decode()) is False
    public_jwk = {name: jwk[name] for name in ("kty", "crv", "n", "e", "x", "y") if name in jwk}
    assert verify(token, json.dumps({"keys": [public_jwk]})) is True


def test_a_token_is_looked_into() -> None:
    header, claims, signature = BUILTINS["io.jwt.decode"].run(signed({"a": [1]}, typ="JWT"))
    assert (header, claims, len(signature)) == ({"alg": "HS256", "typ": "JWT"}, {"a": [1]}, 64)


@pytest.mark.parametrize(
    ("claims", "constraints", "valid"),
    [
        pytest.param({}, {}, True, id="no claims"),
        pytest.param({"exp": 101}, {}, True, id="not expired yet"),
        pytest.param({"exp": 100}, {}, False, id="expired this second"),
        pytest.param({"exp": 100}, {"time": 99 * 10**9}, True, id="not expired at another time"),
        pytest.param({"nbf": 100}, {}, True, id="good from this second on"),
        pytest.param({"nbf": 101}, {}, False, id="not good yet"),
        pytest.param({"iss": "a"}, {"iss": "a"}, True, id="the issuer"),
        pytest.param({"iss": "b"}, {"iss": "a"}, False, id="another issuer"),
        pytest.param({}, {"iss": "a"}, False, id="no issuer"),
        pytest.param({"aud": ["b", "a"]}, {"aud": "a"}, True, id="among the audience"),
        pytest.param({"aud": "a"}, {}, False, id="an audience that nobody asked for"),
        pytest.param({}, {"alg": "HS512"}, False, id="another algorithm"),
    ],
)
def test_claims_are_held_against_constraints(claims: dict[str, Any], constraints: dict[str, Any], valid: bool) -> None:
    assert verified(signed(claims), constraints) is valid


def test_an_unknown_critical_header_is_refused() -> None:
    assert not verified(signed({}, crit=["b64"], b64=True), {})


@pytest.mark.parametrize(
    ("constraints", "error"),
    [
        ({"time": -1}, "token time constraint: must not be negative"),
        ({"secret": 1}, "secret constraint: must be a string"),
        ({"what": 1}, "unknown token validation constraint: what"),
        ({"secret": ""}, "no key constraint"),
        ({"cert": "{"}, "failed to parse a JWK key (set): "),
    ],
)
def test_constraints_make_sense(constraints: dict[str, Any], error: str) -> None:
    answer = call("io.jwt.decode_verify", Moment(), signed({}), {"secret": SECRET, **constraints})
    assert answer.startswith(f"eval_builtin_error: {error}")


@pytest.mark.parametrize(
    ("token", "error"),
    [
        ("a", "encoded JWT had no period separators"),
        ("a.b", "encoded JWT must have 3 sections, found 2"),
        ("!.b.c", "JWT header had invalid encoding: "),
        ("eyJlbmMiOjF9.e30.", "JWT is a JWE object, which is not supported"),
        ("MQ.e30.", "bad JWT header: decoded JSON type was not an Object"),
    ],
)
def test_what_is_no_token_is_an_error(token: str, error: str) -> None:
    assert call("io.jwt.decode", token).startswith(f"eval_builtin_error: {error}")


@pytest.mark.parametrize(
    ("header", "payload", "error"),
    [
        ("", "{}", "missing or invalid 'alg' header: cannot parse JSON: cannot parse empty string"),
        ("e", "{}", "missing or invalid 'alg' header: jwsbb: header \"alg\" not found"),
        ("{}", "{}", "missing or invalid 'alg' header: jwsbb: header \"alg\" not found"),
        ('{"alg": "x"}', "{}", "unknown JWS algorithm: x"),
        ('{"alg": "HS256"}', "x", "type is JWT but payload is not JSON"),
        ('{"alg": "RS256"}', "{}", "the key cannot sign with RS256"),
    ],
)
def test_what_cannot_be_signed_is_an_error(header: str, payload: str, error: str) -> None:
    answer = call("io.jwt.encode_sign_raw", header, payload, json.dumps(OCT))
    assert answer.startswith(f"eval_builtin_error: {error}")
