"""`partyfinder serve`: the server."""

from __future__ import annotations

import asyncio
import gc
import signal
import sys
from contextlib import ExitStack
from functools import partial
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import TYPE_CHECKING, Annotated, NoReturn

import typer

from graphql_api.app import create_app, open_parts
from graphql_api.commands.database import refuse_second, running_database
from graphql_api.commands.demo import post_demo_parties
from graphql_api.commands.failures import EXPECTED, plain_errors
from graphql_api.commands.progress import showing_progress
from graphql_api.commands.sync_schema import sync
from graphql_api.embedded import default_directory
from graphql_api.http.server import bind, bind_shared, reserve, run_fast, serve, url
from graphql_api.settings import Database, Settings, load_settings
from graphql_api.supervisor import WorkerFailedError, supervise
from graphql_api.telemetry.logs import begin_log
from graphql_api.telemetry.sharing import share

if TYPE_CHECKING:
    import socket
    from collections.abc import Callable

    from graphql_api.embedded import Report

DEMO_CITIES, DEMO_PARTIES = 3, 5


def command(
    host: Annotated[
        str | None, typer.Option(show_default="127.0.0.1", help="The address to listen on.")
    ] = None,
    port: Annotated[
        int | None,
        typer.Option(min=0, max=65535, show_default="8000", help="The port; 0 for a free one."),
    ] = None,
    workers: Annotated[
        int | None,
        typer.Option(min=1, max=256, show_default="1", help="How many processes serve the port."),
    ] = None,
) -> None:
    """Serve the API until Ctrl-C.

    Without a database in the environment or .env it brings its own: a real Cassandra, started here
    and stopped with it, whose data stays in .partyfinder/ for the next time.
    """
    with plain_errors(), ExitStack() as running:
        configured = load_settings(host=host, port=port, workers=workers)
        begin_log(configured)
        signal.signal(signal.SIGTERM, _leave)
        refuse_second(configured)
        with showing_progress() as report:
            bound = bind(configured.host, configured.port)
            running.callback(bound.close)
            settings = running.enter_context(running_database(configured, report, shares=False))
            asyncio.run(_prepare(settings, report, is_ours=_is_embedded(configured)))
        announce = partial(_announce, url(bound), _where(configured, settings))
        if configured.workers == 1:
            run_fast(_serve(settings, lambda: bound, announce))
        else:
            _supervise(settings, bound, announce)
        typer.echo("Stopping …", err=True)


def _is_embedded(configured: Settings) -> bool:
    return configured.database is Database.EMBEDDED


async def _prepare(settings: Settings, report: Report, *, is_ours: bool) -> None:
    """Bring the tables up to date; a new database of our own gets a few parties."""
    applied = await sync(settings, report) if is_ours or settings.sync_schema else 0
    if is_ours and applied:
        async with open_parts(settings) as parts:
            await post_demo_parties(parts, report, DEMO_CITIES, DEMO_PARTIES)


async def _serve(
    settings: Settings, take_address: Callable[[], socket.socket], announce: Callable[[], None]
) -> None:
    async with open_parts(settings) as parts:
        application = create_app(parts, settings)
        _spare_the_collector()
        await serve(application, settings, take_address(), announce)


def _supervise(settings: Settings, bound: socket.socket, announce: Callable[[], None]) -> None:
    """Serve with several processes in place of this one, at the address that it has taken."""
    host, port = bound.getsockname()[:2]
    bound.close()  # nobody else is there; from here on the port is shared
    with reserve(host, port), TemporaryDirectory(prefix="partyfinder-metrics-") as metrics:
        work = partial(_work, settings, host, port, Path(metrics))
        # What has begun when the server closes may take a request's time, and its end as long.
        stop_timeout = settings.stop_delay + 2 * settings.request_timeout + 5
        asyncio.run(supervise(settings.workers, work, announce, stop_timeout))


def _work(
    settings: Settings,
    host: str,
    port: int,
    metrics: Path,
    number: int,
    tell_ready: Callable[[], None],
) -> None:
    """What one of several server processes does."""
    begin_log(settings)
    if settings.shows_metrics:
        share(metrics, number)
    try:
        # It listens when it can answer: until then connections go to the others.
        run_fast(_serve(settings, partial(bind_shared, host, port), tell_ready))
    except EXPECTED as error:
        raise WorkerFailedError(str(error)) from error


def _spare_the_collector() -> None:
    """Look for cyclic garbage less often, and never in what lives as long as the process.

    A request makes hundreds of objects and next to no cycles: with Python's thresholds an eighth
    of a join's processor time went into looking for them.
    """
    gc.collect()
    gc.freeze()
    gc.set_threshold(100_000, 50, 100)


def _leave(_number: int, _frame: object) -> NoReturn:
    """SIGTERM before the server serves: end in order, so that nothing started stays behind."""
    sys.exit(128 + signal.SIGTERM)


def _where(configured: Settings, settings: Settings) -> str:
    if configured.database is Database.ASTRA:
        return f"Astra DB, keyspace {settings.keyspace}"
    points = ", ".join(settings.cassandra_contact_points)
    where = f"{points} port {settings.cassandra_port}, keyspace {settings.keyspace}"
    if _is_embedded(configured):
        return f"embedded, {where}, data in {default_directory()}"
    return where


EXAMPLE = '{"query": "{ parties(city: \\"Lisbon\\") { nodes { id name date people } } }"}'


def _announce(address: str, database: str) -> None:
    typer.echo(
        f"""
Partyfinder is ready.

  Web page    {address}/
  GraphiQL    {address}/graphql
  API         POST {address}/graphql
  Cassandra   {database}

Try a query in GraphiQL, or here:

  curl {address}/graphql -H 'Content-Type: application/json' \\
    -d '{EXAMPLE}'

Ctrl-C stops it."""
    )
