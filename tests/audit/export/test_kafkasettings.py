"""What a Connection may say about Kafka, what librdkafka is told of it, and which key a message has."""

from __future__ import annotations

import json
from collections.abc import Mapping
from typing import Any

import pytest
from exporting import RUN, no_secrets

from audit.errors import ExportError, InvalidSecret
from audit.export.fields import Fields
from audit.export.kafkaerrors import connecting, shown
from audit.export.kafkasettings import KafkaSettings, hidden, key_of, producer_config

SASL = {"username": "patrol", "password": {"secretName": "kafka", "key": "password"}}
VIOLATION = {
    "eventType": "violation_audited",
    "kind": "K8sRequiredLabels",
    "name": "owned",
    "resourceGroup": "apps",
    "resourceKind": "Deployment",
    "resourceNamespace": "shop",
    "resourceName": "web",
}


def settings_of(channel: str = "audit-channel", **config: Any) -> KafkaSettings:
    fields = Fields("spec.config", config)
    made = KafkaSettings.of(fields, channel)
    fields.end()
    return made


def config_of(secret: Mapping[str, bytes], **config: Any) -> dict[str, Any]:
    return producer_config(settings_of(brokers="kafka", **config), lambda name: secret)


def test_only_brokers_must_be_named_and_the_topic_is_the_channel() -> None:
    made = settings_of(brokers="kafka.shop:9092")
    assert (made.brokers, made.topic, made.key, made.tls, made.sasl) == (
        "kafka.shop:9092",
        "audit-channel",
        "run",
        None,
        None,
    )
    config = producer_config(made, no_secrets)
    assert (config["acks"], config["enable.idempotence"], config["security.protocol"]) == ("all", True, "plaintext")


@pytest.mark.parametrize("brokers", ["a:9092, b:9093", ["a:9092", "b:9093"]])
def test_brokers_are_a_list_or_a_text_with_commas(brokers: object) -> None:
    assert settings_of(brokers=brokers).brokers == "a:9092,b:9093"


def test_what_is_said_reaches_librdkafka() -> None:
    config = config_of({}, topic="t", compression="zstd", maxMessageBytes=5000, timeout="4s", tls={})
    assert (config["compression.type"], config["message.max.bytes"]) == ("zstd", 5000)
    assert (config["message.timeout.ms"], config["topic.metadata.propagation.max.ms"]) == (4000, 2000)
    assert config["security.protocol"] == "ssl"


@pytest.mark.parametrize(("tls", "protocol"), [({}, "sasl_plaintext"), ({"tls": {}}, "sasl_ssl")])
def test_user_and_password_are_as_the_secret_has_them_but_for_the_end_of_the_line(
    tls: dict[str, Any], protocol: str
) -> None:
    config = config_of({"password": b"s3 cr\xc3\xa9t\n"}, sasl=SASL, **tls)
    assert (config["sasl.username"], config["sasl.password"]) == ("patrol", "s3 cr\u00e9t")
    assert (config["sasl.mechanism"], config["security.protocol"]) == ("SCRAM-SHA-512", protocol)
    assert hidden(config) == {"s3 cr\u00e9t"}


def test_the_name_of_the_user_may_be_in_a_secret_too() -> None:
    user = {"username": {"secretName": "kafka", "key": "user"}}
    assert config_of({"password": b"p", "user": b"me"}, sasl=SASL | user)["sasl.username"] == "me"


@pytest.mark.parametrize("password", [b"", b"\n", b"two\nlines", b"\xff\xfe", b"nul\0"])
def test_a_password_that_is_no_line_of_text_is_told_without_it(password: bytes) -> None:
    with pytest.raises(InvalidSecret, match=r"^the Secret kafka has something at password that is no line of text$"):
        config_of({"password": password}, sasl=SASL)


def test_a_secret_without_the_key_or_without_certificates_that_make_sense_is_told() -> None:
    with pytest.raises(InvalidSecret, match="the Secret kafka has no key password"):
        config_of({}, sasl=SASL)
    with pytest.raises(InvalidSecret, match=r"the Secret ca has no certificates in PEM at ca\.crt"):
        config_of({"ca.crt": b"s3cret"}, tls={"secretName": "ca"})
    with pytest.raises(InvalidSecret, match=r"the Secret ca has no key tls\.key, but the other half of the pair"):
        config_of({"tls.crt": b"s3cret"}, tls={"secretName": "ca"})


@pytest.mark.parametrize(
    ("config", "told"),
    [
        ({}, "brokers is missing"),
        ({"brokers": ""}, "brokers must be addresses of a host and a port"),
        ({"brokers": []}, "brokers must be a text, or a list of texts"),
        ({"brokers": 9092}, "brokers must be a text, or a list of texts"),
        ({"brokers": ["a", 5]}, "brokers must be a text, or a list of texts"),
        ({"brokers": {"a": 5}}, "brokers must be a text, or a list of texts"),
        ({"brokers": "a:9092,,b"}, "brokers must be addresses"),
        ({"brokers": "SASL_SSL://me:s3cret@a:9092"}, "brokers must be addresses"),
        ({"brokers": "a", "topic": "ä"}, "topic must be a name of letters, .*, not 'ä'"),
        ({"brokers": "a", "topic": ".."}, "topic must be a name of letters"),
        ({"brokers": "a", "topic": 5}, "topic must be a text, not 5"),
        ({"brokers": "a", "key": "namespace"}, "key must be one of run, resource, violation, not 'namespace'"),
        ({"brokers": "a", "compression": "br"}, "compression must be one of none, gzip, .*, not 'br'"),
        ({"brokers": "a", "maxMessageBytes": 10}, "maxMessageBytes must be a whole number from 1000 to 1000000000"),
        ({"brokers": "a", "maxMessageBytes": "1M"}, "maxMessageBytes must be a whole number"),
        ({"brokers": "a", "timeout": 5}, "timeout must be a duration from 2s to 5m, not 5"),
        ({"brokers": "a", "cloudEvents": "yes"}, "cloudEvents must be true or false, not 'yes'"),
        ({"brokers": "a", "tls": None}, "tls must be an object, not null"),
        ({"brokers": "a", "tls": True}, "tls must be an object, not true or false"),
        ({"brokers": "a", "tls": {"secretName": 5}}, "tls.secretName must be a text, not 5"),
        ({"brokers": "a", "tls": {"secret": "x"}}, "tls.secret is no field of this driver: did you mean secretName"),
        ({"brokers": "a", "sasl": {}}, "sasl.username is missing"),
        ({"brokers": "a", "sasl": {"username": "me"}}, "sasl.password is missing"),
        ({"brokers": "a", "sasl": SASL | {"username": 5}}, "sasl.username must be an object, not a number"),
        ({"brokers": "a", "sasl": SASL | {"username": {"secretName": "x"}}}, "sasl.username.key is missing"),
        ({"brokers": "a", "sasl": SASL | {"password": "s3cret"}}, "sasl.password must be an object, not a text"),
        ({"brokers": "a", "sasl": SASL | {"mechanism": "GSSAPI"}}, "sasl.mechanism must be one of SCRAM-SHA-512, .*"),
        ({"brokers": "a", "sasl": SASL | {"user": "me"}}, "sasl.user is no field of this driver"),
        ({"brokers": "a", "bootstrap.servers": "b"}, "bootstrap.servers is no field of this driver"),
    ],
)
def test_what_makes_no_sense_is_named(config: Mapping[str, Any], told: str) -> None:
    with pytest.raises(ExportError, match=rf"^spec\.config\.{told}") as error:
        settings_of(**config)
    assert error.value.reason == "InvalidConnection"
    assert "s3cret" not in str(error.value)


def test_a_channel_that_can_be_no_topic_is_told_where_no_topic_is_named() -> None:
    with pytest.raises(
        ExportError, match=r"config\.topic is missing, and the channel 'a b' is none: it must be a name"
    ):
        settings_of("a b", brokers="kafka")
    assert settings_of("a b", brokers="kafka", topic="violations").topic == "violations"


@pytest.mark.parametrize(
    ("kind", "key"),
    [
        ("run", RUN),
        ("resource", "apps/Deployment/shop/web"),
        ("violation", "K8sRequiredLabels/owned/apps/Deployment/shop/web"),
    ],
)
def test_messages_have_the_key_of_their_run_object_or_violation(kind: str, key: str) -> None:
    assert key_of(kind, RUN, json.dumps(VIOLATION).encode()) == key.encode()
    assert key_of(kind, RUN, b'{"id":"x","message":"audit is started"}') == RUN.encode()


def test_the_key_of_an_object_of_the_cluster_tells_it_from_one_in_a_namespace() -> None:
    del (message := dict(VIOLATION))["resourceNamespace"]
    assert key_of("resource", RUN, json.dumps(message).encode()) == b"apps/Deployment//web"


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (
            "kafka:9092/bootstrap: Connect to ipv4#10.0.0.1:9092 failed: Connection refused (after 0ms in state CONNECT)",
            "the broker cannot be reached: kafka:9092: Connection refused",
        ),
        (
            "[thrd:kafka:9092/1]: kafka:9092/1: Connect to ipv4#10.0.0.1:9092 failed: Connection refused "
            "(after 0ms in state CONNECT, 3 identical error(s) suppressed)",
            "the broker cannot be reached: kafka:9092: Connection refused",
        ),
        (
            "kafka:9092/bootstrap: Failed to resolve 'kafka:9092': Name or service not known (after 1ms in state CONNECT)",
            "the broker cannot be reached: kafka:9092: Name or service not known",
        ),
        (
            "kafka:9092/bootstrap: Connection setup timed out in state APIVERSION_QUERY (after 2046ms in state UP)",
            "the broker does not answer: kafka:9092: nothing in time",
        ),
        (
            "kafka:9092/bootstrap: Disconnected: connection closed by peer: receive 0 after POLLIN (after 0ms in state UP)",
            "the broker hangs up: kafka:9092: see tls and sasl of the Connection",
        ),
        (
            "ssl://kafka:9093/1: SSL handshake failed: error:0A000086:SSL routines::certificate verify failed: broker "
            "certificate could not be verified (after 3ms in state SSL_HANDSHAKE)",
            "the certificate of the broker is not trusted: kafka:9093: see tls of the Connection",
        ),
        (
            "ssl://kafka:9093/1: Receive failed: error:0A00045C:SSL routines::tlsv13 alert certificate required: "
            "SSL alert number 116 (after 0ms in state APIVERSION_QUERY)",
            "the broker and this program find no way to speak TLS: kafka:9093: tlsv13 alert certificate required",
        ),
        (
            "ssl://kafka:9093/bootstrap: Disconnected: connection reset by peer (after 0ms in state SSL_HANDSHAKE)",
            "the broker and this program find no way to speak TLS: kafka:9093: connection reset by peer",
        ),
        (
            "ssl://kafka:9093/bootstrap: Disconnected: SSL connection closed by peer (after 2ms in state UP)",
            "the broker hangs up: kafka:9093: see tls and sasl of the Connection",
        ),
        (
            "sasl_ssl://kafka:9093/bootstrap: SASL authentication error: s3cret (after 0ms in state AUTH_REQ)",
            "the broker does not let this user in: kafka:9093: see sasl of the Connection",
        ),
        ("who knows", "the broker cannot be reached: brokers: who knows"),
    ],
)
def test_the_same_trouble_is_told_in_the_same_words_whenever_it_comes(text: str, told: str) -> None:
    assert connecting(text) == told


def test_neither_secrets_nor_what_brokers_say_of_users_are_shown() -> None:
    assert shown("a s3cret b", {"s3cret"}) == "a *** b"
    assert shown("x: SASL authentication error: no me\nhere", ()) == "x: SASL authentication error"
