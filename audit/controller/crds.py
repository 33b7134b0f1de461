"""Keeps the CustomResourceDefinitions of the constraints: one for each valid template (compatibility, section 5.2)."""

from __future__ import annotations

import hashlib
import time
from collections.abc import Callable, Iterable, Iterator, Mapping
from dataclasses import field
from threading import Event

import orjson

from audit.errors import Conflict, KubeError, NotFound
from audit.kube.client import Client
from audit.kube.definitions import CRDS
from audit.kube.items import named
from audit.kube.request import Request, Select, create_object, get_object, list_objects, update_object
from constraints import Template
from constraints.crd import GROUP, LABEL, VERSIONS, crd
from constraints.dataclass import dataclass
from constraints.errors import TemplateError
from constraints.model import Json, Object

MANAGED_BY = "app.kubernetes.io/managed-by"
OURS = "kube-patrol"
DIGEST = "kube-patrol/sha256"
_POLL = 0.1


@dataclass(frozen=True, slots=True)
class Wait:
    """How long to wait for new CRDs to be served, in seconds for all of them; `stop` ends the wait."""

    seconds: float = 5.0
    stop: Event = field(default_factory=Event)
    elapsed: Callable[[], float] = time.monotonic


def outdated(desired: Object, existing: Object, manage: str) -> bool:
    """Whether to replace a CRD that is not as it should be: `auto` touches only those that it made, `true` all."""
    metadata = _mapping(existing.get("metadata"))
    if manage == "auto" and _mapping(metadata.get("labels")).get(MANAGED_BY) != OURS:
        return False
    digest: str = desired["metadata"]["annotations"][DIGEST]
    return bool(_mapping(metadata.get("annotations")).get(DIGEST) != digest)


def desired_crd(template: Template) -> dict[str, Json]:
    """The CRD of a template's constraints, marked as ours, with a digest that tells when it has to be updated.

    Comparing with what the API server stores would not do: it adds defaults and drops fields that it does not know.
    """
    made = crd(template)
    metadata = made["metadata"]
    metadata["labels"] = {**metadata["labels"], MANAGED_BY: OURS}
    digest = hashlib.sha256(orjson.dumps(made, option=orjson.OPT_SORT_KEYS)).hexdigest()
    metadata["annotations"] = {**(metadata.get("annotations") or {}), DIGEST: digest}
    return made


def updated_crd(desired: Object, existing: Object) -> dict[str, Json]:
    """`existing` with our spec, labels and owner; its resourceVersion is the precondition of the update."""
    ours, theirs = desired["metadata"], existing["metadata"]
    metadata = {
        **theirs,
        "labels": {**_mapping(theirs.get("labels")), **ours["labels"]},
        "annotations": {**_mapping(theirs.get("annotations")), **ours["annotations"]},
        "ownerReferences": ours["ownerReferences"],
    }
    return {**desired, "metadata": metadata}


def refusal(existing: Object) -> str:
    """Why the API server does not serve a CRD, the empty string when it does or has not decided yet."""
    for condition in _conditions(existing):
        if condition.get("type") == "NamesAccepted" and condition.get("status") == "False":
            return f"its names are not accepted: {condition.get('message')}"
    return ""


def established(existing: Object) -> bool:
    """Whether objects of the CRD can be stored and listed."""
    return any(c.get("type") == "Established" and c.get("status") == "True" for c in _conditions(existing))


def _conditions(existing: Object) -> list[Object]:
    conditions = _mapping(existing.get("status")).get("conditions")
    return [each for each in conditions if isinstance(each, dict)] if isinstance(conditions, list) else []


def _mapping(value: Json) -> Object:
    return value if isinstance(value, Mapping) else {}


class ConstraintCrds:
    """Creates the CRDs that are missing, and updates those that `manage` (auto, true) gives us leave to."""

    def __init__(self, client: Client, manage: str, wait: Wait) -> None:
        self._client = client
        self._manage = manage
        self._bounds = wait

    def ensure(self, templates: Iterable[Template]) -> dict[str, TemplateError]:
        """See to the CRD of every template; gives what went wrong, by the kind of the constraints.

        Raises KubeError when the CRDs that are there cannot be listed.
        """
        wanted = {template.kind: desired_crd(template) for template in templates}
        there = self._there() if wanted else {}
        problems: dict[str, TemplateError] = {}
        waiting: dict[str, str] = {}
        for kind, desired in wanted.items():
            name = desired["metadata"]["name"]
            try:
                found = self._ensure(desired, there.get(name))
            except KubeError as error:
                problems[kind] = _refused(name, error)
                continue
            if found is not None and not established(found):
                waiting[kind] = name
        return problems | dict(self._wait(waiting))

    def _there(self) -> Mapping[str, Object]:
        page = self._client.send_json(list_objects(CRDS, Select(label_selector=f"{LABEL}=yes")))
        return {item["metadata"]["name"]: item for item in named(page["items"] or (), CRDS.kind)}

    def _ensure(self, desired: Object, existing: Object | None) -> Object | None:
        """The CRD as it stands afterwards; None when it was deleted meanwhile."""
        if existing is None:
            return self._create(desired)
        return self._update(desired, existing) if outdated(desired, existing, self._manage) else existing

    def _create(self, desired: Object) -> Object | None:
        try:
            return self._json(create_object(CRDS, desired))
        except Conflict:  # it has lost its label, or somebody was faster; then it is looked at like any other
            existing = self._read(desired["metadata"]["name"])
            if existing is None or not outdated(desired, existing, self._manage):
                return existing
            return self._update(desired, existing)

    def _update(self, desired: Object, existing: Object) -> Object | None:
        try:
            return self._json(update_object(CRDS, updated_crd(desired, existing)))
        except Conflict:
            fresh = self._read(desired["metadata"]["name"])
            return self._json(update_object(CRDS, updated_crd(desired, fresh))) if fresh is not None else None

    def _read(self, name: str) -> Object | None:
        try:
            return self._json(get_object(CRDS, name))
        except NotFound:
            return None

    def _json(self, request: Request) -> Object:
        found: Object = self._client.send_json(request)
        return found

    def _wait(self, waiting: Mapping[str, str]) -> Iterator[tuple[str, TemplateError]]:
        """Wait until all CRDs are served or the wait is over; gives those that are not, by kind, with the reason.

        Served means named in discovery, too, or kubectl would not know the kind that its user has just waited for.
        """
        deadline = self._bounds.elapsed() + self._bounds.seconds
        for kind, name in waiting.items():
            why = self._wait_for(name, deadline)
            if why:
                yield kind, TemplateError(f"CRD {name} is not served: {why}")

    def _wait_for(self, name: str, deadline: float) -> str:
        while True:
            try:
                found = self._read(name)
            except KubeError as error:
                return str(error)
            if found is None:
                return "it has been deleted"
            late = self._bounds.elapsed() >= deadline
            if established(found) and (late or self._discoverable(name)):
                return ""
            why = refusal(found) or (f"not established after {self._bounds.seconds:g} s" if late else "")
            if why or self._bounds.stop.wait(_POLL):
                return why or "the program is stopping"

    def _discoverable(self, name: str) -> bool:
        try:
            found = self._client.get_json(f"/apis/{GROUP}/{VERSIONS[0]}")
        except KubeError:  # the group is as new as its first kind
            return False
        rows = found.get("resources") if isinstance(found, dict) else None
        names = [row.get("name") for row in rows or () if isinstance(row, dict)]
        return name.partition(".")[0] in names


def _refused(name: str, error: KubeError) -> TemplateError:
    problem = TemplateError(f"CRD {name} could not be written: {error}")
    problem.__cause__ = error
    return problem
