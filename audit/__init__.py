"""Which objects, when, and who must hear: a periodic audit of Kubernetes clusters against Gatekeeper policies."""

from __future__ import annotations

from audit.cli import main
from audit.config import Config
from audit.errors import AuditError

__all__ = ["AuditError", "Config", "main"]
