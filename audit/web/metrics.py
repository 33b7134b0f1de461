"""`/metrics`."""

from __future__ import annotations

from asyncio import Semaphore

from prometheus_client import CollectorRegistry
from prometheus_client.exposition import choose_encoder
from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import Response
from starlette.routing import Route


def metrics(registry: CollectorRegistry) -> tuple[Route, ...]:
    """`/metrics` in the format that the scraper asks for.

    The text is made in a thread, and one at a time: scrapes that take long keep neither the loop nor its threads from
    others, and side by side they would be no faster.
    """
    turn = Semaphore()

    async def scraped(request: Request) -> Response:
        encode, content_type = choose_encoder(request.headers.get("accept", ""))
        async with turn:
            text = await run_in_threadpool(encode, registry)
        return Response(text, headers={"content-type": content_type})

    return (Route("/metrics", scraped),)
