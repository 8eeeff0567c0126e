"""A change on its way to its outcome, and those who wait for it."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from graphql_api.errors import DeadlineExceededError, OutcomeUnknownError

if TYPE_CHECKING:
    from graphql_api.parties.change import Change, Outcome


class Pending:
    """One change. A key that is sent twice at once has one of these and two who wait.

    Attributes:
        in_doubt_at: the revision that it was proposed on, while that proposal may have been
            applied or may be yet; None while every proposal of it is known to have been refused.
        is_decided: its outcome is known, though perhaps not told yet.
        takes: what one change of a group can have: its key, its attendee.
    """

    def __init__(self, change: Change) -> None:
        self.change = change
        self.in_doubt_at: int | None = None
        self.is_decided = False
        key, person = change.key.operation_key, change.attendee
        self.takes = frozenset((key,) if person is None else (key, f"attendee {person}"))
        self._waiting = 0
        self._outcome: asyncio.Future[Outcome] = asyncio.get_running_loop().create_future()

    @property
    def is_open(self) -> bool:
        """Whether it is to be decided, and somebody still waits for that."""
        return self._waiting > 0 and not self.is_decided

    @property
    def is_wanted(self) -> bool:
        """Whether somebody waits for it."""
        return self._waiting > 0

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
        self._waiting += 1
        try:
            async with asyncio.timeout(timeout):
                return await asyncio.shield(self._outcome)
        except TimeoutError:
            if self.is_decided:  # its copy is being written, which takes half a second at most
                return await asyncio.shield(self._outcome)
            if self.in_doubt_at is not None:
                raise OutcomeUnknownError(self.change.key.text) from None
            raise DeadlineExceededError from None
        finally:
            self._waiting -= 1

    def tell(self, outcome: Outcome) -> None:
        """End the wait with an outcome."""
        self.is_decided = True
        if not self._outcome.done():
            self._outcome.set_result(outcome)

    def fail(self, error: BaseException) -> None:
        """End the wait without an outcome: nothing was changed."""
        self.is_decided = True
        if not self._outcome.done() and self.is_wanted:
            self._outcome.set_exception(error)

    def give_up(self, error: BaseException) -> None:
        """End the wait because of a defect; what was proposed may have been applied."""
        in_doubt = self.in_doubt_at is not None
        self.fail(OutcomeUnknownError(self.change.key.text) if in_doubt else error)
