"""The sample application's table `party(city, id, name, people, date)`, read page by page."""

from __future__ import annotations

import asyncio
from datetime import datetime
from itertools import islice
from typing import TYPE_CHECKING, Any, NamedTuple

import cassandra
from cassandra.cluster import NoHostAvailable
from cassandra.query import SimpleStatement
from cassandra.util import Date

from graphql_api.store.statements import Profile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from uuid import UUID

    from graphql_api.store.connection import Connection

PAGE = 500
COLUMNS = ("city", "id", "name", "people", "date")
TIMEOUT = 30.0


class SampleTableError(Exception):
    """The table cannot be read. The message says why and what to do."""


class SampleParty(NamedTuple):
    """A row; any of its columns but the first two may be empty."""

    city: str
    id: UUID
    name: str | None
    people: int | None
    date: datetime | None


async def read_sample_table(
    connection: Connection, keyspace: str, table: str, at_once: int
) -> AsyncIterator[list[SampleParty]]:
    """All rows, so many at a time, in the order of the ring.

    Raises:
        SampleTableError: there is no such table, or it cannot be read.
    """
    _require_columns(connection, keyspace, table)
    rows = _rows(connection, keyspace, table)
    try:
        while taken := await asyncio.to_thread(lambda: list(islice(rows, at_once))):
            yield taken
    except cassandra.Unauthorized:
        raise SampleTableError(
            f"this user or token may not read {keyspace}.{table}: use one that may SELECT there."
        ) from None
    except (NoHostAvailable, cassandra.DriverException, cassandra.RequestExecutionException):
        raise SampleTableError(
            f"the database did not answer while {keyspace}.{table} was read: run the import again; "
            "parties that are there already stay as they are."
        ) from None


def _require_columns(connection: Connection, keyspace: str, table: str) -> None:
    keyspaces = connection.cluster.metadata.keyspaces
    if keyspace not in keyspaces or table not in keyspaces[keyspace].tables:
        raise SampleTableError(
            f"there is no table {keyspace}.{table} in this database: check its name."
        )
    missing = [name for name in COLUMNS if name not in keyspaces[keyspace].tables[table].columns]
    if missing:
        raise SampleTableError(
            f"the table {keyspace}.{table} has no column {' and no '.join(missing)}: what can be "
            f"imported is the sample application's, with {', '.join(COLUMNS)}."
        )


def _rows(connection: Connection, keyspace: str, table: str) -> Iterator[SampleParty]:
    query = f'SELECT {", ".join(COLUMNS)} FROM "{keyspace}"."{table}"'  # noqa: S608  # the table is there
    found = connection.session.execute(
        SimpleStatement(query, fetch_size=PAGE),
        timeout=TIMEOUT,
        execution_profile=Profile.PLAIN.value,
    )
    for city, party_id, name, people, date in found:
        yield SampleParty(city, party_id, name, people, _moment(date))


def _moment(date: Any) -> Any:
    """A column of days is taken for their beginning, in UTC."""
    return datetime.combine(date.date(), datetime.min.time()) if isinstance(date, Date) else date
