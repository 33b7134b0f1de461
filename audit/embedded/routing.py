"""From a request's path and query to what it asks for."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import replace
from typing import Final

from audit.embedded.refusals import Refusal, UnknownPath, bad_request
from audit.embedded.registry import Registry, Served
from constraints.dataclass import dataclass

_SUBRESOURCES: Final = frozenset({"status"})


@dataclass(frozen=True, slots=True)
class Target:
    """The resource that a path names; `name` is empty for a collection, `namespace` for all or none."""

    served: Served
    namespace: str = ""
    name: str = ""
    subresource: str = ""

    @property
    def key(self) -> str:
        """The stored object's key."""
        return self.served.key(self.namespace, self.name)

    @property
    def span(self) -> tuple[str, str]:
        """The first key of the collection and the first one after it."""
        return (f"{self.namespace}/", f"{self.namespace}0") if self.namespace else ("", "")


@dataclass(frozen=True, slots=True)
class Options:
    """The query of a request, typed."""

    limit: int = 0
    token: str = ""
    revision: str = ""
    revision_match: str = ""
    labels: str = ""
    fields: str = ""
    watch: bool = False
    bookmarks: bool = False
    initial_events: bool = False
    timeout: float | None = None
    dry_run: bool = False
    manager: str = ""
    force: bool = False
    validation: str = ""
    include_object: str = ""

    @classmethod
    def of(cls, query: Mapping[str, str]) -> Options:
        """Raises Refusal (400) for numbers that are none."""
        seconds = _whole(query, "timeoutSeconds")
        return cls(
            limit=_whole(query, "limit") or 0,
            token=query.get("continue", ""),
            revision=_revision(query),
            revision_match=query.get("resourceVersionMatch", ""),
            labels=query.get("labelSelector", ""),
            fields=query.get("fieldSelector", ""),
            watch=_truth(query, "watch"),
            bookmarks=_truth(query, "allowWatchBookmarks"),
            initial_events=_truth(query, "sendInitialEvents"),
            timeout=None if seconds is None else float(seconds),
            dry_run=bool(query.get("dryRun")),
            manager=query.get("fieldManager", ""),
            force=_truth(query, "force"),
            validation=query.get("fieldValidation", ""),
            include_object=query.get("includeObject", ""),
        )

    def managed_by(self, manager: str) -> Options:
        """The same, with another field manager."""
        return replace(self, manager=manager)


def _whole(query: Mapping[str, str], name: str) -> int | None:
    text = query.get(name, "")
    if not text:
        return None
    try:
        return int(text)
    except ValueError:
        raise bad_request(f'strconv.ParseInt: parsing "{text}": invalid syntax ({name})') from None


def _revision(query: Mapping[str, str]) -> str:
    text = query.get("resourceVersion", "")
    if text and not text.isdigit():
        raise bad_request(f"invalid resource version {text!r}: it must be a whole number")
    return text


def _truth(query: Mapping[str, str], name: str) -> bool:
    return query.get(name, "").lower() in {"1", "true"}


def route(path: str, registry: Registry) -> Target:
    """What `path` names; raises Refusal when nothing is served there."""
    group, version, rest = _split(path)
    if len(rest) >= 3 and rest[0] == "namespaces" and (rest[2] not in _SUBRESOURCES or len(rest) > 3):
        target = _in_namespace(registry, (group, version), rest)
    else:
        target = _plain(registry, (group, version), rest)
    if target is None:
        raise UnknownPath(path)
    return target


def _split(path: str) -> tuple[str, str, list[str]]:
    parts = path.strip("/").split("/")
    if len(parts) > 2 and parts[0] == "api":
        return "", parts[1], parts[2:]
    if len(parts) > 3 and parts[0] == "apis":
        return parts[1], parts[2], parts[3:]
    raise UnknownPath(path)


def _in_namespace(registry: Registry, place: tuple[str, str], rest: list[str]) -> Target | None:
    served = registry.at(*place, rest[2])
    if served is None or not served.namespaced:
        return None
    return _object(Target(served, namespace=rest[1]), rest[3:])


def _plain(registry: Registry, place: tuple[str, str], rest: list[str]) -> Target | None:
    served = registry.at(*place, rest[0])
    if served is None or (served.namespaced and len(rest) > 1):
        return None
    return _object(Target(served), rest[1:])


def _object(target: Target, rest: list[str]) -> Target | None:
    if not rest:
        return target
    if len(rest) == 1:
        return Target(target.served, target.namespace, rest[0])
    known = len(rest) == 2 and rest[1] in _SUBRESOURCES and target.served.subresource
    return Target(target.served, target.namespace, rest[0], rest[1]) if known else None


def verb(method: str, target: Target, options: Options) -> str:
    """Kubernetes' word for what the request does; raises Refusal (405) when it does nothing."""
    on_object = {"GET": "get", "PUT": "update", "PATCH": "patch", "DELETE": "delete"}
    on_collection = {"GET": "list", "POST": "create", "DELETE": "deletecollection"}
    found = (on_object if target.name else on_collection).get(method)
    served = found is not None and found in target.served.verbs
    if not served or (target.subresource and found == "delete"):
        message = "the server does not allow this method on the requested resource"
        raise Refusal(405, "MethodNotAllowed", message)
    return "watch" if options.watch and method == "GET" else str(found)
