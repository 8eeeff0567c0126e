"""GraphQL over Server-Sent Events, in its distinct connections mode: a stream per operation."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, suppress
from typing import TYPE_CHECKING, Any

from aiohttp import web

from graphql_api.http.answers import refusal
from graphql_api.http.csrf import refuse_simple
from graphql_api.http.media import EVENTS, LEGACY
from graphql_api.http.request import BadRequestError, GraphQLRequest, read_get, read_post

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from graphql_api.engine import Response
    from graphql_api.http.operations import Operations
    from graphql_api.http.rates import Charge
    from graphql_api.http.sign_in import SignIn
    from graphql_api.http.streams import Streams
    from graphql_api.settings import Settings

ALIVE = b":\n\n"
COMPLETE = b"event: complete\ndata:\n\n"
HEADERS = {
    "Content-Type": f"{EVENTS}; charset=utf-8",
    "Cache-Control": "no-cache, no-transform",
    "X-Accel-Buffering": "no",  # nginx would hold events back
}


class ServerSentEvents:
    """Answers each request with a stream of events."""

    def __init__(
        self,
        operations: Operations,
        sign_in: SignIn,
        streams: Streams,
        charge: Charge,
        settings: Settings,
    ) -> None:
        self._operations = operations
        self._charge = charge
        self._sign_in = sign_in
        self._streams = streams
        self._settings = settings

    async def handle(self, request: web.Request) -> web.StreamResponse:
        """Run any operation but a mutation by GET; errors of GraphQL are events as well."""
        try:
            self._streams.check()
            caller = await self._sign_in.caller(request)
            asked = await self._read(request)
            await self._charge(request, caller, asked)
            answers = self._operations.stream(caller, asked, may_write=request.method == "POST")
        except BadRequestError as error:
            return refusal(error, LEGACY)
        response = web.StreamResponse(headers=HEADERS)
        async with aclosing(answers):
            await self._serve(request, response, answers)
        return response

    async def _read(self, request: web.Request) -> GraphQLRequest:
        if request.method == "GET":
            if not self._settings.answers_simple_get:
                refuse_simple(request)
            return read_get(request)
        asked = await read_post(
            request, self._settings.request_timeout, self._settings.variables_limit
        )
        if isinstance(asked, list):  # never: without a limit it takes no batch
            raise TypeError
        return asked

    async def _serve(
        self,
        request: web.Request,
        response: web.StreamResponse,
        answers: AsyncGenerator[Response, None],
    ) -> None:
        """Send until the operation ends, the client is gone, or the server stops."""
        stopping = asyncio.Event()

        async def stop() -> None:
            stopping.set()

        with self._streams.opened(stop), suppress(ConnectionError):
            self._streams.tune(request)
            await response.prepare(request)
            await response.write(ALIVE)
            if await self._send_all(response, answers, stopping):
                await response.write(COMPLETE)
            await response.write_eof()

    async def _send_all(
        self,
        response: web.StreamResponse,
        answers: AsyncGenerator[Response, None],
        stopping: asyncio.Event,
    ) -> bool:
        """Send each answer once the one before is on its way; False where the server stops.

        The next state is fetched only then, so who reads slowly skips to the newest.
        """
        stop = asyncio.create_task(stopping.wait())
        following = asyncio.ensure_future(anext(answers, None))
        try:
            while not stop.done():
                await asyncio.wait(
                    {stop, following},
                    timeout=self._settings.keep_alive,
                    return_when=asyncio.FIRST_COMPLETED,
                )
                if not following.done():
                    await response.write(ALIVE)
                    continue
                answer = following.result()
                if answer is None:
                    return True
                await response.write(b"event: next\ndata: " + answer.body + b"\n\n")
                following = asyncio.ensure_future(anext(answers, None))
            return False
        finally:
            await _cancelled(stop, following)


async def _cancelled(*tasks: asyncio.Future[Any]) -> None:
    for task in tasks:
        task.cancel()
    await asyncio.gather(*tasks, return_exceptions=True)
