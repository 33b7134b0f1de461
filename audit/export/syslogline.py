"""Messages as lines of RFC 5424 (pure)."""

from __future__ import annotations

import json
import re

import orjson

from audit.export.message import COMPLETED, INTERRUPTED, RESOLVED, STARTED
from constraints.dataclass import dataclass
from constraints.model import Json

FACILITIES: tuple[str, ...] = (
    "kern",
    "user",
    "mail",
    "daemon",
    "auth",
    "syslog",
    "lpr",
    "news",
    "uucp",
    "cron",
    "authpriv",
    "ftp",
)
FACILITIES += ("ntp", "audit", "alert", "clock", *(f"local{number}" for number in range(8)))
APP = "kube-patrol"
WARNING, NOTICE, INFORMATIONAL = 4, 5, 6
_TYPES = {STARTED: "audit_started", COMPLETED: "audit_finished", INTERRUPTED: "audit_finished"}
_ESCAPED = re.compile(r'(["\\\]])')
_ELSEWHERE = ("message", "eventType")


@dataclass(frozen=True, slots=True)
class Sender:
    """A facility by its code, a private enterprise number, and the name of this host."""

    facility: int
    number: int
    host: str


def line(sender: Sender, run: str, message: bytes) -> bytes:
    """One message with its header and structured data. What is said is its JSON in ASCII, which needs no byte order
    mark.
    """
    told = orjson.loads(message)
    event = told.get("eventType")
    kind = "violation" if event else "audit"
    severity = (NOTICE if event == RESOLVED else WARNING) if event else INFORMATIONAL
    event = event or _TYPES.get(told.get("message"), "-")
    head = f"<{sender.facility * 8 + severity}>1 {run} {_host(sender.host)} {APP} - {event}"
    text = message.decode() if message.isascii() else json.dumps(told, separators=(",", ":"))
    return f"{head} [{kind}@{sender.number}{_data(told)}] {text}".encode()


def _data(told: dict[str, Json]) -> str:
    """The fields that are texts, with a space before each."""
    texts = {name: value for name, value in told.items() if isinstance(value, str) and name not in _ELSEWHERE}
    escaped = {name: _ESCAPED.sub(r"\\\1", value) for name, value in texts.items()}
    return "".join(f' {name}="{value}"' for name, value in escaped.items())


def _host(name: str) -> str:
    return "".join(letter for letter in name if "!" <= letter <= "~")[:255] or "-"
