"""`kubectl auth can-i`: a question about the asker's own rights, which is answered and not stored."""

from __future__ import annotations

from collections.abc import Mapping

from audit.embedded.access import Access, Account
from audit.embedded.refusals import Refusal, bad_request
from audit.embedded.registry import Registry, Served
from audit.embedded.routing import Target
from constraints.model import Json, Kind

PLURAL = "selfsubjectaccessreviews"


def answered(access: Access, account: Account, registry: Registry, review: Mapping[str, Json]) -> dict[str, Json]:
    """The review with its status; raises Refusal (400) when it asks about nothing."""
    spec = review.get("spec") or {}
    asked = spec.get("resourceAttributes")
    if not isinstance(asked, Mapping):
        raise bad_request("spec.resourceAttributes: Required value: only questions about resources are answered")
    served = _served(registry, asked)
    target = Target(served, asked.get("namespace", ""), asked.get("name", ""), asked.get("subresource", ""))
    try:
        access.check(account, asked.get("verb", ""), target)
    except Refusal as refusal:
        return {**review, "status": {"allowed": False, "reason": str(refusal)}}
    return {**review, "status": {"allowed": True}}


def _served(registry: Registry, asked: Mapping[str, Json]) -> Served:
    """The resource in question; one that is not served may be asked about too."""
    group, plural = asked.get("group", ""), asked.get("resource", "")
    found = (one for one in registry if (one.kind.group, one.plural) == (group, plural))
    return next(found, Served(Kind(group, asked.get("version", ""), ""), plural, bool(asked.get("namespace")), plural))
