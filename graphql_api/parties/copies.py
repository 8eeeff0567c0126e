"""A party's copy in its city's page: a function of the head alone.

Every statement carries a timestamp made of the head's creation and revision, so Cassandra's
last-write-wins keeps the newest revision whatever order copies arrive in, or how often. At one
revision no place is both written and deleted, so ties cannot happen.
"""

from __future__ import annotations

import asyncio
import logging
import random
from typing import TYPE_CHECKING

from graphql_api import clock
from graphql_api.errors import PartyfinderError
from graphql_api.parties.agendas import Agendas, timestamp_of, together
from graphql_api.store.rows import CityRow

if TYPE_CHECKING:
    from collections.abc import Collection, Coroutine, Sequence

    from graphql_api.store.party_store import PartyStore
    from graphql_api.store.rows import Attendance, ListedParty, PartyHead, Place

FIRST_ATTEMPT = 0.5  # seconds that a mutation's answer waits for its copy
ATTEMPTS = 6
LONGEST_PAUSE = 5.0
logger = logging.getLogger(__name__)


class Copies:
    """Writes copies; those that fail are tried again in the background."""

    def __init__(self, store: PartyStore) -> None:
        self._store = store
        self.agendas = Agendas(store.people)
        self._running: set[asyncio.Task[None]] = set()

    async def delete(self, copy: ListedParty, place: Place, head: PartyHead | None) -> None:
        """Delete a copy that stands where its party does not, unless a newer one is there."""
        newest = copy if head is None else head
        await self._store.delete_copy(copy.party_id, place, timestamp_of(newest))

    async def write(self, head: PartyHead) -> None:
        """Make the pages and the host's agenda show this head, and no place that it has left.

        Raises:
            PartyfinderError: some statement was not acknowledged. All can be sent again.
        """
        timestamp = timestamp_of(head)
        gone = {*head.old_places, head.standing_place} if head.closed else set(head.old_places)
        writes: list[Coroutine[None, None, None]] = [
            self._store.delete_copy(head.party_id, place, timestamp) for place in gone
        ]
        if not head.closed:
            writes.append(self._store.write_copy(head, timestamp))
        await together([*writes, self.agendas.write_host(head)])

    async def load(self, heads: Sequence[PartyHead]) -> None:
        """Write parties under new ids with their copies, in bulk; their city is to be announced.

        Raises:
            PartyfinderError: some of them were not acknowledged. All can be sent again.
        """
        await self._store.load([(head, timestamp_of(head)) for head in heads])

    async def announce(self, head: PartyHead) -> None:
        """Make the party's city findable until its date; the furthest party of a city wins."""
        ttl = int((head.date - clock.now()).total_seconds())
        if ttl > 0:
            row = CityRow(head.city_key, head.city)
            await self._store.write_city(row, ttl, clock.microseconds(head.date))

    async def show(
        self,
        before: PartyHead | None,
        after: PartyHead,
        attendances: Collection[Attendance] = (),
    ) -> None:
        """Bring the pages up to changes that were applied; returns after half a second at most.

        Args:
            before: the head that they were applied to; None where that is not known or was none.
            attendances: who joined and left by them.
        """
        task = asyncio.create_task(self._show(before, after, attendances))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait({task}, timeout=FIRST_ATTEMPT)

    async def close(self, timeout: float) -> None:
        """Give what is still being tried a last chance."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout)
        for task in self._running:
            task.cancel()

    async def _bring_up(self, before: PartyHead | None, after: PartyHead) -> None:
        if _only_counts(before, after):
            await self._store.write_copy(after, timestamp_of(after))
            return
        await self.write(after)
        if _is_news_for_city(before, after):
            await self.announce(after)

    async def _show(
        self,
        before: PartyHead | None,
        after: PartyHead,
        attendances: Collection[Attendance],
    ) -> None:
        for attempt in range(ATTEMPTS):
            try:
                await self._bring_up(before, after)
                await self.agendas.write_attendances(after, attendances)
                if _moves_attendees(before, after):
                    await self.agendas.write_attendees(after, before and before.date)
            except PartyfinderError:
                pause = min(LONGEST_PAUSE, 0.1 * 2**attempt)
                await asyncio.sleep(random.uniform(0, pause))  # noqa: S311  # jitter
            else:
                return
        logger.warning("the copy of party %s is behind until its next change", after.party_id)


def _only_counts(before: PartyHead | None, after: PartyHead) -> bool:
    """Whether people came and went and nothing else has changed."""
    return (
        before is not None
        and not after.old_places
        and (before._replace(people=after.people, revision=after.revision) == after)
    )


def _moves_attendees(before: PartyHead | None, after: PartyHead) -> bool:
    """Whether the party may stand elsewhere in its attendees' agendas than before, or no longer."""
    if before is None:
        return after.revision > 1
    return after.closed or before.date != after.date


def _is_news_for_city(before: PartyHead | None, after: PartyHead) -> bool:
    if after.closed:
        return False
    return before is None or (before.city, before.date) != (after.city, after.date)
