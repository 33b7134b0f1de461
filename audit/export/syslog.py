"""Messages to a syslog receiver: RFC 5424 over UDP (RFC 5426), TCP with octet counting (RFC 6587) and TLS (RFC
5425).
"""

from __future__ import annotations

import errno
import socket
import ssl
from collections.abc import Sequence
from contextlib import suppress

from audit.export.driver import Advance, Secrets
from audit.export.fields import Fields
from audit.export.portions import Portions, Receipt, Refusal
from audit.export.posting import Address, connecting, failed
from audit.export.secrets import tls_context, tls_secret
from audit.export.syslogline import FACILITIES, Sender, line
from constraints.dataclass import dataclass

UDP, TCP, TLS = "udp", "tcp", "tls"
PORTS = {UDP: 514, TCP: 514, TLS: 6514}
EXAMPLE = 32473  # the private enterprise number for documentation, RFC 5612
NUMBERS = range(1, 1 << 32)
TIMEOUT = ("10s", ("1s", "5m"))  # the default, and from where to where
AT_ONCE = 100
_TARGET = "the syslog receiver"


@dataclass(frozen=True, slots=True)
class SyslogSettings:
    """Where to; how lines begin; `seconds` to wait; `tls` the name of a Secret, empty for none."""

    address: Address
    facility: int = FACILITIES.index("local0")
    number: int = EXAMPLE
    seconds: float = 10.0
    tls: str = ""

    @classmethod
    def of(cls, fields: Fields) -> SyslogSettings:
        """Raises ExportError, which names the field."""
        address = Address.of(fields.text("address"), PORTS)
        if address is None or address.path != "/":
            raise fields.wrong_kept("address", "a udp://, tcp:// or tls:// address of a host and a port, and no more")
        facility = FACILITIES.index(fields.choice("facility", "local0", FACILITIES))
        number = fields.whole("enterpriseNumber", NUMBERS, EXAMPLE)
        seconds, tls = fields.seconds("timeout", *TIMEOUT), tls_secret(fields)
        if tls and address.scheme != TLS:
            raise fields.wrong_kept("tls", "left out where address is no tls:// address")
        return cls(address, facility, number, seconds, tls)


class Syslog:
    """Sends lines. Connects when it is opened, which it is anew after each failure, and when the receiver has hung
    up.
    """

    name = "syslog"

    def __init__(self, settings: SyslogSettings, secrets: Secrets) -> None:
        self._settings = settings
        self._secrets = secrets
        self._sender = Sender(settings.facility, settings.number, socket.gethostname())
        self._portions = Portions(1 if settings.address.scheme == UDP else AT_ONCE)
        self._context: ssl.SSLContext | None = None
        self._socket: socket.socket | None = None

    def open(self, resuming: str) -> None:
        """Read the Secret; connected is later."""
        if self._settings.address.scheme == TLS:
            self._context = tls_context(self._settings.tls, self._secrets)

    def publish(self, run: str, messages: Sequence[bytes]) -> Advance:
        """In their order, as far as the network keeps it."""
        return self._portions.send(messages, lambda portion: self._sent(run, portion))

    def end(self, run: str) -> None:
        """Until the next run the connection is of no use."""
        self._hang_up()

    def close(self, for_good: bool) -> None:
        """Let go of the connection, and of what was in the Secret."""
        self._hang_up()
        self._context = None

    def _sent(self, run: str, portion: Sequence[bytes]) -> Receipt:
        settings = self._settings
        lines = [line(self._sender, run, message) for message in portion]
        try:
            self._connected().sendall(lines[0] if settings.address.scheme == UDP else b"".join(map(_counted, lines)))
        except OSError as error:
            if error.errno == errno.EMSGSIZE:
                return Receipt(
                    refusal=Refusal.TOO_LARGE, text=f"UDP takes no message as long as this: {settings.address}"
                )
            self._hang_up()
            raise failed(connecting(_TARGET, str(settings.address), error, settings.seconds)) from error
        return Receipt(len(portion))

    def _connected(self) -> socket.socket:
        if self._socket is not None and self._settings.address.scheme != UDP and _has_hung_up(self._socket):
            self._hang_up()
        if self._socket is None:
            self._socket = _connection(self._settings, self._context)
        return self._socket

    def _hang_up(self) -> None:
        if self._socket is not None:
            with suppress(OSError):
                self._socket.close()
        self._socket = None


def _counted(text: bytes) -> bytes:
    return b"%d %s" % (len(text), text)


def _connection(settings: SyslogSettings, context: ssl.SSLContext | None) -> socket.socket:
    """Raises OSError."""
    host, port = settings.address.host, settings.address.port
    if settings.address.scheme == UDP:
        family, kind, protocol, _, where = socket.getaddrinfo(host, port, type=socket.SOCK_DGRAM)[0]
        made = socket.socket(family, kind, protocol)
        made.connect(where)
        return made
    made = socket.create_connection((host, port), settings.seconds)
    if settings.address.scheme != TLS:
        return made
    try:
        return (context or ssl.create_default_context()).wrap_socket(made, server_hostname=host)
    except OSError:
        made.close()
        raise


def _has_hung_up(connection: socket.socket) -> bool:
    """Whether the receiver, which has nothing to say, has closed the connection. Raises OSError."""
    seconds = connection.gettimeout()
    connection.setblocking(False)
    try:
        return not connection.recv(1 << 10)
    except (BlockingIOError, ssl.SSLWantReadError):
        return False
    finally:
        connection.settimeout(seconds)
