"""Which objects, when, and who must hear: a periodic audit of Kubernetes clusters against Gatekeeper policies."""

from __future__ import annotations

from importlib import import_module
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from audit.cli import main
    from audit.errors import AuditError
    from audit.settings.config import Config

__all__ = ["AuditError", "Config", "main"]
_HOMES = {"AuditError": "audit.errors", "Config": "audit.settings.config", "main": "audit.cli"}


def __getattr__(name: str) -> Any:
    """Each is imported when it is asked for: signals are heard before that, and `patrol test` needs no Config."""
    if name not in _HOMES:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(_HOMES[name]), name)
