"""/metrics, for Prometheus. Any worker answers for all of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web
from prometheus_client import CONTENT_TYPE_PLAIN_0_0_4

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


class MetricsPage:
    """Answers a scrape.

    Args:
        exposition: what Prometheus reads.
    """

    def __init__(self, exposition: Callable[[], Awaitable[bytes]]) -> None:
        self._exposition = exposition

    async def get(self, _request: web.Request) -> web.Response:
        """The metrics of all workers."""
        return web.Response(
            body=await self._exposition(),
            headers={"Content-Type": CONTENT_TYPE_PLAIN_0_0_4, "Cache-Control": "no-store"},
        )
