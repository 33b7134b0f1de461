"""What an API server serves: the preferred version of each resource; a broken group is a Gap, not the end.

A document that is the same as in the run before is neither sent nor read again, where the server knows ETags: a
kube-apiserver does for aggregated discovery, which is all in two documents, and makes them of what these say.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Iterator
from dataclasses import replace

from audit.errors import BadBody, KubeError
from audit.kube.client import Client
from audit.kube.replies import json_type
from audit.kube.request import JSON, read
from audit.model import Catalogue, Resource
from constraints import Cause, Gap, Kind
from constraints.dataclass import dataclass
from constraints.model import Json

Parse = tuple[Callable[[Kind, Json], Resource | None], Callable[[Kind, Json], Iterator[Kind]]]

AGGREGATED = ",".join(
    f"application/json;g=apidiscovery.k8s.io;v={version};as=APIGroupDiscoveryList" for version in ("v2", "v2beta1")
)
# Groups of kinds that every API server has: they cannot be deleted as definitions can.
BUILT_IN = frozenset(("", "apps", "autoscaling", "batch", "extensions", "policy")) | {
    f"{name}.k8s.io"
    for name in (
        "admissionregistration",
        "apiextensions",
        "apiregistration",
        "authentication",
        "authorization",
        "certificates",
        "coordination",
        "discovery",
        "events",
        "flowcontrol.apiserver",
        "networking",
        "node",
        "rbac.authorization",
        "resource",
        "scheduling",
        "storage",
    )
}
_AGGREGATED_KIND = "APIGroupDiscoveryList"
_ROOTS = {"/api": Kind("", "v1", ""), "/apis": None}  # what is hidden when they cannot be read; None: any kind
_LEGACY_KINDS = {"/api": "APIVersions", "/apis": "APIGroupList"}


@dataclass(frozen=True, slots=True)
class Version:
    """What one version of a group serves; `preferred` marks the version that the group prefers.

    `parts` are the kinds of subresources, such as `Scale`: nothing of them is stored, so there is nothing to list.
    """

    preferred: bool
    resources: tuple[Resource, ...]
    parts: tuple[Kind, ...] = ()


Content = tuple[Version | Gap, ...]


class Documents:
    """The documents of discovery as they were last. Not for several threads at once."""

    def __init__(self) -> None:
        self._known: dict[str, tuple[str, Content]] = {}

    def below(self, client: Client, root: str) -> Content:
        """What is served below `/api` or `/apis`. Raises a KubeError."""
        tag, known = self._known.pop(root, ("", ()))
        asked = read(root, f"{AGGREGATED},{JSON}", (_AGGREGATED_KIND, _LEGACY_KINDS[root]))
        answer = client.send_if_changed(replace(asked, known=tag))
        if answer is None:
            self._known[root] = tag, known
            return known
        document, tag = answer
        found = tuple(_found(client, root, document))
        # One of the older kind names groups only, and what has gaps may be no fault of the server's, but of the way.
        if tag and document["kind"] == _AGGREGATED_KIND and not any(isinstance(item, Gap) for item in found):
            self._known[root] = tag, found
        return found

    def doubt(self) -> None:
        """What was read last may be less than there is: the next time all is sent again."""
        self._known.clear()


def discover(client: Client, documents: Documents) -> Catalogue:
    """The resources in their preferred versions (compatibility, section 9), and the groups that are broken.

    Raises a KubeError when nothing could be learned at all.
    """
    versions, gaps = _served(client, documents)
    found = preferred(versions)
    others = [resource for resource in found if "list" not in resource.verbs]
    return Catalogue(
        tuple(resource for resource in found if "list" in resource.verbs),
        frozenset(resource.kind for resource in others if "get" in resource.verbs),
        frozenset(resource.kind for resource in others if "get" not in resource.verbs)
        | {kind for version in versions for kind in version.parts},
        tuple(gaps),
    )


def _served(client: Client, documents: Documents) -> tuple[list[Version], list[Gap]]:
    """Everything the server serves, in its order, subresources left out. Raises a KubeError."""
    versions: list[Version] = []
    gaps: list[Gap] = []
    errors: list[KubeError] = []
    for root, hidden in _ROOTS.items():
        try:
            found = documents.below(client, root)
        except KubeError as error:
            errors.append(error)
            why = f"what is below {root} could not be discovered: {error}"
            found = (Gap(Cause.DISCOVERY, error.reason, why, hidden),)
        versions += (item for item in found if isinstance(item, Version))
        gaps += (item for item in found if isinstance(item, Gap))
    if len(errors) == len(_ROOTS):
        raise errors[0]
    return versions, gaps


def preferred(versions: Iterable[Version]) -> list[Resource]:
    """One version of each resource: that of the group's preferred version, else the first one that serves it."""
    chosen: dict[tuple[str, str], Resource] = {}
    for version in versions:
        for resource in version.resources:
            key = (resource.kind.group, resource.plural)
            if version.preferred or key not in chosen:
                chosen[key] = resource
    return list(chosen.values())


def _found(client: Client, root: str, document: dict[str, Json]) -> Iterator[Version | Gap]:
    """What a document says, aggregated where the server can, else group by group. Raises a KubeError."""
    if document["kind"] == _AGGREGATED_KIND:
        for group in _list(document, "items", root):
            try:
                yield from _aggregated(group, root)
            except BadBody as error:
                yield _gap(
                    Kind(_word(_mapping(_mapping(group).get("metadata")), "name"), "", ""), error.reason, str(error)
                )
    else:
        for kind, is_preferred in _legacy_versions(document, root):
            path = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
            yield _legacy(client, path, kind, is_preferred)


def _aggregated(group: Json, root: str) -> Iterator[Version | Gap]:
    name = _word(_mapping(_mapping(group).get("metadata")), "name")
    if bool(name) is not (root == "/apis"):
        raise BadBody(
            f"discovery of {root}: it has {f'the group {name}' if name else 'a group without name'}, "
            "which is not served there"
        )
    is_preferred = True  # the first version that is not stale
    for entry in _list(_mapping(group), "versions", f"group {name}"):
        kind = Kind(name, _word(_mapping(entry), "version"), "")
        if _mapping(entry).get("freshness") == "Stale":
            yield _gap(kind, "Stale", "the API server has only an old answer, or none, of the server behind it")
            continue
        yield _version(kind, is_preferred, entry, _AGGREGATED)
        is_preferred = False


def _aggregated_resource(kind: Kind, item: Json) -> Resource | None:
    """None where only subresources are served."""
    word = (item.get("responseKind") or {}).get("kind")
    if not word:
        return None
    verbs = tuple(item.get("verbs") or ())
    return Resource(Kind(kind.group, kind.version, word), item["resource"], item.get("scope") == "Namespaced", verbs)


def _aggregated_parts(kind: Kind, item: Json) -> Iterator[Kind]:
    for part in item.get("subresources") or ():
        named = part.get("responseKind") or {}
        place = named if named.get("version") else {"group": kind.group, "version": kind.version}
        yield Kind(place.get("group") or "", place["version"], named.get("kind") or "")


def _legacy_versions(document: dict[str, Json], root: str) -> Iterator[tuple[Kind, bool]]:
    """The versions that a document of the older kind names, each with whether its group prefers it."""
    for version in _list(document, "versions", root):
        yield Kind("", str(version), ""), True
    for group in _list(document, "groups", root):
        name = _word(_mapping(group), "name")
        best = _word(_mapping(_mapping(group).get("preferredVersion")), "version")
        for entry in _list(_mapping(group), "versions", f"group {name}"):
            version = _word(_mapping(entry), "version")
            yield Kind(name, version, ""), version == best


def _legacy(client: Client, path: str, kind: Kind, is_preferred: bool) -> Version | Gap:
    try:
        document = client.send_json(read(path, JSON, ("APIResourceList",)))
    except KubeError as error:
        return _gap(kind, error.reason, str(error))
    if document.get("groupVersion") != kind.api_version:
        return _gap(kind, "BadBody", f"{path} is about another version")
    return _version(kind, is_preferred, document, _LEGACY)


def _legacy_resource(kind: Kind, item: Json) -> Resource | None:
    """None for a subresource."""
    if "/" in item["name"]:
        return None
    verbs = tuple(item.get("verbs") or ())
    return Resource(Kind(kind.group, kind.version, item["kind"]), item["name"], item.get("namespaced") is True, verbs)


def _legacy_parts(kind: Kind, item: Json) -> Iterator[Kind]:
    if "/" in item["name"]:
        place = item if item.get("version") else {"group": kind.group, "version": kind.version}
        yield Kind(place.get("group") or "", place["version"], item["kind"])


_AGGREGATED: Parse = (_aggregated_resource, _aggregated_parts)
_LEGACY: Parse = (_legacy_resource, _legacy_parts)


def _version(kind: Kind, is_preferred: bool, document: Json, parse: Parse) -> Version | Gap:
    """The field `resources` of a document in either format; a Gap when one of them is not as it should be.

    A built-in group always has some; the one of an adapter for metrics may have none.
    """
    resource_of, parts_of = parse
    try:
        items = document.get("resources") or ()
        found = [resource_of(kind, item) for item in items]
        parts = [part for item in items for part in parts_of(kind, item)]
    except (AttributeError, KeyError, TypeError):
        return _gap(kind, "BadBody", "they are not described as they should be")
    if not found and kind.group in BUILT_IN:
        return _gap(kind, "Empty", "the API server names none")
    return Version(is_preferred, tuple(resource for resource in found if resource), tuple(parts))


def _list(document: dict[str, Json], name: str, path: str) -> list[Json]:
    value = document.get(name)
    if value is None:
        return []  # Go leaves out an empty list, or writes null
    if not isinstance(value, list):
        raise BadBody(f"discovery of {path}: field {name} is {json_type(value)}, not a list")
    return value


def _gap(kind: Kind, reason: str, why: str) -> Gap:
    name = kind.api_version if kind.version else kind.group
    return Gap(Cause.DISCOVERY, reason, f"{name}: its resources could not be discovered: {why}", kind)


def _word(mapping: dict[str, Json], name: str) -> str:
    value = mapping.get(name)
    return value if isinstance(value, str) else ""


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}
