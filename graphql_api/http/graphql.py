"""POST and GET /graphql, after the GraphQL over HTTP draft; a browser gets GraphiQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

import orjson
from aiohttp import web
from strawberry.http.ides import get_graphql_ide_html
from strawberry.types.graphql import OperationType

from graphql_api.engine import Refusal
from graphql_api.http.media import HTML, LEGACY, RESPONSE, preferred
from graphql_api.http.request import BadRequestError, GraphQLRequest, read_get, read_post
from graphql_api.schema.faults import format_error

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql_api.engine import Response
    from graphql_api.schema.build import PartySchema
    from graphql_api.schema.context import RequestContext

READING = frozenset({OperationType.QUERY})
READING_AND_WRITING = READING | {OperationType.MUTATION}


class GraphQLOverHTTP:
    """The handlers of /graphql.

    Args:
        schema: what requests are run against.
        new_context: makes the context of one request.
        shows_graphiql: whether a browser gets GraphiQL here.
    """

    def __init__(
        self,
        schema: PartySchema,
        new_context: Callable[[web.Request], RequestContext],
        *,
        shows_graphiql: bool,
    ) -> None:
        self._schema = schema
        self._new_context = new_context
        self._graphiql = get_graphql_ide_html("graphiql") if shows_graphiql else None

    async def post(self, request: web.Request) -> web.Response:
        """Run a query or a mutation."""
        accepted = preferred(request.headers.get("Accept", ""), (LEGACY, RESPONSE))
        if accepted is None:
            return _not_acceptable()
        try:
            return await self._run(request, await read_post(request), accepted, READING_AND_WRITING)
        except BadRequestError as error:
            return _refusal(str(error), error.status, accepted)

    async def get(self, request: web.Request) -> web.Response:
        """Run a query, or show GraphiQL to a browser."""
        offered = (LEGACY, RESPONSE) if self._graphiql is None else (LEGACY, RESPONSE, HTML)
        accepted = preferred(request.headers.get("Accept", ""), offered)
        if accepted is None:
            return _not_acceptable()
        if accepted == HTML:
            return web.Response(text=self._graphiql, content_type=HTML)
        try:
            return await self._run(request, read_get(request), accepted, READING)
        except BadRequestError as error:
            return _refusal(str(error), error.status, accepted)

    async def _run(
        self,
        request: web.Request,
        asked: GraphQLRequest,
        accepted: str,
        allowed: frozenset[OperationType],
    ) -> web.Response:
        answer = await self._schema.execute_to_bytes(
            asked.query,
            asked.variables,
            self._new_context(request),
            operation_name=asked.operation_name,
            allowed_operation_types=allowed,
            formatter=format_error,
        )
        if answer.refusal is Refusal.OPERATION_TYPE:
            return _response(answer.body, 405, accepted, {"Allow": "POST"})
        return _response(answer.body, _status(answer, accepted), accepted)


def _status(answer: Response, accepted: str) -> int:
    """What the draft has for each media type: `application/json` hides refusals in a 200."""
    if accepted == LEGACY or answer.refusal is None:
        return 200
    return 422 if answer.refusal is Refusal.VALIDATION else 400


def _refusal(
    message: str, status: int, accepted: str, headers: dict[str, str] | None = None
) -> web.Response:
    error = {"message": message, "extensions": {"code": "BAD_USER_INPUT"}}
    return _response(orjson.dumps({"errors": [error]}), status, accepted, headers)


def _response(
    body: bytes, status: int, media_type: str, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=body,
        status=status,
        headers={"Content-Type": f"{media_type}; charset=utf-8", **(headers or {})},
    )


def _not_acceptable() -> web.Response:
    return web.Response(text=f"This address answers {RESPONSE} and {LEGACY}.", status=406)
