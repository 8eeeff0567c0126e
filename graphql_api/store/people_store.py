"""The statements about people as typed calls: a party's attendees, and people's agendas."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from graphql_api import clock
from graphql_api.store import statements
from graphql_api.store.rows import Agenda, Attendee, Entry, Role

if TYPE_CHECKING:
    import asyncio
    from datetime import datetime
    from uuid import UUID

    from graphql_api.store.bridge import Rows
    from graphql_api.store.session import Session

Bound = tuple["datetime", "UUID"]


class PeopleStore:
    """Who has joined which party.

    Every method raises a PartyfinderError where the database does not answer.
    """

    def __init__(self, session: Session) -> None:
        self._session = session

    def has_joined(self, party_id: UUID, person: str) -> asyncio.Future[bool]:
        """Whether a person has joined a party."""
        return self._session.read(statements.READ_ATTENDEE, bool, (party_id, person))

    def read_attendees(
        self, party_id: UUID, after: str, limit: int
    ) -> asyncio.Future[list[Attendee]]:
        """The people who have joined a party, in order of their names, after one of them."""
        return self._session.read(
            statements.READ_ATTENDEES, _attendees_in, (party_id, after, limit)
        )

    async def write_entry(self, agenda: Agenda, entry: Entry, timestamp: int) -> None:
        """Have a party stand in an agenda; `timestamp` in microseconds."""
        await self._session.execute(statements.WRITE_ENTRY, (*agenda, *entry, timestamp))

    async def delete_entry(
        self, agenda: Agenda, date: datetime, party_id: UUID, timestamp: int
    ) -> None:
        """Take a party from its place in an agenda, unless a newer row stands there."""
        await self._session.execute(statements.DELETE_ENTRY, (timestamp, *agenda, date, party_id))

    async def delete_entries(self, agenda: Agenda, before: datetime, timestamp: int) -> None:
        """Delete, by one tombstone, what an agenda has before a date, unless it is newer."""
        await self._session.execute(statements.DELETE_ENTRIES, (timestamp, *agenda, before))

    def read_entries(
        self, agenda: Agenda, after: Bound, before: Bound, limit: int, *, descending: bool
    ) -> asyncio.Future[list[Entry]]:
        """A part of an agenda, between exclusive bounds."""
        statement = statements.READ_ENTRIES_BACKWARDS if descending else statements.READ_ENTRIES
        return self._session.read(statement, _entries_in, (*agenda, *after, *before, limit))

    async def scan_agendas(self, after: int, limit: int) -> list[tuple[int, Agenda]]:
        """The next agendas after a token, each with its own."""
        rows = await self._session.execute(statements.SCAN_AGENDAS, (after, limit))
        return [(token, Agenda(person, Role(role))) for token, person, role in rows]


def _attendees_in(rows: Rows) -> list[Attendee]:
    """With the moment at which Paxos decided that they come, as Cassandra keeps it."""
    return [
        Attendee(person, clock.EPOCH + timedelta(milliseconds=written // 1000))
        for person, written in rows
    ]


def _entries_in(rows: Rows) -> list[Entry]:
    return [Entry._make(row) for row in rows]
