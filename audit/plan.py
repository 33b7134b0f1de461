"""Which kinds a run lists: discovery and constraints in, a plan out."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from dataclasses import replace

from audit.model import Resource
from constraints import Constraint, Kind
from constraints.dataclass import dataclass

# The same stored objects served by a second group: (group, kind) -> the group that is listed first.
ALIASES = {
    ("events.k8s.io", "Event"): "",
    ("extensions", "DaemonSet"): "apps",
    ("extensions", "Deployment"): "apps",
    ("extensions", "ReplicaSet"): "apps",
    ("extensions", "Ingress"): "networking.k8s.io",
    ("extensions", "NetworkPolicy"): "networking.k8s.io",
    ("extensions", "PodSecurityPolicy"): "policy",
}


# Kinds whose data is secret, or large, and nothing to a policy that only looks at names and labels.
DATA = (("", "ConfigMap"), ("", "Secret"))


@dataclass(frozen=True, slots=True)
class Listing:
    """One kind to list; `alias_of` is the kind under which its objects are listed as well.

    `metadata_only`: the rest of its objects need not be read. `managed_fields`: what is in their metadata by that name
    must be.
    """

    resource: Resource
    alias_of: Kind | None = None
    metadata_only: bool = False
    managed_fields: bool = True


@dataclass(frozen=True, slots=True)
class Plan:
    """What a run lists, in order, and what it leaves out because no constraint can match it."""

    listings: tuple[Listing, ...]
    skipped: tuple[Kind, ...] = ()


def plan(resources: Iterable[Resource], constraints: Sequence[Constraint]) -> Plan:
    """The kinds to list for the enforced `constraints`: those that one of them can match (compatibility, section 9).

    An object that two groups serve counts once: the second kind is only listed for constraints that match it and not
    the first one.
    """
    known = sorted(resources)
    by_name = {(r.kind.group, r.kind.kind): r.kind for r in known}
    listings, skipped = [], []
    for resource in known:
        group = ALIASES.get((resource.kind.group, resource.kind.kind))
        alias_of = by_name.get((group, resource.kind.kind)) if group is not None else None
        if wanted(resource.kind, alias_of, constraints):
            listings.append(Listing(resource, alias_of))
        else:
            skipped.append(resource.kind)
    return Plan(tuple(listings), tuple(skipped))


def wanted(kind: Kind, alias_of: Kind | None, constraints: Sequence[Constraint]) -> bool:
    """Whether listing `kind` can tell anything."""
    if alias_of is not None:
        return any(c.may_match(kind) and not c.may_match(alias_of) for c in constraints)
    return any(c.may_match(kind) for c in constraints)


def without_data(chosen: Plan, reads_metadata_only: Callable[[Kind], bool]) -> Plan:
    """The same, without the data of Secrets and ConfigMaps where no policy reads it: it stays in the API server."""
    listings = tuple(
        replace(listing, metadata_only=(kind.group, kind.kind) in DATA and reads_metadata_only(kind))
        for listing in chosen.listings
        for kind in (listing.resource.kind,)
    )
    return replace(chosen, listings=listings)


def without_managed_fields(chosen: Plan, reads_managed_fields: Callable[[Kind], bool]) -> Plan:
    """The same, without `metadata.managedFields` of the objects of which no policy may read it."""
    listings = tuple(
        replace(listing, managed_fields=reads_managed_fields(listing.resource.kind)) for listing in chosen.listings
    )
    return replace(chosen, listings=listings)
