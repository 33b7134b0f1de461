"""Lists a resource page by page, as bytes, and gets over continue tokens that expire."""

from __future__ import annotations

import re
from collections.abc import Iterator
from dataclasses import dataclass

import orjson

from audit.errors import BadBody, Gone, KubeError
from audit.kube.client import Client
from audit.kube.request import Select, list_objects
from audit.model import Resource
from constraints.model import Json

# Built-in types are written with their metadata in front of the items, custom resources with it behind them.
_FRONT = re.compile(rb'\s*\{(?:"(?:kind|apiVersion)":"[^"\\]*",)*"metadata":(\{[^{}]*\}),"items":[\[n]')
_BEHIND = b',"metadata":{'


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
    """Where a listing is; `refreshed` means that the token is a fresh one that a 410 offered and has yet to work."""

    number: int = 1
    token: str = ""
    restarted: bool = False
    refreshed: bool = False


class Lister:
    """Lists resources with `client`, which repeats what is worth repeating."""

    def __init__(self, client: Client) -> None:
        self._client = client

    def pages(self, resource: Resource, limit: int) -> Iterator[RawPage]:
        """Pages of `limit` objects, 0 for all at once. Raises a KubeError that names kind and page.

        A 410 is got over with the fresh token that it offers, else by beginning again, once; the second such is a
        Gone. Only as much of a body is decoded as the token needs, so the rest of it may still not be JSON.
        """
        place = _Place()
        while True:
            try:
                body = self._client.send(list_objects(resource, Select(limit=limit, continue_token=place.token)))
                token = continue_token(body)
            except Gone as error:
                if not _recover(place, error):
                    raise _named(error, resource, place.number) from error
                continue
            except KubeError as error:
                raise _named(error, resource, place.number) from error
            yield RawPage(body, place.number, place.restarted)
            if not token:
                return
            if token == place.token:
                stuck = BadBody("the continue token is the one that this page was asked for with")
                raise _named(stuck, resource, place.number)
            place.number, place.token, place.refreshed = place.number + 1, token, False


def continue_token(body: bytes) -> str:
    """The continue token of a page, empty at the last one. Raises BadBody.

    It is looked for only where a server puts a list's own metadata: content of items that looks like a token does not
    count. A body of any other shape is decoded whole.
    """
    metadata = _metadata_in_front(body)
    if metadata is None:
        metadata = _metadata_behind(body)
    if metadata is None:
        metadata = _metadata_decoded(body)
    token = metadata.get("continue") or ""
    if not isinstance(token, str):
        raise BadBody(f"the field metadata.continue is a {type(token).__name__}, not a string")
    return token


def _metadata_in_front(body: bytes) -> dict[str, Json] | None:
    match = _FRONT.match(body)
    return _object(match.group(1)) if match else None


def _metadata_behind(body: bytes) -> dict[str, Json] | None:
    """The last value of the outermost object, if that is its metadata.

    `"metadata":{` cannot be inside a JSON string, whose quotes are escaped; and an object that is followed by nothing
    but the last brace is a value of the outermost one.
    """
    end = len(body.rstrip()) - 1
    start = body.rfind(_BEHIND)
    if start < 0 or body[end : end + 1] != b"}":
        return None
    return _object(body[start + len(_BEHIND) - 1 : end])


def _metadata_decoded(body: bytes) -> dict[str, Json]:
    try:
        page = orjson.loads(body)
    except orjson.JSONDecodeError as error:
        raise BadBody(f"the reply of {len(body)} bytes is not JSON: {error}") from error
    if not isinstance(page, dict):
        raise BadBody(f"the reply is a {type(page).__name__}, not a list of objects")
    metadata = page.get("metadata")
    if metadata is not None and not isinstance(metadata, dict):
        raise BadBody(f"the field metadata is a {type(metadata).__name__}, not an object")
    return metadata or {}


def _object(text: bytes) -> dict[str, Json] | None:
    try:
        value = orjson.loads(text)
    except orjson.JSONDecodeError:
        return None
    return value if isinstance(value, dict) else None


def _recover(place: _Place, error: Gone) -> bool:
    """Move to where the listing can go on after a 410; False when it has begun again once already."""
    if error.continue_token and not place.refreshed:
        place.token, place.refreshed = error.continue_token, True
        return True
    if place.restarted:
        return False
    place.number, place.token, place.restarted, place.refreshed = 1, "", True, False
    return True


def _named(error: KubeError, resource: Resource, number: int) -> KubeError:
    return type(error)(
        f"page {number} of {resource.kind}: {error}",
        status=error.status,
        reason=error.reason,
        continue_token=error.continue_token,
        retry_after=error.retry_after,
    )
