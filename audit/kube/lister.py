"""Lists a resource page by page, as bytes, and gets over continue tokens that expire."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field

from audit.errors import BadBody, Gone, KubeError
from audit.kube.client import Client
from audit.kube.replies import continue_token
from audit.kube.request import Select, list_objects
from audit.model import Resource


@dataclass(frozen=True, slots=True)
class RawPage:
    """One page as it came.

    `number` counts from 1. `restarted` says that the list had to begin again: from then on objects come that came
    before, in the same order of keys, and perhaps changed.
    """

    body: bytes
    number: int
    restarted: bool = False


@dataclass(slots=True)
class _Place:
    """Where a listing is; `refreshed` means that the token is a fresh one that a 410 offered and has yet to work.

    `followed` are the tokens that were asked for, `doubted` that a page was asked for again because of its token.
    """

    number: int = 1
    token: str = ""
    restarted: bool = False
    refreshed: bool = False
    doubted: bool = False
    followed: set[str] = field(default_factory=set)

    def follow(self, token: str) -> None:
        """Go on with `token`."""
        self.followed.add(token)
        self.number, self.token, self.refreshed, self.doubted = self.number + 1, token, False, False


class Lister:
    """Lists resources with `client`, which repeats what is worth repeating."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def pages(self, resource: Resource, limit: int) -> Iterator[RawPage]:
        """Pages of `limit` objects, 0 for all at once. Raises a KubeError that names kind and page.

        A 410 is got over with the fresh token that it offers, else by beginning again, once; the second such is a
        Gone. Each token is followed once: a page with one that came before may be another reply sent twice, and is asked
        for again; then it is a TokenLoop. Only both ends of a body are looked at, so the rest of it may still not be
        JSON.
        """
        place = _Place()
        while True:
            try:
                body = self._client.send(list_objects(resource, Select(limit=limit, continue_token=place.token)))
                token = continue_token(body, resource.kind)
            except Gone as error:
                if not _recover(place, error):
                    raise _named(error, resource, place.number) from error
                continue
            except KubeError as error:
                raise _named(error, resource, place.number) from error
            if token in place.followed:
                if place.doubted:
                    raise _named(_looped(), resource, place.number)
                place.doubted = True
                continue
            yield RawPage(body, place.number, place.restarted)
            if not token:
                return
            place.follow(token)


def _looped() -> BadBody:
    return BadBody("its continue token is one that was followed already: the list goes round", reason="TokenLoop")


def _recover(place: _Place, error: Gone) -> bool:
    """Move to where the listing can go on after a 410; False when it has begun again once already."""
    if error.continue_token and not place.refreshed:
        place.token, place.refreshed = error.continue_token, True
        place.followed.add(error.continue_token)
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
        reason=error.reason,
        continue_token=error.continue_token,
        retry_after=error.retry_after,
    )
