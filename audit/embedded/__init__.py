"""A Kubernetes API server in this process: the demo's cluster and the tests' fake."""

from __future__ import annotations

from audit.embedded.access import Account, Rule
from audit.embedded.faults import Asked, Fault
from audit.embedded.server import EmbeddedCluster

__all__ = ["Account", "Asked", "EmbeddedCluster", "Fault", "Rule"]
