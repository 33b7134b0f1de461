"""What a refusal of the API server stands for: each status has its error."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from http import HTTPStatus
from typing import TYPE_CHECKING

import orjson

from audit.errors import (
    BadBody,
    Conflict,
    Forbidden,
    Gone,
    Hints,
    Invalid,
    KubeError,
    NotFound,
    ServerError,
    TooLarge,
    TooManyRequests,
)
from audit.kube.request import Reply, Request

if TYPE_CHECKING:
    from constraints.model import Json

_LONGEST_TEXT = 1000
# What an API server says under 500 when etcd, or the connection to it, takes no object of that size
# (k8s.io/apiserver/pkg/endpoints/handlers/rest.go, isTooLargeError). Trying again is of no use then.
_TOO_LARGE = ("etcdserver: request is too large", "trying to send message larger than max")
_BY_STATUS: dict[int, type[KubeError]] = {
    400: Invalid,
    401: Forbidden,
    403: Forbidden,
    404: NotFound,
    409: Conflict,
    410: Gone,
    413: TooLarge,
    422: Invalid,
    429: TooManyRequests,
}


def error_of(request: Request, reply: Reply, now: float) -> KubeError:
    """The error that a refusal stands for; `now` (Unix seconds) is what a Retry-After date is compared with."""
    status = _status_object(reply.body)
    details, metadata = _mapping(status.get("details")), _mapping(status.get("metadata"))
    kind = _kind_of(reply.status, _text(status.get("message")))
    to = reply.headers.get("location", "").partition("?")[0][:_LONGEST_TEXT]
    moved = f"it leads to {to}; an API server redirects nobody, so another server answered" if to else ""
    reason = _text(status.get("reason")) or ("Redirected" if kind is BadBody else _word_for(reply.status, kind))
    return kind(
        f"{request}: {reply.status} {reason}: {moved or _message(status, reply.body)}",
        status=reply.status,
        reason=reason,
        hints=Hints(
            continue_token=_text(metadata.get("continue")),
            retry_after=_retry_after(reply.headers.get("retry-after"), details.get("retryAfterSeconds"), now),
            name=_text(details.get("name")),
        ),
    )


def _kind_of(status: int, message: str) -> type[KubeError]:
    if status >= 500:
        return TooLarge if any(words in message for words in _TOO_LARGE) else ServerError
    return _BY_STATUS.get(status, BadBody if 300 <= status < 400 else KubeError)


def _word_for(status: int, kind: type[KubeError]) -> str:
    """A reason where the reply gives none."""
    if kind is not KubeError:
        return kind.__name__
    known = status in HTTPStatus.__members__.values()
    return HTTPStatus(status).phrase.title().replace(" ", "").replace("'", "") if known else "UnexpectedStatus"


def _status_object(body: bytes) -> dict[str, Json]:
    """The `Status` that Kubernetes refuses with; empty where something else answered, e.g. a proxy."""
    try:
        status = orjson.loads(body)
    except orjson.JSONDecodeError:
        return {}
    return _mapping(status) if _mapping(status).get("kind") == "Status" else {}


def _message(status: dict[str, Json], body: bytes) -> str:
    message = _text(status.get("message")) or " ".join(body[:_LONGEST_TEXT].decode("utf-8", "replace").split())
    return message[:_LONGEST_TEXT] or "the reply says no more"


def _mapping(value: Json) -> dict[str, Json]:
    return value if isinstance(value, dict) else {}


def _text(value: Json) -> str:
    return value if isinstance(value, str) else ""


def _retry_after(header: str | None, details: Json, now: float) -> float | None:
    """Seconds to wait: the header's, in seconds or as a date, else those in the Status; None where neither says."""
    if header and header.strip().isdecimal():
        return float(header)
    if header:
        try:
            return max(0.0, parsedate_to_datetime(header).timestamp() - now)
        except ValueError:
            pass  # not a date: as if it were not there
    # 0 in the Status means that it does not say
    return float(details) if isinstance(details, int) and details > 0 else None
