"""Group commit: changes of one party that arrive during a proposal go together in the next.

One proposal is in flight at a time. A refused batch answers with the head and with each operation
row that stood in its way, all read in the same Paxos round. So to propose again is also how a doubt
is resolved: whatever was applied of it stands in the way, and the rest is refused or applied now.
"""

from __future__ import annotations

import asyncio
import logging
import random
from collections import deque
from contextlib import suppress
from time import time_ns
from typing import TYPE_CHECKING

from graphql_api.deadlines import remaining
from graphql_api.errors import PartyfinderError
from graphql_api.parties.change import Applied, Outcome
from graphql_api.parties.group import Judgement, judge, replay
from graphql_api.parties.known import Known, revision_of
from graphql_api.parties.pending import Pending
from graphql_api.store.failures import AmbiguousError
from graphql_api.store.rows import Attendance

if TYPE_CHECKING:
    from collections.abc import Callable, Collection, Coroutine, Iterable, Mapping, Sequence
    from uuid import UUID

    from graphql_api.deadlines import Deadlines
    from graphql_api.parties.change import Change
    from graphql_api.parties.commit import CommitLimits
    from graphql_api.parties.copies import Copies
    from graphql_api.parties.tally import Tally
    from graphql_api.store.party_store import PartyStore
    from graphql_api.store.rows import OperationRow, PartyHead, Place

# Cassandra itself gives a contended transaction 1.8 s and a write 2 s, so we wait longer than that.
ATTEMPT_TIMEOUT = 4.0
SHORTEST_PAUSE = 0.005
LONGEST_PAUSE = 0.5
PROPOSAL = "proposal"
logger = logging.getLogger(__name__)


class Lane:
    """The changes of one party, in order of arrival.

    Args:
        slots: bounds the proposals that the process has in flight.
        in_background: runs what nobody waits for, and lets it end before the process does.
    """

    def __init__(
        self,
        party_id: UUID,
        store: PartyStore,
        copies: Copies,
        limits: CommitLimits,
        slots: asyncio.Semaphore,
        deadlines: Deadlines,
        in_background: Callable[[Coroutine[None, None, None]], None],
        tally: Tally,
    ) -> None:
        self._tally = tally
        self._party_id = party_id
        self._store = store
        self._copies = copies
        self._limits = limits
        self._slots = slots
        self._deadlines = deadlines
        self._in_background = in_background
        self._queue: deque[Pending] = deque()
        self._by_key: dict[str, Pending] = {}
        self._known = Known()
        self._left_behind: frozenset[Place] = frozenset()
        self._pauses = 0
        self._round_took = 0.0

    @property
    def length(self) -> int:
        """How many changes wait, beside those in flight."""
        return len(self._queue)

    @property
    def expected_wait(self) -> float:
        """Seconds until what waits now is decided, going by the latest group."""
        return self._round_took * -(-len(self._queue) // self._limits.group_size)

    async def wait_for(self, change: Change) -> Outcome:
        """Queue a change; its outcome."""
        pending = self._pending(change)
        try:
            return await pending.wait(remaining(self._limits.timeout))
        finally:
            key = change.key.operation_key
            if not pending.is_wanted and self._by_key.get(key) is pending:
                del self._by_key[key]

    async def run(self, on_idle: Callable[[], None]) -> None:
        """Work until nothing waits any more; `on_idle` is called in the moment that is so."""
        try:
            loop = asyncio.get_running_loop()
            while self._queue:
                began = loop.time()
                if await self._round():
                    self._pauses = 0
                else:
                    await self._pause()
                self._round_took = loop.time() - began
        except Exception as error:
            logger.exception("the changes of party %s cannot be made", self._party_id)
            for pending in self._queue:
                pending.give_up(error)
        finally:
            on_idle()

    def _pending(self, change: Change) -> Pending:
        """The change in the queue: a twin of it that is there already, or a new one."""
        key = change.key.operation_key
        twin = self._by_key.get(key)
        if twin is not None and twin.change.digest == change.digest:
            return twin
        pending = Pending(change, self._deadlines)
        self._by_key.setdefault(key, pending)
        self._queue.append(pending)
        return pending

    async def _round(self) -> bool:
        """Decide a group, or some of it; False where it is wise to pause before the next."""
        async with self._slots:
            group = self._take()
            try:
                return await self._settle(group) if group else True
            except PartyfinderError as error:
                for pending in group:
                    if pending.in_doubt_at is None:
                        pending.fail(error)
                return False
            finally:
                self._queue.extendleft(reversed([each for each in group if each.is_open]))

    def _take(self) -> list[Pending]:
        """The next group: in order of arrival, each key and person once, what goes alone alone.

        Who is in it already waits for the next, and holds up nobody else.
        """
        group: list[Pending] = []
        waiting: list[Pending] = []
        taken: set[str] = set()
        while self._queue and max(len(group), len(waiting)) < self._limits.group_size:
            if group and self._queue[0].change.goes_alone:
                break
            pending = self._queue.popleft()
            if not pending.is_open:
                continue
            if pending.takes.isdisjoint(taken):
                group.append(pending)
                taken |= pending.takes
            else:
                waiting.append(pending)
            if pending.change.goes_alone:
                break
        self._queue.extendleft(reversed(waiting))
        return group

    async def _settle(self, group: Sequence[Pending]) -> bool:
        await self._look(group)
        # From here to the sending nothing is awaited: whose time is up by now is not proposed.
        group = [each for each in group if each.is_open]
        judgement = self._judge(group)
        if judgement.unsure:
            await self._recall(group, judgement.unsure)
            return True
        if judgement.rows and judgement.after is not None:
            return await self._propose(group, judgement, self._without_places_left(judgement.after))
        await self._confirm(group)
        return True

    async def _look(self, group: Sequence[Pending]) -> None:
        """Know the head, with no copy left behind by an earlier move where that can be had."""
        if not self._known.is_read and not group[0].change.is_creation:
            self._known.learn(await self._store.read_head(self._party_id))
        self._left_behind = frozenset()
        if self._known.head is not None and self._known.head.old_places:
            with suppress(PartyfinderError):
                await self._copies.write(self._known.head)
                self._left_behind = frozenset(self._known.head.old_places)

    def _judge(self, group: Iterable[Pending]) -> Judgement:
        changes = ((each.change, each.records_refusal) for each in group)
        return judge(self._known.head, changes, self._known.joined)

    async def _recall(self, group: Sequence[Pending], people: Sequence[str]) -> None:
        """Learn whether people have joined, and tell what of the group stands recorded."""
        standing = await self._store.confirm_standing(
            self._party_id, _recorded_keys(group), ATTEMPT_TIMEOUT, people
        )
        self._known.learn(standing.head, standing.attendees)
        self._replay(group, standing.operations)

    async def _propose(
        self, group: Sequence[Pending], judgement: Judgement, after: PartyHead
    ) -> bool:
        """Send the group's batch; False where it was in vain."""
        before = self._known.head
        rows = [(row, self._ttl(change)) for change, row in judgement.rows]
        doubts = [each.in_doubt_at for each in group]
        for pending in group:
            pending.in_doubt_at = revision_of(before)
        began = time_ns()
        try:
            decision = await self._store.propose(
                before, after, rows, ATTEMPT_TIMEOUT, judgement.attendances
            )
        except AmbiguousError as error:
            self._count("unknown", group, began)
            logger.info("proposing again: %s", error)
            return False
        except PartyfinderError:
            self._count("failed", group, began)
            for pending, doubt in zip(group, doubts, strict=True):
                pending.in_doubt_at = doubt  # the head may have moved by what was in doubt
            raise
        self._count("applied" if decision.applied else "refused", group, began)
        if decision.applied:
            self._known.advance(after, judgement.attendances)
            told = zip(group, judgement.outcomes, strict=True)
            self._tell_after_copy(told, before, after, judgement.attendances)
            return True
        asked = (each.person for each in judgement.attendances)
        joined = {person: person in decision.attendees for person in asked}
        self._known.learn(decision.head, joined)
        _restore(group, doubts, decision.head)
        self._replay(group, decision.operations)
        return revision_of(decision.head) == revision_of(before)

    def _count(self, outcome: str, group: Sequence[Pending], began: int) -> None:
        """Note how a proposal ended, for those who asked and for everybody."""
        self._tally.proposals[outcome] += 1
        self._tally.group_sizes[len(group)] += 1
        for pending in group:
            if pending.journal is not None:
                pending.journal.note(PROPOSAL, began, outcome, len(group))

    async def _confirm(self, group: Sequence[Pending]) -> None:
        """Tell outcomes of which nothing is written, once a SERIAL read has confirmed the head."""
        standing = await self._store.confirm_standing(
            self._party_id, _recorded_keys(group), ATTEMPT_TIMEOUT
        )
        self._known.learn(standing.head)
        self._replay(group, standing.operations)
        rest = [each for each in group if each.is_open]
        judgement = self._judge(rest)
        if not judgement.rows and not judgement.unsure:
            for pending, outcome in zip(rest, judgement.outcomes, strict=True):
                pending.tell(outcome)

    def _replay(self, group: Sequence[Pending], recorded: Mapping[str, OperationRow]) -> None:
        """Tell what stands recorded. Who recorded it may have died before the copy was written."""
        told = []
        for pending in group:
            row = recorded.get(pending.change.key.operation_key)
            if row is not None:
                told.append((pending, replay(pending.change, row, self._known.head)))
        if told and self._known.head is not None:
            # What a change of more than the count was applied to is not known any more.
            is_known = not any(pending.change.goes_alone for pending, _ in told)
            before = self._known.head if is_known else None
            self._tell_after_copy(told, before, self._known.head, self._attendances_of(told))

    def _attendances_of(self, told: Iterable[tuple[Pending, Outcome]]) -> list[Attendance]:
        """How it stands now with people whose changes were applied some time ago."""
        people = {pending.change.attendee for pending, _ in told}
        return [
            Attendance(person, joined, self._known.revision)
            for person in people
            if person is not None and (joined := self._known.joined.get(person)) is not None
        ]

    def _tell_after_copy(
        self,
        told: Iterable[tuple[Pending, Outcome]],
        before: PartyHead | None,
        after: PartyHead,
        attendances: Collection[Attendance],
    ) -> None:
        """Tell outcomes when the pages show them; the next group need not wait for that."""
        decided = list(told)
        for pending, _ in decided:
            pending.is_decided = True
        self._in_background(self._show_and_tell(decided, before, after, attendances))

    async def _show_and_tell(
        self,
        decided: list[tuple[Pending, Outcome]],
        before: PartyHead | None,
        after: PartyHead,
        attendances: Collection[Attendance],
    ) -> None:
        try:
            if any(isinstance(outcome, Applied) for _, outcome in decided):
                await self._copies.show(before, after, attendances)
        finally:  # also where the process ends meanwhile: what is decided is owed
            for pending, outcome in decided:
                pending.tell(outcome)

    def _without_places_left(self, after: PartyHead) -> PartyHead:
        places = (place for place in after.old_places if place not in self._left_behind)
        return after._replace(old_places=tuple(places)) if self._left_behind else after

    def _ttl(self, change: Change) -> int:
        return self._limits.drawn_key_ttl if change.key.is_drawn else self._limits.key_ttl

    async def _pause(self) -> None:
        """Back off with full jitter, so that those who collide do not meet again."""
        longest = min(LONGEST_PAUSE, SHORTEST_PAUSE * 2**self._pauses)
        self._pauses += 1
        await asyncio.sleep(random.uniform(0, longest))  # noqa: S311  # jitter


def _recorded_keys(group: Sequence[Pending]) -> list[str]:
    return [each.change.key.operation_key for each in group if each.records_refusal]


def _restore(
    group: Sequence[Pending], doubts: Sequence[int | None], head: PartyHead | None
) -> None:
    """After a definite answer: what was in doubt before still is, unless the head has moved on."""
    for pending, doubt in zip(group, doubts, strict=True):
        pending.in_doubt_at = doubt if doubt == revision_of(head) else None
