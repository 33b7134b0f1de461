"""Builds requests to the API server; nothing is sent here, so every path and body can be tested without a server."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import field, replace
from typing import TYPE_CHECKING
from urllib.parse import quote, urlencode

import orjson

from audit.errors import Invalid
from audit.kube.replies import ANYTHING, PARTIAL, Expected, Form
from constraints.dataclass import dataclass

if TYPE_CHECKING:
    from audit.model import Resource
    from constraints.model import Json, Object

JSON = "application/json"
METADATA = "application/json;as=PartialObjectMetadataList;g=meta.k8s.io;v=v1"
MERGE_PATCH = "application/merge-patch+json"

WITHIN = 60.0
"""Seconds for all tries of a request: an API server gives up on one of them after as long."""

Query = tuple[tuple[str, str], ...]


@dataclass(frozen=True, slots=True)
class Request:
    """One HTTP request.

    `verb` and `resource` are the words of RBAC (`list`, `deployments.apps`, `pods/status`) and name the request in
    metrics; `path` is escaped; `timeout` is that of a pause, in seconds, 0 for the connection's own. `within` are the
    seconds for all tries together, waits included, and `largest` the bytes that a reply may have; 0 for no bound.
    `expected` is what a good reply is. `named` is a creation under a name that nobody else takes. `known` is the ETag
    of a document that is known already, see `Client.send_if_changed`.
    """

    method: str
    path: str
    query: Query = ()
    body: bytes | None = None
    content_type: str = JSON
    accept: str = JSON
    verb: str = "get"
    resource: str = ""
    timeout: float = 0.0
    within: float = WITHIN
    largest: int = 0
    expected: Expected = ANYTHING
    named: bool = False
    known: str = ""

    @property
    def target(self) -> str:
        """Path and query, as they are sent."""
        return f"{self.path}?{urlencode(self.query)}" if self.query else self.path

    @property
    def repeatable(self) -> bool:
        """Sending it twice does the same as sending it once; true for creation only of what is `named`."""
        return self.method != "POST" or self.named

    def __str__(self) -> str:
        """Method, path and query; a continue token is long and means nothing to people, so it is left out."""
        shown = tuple((key, "..." if key == "continue" else value) for key, value in self.query)
        return f"{self.method} {self.path}?{urlencode(shown)}" if shown else f"{self.method} {self.path}"


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back: the keys of `headers` are in lower case."""

    status: int
    headers: Mapping[str, str] = field(default_factory=dict)
    body: bytes = b""


@dataclass(frozen=True, slots=True)
class Select:
    """Which objects of a resource a list or a watch is about; empty and zero fields are not sent.

    `namespace` is only for namespaced resources, empty for all namespaces; `timeout` is in seconds and the server's.
    """

    namespace: str = ""
    limit: int = 0
    continue_token: str = ""
    resource_version: str = ""
    resource_version_match: str = ""
    label_selector: str = ""
    field_selector: str = ""
    timeout: int = 0

    def query(self) -> Query:
        """As query parameters. A continue token stands for the resourceVersion, which is then not sent."""
        pairs = (
            ("limit", str(self.limit) if self.limit else ""),
            ("continue", self.continue_token),
            ("resourceVersion", "" if self.continue_token else self.resource_version),
            ("resourceVersionMatch", "" if self.continue_token else self.resource_version_match),
            ("labelSelector", self.label_selector),
            ("fieldSelector", self.field_selector),
            ("timeoutSeconds", str(self.timeout) if self.timeout else ""),
        )
        return tuple((key, value) for key, value in pairs if value)


EVERYTHING = Select()


def read(path: str, accept: str = JSON, kinds: tuple[str, ...] = ()) -> Request:
    """Read any path that is not an object's: `/apis`, `/version`; the document is of one of `kinds`, if any."""
    return Request("GET", path, accept=accept, expected=Expected(kinds=kinds))


def list_objects(resource: Resource, select: Select = EVERYTHING, metadata_only: bool = False) -> Request:
    """List one page, or all, of a resource: whole objects, or their metadata."""
    path, word = _path(resource, select.namespace), _word(resource)
    accept, kind = (METADATA, PARTIAL) if metadata_only else (JSON, resource.kind)
    expected = Expected(Form.LIST, kind)
    return Request("GET", path, select.query(), accept=accept, verb="list", resource=word, expected=expected)


def watch_objects(resource: Resource, select: Select = EVERYTHING, bookmarks: bool = True) -> Request:
    """Follow the changes of a resource: the reply is one JSON object a line."""
    query: Query = (("watch", "true"), *((("allowWatchBookmarks", "true"),) if bookmarks else ()), *select.query())
    path, expected = _path(resource, select.namespace), Expected(Form.STREAM, resource.kind)
    return Request("GET", path, query, verb="watch", resource=_word(resource), within=0.0, expected=expected)


def get_object(resource: Resource, name: str, namespace: str = "", subresource: str = "") -> Request:
    """Read one object. Raises Invalid when no object can have that name."""
    path = _object_path(resource, name, namespace, subresource)
    expected = _object(resource, name, namespace)
    return Request("GET", path, verb="get", resource=_word(resource, subresource), expected=expected)


def create_object(resource: Resource, obj: Object) -> Request:
    """Create an object in the namespace that its metadata names."""
    home = _home(resource, obj)
    expected = _object(resource, _name(obj), home)
    path, word = _path(resource, home), _word(resource)
    return Request("POST", path, body=encode(obj), verb="create", resource=word, expected=expected)


def update_object(resource: Resource, obj: Object, subresource: str = "") -> Request:
    """Replace an object; its `metadata.resourceVersion`, where there is one, is the precondition."""
    name, home = _name(obj), _home(resource, obj)
    path, word = _object_path(resource, name, home, subresource), _word(resource, subresource)
    expected = _written(_object(resource, name, home), obj, subresource or "spec")
    return Request("PUT", path, body=encode(obj), verb="update", resource=word, expected=expected)


def merge_patch(resource: Resource, name: str, patch: Json, namespace: str = "", subresource: str = "") -> Request:
    """Change only what `patch` names (RFC 7386); a `metadata.resourceVersion` in it is a precondition."""
    path = _object_path(resource, name, namespace, subresource)
    request = Request(
        "PATCH", path, (), encode(patch), MERGE_PATCH, verb="patch", resource=_word(resource, subresource)
    )
    return replace(request, expected=_written(_object(resource, name, namespace), patch, subresource or "spec"))


def delete_object(resource: Resource, name: str, namespace: str = "", version: str = "") -> Request:
    """Delete an object, only in the state that has this resourceVersion where one is given."""
    options: Json = {"kind": "DeleteOptions", "apiVersion": "v1"}
    if version:
        options["preconditions"] = {"resourceVersion": version}
    path = _object_path(resource, name, namespace, "")
    expected = Expected(Form.DELETION)
    return Request("DELETE", path, body=encode(options), verb="delete", resource=_word(resource), expected=expected)


def encode(value: Json) -> bytes:
    """As JSON. Raises Invalid for what cannot be written so: a lone surrogate, a nesting of hundreds of levels."""
    try:
        return orjson.dumps(value)
    except TypeError as error:
        raise Invalid(f"the body of a request cannot be written as JSON: {error}") from error


def segment(value: str, what: str) -> str:
    """One escaped segment of a path; `what` says in the error whose it is.

    Kubernetes refuses `.`, `..`, `/` and `%` in names because an escaped slash is a slash again once the server has
    decoded the path; so no object has such a name and asking for it is an error here. Raises Invalid.
    """
    if value in ("", ".", "..") or "/" in value or "%" in value:
        raise Invalid(f"{what} {value!r} cannot stand in a path: it is empty, '.', '..' or has '/' or '%' in it")
    try:
        return quote(value, safe="")
    except UnicodeEncodeError as error:
        raise Invalid(f"{what} {value!r} cannot stand in a path: it is not valid Unicode") from error


def _object(resource: Resource, name: str, namespace: str) -> Expected:
    return Expected(Form.OBJECT, resource.kind, name=name, namespace=namespace if resource.namespaced else "")


def _written(expected: Expected, obj: Json, part: str) -> Expected:
    """With the plain fields of what is written, by which a reply of before can be told: a server changes none."""
    fields = obj.get(part) if isinstance(obj, Mapping) else None
    plain = fields.items() if isinstance(fields, Mapping) else ()
    return replace(expected, written=tuple((part, key, value) for key, value in plain if _is_plain(value)))


def _is_plain(value: Json) -> bool:
    """Zero, false and the empty text are left out: a server may do the same."""
    return isinstance(value, int | str) and bool(value)


def _word(resource: Resource, subresource: str = "") -> str:
    group = resource.kind.group
    word = f"{resource.plural}.{group}" if group else resource.plural
    return f"{word}/{subresource}" if subresource else word


def _path(resource: Resource, namespace: str) -> str:
    kind = resource.kind
    root = f"/apis/{segment(kind.group, 'group')}" if kind.group else "/api"
    root = f"{root}/{segment(kind.version, 'version')}"
    if namespace and resource.namespaced:
        root = f"{root}/namespaces/{segment(namespace, 'namespace')}"
    return f"{root}/{segment(resource.plural, 'resource')}"


def _object_path(resource: Resource, name: str, namespace: str, subresource: str) -> str:
    if resource.namespaced:
        segment(namespace, f"{resource.kind.kind} {name!r}: namespace")
    path = f"{_path(resource, namespace)}/{segment(name, f'{resource.kind.kind} name')}"
    return f"{path}/{segment(subresource, 'subresource')}" if subresource else path


def _name(obj: Object) -> str:
    return str((obj.get("metadata") or {}).get("name") or "")


def _home(resource: Resource, obj: Object) -> str:
    """The namespace of a namespaced object, which must have one: else its path would mean all namespaces."""
    if not resource.namespaced:
        return ""
    namespace = str((obj.get("metadata") or {}).get("namespace") or "")
    segment(namespace, f"{resource.kind.kind} {_name(obj)!r}: namespace")
    return namespace
