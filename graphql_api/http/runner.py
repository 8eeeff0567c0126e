"""Runs an application: connections that dawdle end, and what goes wrong is told without detail.

aiohttp answers what is not HTTP, and what a handler did not expect, below the application. There
it names its version and logs a traceback for whatever a port scanner sends; here (`protocol.py`) it
does not.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from graphql_api.http.application import SHORT_WAY
from graphql_api.http.protocol import Protocol, supports_short_way

if TYPE_CHECKING:
    from aiohttp.web_protocol import RequestHandler

    from graphql_api.http.short_way import ShortWay
    from graphql_api.settings import Settings


class Runner(web.AppRunner):
    """A runner of one application.

    Args:
        shutdown_timeout: seconds for requests that are being answered when the server stops.
        has_short_way: whether the usual request takes the short way, where aiohttp is built for it.
    """

    def __init__(
        self,
        application: web.Application,
        settings: Settings,
        shutdown_timeout: float,
        *,
        has_short_way: bool = True,
    ) -> None:
        self._has_short_way = has_short_way
        super().__init__(
            application,
            access_log=None,
            shutdown_timeout=shutdown_timeout,
            # Also for the first request's headers: who sends them drop by drop has no longer.
            keepalive_timeout=settings.idle_timeout,
        )

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        server = _Server(
            made.request_handler,
            request_factory=made.request_factory,
            **made._kwargs,  # noqa: SLF001  # as they were given above
        )
        if self._has_short_way and supports_short_way():
            server.short_way = self.app[SHORT_WAY]
        return server


class _Server(web.Server):
    short_way: ShortWay | None = None

    def __call__(self) -> RequestHandler:
        return Protocol(self, self.short_way, loop=self._loop, **self._kwargs)
