"""Reads whole collections: what a run must know before it looks at the first object."""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Generic, TypeVar

from audit.errors import Forbidden, KubeError, NotFound
from audit.kube.client import Client
from audit.kube.definitions import defined
from audit.kube.items import named
from audit.kube.lister import Lister
from audit.kube.replies import items_of
from audit.kube.request import Select, get_object, list_objects, read
from audit.model import Resource
from constraints import Kind
from constraints.dataclass import dataclass
from constraints.model import Json, Object

T = TypeVar("T")
OnPage = Callable[[bytes, Sequence[Object], Iterable[Object]], None]
Unless = Callable[[Object], bool]


def ignore(body: bytes, items: Sequence[Object], so_far: Iterable[Object]) -> None:
    """A page that nobody asks about."""


def none(item: Object) -> bool:
    """Nothing is left out."""
    return False


@dataclass(frozen=True, slots=True)
class Listed:
    """The objects of one kind, where they are, and whether the cluster serves their kind at all."""

    resource: Resource
    objects: tuple[Object, ...] = ()
    served: bool = True


@dataclass(slots=True)
class Kept(Generic[T]):
    """The last value that could be read: what cannot be read now stays as it was in the run before.

    `known`: it has been read at least once; `fresh`: it was read the last time that this was tried.
    """

    value: T
    known: bool = False
    fresh: bool = False

    def renew(self, read: Callable[[], T]) -> KubeError | None:
        """Read again; gives what prevented it."""
        self.fresh = False
        try:
            self.value = read()
        except KubeError as error:
            return error
        self.known = self.fresh = True
        return None

    def drop(self, nothing: T) -> None:
        """What was kept is not there any more; `nothing` stands for it."""
        self.value = nothing


class Reader:
    """Reads collections of the kinds in `resources`, `chunk` objects a page (0 = all in one)."""

    def __init__(self, client: Client, resources: Sequence[Resource], chunk: int, lister: Lister | None = None) -> None:
        self._client = client
        self._lister = lister or Lister(client)
        self._chunk = chunk
        self._by_kind = {resource.kind: resource for resource in resources}
        self._by_name = {(resource.kind.group, resource.kind.kind): resource for resource in resources}

    def objects(self, resource: Resource, arrived: OnPage = ignore, unless: Unless = none) -> list[Object]:
        """All objects of a resource, each with apiVersion and kind. Raises KubeError, also for one that has no name.

        A list that has to start again gives no object twice: the last one of each name counts. `arrived` hears of each
        page, its items and all objects so far, and may raise a KubeError; those of which `unless` is true are left out.
        """
        found: dict[tuple[str, str], Object] = {}
        for page in self._lister.pages(resource, self._chunk):
            items = items_of(page.body, resource.kind)
            for item in named(items, resource.kind):
                item["apiVersion"], item["kind"] = resource.kind.api_version, resource.kind.kind
                if not unless(item):
                    found[item["metadata"].get("namespace") or "", item["metadata"]["name"]] = item
            arrived(page.body, items, found.values())
        return list(found.values())

    def objects_if_served(self, resource: Resource) -> list[Object]:
        """As `objects`, empty where the API server does not know the custom resource, nor has its definition."""
        try:
            return self.objects(resource)
        except NotFound:
            if defined(self._client, resource):
                raise
            return []

    def defined(self, resource: Resource) -> bool:
        """Whether a custom resource has a definition, served or not; also where that cannot be told."""
        try:
            return defined(self._client, resource)
        except KubeError:
            return True

    def one(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        """One object, None when it does not exist. Raises KubeError."""
        try:
            found: Object = self._client.send_json(get_object(resource, name, namespace))
        except (NotFound, Forbidden) as error:
            return self._second(resource, name, namespace, error)
        return found

    def listed_one(self, resource: Resource, name: str, namespace: str = "") -> Object | None:
        """As `one`, for those who may list but not get. Raises KubeError."""
        select = Select(namespace=namespace, field_selector=f"metadata.name={name}")
        page = self._client.send_json(list_objects(resource, select))
        found: list[Object] = [
            item for item in named(page["items"] or (), resource.kind) if item["metadata"]["name"] == name
        ]
        return found[0] if found else None

    def _second(self, resource: Resource, name: str, namespace: str, error: KubeError) -> Object | None:
        """A 404 may be anything; what is not in the list either is not there. And who may not get may be let list.

        A list that is not found says nothing where discovery names the kind.
        """
        try:
            return self.listed_one(resource, name, namespace)
        except (NotFound, Forbidden) as second:
            if isinstance(error, Forbidden) or (
                isinstance(second, NotFound) and self.known(resource.kind.group, resource.kind.kind)
            ):
                raise error from None
            return None

    def known(self, group: str, kind: str) -> Resource | None:
        """The kind as discovery found it, whatever its version."""
        return self._by_name.get((group, kind))

    def of_group(self, group: str) -> list[Resource]:
        """The kinds of one group, in order."""
        return sorted(r for r in self._by_kind.values() if r.kind.group == group)

    def exactly(self, kind: Kind) -> Resource | None:
        """The resource of exactly this version, None when it is not served or cannot be listed. Raises KubeError."""
        return self._by_kind.get(kind) or self._other_version(kind)

    def _other_version(self, kind: Kind) -> Resource | None:
        """Discovery keeps only the preferred version of a kind; the others are asked for."""
        root = f"/apis/{kind.api_version}" if kind.group else f"/api/{kind.version}"
        try:
            found = self._client.send_json(read(root, kinds=("APIResourceList",)))
        except NotFound:
            return None
        for row in _rows(found):
            name, verbs = row.get("name"), row.get("verbs")
            if row.get("kind") != kind.kind or not isinstance(name, str) or not isinstance(verbs, list):
                continue
            if "list" in verbs and "/" not in name:
                return Resource(kind, name, row.get("namespaced") is True, tuple(verbs))
        return None


def _rows(found: dict[str, Json]) -> list[dict[str, Json]]:
    rows = found.get("resources")
    return [row for row in rows if isinstance(row, dict)] if isinstance(rows, list) else []
