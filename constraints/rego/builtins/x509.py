"""`crypto.x509.*` and `crypto.parse_private_keys` (facts: OPA's topdown/crypto.go). Needs the extra `crypto`."""

from __future__ import annotations

from collections.abc import Callable
from typing import TYPE_CHECKING, Any, Final

from constraints.golang.utf8 import from_bytes
from constraints.rego.builtins import BuiltinError, builtin
from constraints.rego.builtins.encoding import unpacked
from constraints.rego.builtins.operands import mapping, string
from constraints.rego.builtins.outside import Context, now
from constraints.rego.values.kinds import RegoSet, Value, is_number, pairs_of

if TYPE_CHECKING:
    from constraints.rego.builtins.pki.chain import Wanted

_EXTRA: Final = "crypto"
_UNVERIFIED: Final[list[Value]] = [False, []]
_PURPOSES: Final = (
    "KeyUsageAny",
    "KeyUsageServerAuth",
    "KeyUsageClientAuth",
    "KeyUsageCodeSigning",
    "KeyUsageEmailProtection",
    "KeyUsageIPSECEndSystem",
    "KeyUsageIPSECTunnel",
    "KeyUsageIPSECUser",
    "KeyUsageTimeStamping",
    "KeyUsageOCSPSigning",
    "KeyUsageMicrosoftServerGatedCrypto",
    "KeyUsageNetscapeServerGatedCrypto",
    "KeyUsageMicrosoftCommercialCodeSigning",
    "KeyUsageMicrosoftKernelCodeSigning",
)


@builtin("crypto.x509.parse_certificates", "string", result="array[object[string:any]]", extra=_EXTRA)
def parse_certificates(certs: Value) -> Value:
    """The certificates of a text, as objects."""
    from constraints.rego.builtins.pki.reading import certificates

    return [_with_uris(cert) for cert in certificates(string(certs, 1))]


@builtin(
    "crypto.x509.parse_and_verify_certificates",
    "string",
    result="array<boolean,array[object[string:any]]>",
    extra=_EXTRA,
    contextual=True,
    pure=False,
)
def parse_and_verify(context: Context, certs: Value) -> Value:
    """`[true, chain]` when the last certificate is one that the first, the root, vouches for; else `[false, []]`."""
    given = string(certs, 1)
    return _verify(given, lambda: _wanted(context, {}), _with_uris)


@builtin(
    "crypto.x509.parse_and_verify_certificates_with_options",
    "string",
    "object[string:any]",
    result="array<boolean,array[object[string:any]]>",
    extra=_EXTRA,
    contextual=True,
    pure=False,
)
def parse_and_verify_with_options(context: Context, certs: Value, options: Value) -> Value:
    """The same, for a host, a time and purposes of choice."""
    given = string(certs, 1)
    asked = dict(pair for pair in pairs_of(mapping(options, 2)) if isinstance(pair[0], str))
    return _verify(given, lambda: _wanted(context, asked), _shape)


@builtin("crypto.x509.parse_certificate_request", "string", result="object[string:any]", extra=_EXTRA)
def parse_certificate_request(csr: Value) -> Value:
    """A certificate request as an object."""
    from constraints.rego.builtins.pki.certificate import request_json
    from constraints.rego.builtins.pki.reading import request, shaped

    return shaped(request(string(csr, 1)), request_json)


@builtin("crypto.x509.parse_keypair", "string", "string", result="object[string:any]", extra=_EXTRA)
def parse_keypair(cert: Value, key: Value) -> Value:
    """A certificate chain and its private key as an object."""
    from constraints.rego.builtins.pki.certificate import certificate_json
    from constraints.rego.builtins.pki.reading import key_pair

    # OPA counts both operands as the first
    return key_pair(string(cert, 1), string(key, 1), certificate_json)


@builtin("crypto.x509.parse_rsa_private_key", "string", result="object[string:any]", extra=_EXTRA)
def parse_rsa_private_key(pem: Value) -> Value:
    """The first private key of a text as a JWK, null where there is none."""
    from constraints.rego.builtins.pki.keys import jwk_json, private_keys

    given = string(pem, 1)
    if not given:
        raise BuiltinError("input PEM data was empty")
    if not given.startswith("-----BEGIN"):
        given = from_bytes(unpacked(given))
    found = private_keys(given)
    return jwk_json(found[0]) if found else None


@builtin("crypto.parse_private_keys", "string", result="array[object[string:any]]", extra=_EXTRA)
def parse_private_keys(keys: Value) -> Value:
    """The private keys of a text as objects; null for the empty text."""
    from constraints.rego.builtins.pki.keys import go_json, private_keys

    given = string(keys, 1)
    return [go_json(key) for key in private_keys(given)] if given else None


def _shape(cert: Any) -> Value:
    from constraints.rego.builtins.pki.certificate import certificate_json
    from constraints.rego.builtins.pki.reading import shaped

    return shaped(cert, certificate_json)


def _with_uris(cert: Any) -> Value:
    from constraints.rego.builtins.pki.extensions import uris

    return {**_shape(cert), "URIStrings": uris(cert)}


def _verify(given: str, wanted: Callable[[], Wanted], shape: Callable[[Any], Value]) -> Value:
    from constraints.rego.builtins.pki.chain import verified
    from constraints.rego.builtins.pki.reading import certificates

    try:
        certs = certificates(given)
    except BuiltinError:
        return _UNVERIFIED
    asked = wanted()
    chain = verified(certs, asked) if len(certs) > 1 else None
    return [True, [shape(cert) for cert in chain]] if chain else _UNVERIFIED


def _wanted(context: Context, options: dict[str, Value]) -> Wanted:
    """The options of a verification. Raises BuiltinError for one that is unknown or of a wrong type."""
    from constraints.rego.builtins.pki.chain import Wanted

    host, moment = "", 0
    purposes: tuple[int, ...] = ()
    for name, value in sorted(options.items()):
        if name == "DNSName":
            host = _host(value)
        elif name in ("CurrentTime", "MaxConstraintComparisons"):
            number = _whole(name, value)
            moment = number if name == "CurrentTime" else moment
        elif name == "KeyUsages":
            purposes = _chosen(value)
        else:
            raise BuiltinError("invalid key option")
    return Wanted(moment or now(context), host, purposes)


def _host(value: Value) -> str:
    if not isinstance(value, str):
        raise BuiltinError("'DNSName' should be a string")
    return value.strip('"')


def _whole(name: str, value: Value) -> int:
    if not is_number(value):
        raise BuiltinError(f"'{name}' should be a number")
    if value != int(value) or not -(2**63) <= value < 2**63:
        raise BuiltinError(f"'{name}' should be a valid {'int64 ' if name == 'CurrentTime' else ''}number")
    return int(value)


def _chosen(value: Value) -> tuple[int, ...]:
    if not isinstance(value, list | RegoSet):
        raise BuiltinError("'KeyUsages' should be an Array or Set")
    words = [word.strip('"') for word in value if isinstance(word, str)]
    unknown = [word for word in words if word not in _PURPOSES]
    if unknown:
        raise BuiltinError(f"invalid entries for 'KeyUsages' found: [{' '.join(unknown)}]")
    return tuple(_PURPOSES.index(word) for word in words)
