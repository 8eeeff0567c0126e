"""The aiohttp application: addresses and who answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from graphql_api.http import headers
from graphql_api.http.cors import Cors
from graphql_api.http.endpoint import Endpoint
from graphql_api.http.graphql import GraphQLOverHTTP
from graphql_api.http.health import Readiness, healthz
from graphql_api.http.landing import landing
from graphql_api.http.sse import ServerSentEvents
from graphql_api.http.streams import Streams
from graphql_api.http.websocket import GraphQLOverWebSocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphql_api.http.operations import Operations
    from graphql_api.http.sign_in import SignIn
    from graphql_api.settings import Settings


def create_application(
    operations: Operations,
    sign_in: SignIn,
    ping: Callable[[], Awaitable[None]],
    settings: Settings,
) -> web.Application:
    """The application.

    Args:
        ping: asks the database whether it answers.
    """
    application = web.Application(client_max_size=settings.body_limit)
    cors = Cors(settings.cors_origins)
    streams = Streams(settings.stream_limit, 2 * settings.keep_alive)
    endpoint = Endpoint(
        GraphQLOverHTTP(operations, sign_in, settings),
        ServerSentEvents(operations, sign_in, streams, settings),
        GraphQLOverWebSocket(operations, sign_in, streams, cors, settings),
        shows_graphiql=not settings.in_production,
    )
    readiness = Readiness(ping)
    application[READINESS] = readiness
    application[STREAMS] = streams
    application.on_shutdown.append(streams.close_all)
    application.on_response_prepare.append(headers.on_prepare)
    application.on_response_prepare.append(cors.on_prepare)
    application.router.add_post("/graphql", endpoint.post)
    application.router.add_get("/graphql", endpoint.get)
    application.router.add_options("/graphql", cors.preflight)
    application.router.add_route("*", "/graphql", endpoint.other)
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readiness.readyz)
    application.router.add_get("/", landing)
    return application


STREAMS = web.AppKey("streams", Streams)
READINESS = web.AppKey("readiness", Readiness)
