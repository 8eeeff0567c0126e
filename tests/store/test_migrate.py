"""Migrations: applied once, recorded, resumed, and refused where they are another program's."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.app import open_parts
from graphql_api.parties.change import Applied
from graphql_api.store import migrate, migration_lock
from graphql_api.store.connection import Connection, connect
from graphql_api.store.connection_failures import ConnectionFailedError
from graphql_api.store.migrate import MigrationError, pending_migrations, sync_schema
from graphql_api.store.migration import Migration, migrations
from graphql_api.store.migration_lock import Lock
from tests.support.blocking import blocking_session
from tests.support.parties import post
from tests.support.some_parties import join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from cassandra.cluster import Session as DriverSession

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


@pytest.fixture(scope="module")
def blocking(settings: Settings) -> Iterator[DriverSession]:
    with blocking_session(settings) as session:
        yield session


OURS = {"schema_migration", "schema_lock"}
TABLES = OURS.union(*(each.tables for each in migrations()))


class Keyspace:
    """A keyspace of one test."""

    def __init__(
        self, connection: Connection, blocking: DriverSession, settings: Settings, patch: Any
    ) -> None:
        name = f"{settings.cassandra_keyspace[:40]}_{next(_numbers)}"
        self.settings = settings.model_copy(update={"cassandra_keyspace": name})
        self.session = connection.session
        self._blocking = blocking
        self.reports: list[str] = []
        self._patch = patch

    def knows(self, *known: Migration) -> None:
        self._patch.setattr(migrate, "migrations", lambda: list(known))

    def unlock(self) -> None:
        if "schema_lock" in self.tables():
            self.select(f'TRUNCATE "{self.settings.keyspace}".schema_lock')

    async def create(self) -> None:
        """The keyspace alone."""
        await asyncio.to_thread(migrate._create_keyspace, self.session, self.settings)

    async def sync(self) -> int:
        return await sync_schema(self.session, self.settings, self.reports.append)

    async def pending(self) -> list[int]:
        found = await pending_migrations(self.session, self.settings)
        return [migration.version for migration in found]

    def select(self, query: str) -> list[tuple[Any, ...]]:
        rows = self._blocking.execute(query, timeout=20, execution_profile="plain")
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
    connection: Connection,
    blocking: DriverSession,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
) -> Keyspace:
    return Keyspace(connection, blocking, settings, monkeypatch)


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
    assert keyspace.tables() == OURS | {"one", "two", "three"}
    assert [(version, name) for version, name, _ in keyspace.records()] == [
        (1, "first"),
        (2, "second"),
    ]
    assert keyspace.reports == ["Applying 0001 first …", "Applying 0002 second …"]


class KilledError(BaseException):
    """In place of SIGKILL."""


STEPS = 12  # of a first run of ONE and TWO: what is sent, and at last the lock's release


@pytest.mark.parametrize("step", range(STEPS))
async def test_a_run_that_is_killed_at_any_statement_is_taken_up_by_the_next(
    keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch, step: int
) -> None:
    keyspace.knows(ONE, TWO)
    await keyspace.create()
    monkeypatch.setattr(migration_lock, "SECONDS", 1)
    dying = Dying(keyspace.session, step)
    with pytest.raises(KilledError):
        await asyncio.to_thread(migrate._sync, dying, keyspace.settings, keyspace.reports.append)
    left = keyspace.tables()
    if step != STEPS - 3:  # in that case the dead one's lock is waited for
        keyspace.unlock()
    await keyspace.sync()
    assert left <= keyspace.tables() == OURS | {"one", "two", "three"}
    assert [version for version, *_ in keyspace.records()] == [1, 2]
    assert await keyspace.sync() == 0


async def test_that_were_all_the_statements(keyspace: Keyspace) -> None:
    keyspace.knows(ONE, TWO)
    await keyspace.create()
    dying = Dying(keyspace.session, STEPS)
    applied = await asyncio.to_thread(
        migrate._sync, dying, keyspace.settings, keyspace.reports.append
    )
    assert applied == 2
    assert dying.left == 0


class Dying:
    """A session of a process that is killed before a certain statement that changes something."""

    def __init__(self, session: Any, left: int) -> None:
        self._session = session
        self.left = left

    def execute(self, statement: str, *arguments: Any, **options: Any) -> Any:
        if not statement.lstrip().startswith("SELECT"):
            if self.left <= 0:
                raise KilledError
            self.left -= 1
        return self._session.execute(statement, *arguments, **options)

    def __getattr__(self, name: str) -> Any:
        return getattr(self._session, name)


async def test_servers_that_start_together_apply_each_migration_once_and_in_order(
    keyspace: Keyspace,
) -> None:
    everything = migrations()
    connections = await asyncio.gather(*(connect(keyspace.settings) for _ in range(4)))
    reports: list[str] = []

    async def start(connection: Connection) -> int:
        return await sync_schema(connection.session, keyspace.settings, reports.append)

    try:
        applied = await asyncio.gather(*map(start, connections))
    finally:
        await asyncio.gather(*(connection.close() for connection in connections))
    assert sorted(applied) == [0, 0, 0, len(everything)]
    applying = [report for report in reports if report.startswith("Applying")]
    assert applying == [f"Applying {each.version:04d} {each.name} …" for each in everything]
    assert keyspace.tables() == TABLES
    assert keyspace.select(f'SELECT * FROM "{keyspace.settings.keyspace}".schema_lock') == []


async def test_who_lost_the_lock_changes_nothing_more(
    keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    keyspace.knows(ONE, TWO)
    await keyspace.create()
    asleep = "CREATE TABLE IF NOT EXISTS two"
    run = migrate._run
    slept: list[str] = []

    def sleep(session: Any, statement: str) -> None:
        run(session, statement)
        if statement.startswith(asleep) and not slept:
            slept.append(statement)
            # Meanwhile the lock's time to live runs out, as it would on a frozen machine.
            session.execute("DELETE FROM schema_lock WHERE program = 'partyfinder' IF EXISTS")
            other = Lock(session, print)
            other.acquire()
            threading.Timer(1, other.release).start()

    monkeypatch.setattr(migrate, "_run", sleep)
    assert await keyspace.sync() == 1, "the second, again, once the other had gone"
    assert keyspace.reports == [
        "Applying 0001 first …",
        "Applying 0002 second …",
        "Waiting for another server that brings the tables up to date …",
        "Applying 0002 second …",
    ]
    assert [version for version, *_ in keyspace.records()] == [1, 2]


async def test_a_table_of_another_application_is_left_alone(keyspace: Keyspace) -> None:
    await keyspace.create()
    name = keyspace.settings.keyspace
    query = f'CREATE TABLE "{name}".party (city text, id uuid, PRIMARY KEY (city, id))'
    await asyncio.to_thread(keyspace.session.execute, query, execution_profile="plain")
    with pytest.raises(MigrationError) as refused:
        await keyspace.sync()
    assert str(refused.value).startswith(
        f"the keyspace {name} has a table party of another application: choose another one"
    )
    assert keyspace.tables() == OURS | {"party"}


async def test_a_column_is_added_while_servers_of_before_and_after_run(keyspace: Keyspace) -> None:
    await keyspace.sync()
    added = Migration(99, "hint", "ALTER TABLE party ADD IF NOT EXISTS hint text;")
    async with open_parts(keyspace.settings) as before:
        head = await post(before)
        keyspace.knows(*migrations(), added)
        assert await keyspace.sync() == 1
        async with open_parts(keyspace.settings) as after:
            for number, parts in enumerate((before, after, before, after), start=1):
                outcome = await parts.committer.commit(join(head.party_id))
                assert isinstance(outcome, Applied)
                assert outcome.party.people == number


async def test_nodes_that_do_not_agree_on_the_schema_are_waited_for_and_named(
    keyspace: Keyspace, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(migrate, "AGREEMENT_SECONDS", 0.1)
    cluster = keyspace.session.cluster
    waits = cluster.control_connection.wait_for_schema_agreement
    monkeypatch.setattr(
        cluster.control_connection, "wait_for_schema_agreement", lambda *_a, **_k: False
    )
    with pytest.raises(MigrationError) as refused:
        await keyspace.sync()
    assert str(refused.value).startswith("the nodes do not agree on the schema: ")
    monkeypatch.setattr(cluster.control_connection, "wait_for_schema_agreement", waits)
    await keyspace.sync()
    assert keyspace.tables() == TABLES


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
    assert keyspace.tables() == OURS | {"one"}


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
