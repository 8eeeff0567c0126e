"""/healthz: the process lives. /readyz: it can serve."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import hdrs, web

from graphql_api.errors import PartyfinderError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable


async def healthz(_request: web.Request) -> web.Response:
    """Answer without asking anybody."""
    return web.json_response({"status": "ok"})


class Readiness:
    """Whether requests should be sent here.

    Args:
        ping: asks the database; raises a PartyfinderError where it does not answer.
    """

    def __init__(self, ping: Callable[[], Awaitable[None]]) -> None:
        self._ping = ping
        self.is_stopping = False

    async def on_prepare(self, _request: web.Request, response: web.StreamResponse) -> None:
        """While the server stops, end each connection with its answer.

        A load balancer that chooses for a connection, not for a request, learns of it only so.
        """
        if self.is_stopping and not isinstance(response, web.WebSocketResponse):
            response.force_close()
            response.headers[hdrs.CONNECTION] = "close"  # aiohttp has chosen by now

    async def readyz(self, _request: web.Request) -> web.Response:
        """Answer 200, or 503 with what is missing."""
        if self.is_stopping:
            return web.json_response({"status": "stopping"}, status=503)
        try:
            await self._ping()
        except PartyfinderError as error:
            return web.json_response({"status": "not ready", "reason": error.code}, status=503)
        return web.json_response({"status": "ready"})
