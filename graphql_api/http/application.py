"""The aiohttp application: addresses and who answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from graphql_api.http.cors import Cors
from graphql_api.http.endpoint import Endpoint
from graphql_api.http.graphql import GraphQLOverHTTP
from graphql_api.http.health import Readiness, healthz
from graphql_api.http.landing import landing

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphql_api.http.operations import Operations
    from graphql_api.settings import Settings


def create_application(
    operations: Operations, ping: Callable[[], Awaitable[None]], settings: Settings
) -> web.Application:
    """The application.

    Args:
        ping: asks the database whether it answers.
    """
    application = web.Application(client_max_size=settings.body_limit)
    cors = Cors(settings.cors_origins)
    endpoint = Endpoint(
        GraphQLOverHTTP(operations, settings), shows_graphiql=not settings.in_production
    )
    readiness = Readiness(ping)
    application[READINESS] = readiness
    application.on_response_prepare.append(cors.on_prepare)
    application.router.add_post("/graphql", endpoint.post)
    application.router.add_get("/graphql", endpoint.get)
    application.router.add_options("/graphql", cors.preflight)
    application.router.add_route("*", "/graphql", endpoint.other)
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readiness.readyz)
    application.router.add_get("/", landing)
    return application


READINESS = web.AppKey("readiness", Readiness)
