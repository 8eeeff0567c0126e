"""From an HTTP request to a GraphQL one; what cannot be one is answered with what it lacks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import orjson

if TYPE_CHECKING:
    from collections.abc import Mapping

    from aiohttp import web

LARGEST_BODY = 1_000_000  # bytes


@dataclass(frozen=True)
class GraphQLRequest:
    """What is to be run."""

    query: str
    variables: dict[str, Any] | None = None
    operation_name: str | None = None


class BadRequestError(Exception):
    """An HTTP request that carries no GraphQL request.

    Args:
        status: the HTTP status that says so.
    """

    def __init__(self, message: str, status: int = 400) -> None:
        super().__init__(message)
        self.status = status


async def read_post(request: web.Request) -> GraphQLRequest:
    """The GraphQL request in a POST's body.

    Raises:
        BadRequestError: it has none.
    """
    if request.content_type not in ("application/json", "application/graphql-response+json"):
        raise BadRequestError("Send the request as Content-Type: application/json.", 415)
    if (request.charset or "utf-8").lower() not in ("utf-8", "utf8"):
        raise BadRequestError("Send the request in UTF-8.", 415)
    try:
        body = orjson.loads(await request.read())
    except orjson.JSONDecodeError:
        raise BadRequestError("The body is not JSON.") from None
    if not isinstance(body, dict):
        raise BadRequestError('The body must be a JSON object with a "query".')
    return _request(body)


def read_get(request: web.Request) -> GraphQLRequest:
    """The GraphQL request in a GET's query string.

    Raises:
        BadRequestError: it has none.
    """
    body: dict[str, Any] = dict(request.query)
    for name in ("variables", "extensions"):
        if name in body:
            try:
                body[name] = orjson.loads(body[name])
            except orjson.JSONDecodeError:
                raise BadRequestError(f"{name} is not JSON.") from None
    return _request(body)


def _request(body: Mapping[str, Any]) -> GraphQLRequest:
    query = body.get("query")
    if not isinstance(query, str) or not query:
        raise BadRequestError("query must be a string with a GraphQL document.")
    for name, kind, expected in (
        ("variables", dict, "an object"),
        ("operationName", str, "a string"),
        ("extensions", dict, "an object"),
    ):
        if not isinstance(body.get(name), kind | None):
            raise BadRequestError(f"{name} must be {expected}.")
    return GraphQLRequest(query, body.get("variables"), body.get("operationName") or None)
