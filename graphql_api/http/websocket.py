"""GraphQL over WebSocket: opens, feeds, limits and closes the sockets of `connection.py`.

The sub-protocol is graphql-transport-ws alone; the legacy one, graphql-ws, is not spoken.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING

from aiohttp import WSCloseCode, WSMsgType, web

from graphql_api.errors import ErrorCode
from graphql_api.http.answers import refusal
from graphql_api.http.connection import FORBIDDEN, Connection, ProtocolError
from graphql_api.http.expiry import seconds_until
from graphql_api.http.media import LEGACY
from graphql_api.http.request import BadRequestError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from graphql_api.caller import Caller
    from graphql_api.engine import Response
    from graphql_api.http.cors import Cors
    from graphql_api.http.operations import Operations
    from graphql_api.http.rates import Charge
    from graphql_api.http.request import GraphQLRequest
    from graphql_api.http.sign_in import SignIn
    from graphql_api.http.streams import Streams
    from graphql_api.settings import Settings

PROTOCOL = "graphql-transport-ws"
CLOSE_TIMEOUT = 2.0  # seconds for a client to answer that a socket is closed
WRITER_LIMIT = 1  # bytes after which a sender waits where the client is slow: every message


class GraphQLOverWebSocket:
    """Serves sockets."""

    def __init__(
        self,
        operations: Operations,
        sign_in: SignIn,
        streams: Streams,
        cors: Cors,
        charge: Charge,
        settings: Settings,
    ) -> None:
        self._charge = charge
        self._operations = operations
        self._sign_in = sign_in
        self._streams = streams
        self._cors = cors
        self._settings = settings

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Serve one socket to its end."""
        try:
            self._check(request)
            opened_by = await self._sign_in.caller(request)
        except BadRequestError as error:
            return refusal(error, LEGACY)
        socket = web.WebSocketResponse(
            protocols=(PROTOCOL,),
            heartbeat=2 * self._settings.keep_alive,  # aiohttp waits half of it for the answer
            max_msg_size=self._settings.message_limit,
            timeout=CLOSE_TIMEOUT,
            writer_limit=WRITER_LIMIT,
            compress=False,
        )
        await socket.prepare(request)
        self._streams.tune(request)
        stop = partial(_close, socket, WSCloseCode.GOING_AWAY, "The server is stopping")
        with self._streams.opened(stop):
            if socket.ws_protocol != PROTOCOL:
                await _close(socket, 4406, f"Subprotocol not acceptable: {PROTOCOL} is")
            else:
                await self._serve(request, opened_by, socket)
        return socket

    def _check(self, request: web.Request) -> None:
        if not self._cors.allows_socket(request):
            raise BadRequestError(
                "Pages of this origin may not open a WebSocket here. The server's operator allows "
                "origins with the setting CORS_ORIGINS.",
                403,
                code=ErrorCode.FORBIDDEN,
            )
        self._streams.check()

    async def _serve(
        self, request: web.Request, opened_by: Caller, socket: web.WebSocketResponse
    ) -> None:
        connection = Connection(
            lambda message: socket.send_frame(message, WSMsgType.TEXT),
            partial(self._sign_in.caller_over, opened_by=opened_by),
            partial(self._stream, request),
            self._settings.operation_limit,
        )
        late = asyncio.create_task(self._end_in_time(connection, socket))
        try:
            await _feed(connection, socket)
        except ProtocolError as error:
            await _close(socket, error.code, error.reason)
        except ConnectionError:
            pass  # the client is gone
        finally:
            late.cancel()
            await connection.close()

    async def _stream(
        self, request: web.Request, caller: Caller, asked: GraphQLRequest
    ) -> AsyncGenerator[Response, None]:
        await self._charge(request, caller, asked)
        return self._operations.stream(caller, asked)

    async def _end_in_time(self, connection: Connection, socket: web.WebSocketResponse) -> None:
        """Close the socket of who does not initialise it, and of a caller whose sign-in ends."""
        await asyncio.sleep(self._settings.connection_init_timeout)
        if connection.caller is None:
            await _close(socket, 4408, "Connection initialisation timeout")
        elif connection.caller.expires_at is not None:
            await asyncio.sleep(seconds_until(connection.caller.expires_at))
            await connection.ended()
            await _close(socket, FORBIDDEN, "Forbidden: the token has expired")


async def _feed(connection: Connection, socket: web.WebSocketResponse) -> None:
    """Hand the client's messages on, one at a time, until the socket is closed."""
    async for message in socket:
        if message.type is WSMsgType.TEXT:
            await connection.receive(message.data)
        elif message.type is WSMsgType.BINARY:
            raise ProtocolError(4400, "Invalid message: it is binary")


async def _close(socket: web.WebSocketResponse, code: int, reason: str) -> None:
    """Close a socket; a reason has 123 bytes at most (RFC 6455, section 5.5)."""
    with suppress(ConnectionError, TimeoutError):
        async with asyncio.timeout(2 * CLOSE_TIMEOUT):  # a client that reads nothing
            await socket.close(code=code, message=reason.encode()[:123])
