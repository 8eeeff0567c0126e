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
from graphql_api.store.rows import CityRow

if TYPE_CHECKING:
    from collections.abc import Coroutine, Sequence

    from graphql_api.store.party_store import PartyStore
    from graphql_api.store.rows import ListedParty, PartyHead, Place

FIRST_ATTEMPT = 0.5  # seconds that a mutation's answer waits for its copy
ATTEMPTS = 6
LONGEST_PAUSE = 5.0
logger = logging.getLogger(__name__)


class Copies:
    """Writes copies; those that fail are tried again in the background."""

    def __init__(self, store: PartyStore) -> None:
        self._store = store
        self._running: set[asyncio.Task[None]] = set()

    async def delete(self, copy: ListedParty, place: Place, head: PartyHead | None) -> None:
        """Delete a copy that stands where its party does not, unless a newer one is there."""
        newest = copy if head is None else head
        await self._store.delete_copy(copy.party_id, place, _timestamp(newest))

    async def write(self, head: PartyHead) -> None:
        """Make the pages show this head, and no place that it has left.

        Raises:
            PartyfinderError: some statement was not acknowledged. All can be sent again.
        """
        timestamp = _timestamp(head)
        gone = {*head.old_places, head.standing_place} if head.closed else set(head.old_places)
        writes: list[Coroutine[None, None, None]] = [
            self._store.delete_copy(head.party_id, place, timestamp) for place in gone
        ]
        if not head.closed:
            writes.append(self._store.write_copy(head, timestamp))
        await _all(writes)

    async def load(self, heads: Sequence[PartyHead]) -> None:
        """Write parties under new ids with their copies, in bulk; their city is to be announced.

        Raises:
            PartyfinderError: some of them were not acknowledged. All can be sent again.
        """
        await self._store.load([(head, _timestamp(head)) for head in heads])

    async def announce(self, head: PartyHead) -> None:
        """Make the party's city findable until its date; the furthest party of a city wins."""
        ttl = int((head.date - clock.now()).total_seconds())
        if ttl > 0:
            row = CityRow(head.city_key, head.city)
            await self._store.write_city(row, ttl, clock.microseconds(head.date))

    async def show(self, before: PartyHead | None, after: PartyHead) -> None:
        """Bring the pages up to a change that was applied; returns after half a second at most."""
        task = asyncio.create_task(self._show(before, after))
        self._running.add(task)
        task.add_done_callback(self._running.discard)
        await asyncio.wait({task}, timeout=FIRST_ATTEMPT)

    async def close(self, timeout: float) -> None:
        """Give what is still being tried a last chance."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout)
        for task in self._running:
            task.cancel()

    async def _show(self, before: PartyHead | None, after: PartyHead) -> None:
        for attempt in range(ATTEMPTS):
            try:
                await self.write(after)
                if _is_news_for_city(before, after):
                    await self.announce(after)
            except PartyfinderError:
                pause = min(LONGEST_PAUSE, 0.1 * 2**attempt)
                await asyncio.sleep(random.uniform(0, pause))  # noqa: S311  # jitter
            else:
                return
        logger.warning("the copy of party %s is behind until its next change", after.party_id)


def _timestamp(party: PartyHead | ListedParty) -> int:
    """Microseconds, as Cassandra counts: a later revision of a party is a later write."""
    return clock.microseconds(party.created_at) + party.revision


def _is_news_for_city(before: PartyHead | None, after: PartyHead) -> bool:
    if after.closed:
        return False
    return before is None or (before.city, before.date) != (after.city, after.date)


async def _all(writes: list[Coroutine[None, None, None]]) -> None:
    """Wait for every write, also where one fails, so that none is left running."""
    for result in await asyncio.gather(*writes, return_exceptions=True):
        if isinstance(result, BaseException):
            raise result
