"""Digests, certificates and keys, with certificates made here."""

from __future__ import annotations

import base64
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest
from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization
from cryptography.hazmat.primitives.asymmetric import ec
from cryptography.x509.oid import ExtendedKeyUsageOID, NameOID
from regocalls import call

from constraints.rego.builtins import BUILTINS
from constraints.rego.builtins.outside import Outside

START = datetime(2026, 1, 1, tzinfo=UTC)
DURING = int((START + timedelta(days=1)).timestamp()) * 10**9
PEM = serialization.Encoding.PEM


class Moment:
    """A context in which it is always the same time."""

    def __init__(self, now: int) -> None:
        self.outside = Outside(now=lambda: now)
        self.memory: dict[Any, Any] = {}


def made(name: str, issuer: x509.Certificate | None = None, signer: Any = None, *, host: str = "") -> tuple[Any, Any]:
    """A certificate and its key: an authority, or with a host one of a server."""
    key = ec.generate_private_key(ec.SECP256R1())
    subject = x509.Name([x509.NameAttribute(NameOID.COMMON_NAME, name)])
    builder = (
        x509.CertificateBuilder(subject_name=subject, issuer_name=issuer.subject if issuer else subject)
        .public_key(key.public_key())
        .serial_number(1 << 70)
        .not_valid_before(START)
        .not_valid_after(START + timedelta(days=10))
        .add_extension(x509.BasicConstraints(ca=not host, path_length=None), critical=True)
    )
    if host:
        names = [x509.DNSName(host), x509.UniformResourceIdentifier("spiffe://a.b/c")]
        builder = builder.add_extension(x509.SubjectAlternativeName(names), critical=False)
        purposes = x509.ExtendedKeyUsage([ExtendedKeyUsageOID.SERVER_AUTH])
        builder = builder.add_extension(purposes, critical=False)
    return builder.sign(signer or key, hashes.SHA256()), key


ROOT, ROOT_KEY = made("root")
LEAF, LEAF_KEY = made("leaf", ROOT, ROOT_KEY, host="*.example.org")
CHAIN = (ROOT.public_bytes(PEM) + LEAF.public_bytes(PEM)).decode()
KEY = LEAF_KEY.private_bytes(PEM, serialization.PrivateFormat.PKCS8, serialization.NoEncryption()).decode()


@pytest.mark.parametrize(
    ("name", "arguments", "answer"),
    [
        ("crypto.md5", ("a",), '"0cc175b9c0f1b6a831c399e269772661"'),
        ("crypto.sha1", ("",), '"da39a3ee5e6b4b0d3255bfef95601890afd80709"'),
        ("crypto.hmac.md5", ("", ""), '"74e6f7298a9c2d168935f58c001bad88"'),
        ("crypto.hmac.sha1", ("a", "k"), '"40e7d441cadb17b07f050341aa23a6820ed81c8b"'),
        ("crypto.hmac.sha256", ("a", "k"), '"78da91511e675587f5b9df78bedebaf5560da2abb88162ee875dcdf744951d9e"'),
        (
            "crypto.hmac.sha512",
            ("a", "k"),
            '"82e0c15e0d62ab17984bea225bf7d28ad54f343dd6520c283c3a2cd43852a2f7'
            '9c349cc9b7583317399ee38d722489b45a942667e55bc38c42a5bb203c0900c7"',
        ),
        ("crypto.hmac.equal", ("a", "a"), "true"),
        ("crypto.hmac.equal", ("a", "b"), "false"),
        ("crypto.sha256", (1,), "eval_type_error: operand 1 must be string but got number"),
        ("crypto.parse_private_keys", ("",), "null"),
        ("crypto.parse_private_keys", ("nope",), "[]"),
        ("crypto.x509.parse_rsa_private_key", ("",), "eval_builtin_error: input PEM data was empty"),
        (
            "crypto.x509.parse_rsa_private_key",
            ("invalid",),
            "eval_builtin_error: illegal base64 data at input byte 4",
        ),
        (
            "crypto.x509.parse_certificate_request",
            ("x",),
            "eval_builtin_error: illegal base64 data at input byte 0",
        ),
        (
            "crypto.x509.parse_certificates",
            (KEY,),
            "eval_builtin_error: PEM block type is 'PRIVATE KEY', expected CERTIFICATE",
        ),
    ],
)
def test_a_call_answers_as_opa_does(name: str, arguments: tuple[Any, ...], answer: str) -> None:
    assert call(name, *arguments) == answer


@pytest.mark.parametrize(
    "text",
    [
        pytest.param(CHAIN, id="PEM"),
        pytest.param(base64.b64encode(CHAIN.encode()).decode(), id="base64 of PEM"),
        pytest.param(
            base64.b64encode(b"".join(cert.public_bytes(serialization.Encoding.DER) for cert in (ROOT, LEAF))).decode(),
            id="base64 of DER",
        ),
    ],
)
def test_certificates_have_the_fields_of_go(text: str) -> None:
    root, leaf = BUILTINS["crypto.x509.parse_certificates"].run(text)
    assert (root["IsCA"], root["MaxPathLen"], root["BasicConstraintsValid"], root["DNSNames"]) == (True, -1, True, None)
    assert (leaf["Subject"]["CommonName"], leaf["Issuer"]["CommonName"]) == ("leaf", "root")
    assert (leaf["SerialNumber"], leaf["Version"], leaf["ExtKeyUsage"]) == (1 << 70, 3, [1])
    assert (leaf["NotBefore"], leaf["SignatureAlgorithm"], leaf["PublicKeyAlgorithm"]) == (
        "2026-01-01T00:00:00Z",
        10,
        3,
    )
    assert (leaf["DNSNames"], leaf["URIStrings"]) == (["*.example.org"], ["spiffe://a.b/c"])
    assert leaf["URIs"][0]["Host"] == "a.b"


def test_a_request_has_the_fields_of_go() -> None:
    request = (
        "MIGTMEcCAQAwFDESMBAGA1UEAwwJYS5leGFtcGxlMCowBQYDK2VwAyEAhsSICfjR"
        "yAxJiOpsB+A27lWPrkdtdT1U8L9Adiqwz5ygADAFBgMrZXADQQDfU6qjj33e/s7l"
        "dW2gIIrUcylwuBQ3w73Yiq370zQNBkyHQLAJykDsAdEv5ZsMM75HhF1VqJ0xG1pK"
        "CKuycxEF"
    )
    pem = f"-----BEGIN CERTIFICATE REQUEST-----\n{request}\n-----END CERTIFICATE REQUEST-----\n"
    found = BUILTINS["crypto.x509.parse_certificate_request"].run(pem)
    assert (found["Subject"]["CommonName"], found["DNSNames"], found["Version"]) == ("a.example", None, 0)
    assert (found["SignatureAlgorithm"], found["PublicKeyAlgorithm"]) == (16, 4)


@pytest.mark.parametrize(
    ("options", "valid"),
    [
        pytest.param({"CurrentTime": DURING}, True, id="in time"),
        pytest.param({"CurrentTime": DURING - 2 * 86400 * 10**9}, False, id="too early"),
        pytest.param({"CurrentTime": DURING, "DNSName": "a.example.org"}, True, id="its host"),
        pytest.param({"CurrentTime": DURING, "DNSName": "b.a.example.org"}, False, id="a host too deep"),
        pytest.param({"CurrentTime": DURING, "KeyUsages": ["KeyUsageClientAuth"]}, False, id="another purpose"),
        pytest.param({"CurrentTime": DURING, "KeyUsages": ["KeyUsageAny"]}, True, id="any purpose"),
    ],
)
def test_a_chain_is_verified(options: dict[str, Any], valid: bool) -> None:
    verify = BUILTINS["crypto.x509.parse_and_verify_certificates_with_options"].run
    answer, chain = verify(Moment(0), CHAIN, options)
    assert answer is valid
    assert [cert["Subject"]["CommonName"] for cert in chain] == (["leaf", "root"] if valid else [])


def test_a_chain_is_verified_now() -> None:
    verify = BUILTINS["crypto.x509.parse_and_verify_certificates"].run
    assert verify(Moment(DURING), CHAIN)[0] is True
    assert verify(Moment(0), CHAIN) == [False, []]


def test_an_authority_that_is_none_vouches_for_nobody() -> None:
    other, _ = made("other", LEAF, LEAF_KEY, host="other.example.org")
    chain = (LEAF.public_bytes(PEM) + other.public_bytes(PEM)).decode()
    assert BUILTINS["crypto.x509.parse_and_verify_certificates"].run(Moment(DURING), chain) == [False, []]


def test_a_key_pair_is_one() -> None:
    pair = BUILTINS["crypto.x509.parse_keypair"].run(LEAF.public_bytes(PEM).decode(), KEY)
    assert pair["Leaf"]["Subject"]["CommonName"] == "leaf"
    assert pair["PrivateKey"]["D"] == LEAF_KEY.private_numbers().private_value
    other = call("crypto.x509.parse_keypair", ROOT.public_bytes(PEM).decode(), KEY)
    assert other == "eval_builtin_error: tls: private key does not match public key"


def test_a_key_becomes_a_jwk() -> None:
    key = BUILTINS["crypto.x509.parse_rsa_private_key"].run(KEY)
    assert (key["kty"], key["crv"], len(key["d"])) == ("EC", "P-256", 43)
