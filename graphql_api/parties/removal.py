"""Removes parties that began long ago: their heads are closed, their copies go, then their rows.

What one run closes a later one forgets, once every key and request from before has expired. Copies
and agendas' entries go by ranges: one tombstone for all of a city's year, or of an agenda, that is
older. Why this is safe stands in docs/adr/0006-past-parties-leave-in-two-runs.md.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING
from uuid import UUID

from graphql_api import clock
from graphql_api.errors import DatabaseUnavailableError, PartyfinderError
from graphql_api.parties.agendas import timestamp_of
from graphql_api.parties.repair import EARLIEST, FIRST_TOKEN, LAST_TOKEN
from graphql_api.store.failures import AmbiguousError
from graphql_api.store.rows import Slice

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator
    from datetime import datetime

    from graphql_api.parties.copies import Copies
    from graphql_api.store.party_store import PartyStore
    from graphql_api.store.rows import Agenda, PartyHead

AT_ONCE = 20  # parties under way together
PEOPLE_AT_ONCE = 100  # whose rows go in one batch
ATTEMPTS = 6
PAUSE = 0.2  # seconds after the first failed attempt; each further one waits twice as long
PROPOSAL_TIMEOUT = 5.0
TABLES = 3
NO_ID = UUID(int=0)


@dataclass(frozen=True)
class Removed:
    """What a removal has done, or, as a rehearsal, would do.

    Attributes:
        closed: parties that the API no longer has.
        waiting: closed parties that stand until everything from before has expired.
        forgotten: closed parties whose last row is gone.
        oldest: the date of the earliest of those that were closed.
        newest: the date of the latest of them.
        ranges: cities' years and agendas of which a part was deleted.
        fraction: how much of the walk is done, from 0 to 1.
    """

    closed: int = 0
    waiting: int = 0
    forgotten: int = 0
    oldest: datetime | None = None
    newest: datetime | None = None
    ranges: int = 0
    fraction: float = 0.0

    def with_closed(self, head: PartyHead) -> Removed:
        """Count a party that was closed."""
        oldest = min(self.oldest or head.date, head.date)
        newest = max(self.newest or head.date, head.date)
        return replace(self, closed=self.closed + 1, oldest=oldest, newest=newest)


class Removal:
    """Walks the tables once. Whatever ends it, the next one finishes what it began.

    Args:
        before: parties that began earlier are removed.
        settled: those closed earlier are forgotten.
        rate: parties, cities' years or agendas a second, at most.
        rehearses: only counts.
    """

    def __init__(
        self,
        store: PartyStore,
        copies: Copies,
        before: datetime,
        settled: datetime,
        rate: float,
        *,
        rehearses: bool = False,
    ) -> None:
        self._store = store
        self._copies = copies
        self._before = before
        self._timestamp = clock.microseconds(before)
        self._settled = clock.microseconds(settled)
        self._rate = rate
        self._rehearses = rehearses

    async def run(self) -> AsyncGenerator[Removed, None]:
        """Walk; yields what was done after each step.

        Raises:
            PartyfinderError: the database does not answer.
        """
        removed = Removed()
        # In this order: a range is deleted once every party in it is closed.
        for index, walk in enumerate((self._parties, self._city_years, self._agendas)):
            async for token, step in walk(removed):
                done = (token - FIRST_TOKEN) / (LAST_TOKEN - FIRST_TOKEN)
                removed = replace(step, fraction=(index + done) / TABLES)
                yield removed
        yield replace(removed, fraction=1.0)

    async def _parties(self, removed: Removed) -> AsyncGenerator[tuple[int, Removed], None]:
        token = FIRST_TOKEN
        while found := await self._store.scan_heads(token, AT_ONCE):
            token = found[-1][0]
            past = [head for _, head in found if head is not None and self._is_past(head)]
            did = await asyncio.gather(*(self._remove(head) for head in past))
            for head, what in zip(past, did, strict=True):
                if what == "closed":
                    removed = removed.with_closed(head)
                elif what == "forgotten":
                    removed = replace(removed, forgotten=removed.forgotten + 1)
                elif what == "waiting":
                    removed = replace(removed, waiting=removed.waiting + 1)
            yield token, removed
            await asyncio.sleep(len(found) / self._rate)

    async def _city_years(self, removed: Removed) -> AsyncGenerator[tuple[int, Removed], None]:
        token = FIRST_TOKEN
        while found := await self._store.scan_city_years(token, AT_ONCE):
            token = found[-1][0]
            did = await asyncio.gather(*(self._clear_year(*each[1:]) for each in found))
            removed = replace(removed, ranges=removed.ranges + sum(did))
            yield token, removed
            await asyncio.sleep(len(found) / self._rate)

    async def _agendas(self, removed: Removed) -> AsyncGenerator[tuple[int, Removed], None]:
        token = FIRST_TOKEN
        while found := await self._store.people.scan_agendas(token, AT_ONCE):
            token = found[-1][0]
            did = await asyncio.gather(*(self._clear_agenda(each[1]) for each in found))
            removed = replace(removed, ranges=removed.ranges + sum(did))
            yield token, removed
            await asyncio.sleep(len(found) / self._rate)

    def _is_past(self, head: PartyHead) -> bool:
        """Long over, and with copies so old that the deletion of a range takes them along.

        Of a party that was imported long after it began the second comes later.
        """
        return head.date < self._before and timestamp_of(head) <= self._timestamp

    async def _remove(self, head: PartyHead) -> str:
        """Take a party one stage further; which one that was, nothing where it is past no more."""
        for attempt in range(ATTEMPTS - 1):
            try:
                return await self._advance(head)
            except (AmbiguousError, PartyfinderError):  # either way it can be done again
                await asyncio.sleep(PAUSE * 2**attempt)
        try:
            return await self._advance(head)
        except AmbiguousError:
            raise DatabaseUnavailableError from None

    async def _advance(self, head: PartyHead) -> str:
        if not head.closed:
            return await self._close(head)
        if await self._store.read_closed_at(head.party_id) >= self._settled:
            return "waiting"
        if not self._rehearses:
            await self._forget(head)
        return "forgotten"

    async def _close(self, head: PartyHead | None) -> str:
        """Close a party as it is, unless it was moved or closed meanwhile."""
        while head is not None and self._is_past(head) and not head.closed:
            if self._rehearses or await self._store.close(head, PROPOSAL_TIMEOUT):
                return "closed"
            standing = await self._store.confirm_standing(head.party_id, (), PROPOSAL_TIMEOUT)
            head = standing.head
        return "" if head is None or not head.closed else "closed"

    async def _forget(self, head: PartyHead) -> None:
        """Delete a closed party's rows, the head last: what is left is found by it."""
        if head.old_places:  # where no range reaches, there may be copies left
            await self._copies.write(head)
            await self._copies.agendas.write_attendees(head)
        people = self._store.people
        while joined := await people.read_attendees(head.party_id, "", PEOPLE_AT_ONCE):
            names = [each.person for each in joined]
            await self._store.forget(head, names, PROPOSAL_TIMEOUT)
        await self._store.forget(head, (), PROPOSAL_TIMEOUT)

    async def _clear_year(self, city_key: str, year: int) -> bool:
        if year > self._before.year:
            return False
        bounds = (EARLIEST, NO_ID), (self._before, NO_ID)
        if not await self._store.read_slice(Slice(city_key, year, *bounds, 1, descending=False)):
            return False
        if not self._rehearses:
            await self._store.delete_copies(city_key, year, self._before, self._timestamp)
        return True

    async def _clear_agenda(self, agenda: Agenda) -> bool:
        bounds = (EARLIEST, NO_ID), (self._before, NO_ID)
        people = self._store.people
        if not await people.read_entries(agenda, *bounds, 1, descending=False):
            return False
        if not self._rehearses:
            await people.delete_entries(agenda, self._before, self._timestamp)
        return True
