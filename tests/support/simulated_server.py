"""A server in a simulation: the rules as they are, over simulated tables."""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any

from graphql_api.parties.change import Applied, Outcome
from graphql_api.parties.commit import CommitLimits, Committer
from graphql_api.parties.copies import Copies
from tests.support.simulation import Faults, SimulatedStore, SimulatedTables
from tests.support.some_parties import a_creation

if TYPE_CHECKING:
    from graphql_api.parties.change import Change
    from graphql_api.store.rows import PartyHead

NO_FAULTS = Faults(0, 0, 0, 0)


class Server:
    """One process: it crashes without a word, and another takes its place."""

    def __init__(
        self,
        tables: SimulatedTables | None = None,
        random: Random | None = None,
        faults: Faults = NO_FAULTS,
        limits: CommitLimits | None = None,
    ) -> None:
        self.store = SimulatedStore(tables or SimulatedTables(), random or Random(0), faults)
        self.copies = Copies(self.store)  # type: ignore[arg-type]  # stands in for PartyStore
        self.committer = Committer(
            self.store,  # type: ignore[arg-type]
            self.copies,
            limits or CommitLimits(),
        )
        self._calls: set[asyncio.Task[Outcome]] = set()

    async def commit(self, change: Change) -> Outcome:
        """Send a change; ConnectionError where the server dies meanwhile."""
        call = asyncio.create_task(self.committer.commit(change))
        self._calls.add(call)
        try:
            return await call
        except asyncio.CancelledError:
            if call.cancelled() or call.cancel():
                raise ConnectionError from None
            raise
        finally:
            self._calls.discard(call)

    async def post(self, **wanted: Any) -> PartyHead:
        """A new party."""
        outcome = await self.commit(a_creation(**wanted))
        assert isinstance(outcome, Applied)
        return outcome.party

    async def crash(self) -> None:
        """End everything that runs in it; what it sent is sent."""
        for call in self._calls:
            call.cancel()
        await self.committer.close(0)
        await self.copies.close(0)
