"""Applies changes exactly once, or says truthfully that it does not know.

Each party has a lane while changes of it wait, and loses it when none do. The algorithm stands in
docs/attendance.md.
"""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql_api.deadlines import Deadlines, of_nobody, remaining
from graphql_api.errors import DeadlineExceededError, OverloadedError
from graphql_api.parties.lane import Lane
from graphql_api.parties.tally import Tally

if TYPE_CHECKING:
    from collections.abc import Coroutine
    from uuid import UUID

    from graphql_api.parties.change import Change, Outcome
    from graphql_api.parties.copies import Copies
    from graphql_api.store.party_store import PartyStore


@dataclass(frozen=True)
class CommitLimits:
    """What changes may take.

    Args:
        timeout: seconds for a change from its arrival to its outcome.
        key_ttl: seconds for which the operation row of a client's key answers a repeat.
        drawn_key_ttl: the same for a key that the server drew.
        group_size: the most changes that go in one batch.
        queue_length: the most changes that wait for one party.
        proposals_in_flight: the most lightweight transactions that this process has under way.
        changing_parties: the most parties that changes wait for at once.
    """

    timeout: float = 10.0
    key_ttl: int = 86400
    drawn_key_ttl: int = 600
    group_size: int = 200
    queue_length: int = 5000
    proposals_in_flight: int = 64
    changing_parties: int = 10_000


class Committer:
    """Takes changes to their outcomes, those of one party together.

    Attributes:
        tally: what became of its proposals.
    """

    def __init__(self, store: PartyStore, copies: Copies, limits: CommitLimits) -> None:
        self._store = store
        self._copies = copies
        self._limits = limits
        self._slots = asyncio.Semaphore(limits.proposals_in_flight)
        self._deadlines = Deadlines()
        self._lanes: dict[UUID, Lane] = {}
        self._running: set[asyncio.Task[None]] = set()
        self.tally = Tally()

    @property
    def changing(self) -> int:
        """How many parties changes wait for."""
        return len(self._lanes)

    @property
    def waiting(self) -> int:
        """How many changes wait for a transaction, beside those in flight."""
        return sum(lane.length for lane in self._lanes.values())

    async def commit(self, change: Change) -> Outcome:
        """Apply a change, or find how it ended when its key was first sent.

        Raises:
            OutcomeUnknownError: time ran out and the change may have been applied, or may be yet.
            OverloadedError: too many changes of this party wait, or of other parties, or it could
                not be decided before the request's deadline; nothing was sent.
            PartyfinderError: the database does not answer; nothing was changed.
        """
        seconds = remaining(self._limits.timeout)
        if seconds <= 0:
            raise DeadlineExceededError
        lane = self._lanes.get(change.party_id)
        if lane is None:
            if len(self._lanes) >= self._limits.changing_parties:
                raise OverloadedError
            lane = self._open_lane(change.party_id)
        if lane.length >= self._limits.queue_length or lane.expected_wait > seconds:
            raise OverloadedError
        return await lane.wait_for(change)

    async def close(self, timeout: float) -> None:
        """Let what is under way end, for so many seconds."""
        if self._running:
            await asyncio.wait(self._running, timeout=timeout)
        for task in self._running:
            task.cancel()

    def _open_lane(self, party_id: UUID) -> Lane:
        lane = Lane(
            party_id,
            self._store,
            self._copies,
            self._limits,
            self._slots,
            self._deadlines,
            self._in_background,
            self.tally,
        )
        self._lanes[party_id] = lane
        self._in_background(lane.run(lambda: self._close_lane(party_id)))
        return lane

    def _close_lane(self, party_id: UUID) -> None:
        del self._lanes[party_id]

    def _in_background(self, work: Coroutine[None, None, None]) -> None:
        task = asyncio.create_task(work, context=of_nobody())
        self._running.add(task)
        task.add_done_callback(self._running.discard)
