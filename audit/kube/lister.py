"""Lists a resource page by page, as bytes, and gets over continue tokens that expire."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import field, replace

from audit.errors import BadBody, BodyTooLarge, Gone, KubeError, TimedOut
from audit.kube.client import Client
from audit.kube.managedfields import items_without
from audit.kube.pagesize import PageSize, PageSizes
from audit.kube.replies import PARTIAL, Ends, ends, is_empty
from audit.kube.request import Select, list_objects
from audit.kube.tardy import Patience, Tardy
from audit.model import Resource
from constraints import Kind
from constraints.dataclass import dataclass

LIST_TIMEOUT = "ListTimeout"
"""The `reason` of the error of a list whose time is up."""
INCONSISTENT = "InconsistentPages"
"""The `reason` of the error of a list whose pages are not those of one list."""


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page as it came.

    `number` counts from 1. `restarted` says that the list had to begin again: from then on objects come that came
    before, in the same order of keys, and perhaps changed.
    """

    body: bytes
    number: int
    restarted: bool = False


@dataclass(frozen=True, slots=True)
class _Wanted:
    """What is listed: whole objects, or their metadata; all of them, or those with certain labels."""

    resource: Resource
    metadata_only: bool
    labels: str

    @property
    def kind(self) -> Kind:
        """The kind that the reply is of."""
        return PARTIAL if self.metadata_only else self.resource.kind


@dataclass(frozen=True, slots=True)
class _ListPage:
    """A page of objects of `kind`, and what it says of its list."""

    raw: RawPage
    ends: Ends
    kind: Kind

    def count(self) -> int | None:
        """How many objects it holds; None where it cannot be decoded, which is told by whoever wants the objects."""
        try:
            return len(items_without(self.raw.body, self.kind))
        except BadBody:
            return None


@dataclass(slots=True)
class _Cursor:
    """Where a listing is; `refreshed` means that the token is a fresh one that a 410 offered and has yet to work.

    `followed` are the tokens that were asked for, `doubted` that a page was asked for again because of a problem;
    `before` is what the page before said, while this one has to go with it; `seconds` what the requests took so far.
    """

    number: int = 1
    token: str = ""
    restarted: bool = False
    refreshed: bool = False
    doubted: bool = False
    seconds: float = 0.0
    followed: set[str] = field(default_factory=set)
    before: Ends | None = None

    def problem(self, page: _ListPage, limit: int) -> BadBody | None:
        """What is wrong with a page of at most `limit` objects that is a good reply by itself.

        There is a continue token only where more is to come; where it had expired, that may be gone by now.
        """
        body, token = page.raw.body, page.ends.token
        if token in self.followed:
            return BadBody("its continue token was followed already: the list goes round", reason="TokenLoop")
        if self.token and not token and not (self.refreshed or self.restarted) and is_empty(body):
            return BadBody("it is the last one and empty, although more was to come")
        return None if self.before is None else _inconsistency(self.before, page, limit)

    def took(self, seconds: float) -> None:
        """One more request has."""
        self.seconds += seconds

    def follow(self, page: Ends) -> None:
        """Go on after a page with its token."""
        self.followed.add(page.token)
        self.number, self.token, self.before = self.number + 1, page.token, page
        self.refreshed = self.doubted = False

    def refresh(self, token: str) -> None:
        """Go on with a token that lists what is there by now."""
        self.token, self.refreshed, self.before = token, True, None
        self.followed.add(token)

    def begin_again(self) -> bool:
        """Go back to the first page; False when that was done before."""
        if self.restarted:
            return False
        self.number, self.token, self.before = 1, "", None
        self.restarted, self.refreshed, self.doubted = True, False, False
        self.followed.clear()
        return True

    def ask_again(self, problem: BadBody) -> bool:
        """Whether a page with a problem is asked for once more, or all pages where they do not go together."""
        if not self.doubted:
            self.doubted = True
            return True
        return problem.reason == INCONSISTENT and self.begin_again()


class Lister:
    """Lists resources with `client`, which repeats what is worth repeating.

    `sizes` learns how large objects are, `tardy` which kinds could not be listed; `elapsed` is a monotonic clock in
    seconds.
    """

    def __init__(
        self,
        client: Client,
        sizes: PageSizes | None = None,
        tardy: Tardy | None = None,
        elapsed: Callable[[], float] = time.monotonic,
    ) -> None:
        self.tardy = tardy or Tardy()
        self._client = client
        self._sizes = sizes or PageSizes()
        self._elapsed = elapsed

    def pages(self, resource: Resource, limit: int, metadata_only: bool = False, labels: str = "") -> Iterator[RawPage]:
        """Pages of `limit` objects, 0 for all at once, or of fewer where these are large; whole, or their metadata.

        `labels` is a selector, empty for all objects.

        Raises a KubeError that names kind and page: a BodyTooLarge for an object that is too large by itself, a
        TimedOut (ListTimeout) when there is no patience left. A 410 is got over with the fresh token that it offers,
        else by beginning again, once; the second such is a Gone. Each token is followed once: a page with one that came
        before may be another reply sent twice, and is asked for again; then it is a TokenLoop. So is a last page that
        is empty. Pages of which some is missing in between, or that are of several lists, are asked for from the
        beginning, once. Of most bodies only both ends are looked at, so the rest of it may still not be JSON.
        """
        try:
            yield from self._pages(_Wanted(resource, metadata_only, labels), self._sizes.begin(resource.kind, limit))
        except KubeError:
            self.tardy.failed(resource.kind)
            raise
        self.tardy.listed(resource.kind)

    def _pages(self, wanted: _Wanted, size: PageSize) -> Iterator[RawPage]:
        resource = wanted.resource
        cursor, patience = _Cursor(), self.tardy.patience(resource.kind)
        while True:
            try:
                page = self._page(wanted, cursor, size, patience)
            except Gone as error:
                if not _recover(cursor, error):
                    raise _named(error, resource, cursor.number) from error
                continue
            except BodyTooLarge as error:
                if not size.shrink():
                    raise _named(error, resource, cursor.number) from error
                continue
            except KubeError as error:
                raise _named(error, resource, cursor.number) from error
            problem = cursor.problem(page, size.limit)
            if problem is not None:
                if not cursor.ask_again(problem):
                    raise _named(problem, resource, cursor.number)
                continue
            raw, said = page.raw, page.ends
            del page
            size.arrived(len(raw.body), last=not said.token)
            yield raw
            del raw  # so that it is not kept until the next one is here
            if not said.token:
                return
            cursor.follow(said)

    def _page(self, wanted: _Wanted, cursor: _Cursor, size: PageSize, patience: Patience) -> _ListPage:
        """The page at `cursor`."""
        left = patience.kind - cursor.seconds
        if left <= 0:
            raise TimedOut(f"its pages took more than {patience.kind:g} s")
        select = Select(limit=size.limit, continue_token=cursor.token, label_selector=wanted.labels)
        request = list_objects(wanted.resource, select, wanted.metadata_only)
        request = replace(request, largest=size.largest, within=min(patience.page, left))
        begun = self._elapsed()
        try:
            body = self._client.send(request)
        finally:
            cursor.took(self._elapsed() - begun)
        return _ListPage(RawPage(body, cursor.number, cursor.restarted), ends(body, wanted.kind), wanted.kind)


def _inconsistency(before: Ends, page: _ListPage, limit: int) -> BadBody | None:
    """Why a page cannot be the next one of its list, all of whose pages are of one moment.

    Pages are full but for the last one, so that most need not be decoded to know how many objects they hold.
    """
    said = page.ends
    if before.version and said.version and before.version != said.version:
        return BadBody("it is of another resourceVersion than the page before", reason=INCONSISTENT)
    if (
        before.remaining is None
        or said.remaining is None
        or (said.token and before.remaining - limit == said.remaining)
    ):
        return None
    count = page.count()
    if count is None or count + said.remaining == before.remaining:
        return None
    holds = f"it holds {count} with {said.remaining} to come"
    text = f"{before.remaining} objects were to come after the page before, and {holds}"
    return BadBody(text, reason=INCONSISTENT)


def _recover(cursor: _Cursor, error: Gone) -> bool:
    """Move to where the listing can go on after a 410; False when it has begun again once already."""
    if error.hints.continue_token and not cursor.refreshed:
        cursor.refresh(error.hints.continue_token)
        return True
    return cursor.begin_again()


def _named(error: KubeError, resource: Resource, number: int) -> KubeError:
    return type(error)(
        f"page {number} of {resource.kind}: {error}",
        status=error.status,
        reason=LIST_TIMEOUT if isinstance(error, TimedOut) else error.reason,
        hints=error.hints,
    )
