"""What this pod says in the status of Connections, in both shapes that Gatekeeper has had (compatibility, section
10).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence

from audit.controller.podstatus import PodStatus
from audit.export.connection import CONNECTIONS
from audit.export.publishing import Publishing
from audit.kube.patch import StatusWriter
from audit.model import timestamp
from constraints.dataclass import dataclass
from constraints.model import Json, Object

UPSERT, PUBLISH = "UpsertConnection", "Publish"


@dataclass(frozen=True, slots=True)
class ConnectionStatus:
    """Writes the entries of one pod. Those of others are kept for `memory` seconds after they tried to publish last;
    `clock` gives Unix seconds.
    """

    writer: StatusWriter
    mine: PodStatus
    memory: float = 900.0
    clock: Callable[[], float] = time.time

    def tell(self, obj: Object, why: str, published: Publishing | None = None) -> None:
        """Why this Connection leads nowhere, empty for one that can be used; how publishing goes. Raises KubeError."""
        refused = _errors(UPSERT, [why] if why else ())
        failed = _errors(PUBLISH, published.errors if published else ())
        entry: dict[str, Json] = {"active": published is not None and published.active}
        entry |= {"errors": [*refused, *failed]} if refused or failed else {}
        entry |= {"connectionErrors": refused} if refused else {}
        entry |= {"publishStatuses": [_source(published, failed)]} if published else {}
        self._write(obj, entry)

    def _write(self, obj: Object, entry: Object) -> None:
        metadata = obj["metadata"]

        def change(now: Object) -> Object | None:
            """Nothing where another Connection has the name by now."""
            same = now["metadata"].get("uid") == metadata.get("uid")
            return self.mine.of_connection(now, entry, lives) if same else None

        def lives(other: Object) -> bool:
            return _last_attempt(other) > timestamp(self.clock() - self.memory)

        self.writer.change(CONNECTIONS, metadata["name"], change, metadata["namespace"])


def _source(published: Publishing, errors: Sequence[Json]) -> dict[str, Json]:
    times = {"lastAttemptTime": published.last_attempt, "lastSuccessTime": published.last_success}
    told: dict[str, Json] = {"source": "audit", "active": published.active}
    told |= {name: timestamp(seconds) for name, seconds in times.items() if seconds}
    return told | ({"errors": errors} if errors else {})


def _last_attempt(entry: Object) -> str:
    """When a pod tried to publish last, empty where nothing tells."""
    sources = entry.get("publishStatuses")
    each = [source for source in sources if isinstance(source, dict)] if isinstance(sources, list) else []
    return max((str(source.get("lastAttemptTime") or "") for source in each), default="")


def _errors(kind: str, messages: Sequence[str]) -> list[Json]:
    return [{"type": kind, "message": message} for message in messages]
