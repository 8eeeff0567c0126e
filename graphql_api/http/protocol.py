"""One connection of a client: aiohttp's protocol, with a short way for the usual request.

The short way (`short_way.py`) takes a request when the connection is idle, that is while aiohttp's
own loop over requests waits for one, and gives way to it for everything else. One request of a
connection is answered at a time and in order, whichever way it goes.
"""

from __future__ import annotations

import logging
from http import HTTPStatus
from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from aiohttp.http_parser import HttpRequestParser
from aiohttp.streams import StreamReader
from aiohttp.web_protocol import RequestHandler

from graphql_api.errors import ErrorCode
from graphql_api.http.headers import protect
from graphql_api.http.request import DEADLINE
from graphql_api.http.short_way import Sent, ShortWay
from graphql_api.schema.faults import masked

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Mapping

logger = logging.getLogger(__name__)
# What the short way rests on of aiohttp's inner names.
_NAMES: Mapping[type, tuple[str, ...]] = {
    RequestHandler: (
        "_buffer_paused",
        "_close",
        "_current_request",
        "_force_close",
        "_handler_waiter",
        "_keepalive_timeout",
        "_loop",
        "_manager",
        "_messages",
        "_next_keepalive_close_time",
        "_parser",
        "_paused",
        "_process_keepalive",
        "_request_in_progress",
        "_waiter",
        "peername",
        "transport",
    ),
    HttpRequestParser: ("message_consumed",),
    StreamReader: ("is_eof", "read_nowait", "total_bytes"),
}


def supports_short_way() -> bool:
    """Whether this aiohttp is built as the short way expects."""
    expected = all(hasattr(kind, name) for kind, names in _NAMES.items() for name in names)
    if not expected:
        logger.warning("this aiohttp is built otherwise: every request goes its long way")
    return expected


class Protocol(RequestHandler):
    """One connection.

    Args:
        short_way: answers what it takes; None where everything goes the long way.
    """

    __slots__ = ("_answering", "_sent", "_short_way")

    def __init__(self, manager: web.Server, short_way: ShortWay | None, **options: Any) -> None:
        super().__init__(manager, **options)
        self._short_way = short_way
        self._sent: Sent | None = None  # the request that is being answered the short way
        self._answering: asyncio.Task[None] | None = None

    def data_received(self, data: bytes) -> None:
        """Parse, and have what has arrived answered."""
        if self._short_way is None:
            super().data_received(data)
            return
        # aiohttp's loop would be woken for whatever has come: first it is looked at here.
        waiter, self._waiter = self._waiter, None
        try:
            super().data_received(data)
        finally:
            self._waiter = waiter
        if self._sent is None:
            self._go_on()

    def _go_on(self) -> None:
        """Have the next request answered, one way or the other, if there is one."""
        waiter, messages = self._waiter, self._messages
        if waiter is None or waiter.done() or not messages or self._close or self._force_close:
            return  # the long way is being gone, and looks at the messages itself; or none is
        message: Any
        message, payload = messages[0]
        is_free = not (self._buffer_paused or self._paused)
        if is_free and self._short_way is not None and self._short_way.takes(message, payload):
            messages.popleft()
            self._answer(message.headers, payload)
        else:
            waiter.set_result(None)

    def _answer(self, headers: Any, payload: StreamReader) -> None:
        peer = self.peername
        self._sent = Sent(headers, str(peer[0]) if isinstance(peer, tuple) else peer)
        self._request_in_progress = True
        assert self._parser is not None  # noqa: S101  # or nothing was parsed
        # From here on aiohttp may go on parsing, and hand over the next message.
        self._parser.message_consumed()
        body = payload.read_nowait(-1)
        if self._manager is not None:
            self._manager.requests_count += 1
        assert self._short_way is not None  # noqa: S101  # or it would not be gone
        refusal = self._short_way.refusal(self._sent)
        if refusal is not None and self.transport is not None:
            self.transport.write(refusal)
            self._end_answer()
            return
        self._answering = self._loop.create_task(self._send_answer(self._sent, body))

    async def _send_answer(self, sent: Sent, body: bytes) -> None:
        assert self._short_way is not None  # noqa: S101  # as above
        may_go_on = False  # nor may it where no answer came: the next would be taken for this one
        try:
            answer, may_go_on = await self._short_way.answer(sent, body)
            if self.transport is not None:
                self.transport.write(answer)
        finally:
            if not may_go_on or self._close or self._force_close:
                self._close = True
                if self.transport is not None:
                    self.transport.close()
            self._end_answer()

    def _end_answer(self) -> None:
        self._sent = self._answering = None
        self._request_in_progress = False
        if self._handler_waiter is not None and not self._handler_waiter.done():
            self._handler_waiter.set_result(None)
        self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        self._go_on()

    def _process_keepalive(self) -> None:
        """Close an idle connection; while a request is being answered it is not idle."""
        if self._sent is not None:
            self._next_keepalive_close_time = self._loop.time() + self._keepalive_timeout
        super()._process_keepalive()

    def connection_lost(self, exc: BaseException | None) -> None:
        """Do nothing more for a client that is gone.

        Its handler is not cancelled, which would leave a change half told: it finds its time over.
        """
        request = self._current_request
        for each in (request, self._sent):
            if each is not None and DEADLINE in each:
                each[DEADLINE].pass_now()
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
