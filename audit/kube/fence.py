"""A replica that leads no more writes no more, whatever it was about to do."""

from __future__ import annotations

from collections.abc import Callable

from audit.errors import NotLeader
from audit.kube.client import Transport
from audit.kube.request import Reply, Request
from constraints.dataclass import dataclass

READING = frozenset({"GET", "HEAD"})


@dataclass(frozen=True, slots=True)
class Fence:
    """Carries requests by `transport`; those that write only while `leads()`, asked anew before each try.

    What passed it in time is fenced by the API server: statuses carry the resourceVersion that was read, and a new
    leader's write changes that (audit.kube.patch).
    """

    transport: Transport
    leads: Callable[[], bool]

    def exchange(self, request: Request) -> Reply:
        """As Transport.exchange. Raises NotLeader for a write that must not be sent any more."""
        if request.method not in READING and not self.leads():
            raise NotLeader(f"{request}: not sent, for another replica may lead now")
        return self.transport.exchange(request)
