"""/graphql: one address for every transport. Which one a request means, its headers say."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql_api.http.answers import refusal
from graphql_api.http.media import EVENTS, HTML, LEGACY, RESPONSE, preferred
from graphql_api.http.naming import name
from graphql_api.http.request import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from aiohttp import web

    from graphql_api.http.graphql import GraphQLOverHTTP
    from graphql_api.http.sse import ServerSentEvents
    from graphql_api.http.websocket import GraphQLOverWebSocket

PROGRAMS = (LEGACY, RESPONSE, EVENTS)
METHODS = "GET, POST, OPTIONS"


class Endpoint:
    """Hands each request to its transport.

    Args:
        graphiql: shows a browser GraphiQL; None where browsers are answered as programs are.
    """

    def __init__(
        self,
        over_http: GraphQLOverHTTP,
        events: ServerSentEvents,
        sockets: GraphQLOverWebSocket,
        *,
        graphiql: Callable[[web.Request], Awaitable[web.StreamResponse]] | None,
    ) -> None:
        self._over_http = over_http
        self._events = events
        self._sockets = sockets
        self._graphiql = graphiql
        pages = () if graphiql is None else (HTML,)
        self._offered = (LEGACY, RESPONSE, *pages, EVENTS)

    async def post(self, request: web.Request) -> web.StreamResponse:
        """Run what the body asks for."""
        name(request)
        if preferred(request.headers.get("Accept", ""), PROGRAMS) == EVENTS:
            return await self._events.handle(request)
        return await self._over_http.post(request)

    async def get(self, request: web.Request) -> web.StreamResponse:
        """Run what the query string asks for, open a WebSocket, or show GraphiQL to a browser."""
        name(request)
        if request.headers.get("Upgrade", "").lower() == "websocket":
            return await self._sockets.handle(request)
        preference = preferred(request.headers.get("Accept", ""), self._offered)
        if preference == EVENTS:
            return await self._events.handle(request)
        if preference == HTML and self._graphiql is not None:
            return await self._graphiql(request)
        return await self._over_http.get(request)

    async def other(self, request: web.Request) -> web.Response:
        """Refuse any other method."""
        error = BadRequestError(
            f"Send GET or POST, not {request.method}.", 405, headers={"Allow": METHODS}
        )
        return refusal(error, LEGACY)
