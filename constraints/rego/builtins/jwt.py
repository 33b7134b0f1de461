"""`io.jwt.*` (facts: OPA's topdown/tokens.go; RFC 7515, RFC 7519). All but decoding and HMAC needs the extra
`crypto`.
"""

from __future__ import annotations

import base64
import hmac
import re
from collections.abc import Callable
from functools import cached_property
from typing import Final

from constraints.dataclass import dataclass
from constraints.golang.utf8 import from_bytes
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.encoding import unpacked_url
from constraints.rego.builtins.gojson import is_json, marshal, unmarshal
from constraints.rego.builtins.operands import as_bytes, string
from constraints.rego.values.kinds import Value, is_object

ALGORITHMS: Final = (*(f"{family}{bits}" for family in ("RS", "PS", "ES", "HS") for bits in (256, 384, 512)), "EdDSA")
_NUMBER_LIKE: Final = re.compile(r"\s*[-+.0-9eE]+\s*")  # OPA's parser of headers takes each of these for a number
_TEXTS: Final = ("alg", "kid", "typ", "cty")


@dataclass(frozen=True)
class Token:
    """The three parts of a token, as they were written."""

    head: str
    body: str
    seal: str

    @classmethod
    def of(cls, given: Value) -> Token:
        """From its text. Raises BuiltinError."""
        text = string(given, 1)
        if "." not in text:
            raise BuiltinError("encoded JWT had no period separators")
        parts = text.split(".")
        if len(parts) != 3:
            raise BuiltinError(f"encoded JWT must have 3 sections, found {len(parts)}")
        return cls(*parts)

    @cached_property
    def header(self) -> dict[str, Value]:
        """The header. Raises BuiltinError."""
        text = from_bytes(_part("header", self.head))
        try:
            header = json_object(text)
        except BuiltinError as error:
            raise BuiltinError(f"bad JWT header: {error}") from error
        if "enc" in header:
            raise BuiltinError("JWT is a JWE object, which is not supported")
        return header

    @property
    def payload(self) -> str:
        """The text of the payload. Raises BuiltinError."""
        return from_bytes(_part("payload", self.body))

    @property
    def signature(self) -> bytes:
        """Raises BuiltinError."""
        return unpacked_url(self.seal)

    @property
    def signed(self) -> bytes:
        """What the signature is of."""
        return as_bytes(f"{self.head}.{self.body}")


def _part(name: str, text: str) -> bytes:
    try:
        return unpacked_url(text)
    except BuiltinError as error:
        raise BuiltinError(f"JWT {name} had invalid encoding: {error}") from error


def json_object(text: str) -> dict[str, Value]:
    """The object of a JSON text. Raises BuiltinError."""
    try:
        found = unmarshal(text)
    except BuiltinError as error:
        raise BuiltinError(f"invalid JSON: {error}") from error
    if not isinstance(found, dict):
        raise BuiltinError("decoded JSON type was not an Object")
    return found


@builtin("io.jwt.decode", "string", result="array<object,object,string>")
def decode(given: Value) -> Value:
    """Header, payload and signature (in hex); nothing is verified. A token in a token is looked into."""
    token = Token.of(given)
    header, payload = token.header, token.payload
    if header.get("cty") == "JWT":
        return decode(payload.strip("\"'"))
    claims = json_object(payload)
    return [header, claims, _part("signature", token.seal).hex()]


def checked_header(token: Token) -> dict[str, Value]:
    """The header, its registered fields of the right type. Raises BuiltinError."""
    for name in sorted(token.header):
        value = token.header[name]
        if name in _TEXTS and not isinstance(value, str):
            raise BuiltinError(f"{name}: must be a string")
        if name == "crit":
            if not isinstance(value, list):
                raise BuiltinError("crit: must be a list")
            if not value or not isinstance(value[0], str):
                raise BuiltinError("crit: must be a nonempty list")
    return token.header


def _verifier(algorithm: str) -> Callable[[Value, Value], bool]:
    def verify(given: Value, key: Value) -> bool:
        """Whether the token's signature is that of one of the keys: of the one it names, else of any."""
        from constraints.rego.builtins.pki.jwk import verification_keys
        from constraints.rego.builtins.pki.signatures import verifies

        token = Token.of(given)
        keys = [found for found in verification_keys(string(key, 2)) if found.algorithm in ("", *ALGORITHMS)]
        signature = token.signature
        header = checked_header(token)
        named = [found for found in keys if found.name == header.get("kid")][:1] if header.get("kid") else []
        fit = named or [found for found in keys if found.algorithm in ("", header.get("alg", ""))]
        return any(verifies(found.key, algorithm, token.signed, signature) for found in fit)

    return verify


def _mac_verifier(digest: str) -> Callable[[Value, Value], bool]:
    def verify(given: Value, secret: Value) -> bool:
        string(given, 1)
        key = as_bytes(string(secret, 2))
        token = Token.of(given)
        return hmac.compare_digest(token.signature, hmac.new(key, token.signed, digest).digest())

    return verify


for _name in ALGORITHMS:
    if _name.startswith("HS"):
        _verify, _extra = _mac_verifier(f"sha{_name[2:]}"), ""
    else:
        _verify, _extra = _verifier(_name), "crypto"
    builtin(f"io.jwt.verify_{_name.lower()}", "string", "string", result="boolean", extra=_extra)(_verify)


@builtin(
    "io.jwt.encode_sign",
    "object[string:any]",
    "object[string:any]",
    "object[string:any]",
    result="string",
    extra="crypto",
    pure=False,
)
def encode_sign(header: Value, payload: Value, key: Value) -> str:
    """A signed token; the key is a JWK."""
    return _signed(marshal(header), marshal(payload), marshal(key))


@builtin("io.jwt.encode_sign_raw", "string", "string", "string", result="string", extra="crypto", pure=False)
def encode_sign_raw(header: Value, payload: Value, key: Value) -> str:
    """The same of JSON texts, which are signed as they are."""
    jwk = string(key, 3)
    return _signed(string(header, 1), string(payload, 2), jwk)


def _signed(header: str, payload: str, jwk: str) -> str:
    from constraints.rego.builtins.pki.jwk import jwk_keys
    from constraints.rego.builtins.pki.signatures import signature_of

    keys = jwk_keys(jwk)
    if not keys:
        raise BuiltinError("no keys found in JWK set")
    algorithm, kind = _asked(header)
    if kind in (None, "JWT") and not is_json(payload):
        raise BuiltinError("type is JWT but payload is not JSON")
    text = f"{_urlsafe(as_bytes(header))}.{_urlsafe(as_bytes(payload))}"
    return f"{text}.{_urlsafe(signature_of(keys[0].key, algorithm, text.encode()))}"


def _asked(header: str) -> tuple[str, str | None]:
    """The algorithm and the type that a header asks for. Raises BuiltinError."""
    missing = "missing or invalid 'alg' header: "
    if not header:
        raise BuiltinError(f'{missing}cannot parse JSON: cannot parse empty string; unparsed tail: ""')
    try:
        fields = {} if _NUMBER_LIKE.fullmatch(header) else unmarshal(header)
    except BuiltinError as error:
        raise BuiltinError(f"{missing}cannot parse JSON: {error}") from error
    algorithm = fields.get("alg") if is_object(fields) else None
    if not isinstance(algorithm, str):
        raise BuiltinError(f'{missing}jwsbb: header "alg" not found')
    if algorithm not in ALGORITHMS:
        raise BuiltinError(f"unknown JWS algorithm: {algorithm}")
    kind = fields.get("typ")
    return algorithm, kind if isinstance(kind, str) else None


def _urlsafe(data: bytes) -> str:
    return base64.urlsafe_b64encode(data).rstrip(b"=").decode()
