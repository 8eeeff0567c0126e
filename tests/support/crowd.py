"""A crowd of clients that join and leave in a simulation until each knows how that ended.

They behave as the API asks of clients: what is not known is sent again with its key, to any server;
so is what was lost with a server. They note what they were told, for `history.prove`.
"""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING

from graphql_api.errors import OutcomeUnknownError, PartyfinderError
from graphql_api.parties.attendance import Attend
from graphql_api.parties.change import Applied, Refused
from graphql_api.parties.commit import CommitLimits
from graphql_api.parties.hosting import Delete, Update
from graphql_api.parties.operation import IdempotencyKey
from graphql_api.store.rows import Agenda, Role
from tests.support.attendees import prove_attendance
from tests.support.history import APPLIED, NOTHING, Ledger, Told, Unsettled, prove
from tests.support.simulated_server import Server
from tests.support.simulation import Faults, SimulatedTables
from tests.support.some_parties import a_creation, a_key

if TYPE_CHECKING:
    from random import Random

    from graphql_api.store.rows import PartyHead

CLIENTS, TURNS = 8, 6
LONGEST_THOUGHT = 4.0


@dataclass
class Crowd:
    """What clients do to one party on two servers, and what they are told."""

    random: Random
    faults: Faults = field(default_factory=Faults)
    told: list[Told] = field(default_factory=list)
    unsettled: list[Unsettled] = field(default_factory=list)
    resolved: int = 0

    def __post_init__(self) -> None:
        """Start the servers."""
        self.tables = SimulatedTables()
        self.servers = [self._a_server(), self._a_server()]

    async def live(self) -> None:
        """Post a party, join and leave it, and prove that nothing went wrong."""
        creation = a_creation(
            people=self.random.choice([0, 3]), capacity=self.random.choice([None, 5])
        )
        self.party_id = creation.party_id
        honest = Server(self.tables, self.random)
        created = await honest.commit(creation)
        assert isinstance(created, Applied)
        async with asyncio.TaskGroup() as group:
            for number in range(CLIENTS):
                group.create_task(self._client(number))
            group.create_task(self._crashes())
        for server in self.servers:
            await server.store.settle()
        await self._prove_listed(honest)
        head = self.tables.heads[self.party_id]
        assert head.closed
        rows = {key: row for key, (row, _) in self.tables.operations[self.party_id].items()}
        ledger = Ledger(head, rows)
        prove(self.told, ledger, self.unsettled)
        prove_attendance(self.told, ledger, self.tables.attendees[self.party_id], self.unsettled)

    async def _prove_listed(self, honest: Server) -> None:
        """The next change mends what crashes left of the copy, and a deletion removes it."""
        last = Update(self.party_id, IdempotencyKey("", "last"), {"name": "The last"})
        assert isinstance(await honest.commit(last), Applied)
        await asyncio.sleep(120)
        head = self.tables.heads[self.party_id]
        assert self.tables.listed(self.party_id) == [head]
        await honest.copies.agendas.write_attendees(head)  # as a repair does
        agendas = [Agenda(each, Role.ATTENDEE) for each in self.tables.attendees[self.party_id]]
        for agenda in agendas:
            assert self.tables.agenda(agenda) == [(self.party_id, head.date)]
        assert isinstance(await honest.commit(Delete(self.party_id, a_key())), Applied)
        await asyncio.sleep(120)
        assert self.tables.listed(self.party_id) == []
        assert [each for each in agendas if self.tables.agenda(each)] == []

    async def _client(self, number: int) -> None:
        for turn in range(TURNS):
            await asyncio.sleep(self.random.uniform(0, LONGEST_THOUGHT))
            key = IdempotencyKey("", f"{number}-{turn}", is_drawn=self.random.random() < 0.2)
            if self.random.random() < 0.1:
                changes = self.random.choice(
                    [{"name": key.text}, {"city": "Porto"}, {"city": "Faro"}]
                )
                await self._settle(Update(self.party_id, IdempotencyKey("", key.text), changes))
                continue
            step = self.random.choice([1, 1, -1])
            attendee = f"person {number}" if number % 2 else None
            change = Attend(self.party_id, key, step, self._expectation(), attendee=attendee)
            twins = 1 if key.is_drawn else self.random.choice([1, 1, 1, 2])
            await asyncio.gather(*(self._attend(change) for _ in range(twins)))

    def _expectation(self) -> int | None:
        if self.random.random() < 0.6:
            return None
        return self.tables.heads[self.party_id].people + self.random.choice([0, 0, 0, 1, -1])

    async def _attend(self, change: Attend) -> None:
        sent = self._now()
        outcome = await self._settle(change)
        if outcome is None:
            self.unsettled.append(Unsettled(change.step, sent, change.attendee))
            return
        how, party = outcome
        # A refusal under a drawn key need not be recorded; where it is, that is right as well.
        recorded = not change.key.is_drawn or how == APPLIED
        key = change.key.operation_key if recorded else None
        people, revision = (party.people, party.revision) if party else (0, 0)
        one = Told(
            key,
            change.step,
            change.expected_people,
            sent,
            self._now(),
            how,
            people,
            revision,
            change.attendee,
        )
        twin = next((each for each in self.told if key and each.operation_key == key), None)
        if twin is None:
            self.told.append(one)
        elif NOTHING not in (how, twin.told):
            assert (twin.told, twin.revision) == (one.told, one.revision), (twin, one)
        elif twin.told == NOTHING:
            self.told[self.told.index(twin)] = one

    async def _settle(self, change: Attend | Update) -> tuple[str, PartyHead | None] | None:
        """Send until the answer is definite; None where it never can be."""
        is_in_doubt = False
        while True:
            try:
                outcome = await self.random.choice(self.servers).commit(change)
            except ConnectionError:
                if change.key.is_drawn and not is_in_doubt:
                    return None
                is_in_doubt = True
            except OutcomeUnknownError:
                is_in_doubt = True
            except PartyfinderError:
                if not is_in_doubt and self.random.random() < 0.5 and isinstance(change, Attend):
                    return NOTHING, None
            else:
                self.resolved += is_in_doubt
                if isinstance(outcome, Refused):
                    return outcome.reason.value, outcome.party
                assert isinstance(outcome, Applied)
                return APPLIED, outcome.party
            if is_in_doubt and change.key.is_drawn:  # the client knows the key by now
                change = _under_clients_key(change)
            await asyncio.sleep(self.random.uniform(0, 1))

    async def _crashes(self) -> None:
        for _ in range(self.random.choice([0, 1, 3])):
            await asyncio.sleep(self.random.uniform(0, 15))
            number = self.random.randrange(2)
            crashing, self.servers[number] = self.servers[number], self._a_server()
            await crashing.crash()
            with suppress(IndexError):
                await crashing.store.settle()

    def _a_server(self) -> Server:
        limits = CommitLimits(group_size=self.random.choice([1, 3, 200]))
        return Server(self.tables, self.random, self.faults, limits)

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()


def _under_clients_key(change: Attend | Update) -> Attend | Update:
    key = IdempotencyKey(change.key.caller, change.key.text)
    return replace(change, key=key)
