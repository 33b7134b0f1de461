"""Names of objects: which are allowed, and how one is made from generateName."""

from __future__ import annotations

import re
import secrets
from typing import Final

_SUBDOMAIN = re.compile(r"[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*\Z")
_LETTERS: Final = "bcdfghjklmnpqrstvwxz2456789"
_RULE: Final = (
    "a lowercase RFC 1123 subdomain must consist of lower case alphanumeric characters, '-' or '.', and must start and "
    "end with an alphanumeric character (e.g. 'example.com', regex used for validation is "
    r"'[a-z0-9]([-a-z0-9]*[a-z0-9])?(\.[a-z0-9]([-a-z0-9]*[a-z0-9])?)*')"
)


def name_problem(name: str, *, loose: bool = False) -> str:
    """Why an object cannot have this name, the empty string when it can; `loose` is for RBAC's names."""
    if loose:
        return "may not be '.' or '..', or contain '/' or '%'" if name in {".", ".."} or set("/%") & set(name) else ""
    if len(name) > 253:
        return "must be no more than 253 characters"
    return "" if _SUBDOMAIN.match(name) else _RULE


def generated(prefix: str) -> str:
    """A new name that begins with `prefix`."""
    return prefix + "".join(secrets.choice(_LETTERS) for _ in range(5))
