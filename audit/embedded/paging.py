"""Lists in pages: continue tokens that hold a revision, and what happens when it has gone.

A token is made as Kubernetes makes it: base64 of the revision and of the key to go on from. Revision -1 stands for "go
on with what is there now": the fresh token that a 410 offers.
"""

from __future__ import annotations

import base64
import binascii
from collections.abc import Sequence
from typing import Final

import orjson

from audit.embedded.refusals import bad_request, expired
from audit.embedded.routing import Options, Target
from audit.embedded.selectors import Predicate, predicate
from audit.embedded.store import Entry, Snapshot, Store
from constraints.dataclass import dataclass

_INCONSISTENT: Final = -1
_AFTER: Final = "\0"

TOO_OLD: Final = (
    "The provided continue parameter is too old to display a consistent list result. You can start a new list without "
    "the continue parameter, or use the continue token in this response to retrieve the remainder of the results. "
    "Continuing with the provided token results in an inconsistent list - objects that were created, modified, or "
    "deleted between the time the first chunk was returned and now may show up in the list."
)


@dataclass(frozen=True, slots=True)
class Listed:
    """One page: its objects in order, the token of the next one, how many are left (None when nobody counted)."""

    entries: Sequence[Entry]
    revision: int
    token: str = ""
    remaining: int | None = None


def encode_token(revision: int, start: str) -> str:
    """The token that goes on with the keys from `start`."""
    text = orjson.dumps({"v": "meta.k8s.io/v1", "rv": revision, "start": start})
    return base64.urlsafe_b64encode(text).rstrip(b"=").decode()


def decode_token(token: str) -> tuple[int, str]:
    """The revision and the key in `token`; raises Refusal (400) when it is not one of ours."""
    try:
        found = orjson.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        return int(found["rv"]), str(found["start"])
    except (binascii.Error, UnicodeError, orjson.JSONDecodeError, KeyError, TypeError, ValueError) as error:
        raise bad_request(f"continue key is not valid: {error}") from error


def fresh_token(token: str) -> str:
    """A token that goes on where `token` would have, with whatever is there by then."""
    return encode_token(_INCONSISTENT, decode_token(token)[1])


def list_page(store: Store, target: Target, options: Options) -> Listed:
    """The page that the request asks for; raises Refusal: 410 for an expired token, 400 for a wrong parameter."""
    start, end = target.span
    if options.token:
        if options.revision and options.revision != "0":
            raise bad_request("specifying resource version is not allowed when using continue")
        snapshot, start = _continued(store, target, options.token)
    else:
        snapshot = _first(store, target, options)
    wanted = predicate(target.served, options.labels, options.fields)
    page = _cut(snapshot, snapshot.between(start, end), wanted, options.limit)
    if page.token:
        store.keep(target.served.storage, snapshot)
    return page


def _first(store: Store, target: Target, options: Options) -> Snapshot:
    if options.revision_match and options.revision_match not in {"Exact", "NotOlderThan"}:
        raise bad_request(
            f'resourceVersionMatch: Unsupported value: "{options.revision_match}": supported values: "Exact", "NotOlderThan", ""'
        )
    if options.revision_match == "Exact":
        return _exactly(store, target, options.revision)
    return store.snapshot(target.served.storage)


def _exactly(store: Store, target: Target, revision: str) -> Snapshot:
    if not revision.isdigit() or revision == "0":
        raise bad_request(f'resourceVersionMatch "Exact" is forbidden for resourceVersion "{revision}"')
    if int(revision) == store.revision:
        return store.snapshot(target.served.storage)
    kept = store.at(target.served.storage, int(revision))
    if kept is None:
        raise expired(f"The resourceVersion for the provided list is too old: {revision}")
    return kept


def _continued(store: Store, target: Target, token: str) -> tuple[Snapshot, str]:
    revision, start = decode_token(token)
    if revision == _INCONSISTENT:
        return store.snapshot(target.served.storage), start
    kept = store.at(target.served.storage, revision)
    if kept is None:
        refusal = expired(TOO_OLD)
        refusal.body["metadata"] = {"continue": fresh_token(token)}
        raise refusal
    return kept, start


def _cut(snapshot: Snapshot, keys: list[str], wanted: Predicate | None, limit: int) -> Listed:
    entries, revision = snapshot.entries, snapshot.revision
    if wanted is None:
        page = keys[:limit] if limit > 0 else keys
        left = len(keys) - len(page)
        token = encode_token(revision, page[-1] + _AFTER) if left else ""
        return Listed([entries[key] for key in page], revision, token, left or None)
    found = [entry for key in keys if wanted(entry := entries[key])]
    if limit <= 0 or len(found) <= limit:
        return Listed(found, revision)
    page_of_found = found[:limit]
    return Listed(page_of_found, revision, encode_token(revision, page_of_found[-1].key + _AFTER))
