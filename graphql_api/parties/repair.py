"""Mends what a crash left between a party and what shows it: walks the three tables once.

Each party's copy and its entries in people's agendas are written anew, which changes nothing where
they are right. Each copy or entry whose party is closed, gone or elsewhere, or whose person has
left, is deleted. All can be done again, and while people join and leave.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from datetime import datetime
from typing import TYPE_CHECKING
from uuid import UUID

from graphql_api.store.rows import Place, Role, Slice

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

    from graphql_api.parties.copies import Copies
    from graphql_api.store.party_store import PartyStore
    from graphql_api.store.rows import Agenda, Entry, ListedParty

FIRST_TOKEN, LAST_TOKEN = -(2**63), 2**63 - 1
AT_ONCE = 50
EARLIEST, LATEST = datetime(1900, 1, 1), datetime(9999, 1, 1)  # noqa: DTZ001  # see clock.py
TABLES = ("party", "party_by_city", "party_by_person")


@dataclass(frozen=True)
class Progress:
    """How far a repair has come. It can be taken up from here.

    Attributes:
        table: the one being walked, in the order of TABLES.
        token: the last one done, in the order of Cassandra's ring.
        parties: how many parties' copies were written.
        orphans: how many copies and entries were deleted.
    """

    table: str = "party"
    token: int = FIRST_TOKEN
    parties: int = 0
    orphans: int = 0

    @property
    def fraction(self) -> float:
        """How much is done, from 0 to 1; tokens are spread evenly."""
        done = (self.token - FIRST_TOKEN) / (LAST_TOKEN - FIRST_TOKEN)
        return (TABLES.index(self.table) + done) / len(TABLES)


class Repair:
    """Walks the tables.

    Args:
        rate: parties or copies a second, at most.
    """

    def __init__(self, store: PartyStore, copies: Copies, rate: float) -> None:
        self._store = store
        self._copies = copies
        self._pause = AT_ONCE / rate

    async def run(self, progress: Progress) -> AsyncGenerator[Progress, None]:
        """Go on from a progress; yields the next one after each step.

        Raises:
            PartyfinderError: the database does not answer. What was yielded last is done.
        """
        walks = (self._walk_parties, self._walk_city_years, self._walk_agendas)
        for table, walk in zip(TABLES, walks, strict=True):
            if TABLES.index(progress.table) > TABLES.index(table):
                continue
            if progress.table != table:
                progress = replace(progress, table=table, token=FIRST_TOKEN)
            async for step in walk(progress):
                progress = step
                yield progress
        yield replace(progress, token=LAST_TOKEN)

    async def _walk_parties(self, progress: Progress) -> AsyncGenerator[Progress, None]:
        while found := await self._store.scan_heads(progress.token, AT_ONCE):
            heads = [head for _, head in found if head is not None]
            await asyncio.gather(*(self._copies.write(head) for head in heads))
            await asyncio.gather(
                *(self._copies.announce(each) for each in heads if not each.closed)
            )
            for head in heads:
                await self._copies.agendas.write_attendees(head)
            progress = replace(progress, token=found[-1][0], parties=progress.parties + len(heads))
            yield progress
            await asyncio.sleep(self._pause)

    async def _walk_city_years(self, progress: Progress) -> AsyncGenerator[Progress, None]:
        while found := await self._store.scan_city_years(progress.token, 1):
            token, city_key, year = found[0]
            orphans = await self._mend(city_key, year)
            progress = replace(progress, token=token, orphans=progress.orphans + orphans)
            yield progress

    async def _mend(self, city_key: str, year: int) -> int:
        """Delete the orphans of a city's year; how many there were."""
        orphans = 0
        after = (datetime(year, 1, 1), UUID(int=0))  # noqa: DTZ001  # see clock.py
        before = (datetime(year + 1, 1, 1), UUID(int=0))  # noqa: DTZ001
        while True:
            page = Slice(city_key, year, after, before, AT_ONCE, descending=False)
            copies = await self._store.read_slice(page)
            checks = (self._delete_if_orphaned(city_key, copy) for copy in copies)
            orphans += sum(await asyncio.gather(*checks))
            await asyncio.sleep(self._pause)
            if len(copies) < AT_ONCE:
                return orphans
            after = (copies[-1].date, copies[-1].party_id)

    async def _walk_agendas(self, progress: Progress) -> AsyncGenerator[Progress, None]:
        while found := await self._store.people.scan_agendas(progress.token, 1):
            token, agenda = found[0]
            orphans = await self._mend_agenda(agenda)
            progress = replace(progress, token=token, orphans=progress.orphans + orphans)
            yield progress

    async def _mend_agenda(self, agenda: Agenda) -> int:
        """Delete an agenda's orphans; how many there were."""
        orphans = 0
        after, before = (EARLIEST, UUID(int=0)), (LATEST, UUID(int=0))
        while True:
            entries = await self._store.people.read_entries(
                agenda, after, before, AT_ONCE, descending=False
            )
            checks = (self._delete_if_wrong(agenda, entry) for entry in entries)
            orphans += sum(await asyncio.gather(*checks))
            await asyncio.sleep(self._pause)
            if len(entries) < AT_ONCE:
                return orphans
            after = (entries[-1].date, entries[-1].party_id)

    async def _delete_if_wrong(self, agenda: Agenda, entry: Entry) -> bool:
        # The head is read before the attendee: who joins after it does so at a later revision.
        head = await self._store.read_head(entry.party_id)
        if head is not None and not head.closed and head.date == entry.date:
            if agenda.role is Role.HOST:
                is_right = head.host == agenda.person
            else:
                is_right = await self._store.people.has_joined(entry.party_id, agenda.person)
            if is_right:
                return False
        await self._copies.agendas.delete(agenda, entry, head)
        return True

    async def _delete_if_orphaned(self, city_key: str, copy: ListedParty) -> bool:
        # The head is read after its copy, so it is at least as new.
        head = await self._store.read_head(copy.party_id)
        place = Place(city_key, copy.date)
        if head is not None and not head.closed and head.standing_place == place:
            return False
        await self._copies.delete(copy, place, head)
        return True
