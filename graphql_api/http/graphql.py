"""POST and GET /graphql, after the GraphQL over HTTP draft; a browser gets GraphiQL."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import orjson
from aiohttp import web
from strawberry.http.ides import get_graphql_ide_html
from strawberry.schema.exceptions import CannotGetOperationTypeError, InvalidOperationTypeError
from strawberry.types.execution import PreExecutionError
from strawberry.types.graphql import OperationType

from graphql_api.http.media import HTML, LEGACY, RESPONSE, preferred
from graphql_api.http.request import BadRequestError, GraphQLRequest, read_get, read_post
from graphql_api.schema.faults import format_error

if TYPE_CHECKING:
    from collections.abc import Callable

    import strawberry

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
        schema: strawberry.Schema,
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
        try:
            result = await self._schema.execute(
                asked.query,
                variable_values=asked.variables,
                operation_name=asked.operation_name,
                context_value=self._new_context(request),
                allowed_operation_types=allowed,
            )
        except CannotGetOperationTypeError:
            raise BadRequestError(_no_operation(asked.operation_name)) from None
        except InvalidOperationTypeError as error:
            message = f"A {error.operation_type.value} is not possible by {request.method}."
            return _refusal(message, 405, accepted, {"Allow": "POST"})
        is_before_execution = isinstance(result, PreExecutionError)
        body: dict[str, Any] = {}
        if result.errors:
            body["errors"] = [
                format_error(error, is_before_execution=is_before_execution)
                for error in result.errors
            ]
        if result.data is not None or not (is_before_execution or _never_ran(body)):
            body["data"] = result.data
        return _response(body, _status(body, accepted), accepted)


def _never_ran(body: dict[str, Any]) -> bool:
    """Whether variables could not be coerced: the errors of a run have paths."""
    return any("path" not in error for error in body.get("errors", ()))


def _status(body: dict[str, Any], accepted: str) -> int:
    if accepted == LEGACY or "data" in body:
        return 200
    code = body["errors"][0]["extensions"]["code"]
    return 422 if code == "GRAPHQL_VALIDATION_FAILED" else 400


def _no_operation(name: str | None) -> str:
    if name is None:
        return "The document has no operation to run."
    return f'The document has no operation named "{name}".'


def _refusal(
    message: str, status: int, accepted: str, headers: dict[str, str] | None = None
) -> web.Response:
    error = {"message": message, "extensions": {"code": "BAD_USER_INPUT"}}
    return _response({"errors": [error]}, status, accepted, headers)


def _response(
    body: dict[str, Any], status: int, media_type: str, headers: dict[str, str] | None = None
) -> web.Response:
    return web.Response(
        body=orjson.dumps(body),
        status=status,
        headers={"Content-Type": f"{media_type}; charset=utf-8", **(headers or {})},
    )


def _not_acceptable() -> web.Response:
    return web.Response(text=f"This address answers {RESPONSE} and {LEGACY}.", status=406)
