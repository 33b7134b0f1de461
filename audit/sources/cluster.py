"""The objects of a cluster: listed by threads, decoded and handed on by another one, page by page."""

from __future__ import annotations

import logging
import math
import time
from collections.abc import Callable, Iterable, Iterator
from contextlib import ExitStack
from dataclasses import field, replace
from functools import partial
from itertools import chain, pairwise
from pathlib import Path
from threading import Event, Thread
from time import perf_counter

from audit.errors import BadBody, KubeError
from audit.kube.items import nameless
from audit.kube.lister import Lister, RawPage
from audit.kube.managedfields import items_without
from audit.kube.oddities import Unreadable
from audit.kube.replies import PARTIAL, items_of
from audit.model import KindEnd, Page, Resource
from audit.plan import Listing
from audit.sources.ahead import Ahead, Queued, Room
from audit.sources.cache import PageCache
from audit.sources.lanes import Lanes, Turn
from constraints import Gap, Kind, ObjectRef
from constraints.dataclass import dataclass
from constraints.model import Cause, Json, Object

log = logging.getLogger("kube_patrol.listing")
SECRET = ("", "Secret")
_BETWEEN = "\0"  # in no name


@dataclass(frozen=True, slots=True)
class Pace:
    """How listing goes: objects a page, how far it may run ahead, where pages spill to, how long it may take.

    `timeout` are the seconds of the whole run after which nothing more is listed or handed on, 0 for no bound;
    `elapsed` is a monotonic clock in seconds.
    """

    chunk: int = 500
    room: Room = field(default_factory=Room)
    cache_dir: Path | None = None
    timeout: float = 0.0
    lanes: Lanes = field(default_factory=Lanes)
    elapsed: Callable[[], float] = time.monotonic
    begun: float | None = None

    def since(self, begun: float) -> Pace:
        """The same, for a run that began at that time of `elapsed`."""
        return replace(self, begun=begun)

    def ends(self) -> float:
        """When a run that begins now, or has begun, must be over."""
        begun = self.elapsed() if self.begun is None else self.begun
        return begun + self.timeout if self.timeout else math.inf


@dataclass(frozen=True, slots=True)
class Arrived:
    """A page as it came, and the listing that asked for it."""

    listing: Listing
    restarted: bool = False


Gathered = Arrived | KindEnd | Gap


@dataclass(slots=True)
class Progress:
    """Which objects of one kind have been handed on, so that none counts twice, whatever pages come.

    API servers list in the order of their keys, `<namespace>/<name>`: while they do, what comes is new, and the keys
    are only kept, packed by pages. `_seen` are those keys one by one, from the first page on that breaks the order.
    """

    last: str = ""
    _packed: list[str] = field(default_factory=list)
    _seen: set[str] | None = None

    def fresh(self, items: list[Object], restarted: bool) -> list[Object]:
        """The items not handed on before; one that is twice in a page is one, the last.

        Of a list that started again only what comes behind the last one is new: what is new before it may be
        something that was counted under another name.
        """
        keyed = {_key(item): item for item in items}
        if self._seen is None and restarted:
            keyed = {key: item for key, item in keyed.items() if key > self.last}
        if self._seen is None and not self._follow(keyed):
            self._seen = {key for page in self._packed for key in page.split(_BETWEEN)}
        if self._seen is not None:
            keyed = {key: item for key, item in keyed.items() if key not in self._seen}
            self._seen.update(keyed)
        else:
            self._packed.append(_BETWEEN.join(keyed))
        self.last = max(self.last, *keyed, "")
        return list(keyed.values())

    def _follow(self, keys: Iterable[str]) -> bool:
        """Whether keys come in their order, behind the last one."""
        return all(before < key for before, key in pairwise(chain((self.last,), keys)))


@dataclass(slots=True)
class ClusterSource:
    """Lists the kinds of a plan with `lister` and gives their objects; what cannot be listed is a Gap.

    Kinds that could not be listed in the last run come last; the pages of one kind come in order.
    """

    lister: Lister
    listings: tuple[Listing, ...]
    pace: Pace
    stopping: Event
    spilled: int = 0
    _progress: dict[Kind, Progress] = field(default_factory=dict)
    _ended: set[Kind] = field(default_factory=set)

    def pages(self) -> Iterator[Page | KindEnd | Gap]:
        """The pages of every kind; a KindEnd after those of each kind that was listed to its end."""
        ends = self.pace.ends()
        with ExitStack() as stack:
            ahead: Ahead[Gathered] = Ahead(self.pace.room, self._cache(stack), lambda: self._is_over(ends))
            thread = Thread(target=self._list_all, args=(ahead,), name="listing", daemon=True)
            thread.start()
            try:
                for row in ahead.take():
                    yield from self._handed_on(row, ahead)
                if not self.stopping.is_set():
                    yield from self._left_out(self.pace.elapsed() >= ends)
            finally:
                self.spilled = ahead.spilled
                ahead.close()
                thread.join(timeout=1.0)  # a request on its way is not waited for

    def _is_over(self, ends: float) -> bool:
        return self.stopping.is_set() or self.pace.elapsed() >= ends

    def _handed_on(self, row: Queued[Gathered], ahead: Ahead[Gathered]) -> Iterator[Page | KindEnd | Gap]:
        entry = row.item
        if isinstance(entry, Arrived):
            # The body belongs to nobody else by now: it is gone before what it became is looked at.
            yield from self._decoded(entry, lambda: ahead.open(row))
            return
        kind = entry.resource.kind if isinstance(entry, KindEnd) else entry.kind
        if kind is not None:
            self._ended.add(kind)
            self._progress.pop(kind, None)
        yield entry

    def _left_out(self, late: bool) -> Iterator[Gap]:
        """A gap for each kind that nothing else was said about: there was no time for it, or its thread has died."""
        reason, why = ("RunTimeout", f"the run had taken {self.pace.timeout:g} s") if late else ("ListFailed", "a bug")
        for listing in self.listings:
            kind = listing.resource.kind
            if kind not in self._ended:
                yield Gap(Cause.LIST, reason, f"{kind}: could not be listed to its end: {why}", kind)

    def _cache(self, stack: ExitStack) -> PageCache | None:
        if self.pace.cache_dir is None:
            return None
        try:
            return stack.enter_context(PageCache(self.pace.cache_dir))
        except OSError as error:
            log.warning("pages will wait in memory only: --api-cache-dir %s: %s", self.pace.cache_dir, error)
            return None

    def _list_all(self, ahead: Ahead[Gathered]) -> None:
        in_order = sorted(self.listings, key=lambda listing: listing.resource.kind in self.lister.tardy)
        try:
            self.pace.lanes.run(partial(self._list, listing, ahead) for listing in in_order)
        finally:
            ahead.close()

    def _list(self, listing: Listing, ahead: Ahead[Gathered], turn: Turn) -> bool:
        resource, seconds, count = listing.resource, 0.0, 0
        pages: Iterator[RawPage] = self.lister.pages(resource, self.pace.chunk, listing.metadata_only)
        secret = (resource.kind.group, resource.kind.kind) == SECRET
        try:
            while True:
                asked = perf_counter()
                with turn.asking():
                    page = next(pages, None)
                seconds += perf_counter() - asked
                if page is None:
                    return ahead.put(KindEnd(resource, seconds, count))
                count += 1
                if not ahead.put(Arrived(listing, page.restarted), page.body, secret):
                    return False
                del page  # so that it is not kept until the next one is here
        except KubeError as error:
            return ahead.put(list_gap(resource, error)) and not self.stopping.is_set()

    def _decoded(self, arrived: Arrived, opened: Callable[[], bytes]) -> Iterator[Page | Gap]:
        begun = perf_counter()
        listing, resource = arrived.listing, arrived.listing.resource
        read = items_of if listing.managed_fields else items_without
        try:
            found = read(opened(), PARTIAL if listing.metadata_only else resource.kind)
        except BadBody as error:
            yield list_gap(resource, error)
            return
        odd = [item for item in found if nameless(item)]
        items = [item for item in found if not nameless(item)] if odd else found
        version, kind = resource.kind.api_version, resource.kind.kind
        for item in items:
            item["apiVersion"], item["kind"] = version, kind
        progress = self._progress.setdefault(resource.kind, Progress())
        fresh = progress.fresh(items, arrived.restarted)
        yield from (_malformed(resource, item) for item in odd)
        if fresh:
            yield Page(resource, fresh, listing.alias_of, perf_counter() - begun)


def list_gap(resource: Resource, error: KubeError) -> Gap:
    """The Gap for a kind that could not be listed, or not to its end."""
    return Gap(Cause.LIST, error.reason, f"{resource.kind}: could not be listed: {error}", resource.kind)


def _malformed(resource: Resource, item: Json) -> Gap:
    where = f"an item in the list of {resource.kind}"
    if isinstance(item, Unreadable):
        name = f"{item.namespace}/{item.name}" if item.namespace else item.name
        of = ObjectRef(resource.kind, item.namespace, item.name) if item.name else None
        message = f"{resource.kind} {name} cannot be read" if of else f"{where} cannot be read"
        return Gap(Cause.OBJECT, "Malformed", f"{message}: {item.why}", resource.kind, of)
    return Gap(Cause.OBJECT, "Malformed", f"{where}: {nameless(item)}", resource.kind)


def _key(item: Object) -> str:
    metadata = item["metadata"]
    return f"{metadata.get('namespace') or ''}/{metadata.get('name') or ''}"
