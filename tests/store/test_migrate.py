"""Migrations: applied once, recorded, resumed, and refused where they are another program's."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.app import open_parts
from graphql_api.store import migrate
from graphql_api.store.connection import Connection, ConnectionFailedError, connect
from graphql_api.store.migrate import (
    Migration,
    MigrationError,
    migrations,
    pending_migrations,
    sync_schema,
)
from tests.support.parties import post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.settings import Settings

ONE = Migration(1, "first", "CREATE TABLE IF NOT EXISTS one (id int PRIMARY KEY);")
TWO = Migration(
    2,
    "second",
    """-- Two tables; this comment has a ; in it.
    CREATE TABLE IF NOT EXISTS two (id int PRIMARY KEY);  -- and so has this one;
    CREATE TABLE IF NOT EXISTS three (id int PRIMARY KEY);
    """,
)
_numbers = iter(range(100))


@pytest.fixture(scope="module")
async def connection(settings: Settings) -> AsyncIterator[Connection]:
    opened = await connect(settings)
    yield opened
    await opened.close()


TABLES = {"party", "party_by_city", "party_by_key", "city_by_prefix", "schema_migration"}


class Keyspace:
    """A keyspace of one test."""

    def __init__(self, connection: Connection, settings: Settings, patch: Any) -> None:
        name = f"{settings.cassandra_keyspace[:40]}_{next(_numbers)}"
        self.settings = settings.model_copy(update={"cassandra_keyspace": name})
        self.session = connection.session
        self.reports: list[str] = []
        self._patch = patch

    def knows(self, *known: Migration) -> None:
        self._patch.setattr(migrate, "migrations", lambda: list(known))

    async def sync(self) -> int:
        return await sync_schema(self.session, self.settings, self.reports.append)

    async def pending(self) -> list[int]:
        found = await pending_migrations(self.session, self.settings)
        return [migration.version for migration in found]

    def select(self, query: str) -> list[tuple[Any, ...]]:
        rows = self.session.execute(query, timeout=20, execution_profile="plain")
        return [tuple(row) for row in rows]

    def tables(self) -> set[str]:
        name = self.settings.keyspace
        query = f"SELECT table_name FROM system_schema.tables WHERE keyspace_name = '{name}'"
        return {row[0] for row in self.select(query)}

    def records(self) -> list[tuple[Any, ...]]:
        name = self.settings.keyspace
        return self.select(f'SELECT version, name, digest FROM "{name}".schema_migration')


@pytest.fixture
def keyspace(
    connection: Connection, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> Keyspace:
    return Keyspace(connection, settings, monkeypatch)


def test_this_programs_migrations_are_numbered_from_one_without_gaps() -> None:
    found = migrations()
    assert [migration.version for migration in found] == list(range(1, len(found) + 1))
    for migration in found:
        assert migration.statements
        for statement in migration.statements:
            assert "IF NOT EXISTS" in statement, "it must be possible to run it again"


def test_comments_are_no_part_of_a_statement() -> None:
    assert TWO.statements == [
        "CREATE TABLE IF NOT EXISTS two (id int PRIMARY KEY)",
        "CREATE TABLE IF NOT EXISTS three (id int PRIMARY KEY)",
    ]


async def test_a_new_keyspace_gets_every_table_and_a_second_run_does_nothing(
    keyspace: Keyspace,
) -> None:
    everything = migrations()
    assert await keyspace.pending() == [migration.version for migration in everything]
    assert await keyspace.sync() == len(everything)
    assert keyspace.tables() == TABLES
    records = keyspace.records()
    assert records == [(each.version, each.name, each.digest) for each in everything]
    assert await keyspace.pending() == []
    reports = list(keyspace.reports)
    assert await keyspace.sync() == 0
    assert (keyspace.records(), keyspace.reports) == (records, reports)


async def test_a_newer_program_applies_what_is_new(keyspace: Keyspace) -> None:
    keyspace.knows(ONE)
    assert await keyspace.sync() == 1
    keyspace.knows(ONE, TWO)
    assert await keyspace.pending() == [2]
    assert await keyspace.sync() == 1
    assert keyspace.tables() == {"one", "two", "three", "schema_migration"}
    assert [(version, name) for version, name, _ in keyspace.records()] == [
        (1, "first"),
        (2, "second"),
    ]
    assert keyspace.reports == ["Applying 0001 first …", "Applying 0002 second …"]


async def test_a_run_that_was_cut_short_is_taken_up_by_the_next(
    keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyspace.knows(ONE, TWO)
    run = migrate._run

    def cut_short(session: Any, statement: str) -> None:
        if "three" in statement:
            raise KeyboardInterrupt
        run(session, statement)

    monkeypatch.setattr(migrate, "_run", cut_short)
    with pytest.raises(KeyboardInterrupt):
        migrate._sync(keyspace.session, keyspace.settings, keyspace.reports.append)
    assert keyspace.tables() == {"one", "two", "schema_migration"}
    assert [version for version, *_ in keyspace.records()] == [1]
    monkeypatch.setattr(migrate, "_run", run)
    assert await keyspace.pending() == [2]
    assert await keyspace.sync() == 1
    assert keyspace.tables() == {"one", "two", "three", "schema_migration"}
    assert await keyspace.sync() == 0


async def test_a_recorded_migration_whose_file_was_changed_is_refused(keyspace: Keyspace) -> None:
    keyspace.knows(ONE)
    await keyspace.sync()
    keyspace.knows(Migration(1, "first", ONE.text + "\n-- harmless?"), TWO)
    for attempt in (keyspace.sync, keyspace.pending):
        with pytest.raises(MigrationError) as refused:
            await attempt()
        assert str(refused.value) == (
            "migration 0001 was applied with other contents than this program's: restore the "
            "file, and put the change into a new migration."
        )
    assert keyspace.tables() == {"one", "schema_migration"}


async def test_a_keyspace_of_a_newer_program_is_refused(keyspace: Keyspace) -> None:
    keyspace.knows(ONE, TWO)
    await keyspace.sync()
    keyspace.knows(ONE)
    for attempt in (keyspace.sync, keyspace.pending):
        with pytest.raises(MigrationError) as refused:
            await attempt()
        assert str(refused.value) == (
            "the keyspace has migration 0002, which this program does not know: run a newer "
            "Partyfinder."
        )
    assert len(keyspace.records()) == 2


@pytest.mark.parametrize("rename", [str.title, lambda _: "Order", lambda _: "select"])
async def test_a_keyspace_is_called_exactly_as_configured(keyspace: Keyspace, rename: Any) -> None:
    name = rename(keyspace.settings.keyspace)
    keyspace.settings = keyspace.settings.model_copy(update={"cassandra_keyspace": name})
    assert await keyspace.sync() == len(migrations())
    assert await keyspace.pending() == []
    assert keyspace.tables() == TABLES
    async with open_parts(keyspace.settings) as parts:
        head = await post(parts)
        assert await parts.store.read_head(head.party_id) == head


async def test_no_database_is_one_sentence(settings: Settings) -> None:
    nowhere = settings.model_copy(update={"cassandra_port": 1})
    with pytest.raises(ConnectionFailedError) as failed:
        await connect(nowhere)
    assert str(failed.value) == (
        "no Cassandra answers at 127.0.0.1 port 1: check CASSANDRA_CONTACT_POINTS and "
        "CASSANDRA_PORT, and that the database is up."
    )
