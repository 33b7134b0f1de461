"""Lists a resource page by page, as bytes, and gets over continue tokens that expire."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field, replace

from audit.errors import BadBody, BodyTooLarge, Gone, KubeError, TimedOut
from audit.kube.client import Client
from audit.kube.pagesize import PageSize, PageSizes
from audit.kube.replies import PARTIAL, continue_token, is_empty
from audit.kube.request import Select, list_objects
from audit.kube.tardy import Patience, Tardy
from audit.model import Resource
from constraints import Kind

LIST_TIMEOUT = "ListTimeout"
"""The `reason` of the error of a list whose time is up."""


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
    """What is listed: whole objects, or their metadata."""

    resource: Resource
    metadata_only: bool

    @property
    def kind(self) -> Kind:
        """The kind that the reply is of."""
        return PARTIAL if self.metadata_only else self.resource.kind


@dataclass(slots=True)
class _Place:
    """Where a listing is; `refreshed` means that the token is a fresh one that a 410 offered and has yet to work.

    `followed` are the tokens that were asked for, `doubted` that a page was asked for again because of a problem;
    `seconds` what the requests took so far.
    """

    number: int = 1
    token: str = ""
    restarted: bool = False
    refreshed: bool = False
    doubted: bool = False
    seconds: float = 0.0
    followed: set[str] = field(default_factory=set)

    def problem(self, body: bytes, token: str) -> BadBody | None:
        """What is wrong with a page that is a good reply by itself.

        There is a continue token only where more is to come; where it had expired, that may be gone by now.
        """
        if token in self.followed:
            return BadBody("its continue token was followed already: the list goes round", reason="TokenLoop")
        if self.token and not token and not (self.refreshed or self.restarted) and is_empty(body):
            return BadBody("it is the last one and empty, although more was to come")
        return None

    def follow(self, token: str) -> None:
        """Go on with `token`."""
        self.followed.add(token)
        self.number, self.token, self.refreshed, self.doubted = self.number + 1, token, False, False


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

    def pages(self, resource: Resource, limit: int, metadata_only: bool = False) -> Iterator[RawPage]:
        """Pages of `limit` objects, 0 for all at once, or of fewer where these are large; whole, or their metadata.

        Raises a KubeError that names kind and page: a BodyTooLarge for an object that is too large by itself, a TimedOut
        (ListTimeout) when there is no patience left. A 410 is got over with the fresh token that it offers, else by
        beginning again, once; the second such is a Gone. Each token is followed once: a page with one that came before
        may be another reply sent twice, and is asked for again; then it is a TokenLoop. So is a last page that is empty. Only both ends of a body are
        looked at, so the rest of it may still not be JSON.
        """
        try:
            yield from self._pages(_Wanted(resource, metadata_only), self._sizes.begin(resource.kind, limit))
        except KubeError:
            self.tardy.failed(resource.kind)
            raise
        self.tardy.listed(resource.kind)

    def _pages(self, wanted: _Wanted, size: PageSize) -> Iterator[RawPage]:
        resource = wanted.resource
        place, patience = _Place(), self.tardy.patience(resource.kind)
        while True:
            try:
                page, token = self._page(wanted, place, size, patience)
            except Gone as error:
                if not _recover(place, error):
                    raise _named(error, resource, place.number) from error
                continue
            except BodyTooLarge as error:
                if not size.shrink():
                    raise _named(error, resource, place.number) from error
                continue
            except KubeError as error:
                raise _named(error, resource, place.number) from error
            problem = place.problem(page.body, token)
            if problem is not None:
                if place.doubted:
                    raise _named(problem, resource, place.number)
                place.doubted = True
                continue
            size.arrived(len(page.body), last=not token)
            yield page
            del page  # so that it is not kept until the next one is here
            if not token:
                return
            place.follow(token)

    def _page(self, wanted: _Wanted, place: _Place, size: PageSize, patience: Patience) -> tuple[RawPage, str]:
        """The page at `place`, and the token of the next one."""
        left = patience.kind - place.seconds
        if left <= 0:
            raise TimedOut(f"its pages took more than {patience.kind:g} s")
        select = Select(limit=size.limit, continue_token=place.token)
        request = list_objects(wanted.resource, select, wanted.metadata_only)
        request = replace(request, largest=size.largest, within=min(patience.page, left))
        begun = self._elapsed()
        try:
            body = self._client.send(request)
        finally:
            place.seconds += self._elapsed() - begun
        return RawPage(body, place.number, place.restarted), continue_token(body, wanted.kind)


def _recover(place: _Place, error: Gone) -> bool:
    """Move to where the listing can go on after a 410; False when it has begun again once already."""
    if error.hints.continue_token and not place.refreshed:
        place.token, place.refreshed = error.hints.continue_token, True
        place.followed.add(error.hints.continue_token)
        return True
    if place.restarted:
        return False
    place.number, place.token, place.restarted, place.refreshed = 1, "", True, False
    place.followed.clear()
    return True


def _named(error: KubeError, resource: Resource, number: int) -> KubeError:
    return type(error)(
        f"page {number} of {resource.kind}: {error}",
        status=error.status,
        reason=LIST_TIMEOUT if isinstance(error, TimedOut) else error.reason,
        hints=error.hints,
    )
