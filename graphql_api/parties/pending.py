"""A change on its way to its outcome, and those who wait for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from graphql_api.errors import DeadlineExceededError, OutcomeUnknownError
from graphql_api.journal import kept

if TYPE_CHECKING:
    from graphql_api.deadlines import Deadlines
    from graphql_api.parties.change import Change, Outcome


class Pending:
    """One change. A key that is sent twice at once has one of these and two who wait.

    Attributes:
        in_doubt_at: the revision that it was proposed on, while that proposal may have been
            applied or may be yet; None while every proposal of it is known to have been refused.
        is_decided: its outcome is known, though perhaps not told yet.
        journal: notes the proposals of it; None where nobody reads of them.
        takes: what one change of a group can have: its key, its attendee.
    """

    def __init__(self, change: Change, deadlines: Deadlines) -> None:
        self.change = change
        self.in_doubt_at: int | None = None
        self.is_decided = False
        self.journal = kept()
        key, person = change.key.operation_key, change.attendee
        self.takes = frozenset((key,) if person is None else (key, f"attendee {person}"))
        self._deadlines = deadlines
        self._waiting: set[_Waiter] = set()
        self._told: tuple[Outcome | None, BaseException | None] | None = None

    @property
    def is_open(self) -> bool:
        """Whether it is to be decided, and somebody still waits for that."""
        return bool(self._waiting) and not self.is_decided

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it."""
        return bool(self._waiting)

    @property
    def records_refusal(self) -> bool:
        """Whether its refusal must stand in the database before it may be told.

        Its client may send it again; or a proposal of it in doubt could overtake the answer.
        """
        return self.in_doubt_at is not None or not self.change.key.is_drawn

    async def wait(self, timeout: float) -> Outcome:
        """The outcome.

        Raises:
            OutcomeUnknownError: time ran out while a proposal was in doubt.
            DeadlineExceededError: time ran out; nothing was or will be changed.
            PartyfinderError: it failed, and nothing was changed.
        """
        waiter = _Waiter(self)
        self._waiting.add(waiter)
        if self._told is not None:
            waiter.settle(*self._told)
        due = self._deadlines.add(waiter, timeout)
        try:
            return await waiter
        finally:
            self.forget(waiter)
            due.discard(waiter)

    def forget(self, waiter: _Waiter) -> None:
        """Somebody waits no longer."""
        self._waiting.discard(waiter)

    def tell(self, outcome: Outcome) -> None:
        """End the wait with an outcome."""
        self._end(outcome, None)

    def fail(self, error: BaseException) -> None:
        """End the wait without an outcome: nothing was changed."""
        self._end(None, error)

    def give_up(self, error: BaseException) -> None:
        """End the wait because of a defect; what was proposed may have been applied."""
        in_doubt = self.in_doubt_at is not None
        self.fail(OutcomeUnknownError(self.change.key.text) if in_doubt else error)

    def _end(self, outcome: Outcome | None, error: BaseException | None) -> None:
        self.is_decided = True
        if self._told is None:
            self._told = outcome, error
            for waiter in self._waiting:
                waiter.settle(outcome, error)


class _Waiter(asyncio.Future["Outcome"]):
    """One who waits for a change; each has a deadline of its own."""

    def __init__(self, pending: Pending) -> None:
        super().__init__()
        self._pending = pending

    def expire(self) -> None:
        """Time is up; where the outcome is decided, it is told within half a second."""
        pending = self._pending
        if pending.is_decided:
            return
        pending.forget(self)
        in_doubt = pending.in_doubt_at is not None
        self.settle(
            None,
            OutcomeUnknownError(pending.change.key.text) if in_doubt else DeadlineExceededError(),
        )

    def settle(self, outcome: Outcome | None, error: BaseException | None) -> None:
        """End the wait."""
        if self.done():
            return
        if error is not None:
            self.set_exception(error)
        elif outcome is not None:
            self.set_result(outcome)
