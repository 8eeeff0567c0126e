"""Which parties a person hosts and has joined: entries in the table `party_by_person`.

They are kept as the copies in cities' pages are: each is a function of the party's head, and of the
attendee's row, and is written with a timestamp made of the revision that it goes by.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from graphql_api import clock
from graphql_api.store.rows import Agenda, Entry, Role

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Coroutine, Iterable
    from datetime import datetime

    from graphql_api.store.people_store import PeopleStore
    from graphql_api.store.rows import Attendance, Attendee, ListedParty, PartyHead

AT_ONCE = 100


class Agendas:
    """Writes entries; whatever fails can be sent again.

    Every method raises a PartyfinderError where some statement was not acknowledged.
    """

    def __init__(self, store: PeopleStore) -> None:
        self._store = store

    async def write_host(self, head: PartyHead) -> None:
        """Have a party stand in its host's agenda, at its date and no other."""
        if head.host is not None:
            await together(self._place(Agenda(head.host, Role.HOST), head, _left(head)))

    async def write_attendances(self, head: PartyHead, attendances: Iterable[Attendance]) -> None:
        """Enter and take out those who joined or left a party, each by its own revision."""
        writes: list[Coroutine[None, None, None]] = []
        for person, joins, revision in attendances:
            then = head._replace(revision=revision, closed=head.closed or not joins)
            writes += self._place(Agenda(person, Role.ATTENDEE), then, _left(then))
        await together(writes)

    async def write_attendees(self, head: PartyHead, left: datetime | None = None) -> None:
        """Have a party stand in the agendas of all who have joined it, at its date and no other.

        Args:
            left: the date that it had before.
        """
        dates = _left(head) | ({left} - {head.date} if left is not None else set())
        async for people in self._attendees(head):
            writes: list[Coroutine[None, None, None]] = []
            for attendee in people:
                writes += self._place(Agenda(attendee.person, Role.ATTENDEE), head, dates)
            await together(writes)

    async def delete(self, agenda: Agenda, entry: Entry, head: PartyHead | None) -> None:
        """Delete an entry that stands where it should not, unless a newer one is there."""
        timestamp = timestamp_of(entry if head is None else head)
        await self._store.delete_entry(agenda, entry.date, entry.party_id, timestamp)

    def _place(
        self, agenda: Agenda, head: PartyHead, left: Iterable[datetime]
    ) -> list[Coroutine[None, None, None]]:
        """The writes that leave a party where it stands, if it does, and at none of these dates."""
        timestamp = timestamp_of(head)
        writes = [self._store.delete_entry(agenda, date, head.party_id, timestamp) for date in left]
        if not head.closed:
            entry = Entry(head.date, head.party_id, head.created_at, head.revision)
            writes.append(self._store.write_entry(agenda, entry, timestamp))
        return writes

    async def _attendees(self, head: PartyHead) -> AsyncGenerator[list[Attendee], None]:
        after = ""
        while people := await self._store.read_attendees(head.party_id, after, AT_ONCE):
            yield people
            if len(people) < AT_ONCE:
                return
            after = people[-1].person


def timestamp_of(party: PartyHead | ListedParty | Entry) -> int:
    """Microseconds, as Cassandra counts: a later revision of a party is a later write."""
    return clock.microseconds(party.created_at) + party.revision


async def together(writes: Iterable[Coroutine[None, None, None]]) -> None:
    """Wait for every write, also where one fails, so that none is left running."""
    for result in await asyncio.gather(*writes, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result


def _left(head: PartyHead) -> set[datetime]:
    """Dates at which the party may still stand and should not."""
    dates = {place.date for place in head.old_places} - {head.date}
    return dates | {head.date} if head.closed else dates
