"""The aiohttp application: addresses and who answers them."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from graphql_api.http import headers
from graphql_api.http.admission import Admission
from graphql_api.http.cors import Cors
from graphql_api.http.endpoint import PROGRAMS, Endpoint
from graphql_api.http.graphql import GraphQLOverHTTP
from graphql_api.http.health import Readiness, healthz
from graphql_api.http.metrics import MetricsPage
from graphql_api.http.rates import Proxies, Rates, free_of_charge
from graphql_api.http.short_way import ShortWay
from graphql_api.http.sign_in_offer import offer_of
from graphql_api.http.sse import ServerSentEvents
from graphql_api.http.streams import Streams
from graphql_api.http.web_client import BUILT, WebClient
from graphql_api.http.websocket import GraphQLOverWebSocket

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from pathlib import Path

    from graphql_api.http.operations import Operations
    from graphql_api.http.rates import Charge
    from graphql_api.http.sign_in import SignIn
    from graphql_api.settings import Settings
    from graphql_api.telemetry.readings import Readings


def create_application(
    operations: Operations,
    sign_in: SignIn,
    ping: Callable[[], Awaitable[None]],
    settings: Settings,
    web_directory: Path = BUILT,
    readings: Readings | None = None,
    waits: Callable[[], float] = float,
) -> web.Application:
    """The application.

    Args:
        ping: asks the database whether it answers.
        waits: how long reads wait, see `Admission`.
        readings: what /metrics shows; None where there is no such page.
        web_directory: where the web client was built, if it was.
    """
    application = web.Application(client_max_size=settings.body_limit)
    cors = Cors(settings.cors_origins)
    streams = Streams(settings.stream_limit, 2 * settings.keep_alive)
    web_client = WebClient(web_directory, offer_of(settings))
    admission = Admission(settings.overload_after, waits)
    charge: Charge = free_of_charge
    if settings.rate is not None:
        charge = Rates(settings.rate, Proxies(settings.trusted_proxies), operations.cost).charge
    over_http = GraphQLOverHTTP(operations, sign_in, admission, charge, settings)
    endpoint = Endpoint(
        over_http,
        ServerSentEvents(operations, sign_in, streams, charge, settings),
        GraphQLOverWebSocket(operations, sign_in, streams, cors, charge, settings),
        graphiql=web_client.graphiql if settings.shows_graphiql else None,
    )
    readiness = Readiness(ping)
    application[READINESS] = readiness
    application[STREAMS] = streams
    application[SHORT_WAY] = ShortWay(over_http, readiness, admission, PROGRAMS, settings)
    application.cleanup_ctx.append(admission.watched)
    application.on_shutdown.append(streams.close_all)
    application.on_response_prepare.append(readiness.on_prepare)
    application.on_response_prepare.append(headers.on_prepare)
    application.on_response_prepare.append(cors.on_prepare)
    application.router.add_post("/graphql", endpoint.post)
    application.router.add_get("/graphql", endpoint.get)
    application.router.add_options("/graphql", cors.preflight)
    application.router.add_route("*", "/graphql", endpoint.other)
    application.router.add_get("/healthz", healthz)
    application.router.add_get("/readyz", readiness.readyz)
    if readings is not None:
        readings.level(readings.metrics.requests_under_way, lambda: admission.under_way)
        readings.level(readings.metrics.streams_open, lambda: len(streams))
        application.cleanup_ctx.append(readings.kept)
        application.router.add_get("/metrics", MetricsPage(readings.exposition).get)
    web_client.add_routes(application.router)
    return application


STREAMS = web.AppKey("streams", Streams)
READINESS = web.AppKey("readiness", Readiness)
SHORT_WAY = web.AppKey("short_way", ShortWay)
