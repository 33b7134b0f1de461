"""Reads which reports of ours there are: once what they say, and then at each run whether they are still the same."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import field
from sys import intern
from typing import Final

from audit.errors import AuditError, Forbidden, KubeError, NotFound
from audit.kube.client import Client
from audit.kube.items import named
from audit.kube.lister import Lister
from audit.kube.replies import PARTIAL, items_of
from audit.model import Resource
from audit.reports.bodies import AUDITED, ReadReport, ReportApi, owner_of, read
from audit.reports.book import Book, Shelved
from audit.reports.names import SELECTOR, ReportPlace, ours
from audit.reports.results import Rows
from constraints.dataclass import dataclass
from constraints.model import Object

CHUNK: Final = 500
UNKNOWN: Final = "?"
"""In the place of the resourceVersion of a report that has to be read."""


@dataclass(slots=True)
class Shelf:
    """The reports of one API in a cluster that `client` asks."""

    client: Client
    api: ReportApi
    _known: bool = field(default=False)
    _lister: Lister | None = None  # knows how large reports are

    def look(self, book: Book) -> None:
        """Let the book know what there is. Raises AuditError, that says what is missing; the book is then as it was."""
        try:
            if self._known:
                self._glance(book)
            else:
                book.held = self._read(book)
                self._known = True
        except KubeError as error:
            text = f"the reports cannot be listed: {error}{cure(error, self.api)}"
            raise AuditError(text, reason=error.reason) from None  # what caused it is in the text

    def _read(self, book: Book) -> dict[ReportPlace, Shelved]:
        held: dict[ReportPlace, Shelved] = {}
        for item, place, part in self._items(metadata_only=False):
            found = read(item, place)
            rows = found.contents.rows() if self._may_stand(found, book) else None
            before = held.get(place)
            if before is None:
                held[place] = _held(found, rows, part)
                continue
            before.versions = _with(before.versions, part, found.version)
            both = before.rows is not None and rows is not None
            before.rows = tuple(sorted([*(before.rows or ()), *(rows or ())])) if both else None
        for each in held.values():
            if "" in each.versions:
                each.rows = None
        return held

    def _may_stand(self, found: ReadReport, book: Book) -> bool:
        """Whether it may be as we write it; that of a configuration of before has to be looked at."""
        return found.whole and bool(found.contents.counted().keys() & book.choice.kept)

    def _glance(self, book: Book) -> None:
        there: dict[ReportPlace, tuple[str, ...]] = {}
        changed: dict[ReportPlace, Object] = {}
        for item, place, part in self._items(metadata_only=True):
            metadata = item["metadata"]
            version = str(metadata.get("resourceVersion") or UNKNOWN)
            there[place] = _with(there.get(place, ()), part, version)
            held = book.held.get(place)
            if held is None or held.versions[part - 1 : part] != (version,):
                changed[place] = metadata
        for place in book.held.keys() - there.keys():
            del book.held[place]
        for place, versions in there.items():
            held = book.held.get(place)
            if held is None or held.versions != versions:
                book.held[place] = _unread(changed.get(place), place, versions, held)

    def _items(self, metadata_only: bool) -> Iterator[tuple[Object, ReportPlace, int]]:
        """Those that are ours, of both kinds."""
        for resource in (self.api.namespaced, self.api.clusterwide):
            for item in self._listed(resource, metadata_only):
                found = ours(item)
                if found is not None:
                    yield item, *found

    def _listed(self, resource: Resource, metadata_only: bool) -> Iterator[Object]:
        self._lister = self._lister or Lister(self.client)
        kind = PARTIAL if metadata_only else resource.kind
        for page in self._lister.pages(resource, CHUNK, metadata_only, SELECTOR):
            yield from named(items_of(page.body, kind), resource.kind)


def cure(error: KubeError, api: ReportApi) -> str:
    """What helps against it, as the end of a sentence."""
    group = api.namespaced.kind.group
    if isinstance(error, NotFound):
        return f"; install the CRDs of {group}, unless they are on their way: manifests/optional/crds-{group}.yaml"
    if isinstance(error, Forbidden):
        verbs = "list, get, create, patch and delete"
        names = f"{api.namespaced.plural} and {api.clusterwide.plural}"
        return f"; allow this account to {verbs} {names} of {group}: manifests/optional/reports.yaml"
    return ""


def _held(found: ReadReport, rows: Rows | None, part: int) -> Shelved:
    item = found.item
    kind, name = (item.kind, intern(item.name)) if item else (None, "")
    return Shelved(kind, name, rows, _with((), part, found.version), intern(found.audited))


def _with(versions: tuple[str, ...], part: int, version: str) -> tuple[str, ...]:
    """The resourceVersions of parts with that of one more."""
    if not versions and part == 1:
        return (version,)
    longer = [*versions, *[""] * (part - len(versions))]
    longer[part - 1] = version
    return tuple(longer)


def _unread(metadata: Object | None, place: ReportPlace, versions: tuple[str, ...], before: Shelved | None) -> Shelved:
    """Reports that have changed, or that are new: what they say has to be read."""
    item = owner_of(metadata, place) if metadata else None
    annotations = (metadata or {}).get("annotations") or {}
    audited = str(annotations.get(AUDITED) or "") if metadata else before.audited if before else ""
    kind = item.kind if item else before.kind if before else None
    name = item.name if item else before.name if before else ""
    return Shelved(kind, name, None, versions, audited)
