"""Messages as CloudEvents 1.0: in JSON, and as headers of Kafka (pure)."""

from __future__ import annotations

import hashlib

import orjson

from audit.export.message import COMPLETED, INTERRUPTED, STARTED

EVENT = "application/cloudevents+json; charset=UTF-8"
BATCH = "application/cloudevents-batch+json; charset=UTF-8"
TYPES = {STARTED: "audit_started", COMPLETED: "audit_finished", INTERRUPTED: "audit_finished"}
PREFIX = "kube-patrol."
JSON = "application/json"


def event(run: str, message: bytes, source: str) -> bytes:
    """One event in JSON, whose data is the message."""
    return (
        orjson.dumps(attributes(run, message, source) | {"datacontenttype": JSON})[:-1] + b',"data":' + message + b"}"
    )


def attributes(run: str, message: bytes, source: str) -> dict[str, str]:
    """What is said of a message as an event; `id` is the same whenever the same message is sent."""
    told = orjson.loads(message)
    return {
        "specversion": "1.0",
        "id": hashlib.sha256(message).hexdigest()[:32],
        "source": source,
        "type": PREFIX + (told.get("eventType") or TYPES.get(told["message"], "message")),
        "time": run,
    }


def headers(run: str, message: bytes, source: str) -> dict[str, bytes]:
    """Of a Kafka message whose value is the data (binary content mode)."""
    found = {f"ce_{name}": value.encode() for name, value in attributes(run, message, source).items()}
    return found | {"content-type": JSON.encode()}
