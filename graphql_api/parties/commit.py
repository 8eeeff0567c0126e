"""Applies a change exactly once, or says truthfully that it does not know.

The algorithm stands in docs/attendance.md: read head and operation row, decide, propose on the
revision that was read, and on any doubt let a SERIAL read decide. One operation at a time.
"""

from __future__ import annotations

import asyncio
import random
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql_api.errors import DeadlineExceededError, OutcomeUnknownError, PartyfinderError
from graphql_api.parties.change import Applied, Proposal, Refused, judge, operation_row
from graphql_api.store.session import AmbiguousError

if TYPE_CHECKING:
    from uuid import UUID

    from graphql_api.parties.change import Change, Outcome
    from graphql_api.parties.copies import Copies
    from graphql_api.store.party_store import PartyStore
    from graphql_api.store.rows import Standing

# Cassandra itself gives a contended transaction 1.8 s and a write 2 s, so we wait longer than that.
ATTEMPT_TIMEOUT = 4.0
SHORTEST_PAUSE = 0.01
LONGEST_PAUSE = 0.5


@dataclass(frozen=True)
class CommitLimits:
    """Seconds: for a whole change, and for how long its operation row answers a repeated key."""

    timeout: float = 10.0
    key_ttl: int = 86400
    drawn_key_ttl: int = 600


class Committer:
    """Takes changes to their outcome."""

    def __init__(self, store: PartyStore, copies: Copies, limits: CommitLimits) -> None:
        self._store = store
        self._copies = copies
        self._limits = limits

    async def commit(self, change: Change) -> Outcome:
        """Apply a change, or find how it ended when its key was first sent.

        Raises:
            OutcomeUnknownError: time ran out and the change may have been applied, or may be yet.
            PartyfinderError: the database does not answer; nothing was changed.
        """
        attempt = _Attempt(change, self._store, self._copies, self._limits)
        try:
            return await attempt.run()
        except PartyfinderError as error:
            if attempt.is_in_doubt:
                raise OutcomeUnknownError(change.key.text) from error
            raise


class _Attempt:
    """One change on its way to its outcome."""

    def __init__(
        self, change: Change, store: PartyStore, copies: Copies, limits: CommitLimits
    ) -> None:
        self.is_in_doubt = False  # a statement of ours may have been applied, or may be yet
        self._change = change
        self._store = store
        self._copies = copies
        self._ttl = limits.drawn_key_ttl if change.key.is_drawn else limits.key_ttl
        self._deadline = asyncio.get_running_loop().time() + limits.timeout

    async def run(self) -> Outcome:
        standing = await self._store.read_standing(*self._read, self._time_left())
        is_confirmed = False
        tries = 0
        while True:
            outcome = await self._settle(standing, is_confirmed=is_confirmed)
            if outcome is not None:
                return outcome
            if is_confirmed:
                await self._pause(tries)
                tries += 1
            standing = await self._confirm()
            is_confirmed = True

    async def _settle(self, standing: Standing, *, is_confirmed: bool) -> Outcome | None:
        """The outcome; None where a SERIAL read has to tell how things stand."""
        verdict = judge(self._change, standing)
        try:
            if isinstance(verdict, Proposal):
                return await self._propose(verdict)
            if standing.operation is not None:
                return await self._replay(verdict)
            if not is_confirmed:
                return None
            if isinstance(verdict, Refused):
                return await self._refuse(verdict)
        except AmbiguousError:
            self.is_in_doubt = True
            return None
        return verdict

    async def _propose(self, proposal: Proposal) -> Outcome | None:
        proposal = await self._without_old_places(proposal)
        applied = await self._store.propose(
            proposal.before, proposal.after, proposal.operation, self._ttl, self._attempt_timeout()
        )
        if not applied:
            return None
        await self._copies.show(proposal.before, proposal.after)
        return Applied(proposal.after)

    async def _without_old_places(self, proposal: Proposal) -> Proposal:
        """Forget the places that a move left once the deletes there are acknowledged."""
        before, after = proposal.before, proposal.after
        if before is None or not before.old_places:
            return proposal
        try:
            await self._copies.write(before)
        except PartyfinderError:
            return proposal
        left = tuple(place for place in after.old_places if place not in before.old_places)
        return Proposal(before, after._replace(old_places=left), proposal.operation)

    async def _replay(self, outcome: Outcome) -> Outcome:
        """Answer from the operation's row. Its first server may have died before the copy."""
        if isinstance(outcome, Applied):
            head = await self._store.read_head(outcome.party.party_id)
            if head is not None:
                await self._copies.show(None, head)
        return outcome

    async def _refuse(self, refused: Refused) -> Outcome | None:
        """Record a refusal that a client may repeat, or that a statement in doubt may overtake."""
        if self._change.key.is_drawn and not self.is_in_doubt:
            return refused
        row = operation_row(self._change, refused.party, refusal=refused.reason)
        recorded = await self._store.record_refusal(
            self._change.party_id, row, self._ttl, self._attempt_timeout()
        )
        return refused if recorded else None

    async def _confirm(self) -> Standing:
        """Read at SERIAL; while in doubt, for as long as there is time."""
        tries = 0
        while True:
            try:
                return await self._store.confirm_standing(*self._read, self._attempt_timeout())
            except PartyfinderError:
                if not self.is_in_doubt:
                    raise
            await self._pause(tries)
            tries += 1

    @property
    def _read(self) -> tuple[UUID, str]:
        return self._change.party_id, self._change.key.operation_key

    def _time_left(self) -> float:
        left = self._deadline - asyncio.get_running_loop().time()
        if left <= 0:
            raise DeadlineExceededError
        return left

    def _attempt_timeout(self) -> float:
        return min(ATTEMPT_TIMEOUT, self._time_left())

    async def _pause(self, tries: int) -> None:
        """Back off with full jitter, so that those who collide do not meet again."""
        pause = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2**tries)
        await asyncio.sleep(min(random.uniform(0, pause), self._time_left()))  # noqa: S311  # jitter
