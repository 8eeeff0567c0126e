"""Brings parties in from elsewhere, under the ids that they have there.

A party's head is put in place by a lightweight transaction, on the condition that there is none.
One that is there already stays as it is, also where it was changed or deleted since, so an import
can be run again: nothing that it did is done twice. Copies are functions of the head that stands
and are written again each time, in case a run ended between the two.
"""

from __future__ import annotations

import asyncio
import time
from typing import TYPE_CHECKING

from graphql_api.errors import DatabaseUnavailableError, PartyfinderError
from graphql_api.store.failures import AmbiguousError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from graphql_api.parties.copies import Copies
    from graphql_api.store.party_store import PartyStore
    from graphql_api.store.rows import PartyHead

AT_ONCE = 20  # parties under way together
ATTEMPTS = 6
PAUSE = 0.2  # seconds after the first failed attempt; each further one waits twice as long
PROPOSAL_TIMEOUT = 5.0


class Importer:
    """Imports parties.

    Args:
        rate: parties a second, at most.
    """

    def __init__(self, store: PartyStore, copies: Copies, rate: float) -> None:
        self._store = store
        self._copies = copies
        self._rate = rate

    async def run(self, heads: Sequence[PartyHead]) -> int:
        """Import some parties, no more than AT_ONCE; how many of them were not there before.

        Raises:
            PartyfinderError: the database does not answer. All can be imported again.
        """
        began = time.monotonic()
        new = sum(await asyncio.gather(*map(self._import, heads)))
        await asyncio.sleep(max(0.0, began + len(heads) / self._rate - time.monotonic()))
        return new

    async def _import(self, head: PartyHead) -> bool:
        for attempt in range(ATTEMPTS - 1):
            try:
                return await self._put(head)
            except (AmbiguousError, PartyfinderError):  # either way it can be sent again
                await asyncio.sleep(PAUSE * 2**attempt)
        try:
            return await self._put(head)
        except AmbiguousError:
            raise DatabaseUnavailableError from None

    async def _put(self, head: PartyHead) -> bool:
        decision = await self._store.propose(None, head, (), PROPOSAL_TIMEOUT)
        standing = decision.head
        if standing is not None and not standing.closed:
            await self._copies.write(standing)
            await self._copies.announce(standing)
        return decision.applied
