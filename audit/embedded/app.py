"""HTTP around the API: requests in, replies out, faults where they are armed, and a log of it all."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Final

from starlette.datastructures import Headers, QueryParams
from starlette.requests import Request
from starlette.responses import Response, StreamingResponse
from starlette.types import ASGIApp, Receive, Scope, Send

from audit.embedded.api import Api
from audit.embedded.calls import Call, Reply, Stream, refused
from audit.embedded.faults import Asked, Fault, Faults
from audit.embedded.refusals import Refusal

LOG_LIMIT: Final = 100_000


def application(api: Callable[[], Api], faults: Faults, asked: list[Asked]) -> ASGIApp:
    """The ASGI application; `api` gives the cluster as it is now, `asked` is appended to."""

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        if scope["type"] != "http":
            return
        call = await _call(scope, receive)
        fault = faults.hit(call)
        if fault and fault.delay:
            await asyncio.sleep(fault.delay)
        answer = _answer(api(), call, fault)
        cut = fault.cut if fault else None
        _log(asked, _asked(call, answer, cut))
        response = _response(answer) if cut is None else _cut(answer, cut)
        await response(scope, receive, send)

    return app


async def _call(scope: Scope, receive: Receive) -> Call:
    body = await Request(scope, receive).body()
    query = dict(QueryParams(scope["query_string"]))
    return Call(scope["method"], scope["path"], query, dict(Headers(scope=scope)), body)


def _answer(api: Api, call: Call, fault: Fault | None) -> Reply | Stream:
    try:
        return (fault.reply(call) if fault else None) or api.answer(call)
    except Refusal as refusal:
        return refused(refusal)


def _log(asked: list[Asked], request: Asked) -> None:
    """A demo runs for days: the older half goes when the log is full."""
    if len(asked) >= LOG_LIMIT:
        del asked[: LOG_LIMIT // 2]
    asked.append(request)


def _asked(call: Call, answer: Reply | Stream, cut: int | None) -> Asked:
    status = 0 if cut is not None else answer.status if isinstance(answer, Reply) else 200
    agent, accept = (call.headers.get(name, "") for name in ("user-agent", "accept"))
    return Asked(call.method, call.path, call.query, agent, status, call.body, accept)


def _response(answer: Reply | Stream) -> Response:
    if isinstance(answer, Stream):
        return StreamingResponse(answer.pieces, media_type=answer.content_type)
    response = Response(answer.body, answer.status, dict(answer.headers))
    response.headers["content-type"] = answer.content_type
    return response


def _cut(answer: Reply | Stream, size: int) -> ASGIApp:
    """An answer that announces its whole length and then ends too early, so that the server closes the connection."""
    body = answer.body if isinstance(answer, Reply) else b""
    headers = [(b"content-type", b"application/json"), (b"content-length", str(max(len(body), size + 1)).encode())]

    async def app(scope: Scope, receive: Receive, send: Send) -> None:
        await send({"type": "http.response.start", "status": 200, "headers": headers})
        await send({"type": "http.response.body", "body": body[:size], "more_body": True})

    return app
