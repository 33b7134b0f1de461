"""What a driver takes from Secrets: header values, and what TLS needs. No error shows any of it."""

from __future__ import annotations

import os
import re
import ssl
from collections.abc import Mapping

from audit.errors import InvalidSecret
from audit.export.driver import Secrets
from audit.export.fields import Fields
from constraints.dataclass import dataclass

CA, CERTIFICATE, KEY = "ca.crt", "tls.crt", "tls.key"
_VALUE = re.compile(r"[\x21-\x7e](?:[\x20-\x7e\t]*[\x21-\x7e])?")


@dataclass(frozen=True, slots=True)
class SecretKey:
    """One key of a Secret."""

    secret: str
    key: str

    @classmethod
    def of(cls, fields: Fields) -> SecretKey:
        """Raises ExportError, which names the field."""
        made = cls(fields.text("secretName"), fields.text("key"))
        fields.end()
        return made

    def header(self, secrets: Secrets) -> str:
        """The value for a header, without the end of its line. Raises InvalidSecret."""
        value = self._value(secrets).decode("ascii", "replace").strip()
        if not _VALUE.fullmatch(value):
            raise InvalidSecret(f"the Secret {self.secret} has something at {self.key} that cannot stand in a header")
        return value

    def text(self, secrets: Secrets) -> str:
        """The value as one line of text, without its end. Raises InvalidSecret."""
        value = self._value(secrets).decode("utf-8", "replace").rstrip("\r\n")
        if not value or not value.isprintable() or "\N{REPLACEMENT CHARACTER}" in value:
            raise InvalidSecret(f"the Secret {self.secret} has something at {self.key} that is no line of text")
        return value

    def _value(self, secrets: Secrets) -> bytes:
        data = secrets(self.secret)
        if self.key not in data:
            raise InvalidSecret(f"the Secret {self.secret} has no key {self.key}")
        return data[self.key]


def tls_secret(fields: Fields) -> str:
    """The name of the Secret that `tls` names, empty for none. Raises ExportError, which names the field."""
    nested = fields.nested("tls")
    if nested is None:
        return ""
    name = nested.text("secretName")
    nested.end()
    return name


def tls_context(name: str, secrets: Secrets) -> ssl.SSLContext:
    """Trusts `ca.crt` of the Secret alone, or else the system; shows `tls.crt`. Raises InvalidSecret."""
    return _context(name, secrets(name) if name else {})


def tls_material(name: str, secrets: Secrets) -> dict[str, str]:
    """What of `ca.crt`, `tls.crt` and `tls.key` the Secret has, as PEM that makes sense. Raises InvalidSecret."""
    data = secrets(name) if name else {}
    _context(name, data)
    return {key: data[key].decode("ascii", "replace") for key in (CA, CERTIFICATE, KEY) if key in data}


def _context(name: str, data: Mapping[str, bytes]) -> ssl.SSLContext:
    context = _trusting(name, data)
    if CERTIFICATE in data or KEY in data:
        _show(context, name, data)
    return context


def _trusting(name: str, data: Mapping[str, bytes]) -> ssl.SSLContext:
    if CA not in data:
        return ssl.create_default_context()
    try:
        return ssl.create_default_context(cadata=data[CA].decode() or "none")
    except (ssl.SSLError, ValueError):
        raise InvalidSecret(f"the Secret {name} has no certificates in PEM at {CA}") from None


def _show(context: ssl.SSLContext, name: str, data: Mapping[str, bytes]) -> None:
    for key in (CERTIFICATE, KEY):
        if key not in data:
            raise InvalidSecret(f"the Secret {name} has no key {key}, but the other half of the pair")
    handle = os.memfd_create("certificate")  # ssl reads files only, and a key has no place on a disk
    try:
        with os.fdopen(handle, "wb", closefd=False) as file:
            file.write(data[CERTIFICATE] + b"\n" + data[KEY])
        context.load_cert_chain(f"/proc/self/fd/{handle}", password="")
    except (ssl.SSLError, ValueError, OSError):
        raise InvalidSecret(
            f"the Secret {name} has no certificate and its key in PEM at {CERTIFICATE} and {KEY}"
        ) from None
    finally:
        os.close(handle)
