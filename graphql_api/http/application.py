"""The aiohttp application: addresses and who answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from graphql_api.http.graphql import GraphQLOverHTTP
from graphql_api.http.health import Readiness, healthz
from graphql_api.http.landing import landing
from graphql_api.http.request import LARGEST_BODY

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from graphql_api.schema.build import PartySchema
    from graphql_api.schema.context import RequestContext


def create_application(
    schema: PartySchema,
    new_context: Callable[[web.Request], RequestContext],
    ping: Callable[[], Awaitable[None]],
    *,
    shows_graphiql: bool,
) -> web.Application:
    """The application.

    Args:
        new_context: makes the context of one request.
        ping: asks the database whether it answers.
        shows_graphiql: whether a browser gets GraphiQL at /graphql.
    """
    application = web.Application(client_max_size=LARGEST_BODY)
    graphql = GraphQLOverHTTP(schema, new_context, shows_graphiql=shows_graphiql)
    readiness = Readiness(ping)
    application[READINESS] = readiness
    application.router.add_post("/graphql", graphql.post)
    application.router.add_get("/graphql", graphql.get)
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readiness.readyz)
    application.router.add_get("/", landing)
    return application


READINESS = web.AppKey("readiness", Readiness)
