"""What librdkafka says of brokers, in words of ours and without what a broker or a Secret says (pure)."""

from __future__ import annotations

import re
from collections.abc import Collection

_SAID = re.compile(
    r"(?:\[.*?\]: )?(?:\w+://)?(\S+?)/\S+?: (.*?)(?: \(after .*\))?", re.DOTALL
)  # a broker, and what of it
_OF_BROKERS = re.compile(r"(SASL authentication error): .*", re.DOTALL)
_OPENSSL = re.compile(r".*::(.+?)(?:: SSL alert number \d+)?", re.DOTALL)
_NOT_KAFKA = ("Receive failed: Invalid response size", "ApiVersionRequest failed: Local: ")


def connecting(text: str) -> str:
    """Why there is no way to a broker, by the text of librdkafka's error or of a line of its log."""
    said = _SAID.fullmatch(text)
    where, why = said.groups() if said else ("brokers", text)
    if "SASL" in why:
        return f"the broker does not let this user in: {where}: see sasl of the Connection"
    if why.startswith(_NOT_KAFKA):
        return f"what the broker answers is not Kafka's protocol: {where}"
    if "certificate verify failed" in why:
        return f"the certificate of the broker is not trusted: {where}: see tls of the Connection"
    if why.startswith("Disconnected") and "SSL_HANDSHAKE" not in text:
        return f"the broker hangs up: {where}: see tls and sasl of the Connection"
    openssl = _OPENSSL.fullmatch(why)
    last = openssl[1] if openssl else why.rpartition(": ")[2]
    if "SSL" in text:
        return f"the broker and this program find no way to speak TLS: {where}: {last}"
    if "timed out" in why:
        return f"the broker does not answer: {where}: nothing in time"
    return f"the broker cannot be reached: {where}: {last}"


def shown(text: str, secrets: Collection[str]) -> str:
    """A text of librdkafka's that may be shown."""
    for secret in secrets:
        text = text.replace(secret, "***")
    return _OF_BROKERS.sub(r"\1", text)
