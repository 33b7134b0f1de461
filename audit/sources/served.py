"""Which kinds the cluster serves, held against what it served before: discovery may tell of less than there is."""

from __future__ import annotations

import logging
from collections.abc import Iterable
from dataclasses import replace

from audit.errors import KubeError, NotFound
from audit.kube.client import Client
from audit.kube.definitions import CRDS, NAMESPACES, defined
from audit.kube.discovery import BUILT_IN, Documents, discover
from audit.kube.request import Select, list_objects
from audit.model import NOT_SERVED, Catalogue, Resource
from constraints import Cause, Gap, Kind

log = logging.getLogger("kube_patrol.discovery")


class ServedKinds:
    """Discovers, and remembers from run to run. Not for several threads at once."""

    def __init__(self) -> None:
        self._last: tuple[Resource, ...] = ()
        self._documents = Documents()

    def read(self, client: Client) -> Catalogue:
        """What is served now. A kind that discovery no longer names is asked for itself.

        It is served all the same, and counts then; or it is a Gap. It is forgotten only when its definition is gone,
        too. Below a root that could not be read the kinds of the last run are listed as they were. Raises a KubeError
        when nothing could be learned at all.
        """
        found = _doubted(discover(client, self._documents))
        named = {_name(resource.kind) for resource in found.listed} | {_name(kind) for kind in _others(found)}
        resources, gaps = list(found.listed), list(found.gaps)
        remembered: list[Resource] = []
        for resource in self._last:
            if _name(resource.kind) in named:
                continue
            if found.hides(resource.kind):
                remembered.append(resource)
                resources += [resource] if _below_a_root(resource.kind, found.gaps) else ()
                continue
            answer = _asked(client, resource)
            if answer is not None:
                remembered.append(resource)
                gaps += [answer] if isinstance(answer, Gap) else ()
                resources += [answer] if isinstance(answer, Resource) else ()
        if gaps or remembered:
            self._documents.doubt()
        self._last = tuple(dict.fromkeys((*found.listed, *remembered)))
        return Catalogue(tuple(resources), found.unlisted, found.momentary, tuple(gaps))


def _asked(client: Client, resource: Resource) -> Resource | Gap | None:
    """What an old acquaintance is now: still served, a Gap, or None where it has been removed."""
    kind = resource.kind
    try:
        client.send(list_objects(resource, Select(limit=1)))
    except NotFound:
        if _removed(client, resource):
            log.info("%s is no longer served, and its definition is gone", kind)
            return None
        why = "it was served before, and is not any more, although nobody has removed its definition"
        return Gap(Cause.DISCOVERY, NOT_SERVED, f"{kind}: {why}", kind)
    except KubeError as error:
        return Gap(Cause.DISCOVERY, error.reason, f"{kind}: discovery does not name it any more: {error}", kind)
    log.warning("discovery does not name %s any more, but it is still served", kind)
    return resource


def _removed(client: Client, resource: Resource) -> bool:
    if resource.kind.group in BUILT_IN:
        return False
    try:
        return not defined(client, resource)
    except KubeError:
        return False


def _doubted(found: Catalogue) -> Catalogue:
    """Every API server has Namespaces, and definitions, without which there are no constraints.

    A root that names neither tells of less than there is, whatever else it names.
    """
    names = {_name(resource.kind) for resource in found.listed}
    gaps = tuple(
        Gap(
            Cause.DISCOVERY, "Empty", f"what is below {root} could not be discovered: it names no {needed.kind}", hidden
        )
        for root, needed, hidden in (("/api", NAMESPACES.kind, Kind("", "v1", "")), ("/apis", CRDS.kind, None))
        if _name(needed) not in names and not found.hides(needed)
    )
    return replace(found, gaps=(*found.gaps, *gaps))


def _below_a_root(kind: Kind, gaps: Iterable[Gap]) -> bool:
    return any(gap.kind is None or (not gap.kind.group and not kind.group) for gap in gaps)


def _others(found: Catalogue) -> Iterable[Kind]:
    return (*found.unlisted, *found.momentary)


def _name(kind: Kind) -> tuple[str, str]:
    return kind.group, kind.kind
