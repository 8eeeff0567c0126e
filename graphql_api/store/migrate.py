"""Brings a keyspace's tables up to this program: ordered `.cql` files, each recorded once applied.

A statement of a migration can be run again without harm (IF NOT EXISTS), so a run that was cut
short is taken up by the next.
"""

from __future__ import annotations

import asyncio
import hashlib
import re
from dataclasses import dataclass
from importlib import resources
from typing import TYPE_CHECKING, Any

import cassandra

from graphql_api.settings import Database

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
_FILE = re.compile(r"^(\d{4})_(\w+)\.cql$")


class MigrationError(Exception):
    """The tables cannot be brought up to this program. The message says why and what to do."""


@dataclass(frozen=True)
class Migration:
    """One file of `migrations/`."""

    version: int
    name: str
    text: str

    @property
    def digest(self) -> str:
        """Tells whether a recorded migration is still the same file."""
        return hashlib.sha256(self.text.encode()).hexdigest()

    @property
    def statements(self) -> list[str]:
        """Its statements, without comments."""
        bare = re.sub(r"--[^\n]*", "", self.text)
        return [part.strip() for part in bare.split(";") if part.strip()]


def migrations() -> list[Migration]:
    """Every migration of this program, in order."""
    files = resources.files(__package__).joinpath("migrations").iterdir()
    found = [
        Migration(int(match[1]), match[2], file.read_text(encoding="utf-8"))
        for file in files
        if (match := _FILE.match(file.name))
    ]
    return sorted(found, key=lambda migration: migration.version)


async def sync_schema(
    session: DriverSession, settings: Settings, report: Callable[[str], None]
) -> int:
    """Create the keyspace where that is ours to do, apply what is missing; how many were applied.

    Raises:
        MigrationError: the keyspace is missing and cannot be created, or a recorded migration is
            not the file of that number in this program.
    """
    return await asyncio.to_thread(_sync, session, settings, report)


async def pending_migrations(session: DriverSession, settings: Settings) -> list[Migration]:
    """The migrations that the keyspace lacks; all of them where there is no keyspace yet."""
    return await asyncio.to_thread(_pending, session, settings.keyspace)


def _sync(session: DriverSession, settings: Settings, report: Callable[[str], None]) -> int:
    _create_keyspace(session, settings)
    _use(session, settings.keyspace)
    _run(session, _RECORDS)
    pending = _pending(session, settings.keyspace)
    for migration in pending:
        report(f"Applying {migration.version:04d} {migration.name} …")
        for statement in migration.statements:
            _run(session, statement)
        session.execute(
            "INSERT INTO schema_migration (program, version, name, digest, applied_at)"
            " VALUES (%s, %s, %s, %s, toTimestamp(now()))",
            (_PROGRAM, migration.version, migration.name, migration.digest),
            **_OPTIONS,
        )
    return len(pending)


_OPTIONS: dict[str, Any] = {"timeout": 30, "execution_profile": "plain"}


def _create_keyspace(session: DriverSession, settings: Settings) -> None:
    if settings.database is Database.ASTRA:
        return  # Astra refuses CREATE KEYSPACE; its console or CLI makes it
    datacenter = settings.cassandra_local_datacenter or _local_datacenter(session)
    _run(
        session,
        f'CREATE KEYSPACE IF NOT EXISTS "{settings.keyspace}" WITH replication = '
        f"{{'class': 'NetworkTopologyStrategy', '{datacenter}': "
        f"{settings.cassandra_replication_factor}}}",
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
            f"`astra db create-keyspace`), then run the command again."
        ) from None


def _run(session: DriverSession, statement: str) -> None:
    try:
        session.execute(statement, **_OPTIONS)
    except cassandra.Unauthorized:
        what = " ".join(statement.split()[:2])
        raise MigrationError(
            f"this user or token may not run {what}: use one with the right to change the schema, "
            "or have its owner run `partyfinder sync-schema` once."
        ) from None


def _pending(session: DriverSession, keyspace: str) -> list[Migration]:
    if keyspace not in session.cluster.metadata.keyspaces:
        return migrations()
    try:
        rows = session.execute(
            f'SELECT version, digest FROM "{keyspace}".schema_migration WHERE program = %s',  # noqa: S608  # a keyspace has no place for a marker; settings.py checked it
            (_PROGRAM,),
            **_OPTIONS,
        )
    except cassandra.InvalidRequest:
        return migrations()
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
