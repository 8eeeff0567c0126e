"""Brings a keyspace's tables up to this program: ordered `.cql` files, each recorded once applied.

A statement of a migration can be run again without harm (IF NOT EXISTS), so a run that was cut
short is taken up by the next. Servers that start together take turns (`migration_lock`), and send
what changes the schema to the same node, which does one after another: before the lock's table
stands, that alone keeps two of them from creating it twice.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import cassandra
import cassandra.protocol
from cassandra.cluster import NoHostAvailable

from graphql_api.settings import Database
from graphql_api.store import migration_lock
from graphql_api.store.migration import Migration, migrations
from graphql_api.store.migration_lock import Lock, LockLostError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cassandra.cluster import Session as DriverSession

    from graphql_api.settings import Settings

_RECORDS = """
CREATE TABLE IF NOT EXISTS schema_migration (
  program text, version int, name text, digest text, applied_at timestamp,
  PRIMARY KEY (program, version)
)"""
_PROGRAM = "partyfinder"
_OPTIONS: dict[str, Any] = {"timeout": 30, "execution_profile": "plain"}
AGREEMENT_SECONDS = 30
MOST_REPLICAS = 3
TURNS = 3  # that a server may lose to others


class MigrationError(Exception):
    """The tables cannot be brought up to this program. The message says why and what to do."""


async def sync_schema(
    session: DriverSession, settings: Settings, report: Callable[[str], None]
) -> int:
    """Create the keyspace where that is ours to do, apply what is missing; how many were applied.

    Raises:
        MigrationError: the keyspace is missing and cannot be created, the user may not change the
            schema, or a recorded migration is not the file of that number in this program.
    """
    return await asyncio.to_thread(_sync, session, settings, report)


async def pending_migrations(session: DriverSession, settings: Settings) -> list[Migration]:
    """The migrations that the keyspace lacks; all of them where there is no keyspace yet.

    Raises:
        MigrationError: the tables are another program's, or may not be read.
    """
    return await asyncio.to_thread(_pending, session, settings.keyspace)


def _sync(session: DriverSession, settings: Settings, report: Callable[[str], None]) -> int:
    if not _pending(session, settings.keyspace):
        return 0  # nothing to do asks for no right to do it
    _create_keyspace(session, settings)
    _use(session, settings.keyspace)
    _run(session, _RECORDS)
    _run(session, migration_lock.TABLE)
    for _ in range(TURNS):
        with suppress(LockLostError):
            return _take_turn(session, settings.keyspace, report)
    raise MigrationError(
        "other servers keep changing the tables: see that they end, then run "
        "`partyfinder sync-schema`."
    )


def _take_turn(session: DriverSession, keyspace: str, report: Callable[[str], None]) -> int:
    lock = Lock(session, report)
    lock.acquire()
    try:
        pending = _unrecorded(session, keyspace)
        for migration in pending:
            report(f"Applying {migration.version:04d} {migration.name} …")
            _apply(session, keyspace, migration, lock)
    finally:
        lock.release()
    return len(pending)


def _apply(session: DriverSession, keyspace: str, migration: Migration, lock: Lock) -> None:
    _refuse_others_tables(session, keyspace, migration)
    for statement in migration.statements:
        lock.renew()
        _run(session, statement)
    session.execute(
        "INSERT INTO schema_migration (program, version, name, digest, applied_at)"
        " VALUES (%s, %s, %s, %s, toTimestamp(now()))",
        (_PROGRAM, migration.version, migration.name, migration.digest),
        **_OPTIONS,
    )


def _create_keyspace(session: DriverSession, settings: Settings) -> None:
    if settings.database is Database.ASTRA:
        return  # Astra refuses CREATE KEYSPACE; its console or CLI makes it
    if settings.keyspace in session.cluster.metadata.keyspaces:
        return
    datacenter = settings.cassandra_local_datacenter or _local_datacenter(session)
    hosts = [host for host in session.hosts if host.datacenter == datacenter]
    replicas = settings.cassandra_replication_factor or min(MOST_REPLICAS, len(hosts))
    _run(
        session,
        f'CREATE KEYSPACE IF NOT EXISTS "{settings.keyspace}" WITH replication = '
        f"{{'class': 'NetworkTopologyStrategy', '{datacenter}': {replicas}}}",
    )


def _local_datacenter(session: DriverSession) -> str:
    row = session.execute("SELECT data_center FROM system.local", **_OPTIONS).one()
    return str(row[0])


def _use(session: DriverSession, keyspace: str) -> None:
    try:
        session.set_keyspace(keyspace)
    except cassandra.InvalidRequest:
        raise MigrationError(
            f"there is no keyspace {keyspace}: create it in the Astra console (or with "
            f"`astra db create-keyspace`), or correct ASTRA_DB_KEYSPACE, then try again."
        ) from None
    except cassandra.Unauthorized:
        raise MigrationError(_may_not(f"use the keyspace {keyspace}")) from None


def _run(session: DriverSession, statement: str) -> None:
    """Change the schema, at one node, and see that all nodes have followed."""
    try:
        try:
            result = session.execute(statement, host=_first_node(session), **_OPTIONS)
        except NoHostAvailable:  # that one went away just now
            result = session.execute(statement, **_OPTIONS)
    except cassandra.Unauthorized:
        raise MigrationError(_may_not(" ".join(statement.split()[:2]))) from None
    except (cassandra.InvalidRequest, cassandra.protocol.ConfigurationException) as error:
        raise MigrationError(
            f"Cassandra refuses {' '.join(statement.split()[:6])}: {error.message}"
        ) from None
    except (NoHostAvailable, cassandra.DriverException, cassandra.RequestExecutionException):
        raise MigrationError(
            "the database did not answer while its tables were brought up to date: see that all "
            "its nodes are up, then run `partyfinder sync-schema`, which goes on from here."
        ) from None
    if not result.response_future.is_schema_agreed:
        _wait_for_agreement(session)


def _first_node(session: DriverSession) -> Any:
    """The same node for every server that sees the same nodes."""
    states = session.get_pool_state().items()
    return min(
        (host for host, state in states if state["open_count"]),
        key=lambda host: str(host.host_id),
        default=None,
    )


def _wait_for_agreement(session: DriverSession) -> None:
    try:
        session.cluster.refresh_schema_metadata(max_schema_agreement_wait=AGREEMENT_SECONDS)
    except Exception:  # noqa: BLE001  # the driver raises no less general one
        raise MigrationError(
            "the nodes do not agree on the schema: see with `nodetool describecluster` which one "
            "lags behind, mend it, then run `partyfinder sync-schema`, which goes on from here."
        ) from None


def _pending(session: DriverSession, keyspace: str) -> list[Migration]:
    if keyspace not in session.cluster.metadata.keyspaces:
        return migrations()
    return _unrecorded(session, keyspace)


def _unrecorded(session: DriverSession, keyspace: str) -> list[Migration]:
    """The same of a keyspace that is there, though the driver may not have heard of it yet."""
    try:
        rows = session.execute(
            f'SELECT version, digest FROM "{keyspace}".schema_migration WHERE program = %s',  # noqa: S608  # a keyspace has no place for a marker; settings.py checked it
            (_PROGRAM,),
            **_OPTIONS,
        )
    except cassandra.InvalidRequest:
        return migrations()
    except cassandra.Unauthorized:
        raise MigrationError(_may_not(f"read the keyspace {keyspace}")) from None
    recorded: dict[int, str] = dict(rows)
    known = {migration.version: migration for migration in migrations()}
    _refuse_strangers(recorded, known)
    return [migration for version, migration in known.items() if version not in recorded]


def _refuse_strangers(recorded: dict[int, str], known: dict[int, Migration]) -> None:
    for version, digest in sorted(recorded.items()):
        if version not in known:
            raise MigrationError(
                f"the keyspace has migration {version:04d}, which this program does not know: "
                "run a newer Partyfinder."
            )
        if known[version].digest != digest:
            raise MigrationError(
                f"migration {version:04d} was applied with other contents than this program's: "
                "restore the file, and put the change into a new migration."
            )


def _refuse_others_tables(session: DriverSession, keyspace: str, migration: Migration) -> None:
    session.cluster.refresh_keyspace_metadata(keyspace)
    tables = session.cluster.metadata.keyspaces[keyspace].tables
    for table, first in migration.tables.items():
        if table in tables and first not in tables[table].columns:
            raise MigrationError(
                f"the keyspace {keyspace} has a table {table} of another application: choose "
                "another one (ASTRA_DB_KEYSPACE or CASSANDRA_KEYSPACE). The sample "
                "application's parties can be brought along "
                f"with `partyfinder import --from-table {keyspace}.{table}`."
            )


def _may_not(what: str) -> str:
    return (
        f"this user or token may not {what}: use one with the right to change the keyspace (check "
        "ASTRA_DB_APPLICATION_TOKEN or CASSANDRA_USERNAME), or have its owner run `partyfinder "
        "sync-schema`."
    )
