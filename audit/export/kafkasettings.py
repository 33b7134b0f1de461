"""What a Connection says about Kafka, and what librdkafka is told of that (pure, but for the Secrets that are read):
https://github.com/confluentinc/librdkafka/blob/master/CONFIGURATION.md.
"""

from __future__ import annotations

import re
import ssl
from collections.abc import Mapping

import orjson

from audit.export.driver import Secrets
from audit.export.fields import Fields, invalid
from audit.export.secrets import CA, CERTIFICATE, KEY, SecretKey, tls_material
from constraints.dataclass import dataclass

RUN, RESOURCE, VIOLATION = "run", "resource", "violation"
MECHANISMS = ("SCRAM-SHA-512", "SCRAM-SHA-256", "PLAIN")
COMPRESSIONS = ("none", "gzip", "snappy", "lz4", "zstd")
TIMEOUT = ("30s", ("2s", "5m"))  # the default, and from where to where
LARGEST, SIZES = 1_000_000, range(1_000, 1_000_000_001)  # the default is librdkafka's
_ANSWER = 8 << 20  # bytes of what a broker may answer; of one topic that is some kilobytes
_BROKER = re.compile(r"(?:\[[0-9A-Fa-f:.]+\]|[0-9A-Za-z_.-]+)(?::[0-9]{1,5})?")
_TOPIC = re.compile(r"(?!\.{1,2}$)[0-9A-Za-z._-]{1,249}")
_TOPIC_IS = "a name of letters, digits, dots, underscores and hyphens, 249 at most"
_OBJECT = ("resourceGroup", "resourceKind", "resourceNamespace", "resourceName")
_KEYS = {RESOURCE: _OBJECT, VIOLATION: ("kind", "name", *_OBJECT)}
Config = dict[str, str | int | bool]


@dataclass(frozen=True, slots=True)
class Sasl:
    """A user, whose name may be in a Secret, too, and the password."""

    mechanism: str
    user: str | SecretKey
    password: SecretKey


@dataclass(frozen=True, slots=True)
class KafkaSettings:
    """Where to and how.

    `largest` are the bytes of a message, `seconds` those within which it has to be confirmed; `tls` is the name of a
    Secret, empty for none, and None for no TLS; with a `source` messages have the headers of CloudEvents.
    """

    brokers: str
    topic: str
    key: str = RUN
    compression: str = "none"
    largest: int = LARGEST
    seconds: float = 30.0
    source: str = ""
    tls: str | None = None
    sasl: Sasl | None = None

    @classmethod
    def of(cls, fields: Fields, channel: str) -> KafkaSettings:
        """Raises ExportError, which names the field."""
        brokers = fields.texts("brokers")
        if not all(map(_BROKER.fullmatch, brokers)):
            raise fields.wrong_kept("brokers", "addresses of a host and a port, and no more")
        topic = _topic(fields, channel)
        key = fields.choice("key", RUN, (RUN, RESOURCE, VIOLATION))
        compression = fields.choice("compression", "none", COMPRESSIONS)
        largest = fields.whole("maxMessageBytes", SIZES, LARGEST)
        source = f"/kube-patrol/{channel}" if fields.truth("cloudEvents") else ""
        seconds, tls, sasl = fields.seconds("timeout", *TIMEOUT), _tls(fields), _sasl(fields)
        return cls(",".join(brokers), topic, key, compression, largest, seconds, source, tls, sasl)


def key_of(kind: str, run: str, message: bytes) -> bytes:
    """Messages with the same key stay in their order. What is about no violation has the key of its run."""
    if kind == RUN:
        return run.encode()
    told = orjson.loads(message)
    return "/".join(told.get(name, "") for name in _KEYS[kind]).encode() if "eventType" in told else run.encode()


def producer_config(settings: KafkaSettings, secrets: Secrets) -> Config:
    """For librdkafka. A portion of messages goes in one request, and is written as a whole. Raises InvalidSecret."""
    milliseconds = int(settings.seconds * 1000)
    config: Config = {
        "bootstrap.servers": settings.brokers,
        "client.id": "kube-patrol",
        "acks": "all",
        "enable.idempotence": True,
        "compression.type": settings.compression,
        "partitioner": "murmur2_random",  # that of Java's clients: the same key leads to the same partition
        "message.max.bytes": settings.largest,
        "receive.message.max.bytes": _ANSWER,
        "message.timeout.ms": milliseconds,
        "socket.connection.setup.timeout.ms": max(1000, milliseconds // 2),
        "topic.metadata.propagation.max.ms": min(5000, milliseconds // 2),  # before a topic is not there
        "linger.ms": 500,  # what is flushed is sent at once
        "batch.num.messages": 1_000_000,
        "batch.size": settings.largest,
    }
    config |= {} if settings.tls is None else _tls_config(settings.tls, secrets)
    config |= {} if settings.sasl is None else _sasl_config(settings.sasl, secrets)
    return config | {"security.protocol": _protocol(settings)}


def _protocol(settings: KafkaSettings) -> str:
    kind = "plaintext" if settings.tls is None else "ssl"
    return kind if settings.sasl is None else f"sasl_{kind}"


def _topic(fields: Fields, channel: str) -> str:
    topic = fields.text_if_there("topic", channel)
    if _TOPIC.fullmatch(topic):
        return topic
    if topic == channel:
        raise invalid(f"{fields.where}.topic is missing, and the channel {channel!r} is none: it must be {_TOPIC_IS}")
    raise fields.wrong("topic", _TOPIC_IS)


def _tls(fields: Fields) -> str | None:
    nested = fields.nested("tls")
    if nested is None:
        return None
    name = nested.text_if_there("secretName")
    nested.end()
    return name


def _sasl(fields: Fields) -> Sasl | None:
    nested = fields.nested("sasl")
    if nested is None:
        return None
    mechanism = nested.choice("mechanism", MECHANISMS[0], MECHANISMS)
    sasl = Sasl(mechanism, _user(nested), SecretKey.of(nested.required("password")))
    nested.end()
    return sasl


def _user(fields: Fields) -> str | SecretKey:
    return fields.text("username") if fields.is_text("username") else SecretKey.of(fields.required("username"))


def _tls_config(name: str, secrets: Secrets) -> Config:
    held = tls_material(name, secrets)
    names = {CA: "ssl.ca.pem", CERTIFICATE: "ssl.certificate.pem", KEY: "ssl.key.pem"}
    config: Config = {names[key]: text for key, text in held.items()}
    return config if CA in held else config | _system()


def _system() -> Config:
    """The authorities that Python's own TLS trusts; librdkafka looks in places of its own where there are none."""
    paths = ssl.get_default_verify_paths()
    place = paths.cafile or paths.capath
    return {"ssl.ca.location": place} if place else {}


def _sasl_config(sasl: Sasl, secrets: Secrets) -> Config:
    user = sasl.user if isinstance(sasl.user, str) else sasl.user.text(secrets)
    return {
        "sasl.mechanism": sasl.mechanism,
        "sasl.username": user,
        "sasl.password": sasl.password.text(secrets),
    }


def hidden(config: Mapping[str, object]) -> frozenset[str]:
    """What of it no log and no error may show."""
    return frozenset(str(config[name]) for name in ("sasl.password", "ssl.key.pem") if name in config)
