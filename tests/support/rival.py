"""Servers that change the same parties in one test: rules and store of each, without HTTP."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql_api.parties.change import Applied
from graphql_api.parties.commit import CommitLimits, Committer
from graphql_api.parties.copies import Copies
from graphql_api.store.party_store import PartyStore
from graphql_api.store.rows import OperationRow, PartyHead
from graphql_api.store.session import Session
from graphql_api.store.statements import OPERATION_COLUMNS
from tests.support.faulty_driver import FaultyDriver
from tests.support.history import Ledger
from tests.support.some_parties import a_creation

if TYPE_CHECKING:
    from typing import Any
    from uuid import UUID

    from cassandra.cluster import Session as DriverSession

    from graphql_api.parties.change import Change, Outcome


@dataclass(frozen=True)
class Rival:
    """One server, with a driver whose faults are scripted."""

    driver: FaultyDriver
    store: PartyStore
    copies: Copies
    committer: Committer

    @classmethod
    async def open(cls, driver: DriverSession, limits: CommitLimits | None = None) -> Rival:
        """A server over a connection that has its keyspace."""
        faulty = FaultyDriver(driver)
        session = Session(faulty, timeout=10.0)
        await session.prepare()
        store = PartyStore(session)
        copies = Copies(store)
        return cls(faulty, store, copies, Committer(store, copies, limits or CommitLimits()))

    async def commit(self, change: Change) -> Outcome:
        """Send a change to this server."""
        return await self.committer.commit(change)

    async def post(self, **wanted: Any) -> PartyHead:
        """A new party."""
        outcome = await self.commit(a_creation(**wanted))
        assert isinstance(outcome, Applied)
        return outcome.party

    async def ledger(self, party_id: UUID) -> Ledger:
        """The party and all its operations, read and proven."""
        head = (await self.store.confirm_standing(party_id, [], 10.0)).head
        assert head is not None
        return Ledger(head, await asyncio.to_thread(self._operations, party_id))

    def _operations(self, party_id: UUID) -> dict[str, OperationRow]:
        columns = ", ".join(OPERATION_COLUMNS)
        query = f"SELECT {columns} FROM party WHERE party_id = %s AND kind = 1"
        rows = self.driver.session.execute(query, (party_id,), execution_profile="plain")
        return {row[0]: OperationRow(*row) for row in rows}

    async def attendees(self, party_id: UUID) -> set[str]:
        """Who has joined a party, read past this server's own code."""
        query = "SELECT key FROM party WHERE party_id = %s AND kind = 2"
        found = await asyncio.to_thread(
            self.driver.session.execute, query, (party_id,), execution_profile="plain"
        )
        return {row[0] for row in found}

    async def close(self) -> None:
        """Let what is under way end."""
        await self.committer.close(5.0)
        await self.copies.close(5.0)
