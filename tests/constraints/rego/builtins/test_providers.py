"""Signatures of AWS: the first is of the test suite that AWS publishes, the others follow from what it says of them."""

from __future__ import annotations

import json
from typing import Any

import pytest
from regocalls import call

from constraints.rego.values.kinds import object_of

SIGN = "providers.aws.sign_req"
MOMENT = 1_440_938_160_000_000_000  # 2015-08-30T12:36:00Z
CONFIG = {
    "aws_access_key": "AKIDEXAMPLE",
    "aws_secret_access_key": "wJalrXUtnFEMI/K7MDENG+bPxRfiCYEXAMPLEKEY",
    "aws_region": "us-east-1",
    "aws_service": "service",
}
REQUEST = {"method": "GET", "url": "https://example.amazonaws.com/"}
VANILLA = "5fa00fa31553b73ebf1942676e86291e8372ff2a2260956d9b8aae1d763fbf31"
EMPTY = "e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855"


def signed(request: Any = None, config: Any = None, moment: Any = MOMENT) -> dict[str, str]:
    """The headers of the signed request."""
    found: dict[str, str] = json.loads(
        call(SIGN, {**REQUEST, **(request or {})}, {**CONFIG, **(config or {})}, moment)
    )["headers"]
    return found


def test_the_example_of_aws_is_signed_as_it_says() -> None:
    scope = "AKIDEXAMPLE/20150830/us-east-1/service/aws4_request"
    wanted = f"AWS4-HMAC-SHA256 Credential={scope},SignedHeaders=host;x-amz-date,Signature={VANILLA}"
    assert signed() == {"Authorization": wanted, "host": "example.amazonaws.com", "x-amz-date": "20150830T123600Z"}


@pytest.mark.parametrize(
    ("request_", "config", "names"),
    [
        ({"headers": {"User-Agent": "x", "B": "1", "a": "2"}}, {}, "a;b;host;x-amz-date"),
        ({}, {"aws_session_token": "t"}, "host;x-amz-date;x-amz-security-token"),
        ({}, {"aws_service": "s3"}, "host;x-amz-content-sha256;x-amz-date"),
    ],
)
def test_the_headers_that_are_signed_are_named(request_: Any, config: Any, names: str) -> None:
    assert f"SignedHeaders={names}," in signed(request_, config)["Authorization"]


def test_the_hash_is_that_of_the_body_unless_it_is_not_to_be_signed() -> None:
    s3 = {"aws_service": "s3"}
    assert signed(config=s3)["x-amz-content-sha256"] == EMPTY
    raw = signed({"raw_body": '{"a":"\\u003c"}', "body": 1}, s3)
    assert raw == signed({"body": {"a": "<"}}, s3)
    unsigned = signed({"raw_body": "x"}, {**s3, "disable_payload_signing": True})
    assert unsigned["x-amz-content-sha256"] == "UNSIGNED-PAYLOAD"


def test_a_path_is_signed_escaped_once() -> None:
    assert signed({"url": "https://h/a b"})["Authorization"] == signed({"url": "https://h/a%20b"})["Authorization"]


@pytest.mark.parametrize(
    ("arguments", "error"),
    [
        (({}, CONFIG, 1), 'operand 1 missing required request parameters(s): {"method", "url"}'),
        (({"method": 1, "url": "u"}, CONFIG, 1), 'operand 1 invalid values for required request parameters(s): {"method"}'),
        (({**REQUEST, "x": 1}, CONFIG, 1), 'operand 1 invalid request parameters(s): {"x"}'),
        ((REQUEST, {**CONFIG, "aws_region": 1}, 1), 'operand 2 invalid values for required AWS config parameters(s): {"aws_region"}'),
        ((REQUEST, {"aws_region": ""}, 1), 'operand 2 missing required AWS config parameters(s): {"aws_access_key", "aws_secret_access_key", "aws_service"}'),
        ((REQUEST, {**CONFIG, "disable_payload_signing": 1}, 1), "operand 2 invalid value for 'disable_payload_signing' in AWS config"),
        ((REQUEST, CONFIG, 1.5), "operand 3 could not convert time_ns value into a unix timestamp"),
    ],
)  # fmt: skip
def test_what_cannot_be_signed_is_an_error(arguments: tuple[Any, ...], error: str) -> None:
    assert call(SIGN, *arguments) == f"eval_type_error: {error}"


def test_keys_that_are_no_texts_are_none_of_the_configuration_and_refused_in_a_request() -> None:
    odd = ({"x": 1}, 2)
    assert call(SIGN, REQUEST, object_of([*CONFIG.items(), odd]), MOMENT) == call(SIGN, REQUEST, CONFIG, MOMENT)
    missing = 'operand 2 missing required AWS config parameters(s): {"aws_access_key", "aws_secret_access_key", "aws_service"}'
    assert call(SIGN, REQUEST, object_of([("aws_region", "r"), odd]), 1) == f"eval_type_error: {missing}"
    refused = 'operand 1 invalid request parameters(s): {{"x": 1}}'
    assert call(SIGN, object_of([*REQUEST.items(), odd]), CONFIG, 1) == f"eval_type_error: {refused}"
