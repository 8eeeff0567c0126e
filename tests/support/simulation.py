"""A simulated Cassandra under a clock that jumps: thousands of faults in a second, all from a seed.

The rules of `parties/` run unchanged on an event loop whose time passes at once when nothing is to
do. The database behind them is one party table in memory which keeps what Cassandra promises, that
a conditional batch applies as a whole or not at all, at some moment of its own, and nothing more:
answers are lost, requests fail, or arrive long after their sender has given up.
"""

from __future__ import annotations

import asyncio
import selectors
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from graphql_api import clock
from graphql_api.errors import DatabaseUnavailableError
from graphql_api.store.failures import AmbiguousError
from graphql_api.store.rows import Attendee, Decision, OperationRow, PartyHead, Place, Standing

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable, Sequence
    from datetime import datetime
    from random import Random
    from uuid import UUID

    from graphql_api.store.rows import Agenda, Attendance, CityRow, Entry

LONGEST_DELAY = 25.0


class JumpingSelector(selectors.DefaultSelector):
    """Never waits: it says how long it would have waited."""

    jumped = 0.0

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        """What is ready now."""
        assert timeout is not None, "everything waits, and nothing will ever happen"
        self.jumped += max(0.0, timeout)
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An event loop on a clock that jumps to whatever is due next."""

    def __init__(self) -> None:
        self._jumping = JumpingSelector()
        super().__init__(self._jumping)

    def time(self) -> float:
        """Seconds since the beginning."""
        return self._jumping.jumped


def simulate(work: Coroutine[Any, Any, Any]) -> Any:
    """Run a coroutine to its end on a loop whose clock jumps."""
    with asyncio.Runner(loop_factory=JumpingLoop) as runner:
        return runner.run(work)


@dataclass
class Faults:
    """How often what goes wrong, of one request."""

    lost_answers: float = 0.1
    never_sent: float = 0.05
    late: float = 0.1  # applied up to LONGEST_DELAY later
    reads_fail: float = 0.05


@dataclass
class SimulatedTables:
    """What Cassandra holds, and keeps after its servers have gone."""

    heads: dict[UUID, PartyHead] = field(default_factory=dict)
    operations: dict[UUID, dict[str, tuple[OperationRow, float]]] = field(default_factory=dict)
    attendees: dict[UUID, set[str]] = field(default_factory=dict)
    copies: dict[tuple[UUID, Place], tuple[int, PartyHead | None]] = field(default_factory=dict)
    entries: dict[tuple[Agenda, datetime, UUID], tuple[int, Entry | None]] = field(
        default_factory=dict
    )

    def standing(self, party_id: UUID, now: float) -> dict[str, OperationRow]:
        """The operations that have not expired."""
        rows = self.operations.get(party_id, {})
        return {key: row for key, (row, until) in rows.items() if now < until}

    def apply(
        self,
        before: PartyHead | None,
        after: PartyHead,
        operations: Sequence[tuple[OperationRow, int]],
        attendances: Sequence[Attendance],
        now: float,
    ) -> Decision:
        """A conditional batch, as `statements.py` has it."""
        head = self.heads.get(after.party_id)
        standing = self.standing(after.party_id, now)
        if before is None:
            holds = head is None
        else:
            holds = head is not None and head.revision == before.revision and not head.closed
        in_the_way = {row.key: standing[row.key] for row, _ in operations if row.key in standing}
        joined = self.attendees.setdefault(after.party_id, set())
        fits = all((each.person in joined) is not each.joins for each in attendances)
        if not holds or in_the_way or not fits:
            spoken_of = frozenset(each.person for each in attendances)
            return Decision(False, head, in_the_way, spoken_of & joined)  # noqa: FBT003
        for each in attendances:
            (joined.add if each.joins else joined.discard)(each.person)
        self.heads[after.party_id] = after
        rows = self.operations.setdefault(after.party_id, {})
        rows.update({row.key: (row, now + ttl) for row, ttl in operations})
        return Decision(applied=True, head=after, operations={})

    def copy(self, party_id: UUID, place: Place, timestamp: int, head: PartyHead | None) -> None:
        """Last write wins."""
        if timestamp >= self.copies.get((party_id, place), (0, None))[0]:
            self.copies[party_id, place] = (timestamp, head)

    def agenda(self, agenda: Agenda) -> list[tuple[UUID, datetime]]:
        """The parties that stand in an agenda, and where."""
        found = self.entries.items()
        return [(of, date) for (whose, date, of), (_, entry) in found if entry and whose == agenda]

    def listed(self, party_id: UUID) -> list[PartyHead]:
        """The party's copies that can be seen."""
        copies = (head for (of, _), (_, head) in self.copies.items() if of == party_id)
        return [head for head in copies if head is not None]


class SimulatedPeople:
    """People's agendas and a party's attendees; in place of `PeopleStore`."""

    def __init__(self, store: SimulatedStore) -> None:
        self._store = store

    async def read_attendees(self, party_id: UUID, after: str, limit: int) -> list[Attendee]:
        """A read at quorum."""
        await self._store.read()
        joined = sorted(self._store.tables.attendees.get(party_id, ()))
        return [Attendee(each, clock.EPOCH) for each in joined if each > after][:limit]

    async def write_entry(self, agenda: Agenda, entry: Entry, timestamp: int) -> None:
        """A plain write."""
        await self._store.read()
        self._write((agenda, entry.date, entry.party_id), timestamp, entry)

    async def delete_entry(
        self, agenda: Agenda, date: datetime, party_id: UUID, timestamp: int
    ) -> None:
        """A plain delete."""
        await self._store.read()
        self._write((agenda, date, party_id), timestamp, None)

    def _write(self, key: tuple[Agenda, datetime, UUID], at: int, entry: Entry | None) -> None:
        """Last write wins; of two at once, a delete."""
        written = self._store.tables.entries.get(key, (0, None))[0]
        if at > written or (at == written and entry is None):
            self._store.tables.entries[key] = (at, entry)


class SimulatedStore:
    """One server's way to the tables; in place of `PartyStore`."""

    def __init__(self, tables: SimulatedTables, random: Random, faults: Faults) -> None:
        self.tables = tables
        self.faults = faults
        self.proposals: list[list[str]] = []
        self.reads = 0
        self.copies_written = 0
        self.faults_injected = 0
        self.people = SimulatedPeople(self)
        self._random = random
        self._late: set[asyncio.Task[None]] = set()

    async def read_head(self, party_id: UUID) -> PartyHead | None:
        """A read at quorum."""
        await self.read()
        return self.tables.heads.get(party_id)

    async def confirm_standing(
        self, party_id: UUID, keys: Sequence[str], timeout: float, people: Sequence[str] = ()
    ) -> Standing:
        """A read at SERIAL."""
        await self.read(timeout)
        standing = self.tables.standing(party_id, self._now())
        found = {key: standing[key] for key in keys if key in standing}
        joined = self.tables.attendees.get(party_id, set())
        attendees = {person: person in joined for person in people}
        return Standing(self.tables.heads.get(party_id), found, attendees)

    async def propose(
        self,
        before: PartyHead | None,
        after: PartyHead,
        operations: Iterable[tuple[OperationRow, int]],
        timeout: float,
        attendances: Iterable[Attendance] = (),
    ) -> Decision:
        """A conditional batch on its way through an unkind network."""
        rows, people = list(operations), list(attendances)
        self.proposals.append([row.key for row, _ in rows])
        if self._happens(self.faults.never_sent):
            await self._pause(timeout)
            raise AmbiguousError("never sent")
        if self._happens(self.faults.late):
            self._send_late(before, after, rows, people)
            await self._pause(timeout)
            raise AmbiguousError("late")
        await self._pause()
        decision = self.tables.apply(before, after, rows, people, self._now())
        if self._happens(self.faults.lost_answers):
            await self._pause(timeout)
            raise AmbiguousError("the answer was lost")
        await self._pause()
        return decision

    async def write_copy(self, head: PartyHead, timestamp: int) -> None:
        """A plain write."""
        self.copies_written += 1
        await self.read()
        self.tables.copy(head.party_id, head.standing_place, timestamp, head)

    async def delete_copy(self, party_id: UUID, place: Place, timestamp: int) -> None:
        """A plain delete."""
        await self.read()
        self.tables.copy(party_id, place, timestamp, None)

    async def write_city(self, row: CityRow, ttl: int, timestamp: int) -> None:
        """Cities play no part here."""

    async def settle(self) -> None:
        """Let what is late arrive."""
        while self._late:
            await asyncio.wait(self._late)

    def _send_late(
        self,
        before: PartyHead | None,
        after: PartyHead,
        rows: Sequence[tuple[OperationRow, int]],
        people: Sequence[Attendance],
    ) -> None:
        async def arrive() -> None:
            await asyncio.sleep(self._random.uniform(0, LONGEST_DELAY))
            self.tables.apply(before, after, rows, people, self._now())

        task = asyncio.create_task(arrive())
        self._late.add(task)
        task.add_done_callback(self._late.discard)

    async def read(self, timeout: float = 10.0) -> None:
        """What every plain statement goes through."""
        self.reads += 1
        await self._pause()
        if self._happens(self.faults.reads_fail):
            await self._pause(timeout)
            raise DatabaseUnavailableError

    async def _pause(self, most: float = 0.02) -> None:
        await asyncio.sleep(self._random.uniform(0, most))

    def _happens(self, probability: float) -> bool:
        happens = self._random.random() < probability
        self.faults_injected += happens
        return happens

    @staticmethod
    def _now() -> float:
        return asyncio.get_running_loop().time()
