"""POST and GET with an answer in JSON, after the GraphQL over HTTP draft."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

import orjson

from graphql_api.deadlines import begin
from graphql_api.engine import Refusal
from graphql_api.http.answers import PARTIAL, Answer, answer, not_acceptable, refused
from graphql_api.http.csrf import refuse_simple
from graphql_api.http.media import LEGACY, RESPONSE, preferred
from graphql_api.http.operations import READING, READING_AND_WRITING
from graphql_api.http.request import (
    DEADLINE,
    BadRequestError,
    GraphQLRequest,
    parse_post,
    read_get,
    read_post,
    timeout_of,
)

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from graphql_api.caller import Caller
    from graphql_api.engine import Response
    from graphql_api.http.admission import Admission
    from graphql_api.http.operations import Operations
    from graphql_api.http.rates import Charge
    from graphql_api.http.request import Sender
    from graphql_api.http.sign_in import SignIn
    from graphql_api.settings import Settings

    Read = Callable[[], Awaitable[GraphQLRequest | list[GraphQLRequest]]]

JSON = (LEGACY, RESPONSE)


class GraphQLOverHTTP:
    """Answers requests one by one."""

    def __init__(
        self,
        operations: Operations,
        sign_in: SignIn,
        admission: Admission,
        charge: Charge,
        settings: Settings,
    ) -> None:
        self._operations = operations
        self._charge = charge
        self._admission = admission
        self._sign_in = sign_in
        self._settings = settings
        self._statuses = {
            Refusal.VALIDATION: int(settings.validation_status),
            Refusal.OPERATION_TYPE: 405,
        }

    async def post(self, request: web.Request) -> web.Response:
        """Run a query or a mutation, or a batch of them."""

        async def read() -> GraphQLRequest | list[GraphQLRequest]:
            return await read_post(
                request,
                self._settings.request_timeout,
                self._settings.variables_limit,
                self._settings.batch_limit,
            )

        return (await self._admitted(request, partial(self._post, read=read))).response()

    async def post_whole(self, request: Sender, body: bytes) -> Answer:
        """The same for a request whose body, in JSON, is there."""

        async def read() -> GraphQLRequest | list[GraphQLRequest]:
            variables, batch = self._settings.variables_limit, self._settings.batch_limit
            return parse_post(body, request, variables, batch)

        return await self._admitted(request, partial(self._post, read=read))

    async def get(self, request: web.Request) -> web.Response:
        """Run a query."""
        return (await self._admitted(request, partial(self._get, request))).response()

    async def _admitted(
        self, request: Sender, run: Callable[[Sender, str], Awaitable[Answer]]
    ) -> Answer:
        accepted = preferred(request.headers.get("Accept", ""), JSON)
        if accepted is None:
            return not_acceptable()
        admission = self._admission
        try:
            admission.check()
            request[DEADLINE] = begin(timeout_of(request, self._settings.request_timeout))
            admission.under_way += 1
            try:
                return await run(request, accepted)
            finally:
                admission.under_way -= 1
        except BadRequestError as error:
            return refused(error, accepted)

    async def _post(self, request: Sender, accepted: str, read: Read) -> Answer:
        caller = await self._sign_in.caller(request)
        asked = await read()
        if isinstance(asked, list):
            return await self._run_batch(request, caller, asked, accepted)
        await self._charge(request, caller, asked)
        response = await self._operations.answer(caller, asked, READING_AND_WRITING)
        if response.refusal is Refusal.OPERATION_TYPE:
            return refused(_needs_stream(), accepted)
        return await self._answer(request, response, accepted)

    async def _get(self, query: web.Request, request: Sender, accepted: str) -> Answer:
        if not self._settings.answers_simple_get:
            refuse_simple(query)
        caller = await self._sign_in.caller(request)
        asked = read_get(query)
        await self._charge(request, caller, asked)
        response = await self._operations.answer(caller, asked, READING)
        return await self._answer(request, response, accepted)

    async def _answer(self, request: Sender, response: Response, accepted: str) -> Answer:
        status = self._status(response, accepted)
        return await answer(
            request.headers.get("Accept-Encoding", ""),
            response.body,
            accepted,
            status=status,
            compress_from=self._settings.compress_from,
            headers={"Allow": "POST"} if status == 405 else None,  # noqa: PLR2004
        )

    def _status(self, response: Response, accepted: str) -> int:
        """What the draft has for each media type: `application/json` hides refusals in a 200."""
        if response.refusal is Refusal.OPERATION_TYPE:
            return 405
        if accepted == LEGACY:
            return 200
        if response.refusal is None:
            return PARTIAL if response.has_errors else 200
        return self._statuses.get(response.refusal, 400)

    async def _run_batch(
        self, request: Sender, caller: Caller, batch: list[GraphQLRequest], accepted: str
    ) -> Answer:
        """Run a batch in its order: a mutation sees what those before it did."""
        bodies = []
        for asked in batch:
            try:
                await self._charge(request, caller, asked)
                response = await self._operations.answer(caller, asked, READING_AND_WRITING)
                bodies.append(response.body)
            except BadRequestError as error:
                bodies.append(orjson.dumps({"errors": [error.told()]}))
        body = b"[" + b",".join(bodies) + b"]"
        accept_encoding = request.headers.get("Accept-Encoding", "")
        compress_from = self._settings.compress_from
        return await answer(accept_encoding, body, accepted, compress_from=compress_from)


def _needs_stream() -> BadRequestError:
    return BadRequestError(
        "A subscription has many answers: accept text/event-stream, or open a WebSocket with the "
        "sub-protocol graphql-transport-ws.",
        406,
    )
