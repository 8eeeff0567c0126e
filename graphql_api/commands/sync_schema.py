"""`partyfinder sync-schema`: the keyspace and its tables."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from graphql_api.commands.database import running_database
from graphql_api.commands.failures import plain_errors
from graphql_api.commands.progress import showing_progress
from graphql_api.settings import Settings, load_settings
from graphql_api.store.connection import connect
from graphql_api.store.migrate import sync_schema

if TYPE_CHECKING:
    from graphql_api.embedded import Report


def command() -> None:
    """Create the keyspace and its tables, or bring them up to this program.

    Run it once before the first `partyfinder serve` on a database of your own, and after each
    upgrade; running it again does no harm. On Astra DB the keyspace itself must exist.
    """
    with (
        plain_errors(),
        showing_progress() as report,
        running_database(load_settings(), report) as settings,
    ):
        applied = asyncio.run(sync(settings, report))
    done = f"{applied} migrations applied" if applied else "nothing to do"
    typer.echo(f"The keyspace {settings.keyspace} is up to date: {done}.")


async def sync(settings: Settings, report: Report) -> int:
    """Bring the tables of a running database up to this program; how many migrations it took."""
    report("Looking at the tables")
    connection = await connect(settings)
    try:
        return await sync_schema(connection.session, settings, report)
    finally:
        await connection.close()
