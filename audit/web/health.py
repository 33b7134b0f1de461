"""`/healthz` and `/readyz`."""

from __future__ import annotations

from collections.abc import Callable

from starlette.requests import Request
from starlette.responses import PlainTextResponse
from starlette.routing import Route


def health(problem: Callable[[], str]) -> tuple[Route, ...]:
    """`/healthz` says that the process lives; `/readyz` is 503, and says why, while there is a `problem()`."""

    async def healthz(request: Request) -> PlainTextResponse:
        return PlainTextResponse("ok")

    def readyz(request: Request) -> PlainTextResponse:  # in a thread: who is asked may have to wait for others
        why = problem()
        return PlainTextResponse(f"not ready: {why}", 503) if why else PlainTextResponse("ok")

    return Route("/healthz", healthz), Route("/readyz", readyz)
