"""`io.jwt.decode_verify` (facts: OPA's topdown/tokens.go; RFC 7519, section 7.2)."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, Final

from constraints.dataclass import dataclass
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.jwt import ALGORITHMS, Token, checked_header, json_object
from constraints.rego.builtins.operands import as_bytes, mapping
from constraints.rego.builtins.outside import Context, now
from constraints.rego.values.kinds import Value, is_number
from constraints.rego.values.order import compare, sorted_pairs

if TYPE_CHECKING:
    from constraints.rego.builtins.pki.jwk import Key

_UNVERIFIED: Final[list[Value]] = [False, {}, {}]
_TEXTS: Final = ("alg", "aud", "cert", "iss", "secret")
_REGISTERED: Final = ("alg", "kid", "typ", "cty", "crit")


@dataclass(frozen=True, slots=True)
class Wanted:
    """What a token must be: signed by these keys or with this secret, so, by this issuer, for this audience, at this
    time (nanoseconds since 1970)."""

    keys: tuple[Key, ...] | None
    secret: str
    algorithm: str
    issuer: str
    audience: str
    time: float


@builtin(
    "io.jwt.decode_verify",
    "string",
    "object[string:any]",
    result="array<boolean,object,object>",
    contextual=True,
    pure=False,
    extra="crypto",
)
def decode_verify(context: Context, given: Value, constraints: Value) -> Value:
    """`[true, header, claims]` of a token that is signed as wanted and holds now; else `[false, {}, {}]`."""
    wanted = _wanted(context, mapping(constraints, 2))
    while True:
        token = Token.of(given)
        header = checked_header(token)
        if not _acceptable(header, wanted):
            return _UNVERIFIED
        signature = token.signature
        if not _signed(token, signature, wanted):
            return _UNVERIFIED
        given = token.payload
        if header.get("cty", "").upper() != "JWT":
            break
    claims = json_object(given)
    return [True, header, claims] if _holds(claims, wanted) else _UNVERIFIED


def _wanted(context: Context, constraints: Any) -> Wanted:
    """The constraints. Raises BuiltinError for those that are unknown, of a wrong type, or without a key."""
    given: dict[str, Value] = {}
    for name, value in sorted_pairs(constraints):
        given[name] = _constraint(name, value)
    secret = given.get("secret", "")
    if "cert" in given and secret:
        raise BuiltinError("duplicate key constraints")
    if "cert" not in given and not secret:
        raise BuiltinError("no key constraint")
    return Wanted(
        keys=given.get("cert"),
        secret=secret,
        algorithm=given.get("alg", ""),
        issuer=given.get("iss", ""),
        audience=given.get("aud", ""),
        time=given["time"] if "time" in given else float(now(context)),
    )


def _constraint(name: Value, value: Value) -> Any:
    if name == "time":
        return _time(value)
    if name not in _TEXTS:
        raise BuiltinError(f"unknown token validation constraint: {name}")
    if not isinstance(value, str):
        raise BuiltinError(f"{name} constraint: must be a string")
    return _keys(value) if name == "cert" else value


def _keys(text: str) -> tuple[Key, ...]:
    from constraints.rego.builtins.pki.jwk import verification_keys

    return tuple(key for key in verification_keys(text) if key.algorithm in ("", *ALGORITHMS))


def _time(value: Value) -> float:
    if not is_number(value):
        raise BuiltinError("token time constraint: must be a number")
    if value < 0:
        raise BuiltinError("token time constraint: must not be negative")
    return float(value)


def _acceptable(header: dict[str, Value], wanted: Wanted) -> bool:
    """Whether it names its algorithm, the wanted one, and what it calls critical is known here."""
    algorithm = header.get("alg", "")
    unknown = {name for name in header if name not in _REGISTERED}
    critical = [name for name in header.get("crit", ()) if isinstance(name, str)]
    if not algorithm or unknown.intersection(critical):
        return False
    return wanted.algorithm in ("", algorithm)


def _signed(token: Token, signature: bytes, wanted: Wanted) -> bool:
    from constraints.rego.builtins.pki.signatures import verifies

    algorithm, name = token.header["alg"], token.header.get("kid", "")
    if wanted.keys is None:
        return verifies(as_bytes(wanted.secret), algorithm, token.signed, signature)
    named = [found for found in wanted.keys if name and found.name == name][:1]
    fit = named or [found for found in wanted.keys if found.algorithm in ("", algorithm)]
    return any(verifies(found.key, algorithm, token.signed, signature) for found in fit)


def _holds(claims: dict[str, Value], wanted: Wanted) -> bool:
    """Whether issuer, audience and time are the wanted ones. Raises BuiltinError for a time that is no number."""
    if wanted.issuer and claims.get("iss") != wanted.issuer:
        return False
    if not _for_audience(claims, wanted.audience):
        return False
    seconds = wanted.time / 1e9
    if "exp" in claims and compare(seconds, _moment(claims, "exp")) >= 0:
        return False
    return "nbf" not in claims or compare(seconds, _moment(claims, "nbf")) >= 0


def _moment(claims: dict[str, Value], name: str) -> Value:
    if not is_number(claims[name]):
        raise BuiltinError(f"{name} value must be a number")
    return claims[name]


def _for_audience(claims: dict[str, Value], audience: str) -> bool:
    if "aud" not in claims:
        return not audience
    named = claims["aud"]
    return audience in named if isinstance(named, list) else bool(named == audience)
