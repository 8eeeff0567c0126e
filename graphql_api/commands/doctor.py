"""`partyfinder doctor`: whether the database is as Partyfinder needs it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import typer

from graphql_api.commands.database import running_database
from graphql_api.commands.failures import plain_errors
from graphql_api.commands.progress import showing_progress
from graphql_api.settings import Database, Settings, load_settings
from graphql_api.store.connection import connect
from graphql_api.store.connection_failures import ConnectionFailedError
from graphql_api.store.examination import Finding, Verdict, examine

if TYPE_CHECKING:
    from graphql_api.embedded import Report


def command() -> None:
    """Check the database: connection, clocks, tables, replication, Paxos, data centre.

    Nothing is changed. Each line is OK, WARNING or FAILED, with what to do. The exit code is 1
    where something FAILED.
    """
    with plain_errors():
        configured = load_settings()
        typer.echo(f"Looking at {_described(configured)}.")
        with showing_progress() as report, running_database(configured, report) as settings:
            findings = asyncio.run(_examine(settings, report))
    for finding in findings:
        typer.echo(f"{finding.verdict.value:<8} {finding.subject}: {finding.text}")
    if any(finding.verdict is Verdict.FAILED for finding in findings):
        raise typer.Exit(1)


async def _examine(settings: Settings, report: Report) -> list[Finding]:
    report("Connecting")
    try:
        connection = await connect(settings)
    except ConnectionFailedError as error:
        return [Finding(Verdict.FAILED, "connection", str(error))]
    try:
        found = await examine(connection, settings)
    finally:
        await connection.close()
    return [Finding(Verdict.OK, "connection", "the database answers"), *found]


def _described(settings: Settings) -> str:
    if settings.database is Database.ASTRA:
        return (
            f"Astra DB by the bundle {settings.astra_db_secure_bundle_path}, keyspace "
            f"{settings.keyspace}"
        )
    if settings.database is Database.EMBEDDED:
        return f"the embedded Cassandra, as no other is configured, keyspace {settings.keyspace}"
    points = ", ".join(settings.cassandra_contact_points)
    user = f"as {settings.cassandra_username}" if settings.cassandra_username else "as nobody"
    where = f"{points} port {settings.cassandra_port}, {user}"
    return f"Cassandra at {where}, keyspace {settings.keyspace}"
