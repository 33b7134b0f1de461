"""Deleting objects, and what goes with them: a namespace's content, a definition's objects, an owner's dependents."""

from __future__ import annotations

from collections.abc import Callable

from audit.embedded import crds
from audit.embedded.refusals import conflict, not_found
from audit.embedded.registry import Registry, Served
from audit.embedded.routing import Target
from audit.embedded.store import Entry, Store
from constraints.model import Json, Object

_NAMESPACES = "/namespaces"


class Remover:
    """Takes objects away; `now` is the time as the API writes it."""

    def __init__(self, store: Store, registry: Registry, now: Callable[[], str]) -> None:
        self._store = store
        self._registry = registry
        self._now = now

    def delete(self, target: Target, options: Object, *, dry_run: bool = False) -> tuple[Entry, bool]:
        """DELETE of one object: its last state, and whether it is gone (a finalizer keeps it until it is removed).

        `options` are DeleteOptions. Raises Refusal: 404, 409 for preconditions.
        """
        with self._store.lock:
            entry = self._store.get(target.served.storage, target.key)
            if entry is None:
                raise not_found(target.served, target.name)
            _check(target.served, target.name, entry, options.get("preconditions") or {})
            if dry_run:
                return entry, True
            return self._remove(target.served, entry)

    def delete_all(self, served: Served, entries: list[Entry]) -> None:
        """DELETE of a collection."""
        with self._store.lock:
            for entry in entries:
                self._remove(served, entry)

    def finish(self, served: Served, key: str) -> Entry:
        """Remove for good, with everything that hangs on it."""
        with self._store.lock:
            entry = self._store.remove(served.storage, key)
            if served.storage == _NAMESPACES:
                self._empty(key)
            elif served.storage == crds.STORAGE:
                self._undefine(entry.decoded())
            self._collect(entry.uid)
            return entry

    def _remove(self, served: Served, entry: Entry) -> tuple[Entry, bool]:
        obj = entry.decoded()
        if not obj["metadata"].get("finalizers"):
            return self.finish(served, entry.key), True
        if obj["metadata"].get("deletionTimestamp"):
            return entry, False
        obj["metadata"] |= {"deletionTimestamp": self._now(), "deletionGracePeriodSeconds": 0}
        return self._store.put(served.storage, entry.key, obj), False

    def _empty(self, namespace: str) -> None:
        for served in {one.storage: one for one in self._registry if one.namespaced}.values():
            start, end = Target(served, namespace).span
            for key in self._store.snapshot(served.storage).between(start, end):
                self.finish(served, key)

    def _undefine(self, crd: dict[str, Json]) -> None:
        for served in crds.served_by(crd)[:1]:
            for key in self._store.snapshot(served.storage).keys.copy():
                self.finish(served, key)
        self._registry.remove(crd["spec"]["group"], crd["spec"]["names"]["plural"])

    def _collect(self, uid: str) -> None:
        """Remove the objects all of whose owners are gone; here that is: those that had this one owner."""
        for storage, key in self._store.owned_by(uid):
            entry = self._store.get(storage, key)
            served = next((one for one in self._registry if one.storage == storage), None)
            if entry and served and set(entry.owners) == {uid}:
                self._remove(served, entry)


def _check(served: Served, name: str, entry: Entry, preconditions: Object) -> None:
    for field, have, word in (("uid", entry.uid, "UID"), ("resourceVersion", str(entry.revision), "ResourceVersion")):
        wanted = preconditions.get(field)
        if wanted and wanted != have:
            why = f"Precondition failed: {word} in precondition: {wanted}, {word} in object meta: {have}"
            raise conflict(served, name, why)
