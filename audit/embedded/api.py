"""The API of the embedded cluster: a call comes in, a reply or a stream goes out. No HTTP here."""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from typing import Final

from audit.embedded import discovery, openapi, reviews
from audit.embedded.access import Access, Account
from audit.embedded.bodies import Body
from audit.embedded.calls import Call, Reply, Stream, document, tagged
from audit.embedded.paging import list_page
from audit.embedded.refusals import UnknownPath, details, unavailable
from audit.embedded.registry import Registry
from audit.embedded.rendering import Form, many, one
from audit.embedded.routing import Options, Target, route, verb
from audit.embedded.store import Entry, Store
from audit.embedded.watching import Bell, Watch
from audit.embedded.writing import Stored, Writer
from constraints.model import Json

_AGGREGATED: Final = (
    "application/json;g=apidiscovery.k8s.io;v=v2;as=APIGroupDiscoveryList",
    "g=apidiscovery.k8s.io;v=v2;",
)


class Api:
    """One cluster: its objects, who may see them, and which of its API versions are out of order (`broken`)."""

    def __init__(self, clock: Callable[[], float]) -> None:
        self.store = Store(clock)
        self.registry = Registry()
        self.writer = Writer(self.store, self.registry, clock)
        self.access = Access()
        self.broken: set[str] = set()
        self.bell = Bell()
        self.store.listeners.append(self.bell.ring)

    def answer(self, call: Call) -> Reply | Stream:
        """Raises Refusal for everything that is not answered."""
        account = self.access.account(call.headers)
        path = call.path.rstrip("/") or "/"
        parts = path.strip("/").split("/")
        if parts[0] in {"api", "apis"} and len(parts) > (2 if parts[0] == "api" else 3):
            return self._resource(account, call, path)
        self.access.check_url(account, call.method, path)
        return self._outside(path, parts, call)

    def _outside(self, path: str, parts: list[str], call: Call) -> Reply:
        """Everything that is not a resource: health, version, discovery, OpenAPI."""
        if path in {"/healthz", "/livez", "/readyz"}:
            return Reply(b"ok", content_type="text/plain; charset=utf-8")
        if path == "/version":
            return document(discovery.VERSION)
        found = self._openapi(path) if parts[0] == "openapi" else self._discovery(path, parts, call)
        if isinstance(found, Reply):
            return found
        if found is None:
            raise UnknownPath(path)
        return document(found)

    def _openapi(self, path: str) -> Json:
        if path == "/openapi/v3":
            return openapi.index(self.registry)
        return openapi.version(self.registry, path.removeprefix("/openapi/v3/"))

    def _discovery(self, path: str, parts: list[str], call: Call) -> Json:
        if path in {"/api", "/apis"} and _AGGREGATED[1] in call.accept.replace(" ", ""):
            found = discovery.aggregated(self.registry, core=path == "/api", broken=self.broken)
            return tagged(call, document(found, _AGGREGATED[0]))
        if path == "/api":
            return discovery.core_versions()
        if path == "/apis":
            return discovery.group_list(self.registry, self.broken)
        if parts[0] == "apis" and len(parts) == 2:
            return discovery.group(self.registry, parts[1], self.broken)
        if parts[0] not in {"api", "apis"}:
            return None
        self._need_backend("/".join(parts[1:]))
        group, version = ("", parts[1]) if parts[0] == "api" else (parts[1], parts[2])
        return discovery.resource_list(self.registry, group, version)

    def _need_backend(self, api_version: str) -> None:
        if api_version in self.broken:
            raise unavailable()

    def _resource(self, account: Account, call: Call, path: str) -> Reply | Stream:
        parts = path.strip("/").split("/")
        self._need_backend(parts[1] if parts[0] == "api" else f"{parts[1]}/{parts[2]}")
        target, options = route(path, self.registry), Options.of(call.query)
        options = _with_manager(options, call)
        word = verb(call.method, target, options)
        self.access.check(account, word, target)
        if word == "watch":
            form = Form.of(call.accept, options.include_object)
            return Stream(Watch(self.store, self.bell, target, options, form).lines())
        if target.served.plural == reviews.PLURAL:
            asked = _body(call).object_of(target.served)
            return document(reviews.answered(self.access, account, self.registry, asked), status=201)
        handler = _HANDLERS[word]
        return handler(self, target, options, call)

    def get(self, target: Target, options: Options, call: Call) -> Reply:
        """GET of an object."""
        form = Form.of(call.accept, options.include_object)
        return Reply(one(target.served, self.writer.existing(target), form))

    def list(self, target: Target, options: Options, call: Call) -> Reply:
        """GET of a collection."""
        form = Form.of(call.accept, options.include_object)
        return Reply(many(target.served, list_page(self.store, target, options), form))

    def create(self, target: Target, options: Options, call: Call) -> Reply:
        """POST."""
        return self._written(target, self.writer.create(target, _body(call), options), call)

    def update(self, target: Target, options: Options, call: Call) -> Reply:
        """PUT."""
        return self._written(target, self.writer.replace(target, _body(call), options), call)

    def patch(self, target: Target, options: Options, call: Call) -> Reply:
        """PATCH."""
        return self._written(target, self.writer.patch(target, _body(call), options), call)

    def delete(self, target: Target, options: Options, call: Call) -> Reply:
        """DELETE of an object: what became of it, as a Status when it is gone."""
        asked = _body(call).json() if call.body.strip() else {}
        dry_run = options.dry_run or bool(asked.get("dryRun"))
        entry, gone = self.writer.remover.delete(target, asked, dry_run=dry_run)
        return document(_deleted(target, entry)) if gone else Reply(one(target.served, entry, Form.of(call.accept)))

    def delete_collection(self, target: Target, options: Options, call: Call) -> Reply:
        """DELETE of all objects that the selectors pick; answers with the list of them."""
        listed = list_page(self.store, target, options)
        if not options.dry_run:
            self.writer.remover.delete_all(target.served, list(listed.entries))
        return Reply(many(target.served, listed, Form.of(call.accept)))

    def _written(self, target: Target, written: Stored, call: Call) -> Reply:
        warnings = {"Warning": ", ".join(f"299 - {_quoted(text)}" for text in written.warnings)}
        body = one(target.served, written.entry, Form.of(call.accept))
        return Reply(body, written.status, headers=warnings if written.warnings else {})


_Handler = Callable[[Api, Target, Options, Call], Reply]
_HANDLERS: Final[Mapping[str, _Handler]] = {
    "get": Api.get,
    "list": Api.list,
    "create": Api.create,
    "update": Api.update,
    "patch": Api.patch,
    "delete": Api.delete,
    "deletecollection": Api.delete_collection,
}


def _with_manager(options: Options, call: Call) -> Options:
    """Who manages the fields that are written: the first word of the user agent where nobody is named.

    An apply has to name somebody.
    """
    if options.manager or call.content_type.startswith("application/apply-patch") or call.method == "GET":
        return options
    agent = call.headers.get("user-agent", "").partition("/")[0]
    return options.managed_by(agent or "unknown")


def _body(call: Call) -> Body:
    return Body(call.body, call.content_type)


def _quoted(text: str) -> str:
    """In ASCII: headers cannot carry more."""
    return json.dumps(text)


def _deleted(target: Target, entry: Entry) -> Json:
    about = details(target.served, target.name, uid=entry.uid)
    return {"kind": "Status", "apiVersion": "v1", "metadata": {}, "status": "Success", "details": about}
