"""Runs an application: connections that dawdle end, and what goes wrong is told without detail.

aiohttp answers what is not HTTP, and what a handler did not expect, below the application. There
it names its version and logs a traceback for whatever a port scanner sends; here it does not.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from aiohttp.web_protocol import RequestHandler

from graphql_api.errors import ErrorCode
from graphql_api.http.headers import protect
from graphql_api.http.request import DEADLINE
from graphql_api.schema.faults import masked

if TYPE_CHECKING:
    from graphql_api.settings import Settings

logger = logging.getLogger(__name__)


class Runner(web.AppRunner):
    """A runner of one application.

    Args:
        shutdown_timeout: seconds for requests that are being answered when the server stops.
    """

    def __init__(
        self, application: web.Application, settings: Settings, shutdown_timeout: float
    ) -> None:
        super().__init__(
            application,
            access_log=None,
            shutdown_timeout=shutdown_timeout,
            # Also for the first request's headers: who sends them drop by drop has no longer.
            keepalive_timeout=settings.idle_timeout,
        )

    async def _make_server(self) -> web.Server:
        made = await super()._make_server()
        return _Server(
            made.request_handler,
            request_factory=made.request_factory,
            **made._kwargs,  # noqa: SLF001  # as they were given above
        )


class _Server(web.Server):
    def __call__(self) -> RequestHandler:
        return _Protocol(self, loop=self._loop, **self._kwargs)


class _Protocol(RequestHandler):
    """One connection."""

    __slots__ = ()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Do nothing more for a client that is gone.

        Its handler is not cancelled, which would leave a change half told: it finds its time over.
        """
        request = self._current_request
        if request is not None and DEADLINE in request:
            request[DEADLINE].pass_now()
        super().connection_lost(exc)

    def handle_error(
        self,
        request: web.BaseRequest,
        status: int = 500,
        exc: BaseException | None = None,
        message: str | None = None,
    ) -> web.StreamResponse:
        """The answer to what cannot be read as HTTP, or whose handler failed."""
        if request.writer.output_size > 0:
            raise ConnectionError("the answer has begun already") from exc
        if status < HTTPStatus.INTERNAL_SERVER_ERROR:
            logger.info("what a client sent is not HTTP: %r", message)
            text = "This is not an HTTP request that can be read here."
            extensions: dict[str, Any] = {"code": ErrorCode.BAD_USER_INPUT}
        else:
            text, extensions = masked(exc)
        response = web.Response(
            body=orjson.dumps({"errors": [{"message": text, "extensions": extensions}]}),
            status=status,
            content_type="application/json",
        )
        protect(response)
        response.force_close()
        return response
