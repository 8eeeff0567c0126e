"""Joining and leaving: one person more or less, never below zero, never above capacity.

Who is signed in joins a party once, and leaves it only after that; of others nothing is known.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from datetime import timedelta
from functools import cached_property
from typing import TYPE_CHECKING, ClassVar

from graphql_api import clock
from graphql_api.parties.change import NOBODY_KNOWN, NotFound, Outcome, Reason, Refused
from graphql_api.parties.limits import MOST_PEOPLE
from graphql_api.parties.operation import digest

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime
    from uuid import UUID

    from graphql_api.parties.operation import IdempotencyKey
    from graphql_api.store.rows import PartyHead

OVER_AFTER = timedelta(days=1)  # from its beginning


@dataclass(frozen=True)
class Attend:
    """One person joins (step 1) or leaves (step −1).

    Args:
        expected_people: the count that the person saw; None to apply to any.
        at: when it was asked for.
        attendee: the person, where somebody is signed in.
    """

    party_id: UUID
    key: IdempotencyKey
    step: int
    expected_people: int | None = None
    at: datetime = field(default_factory=clock.now)
    attendee: str | None = None

    is_creation: ClassVar[bool] = False
    goes_alone: ClassVar[bool] = False

    @cached_property
    def digest(self) -> bytes:
        """What it asks for."""
        kind = "join" if self.step > 0 else "leave"
        return digest(kind, party=self.party_id, expected_people=self.expected_people)

    def decide(
        self, head: PartyHead | None, joined: Mapping[str, bool] = NOBODY_KNOWN, /
    ) -> PartyHead | Outcome:
        """The head with one person more or less, or why not."""
        if head is None or head.closed:
            return NotFound()
        reason = self._refusal(head, joined)
        if reason is not None:
            return Refused(reason, head)
        return head._replace(people=head.people + self.step)

    def _refusal(self, head: PartyHead, joined: Mapping[str, bool]) -> Reason | None:
        if self.attendee is not None and joined.get(self.attendee) is (self.step > 0):
            return Reason.ALREADY_JOINED if self.step > 0 else Reason.NOT_JOINED
        if self.expected_people not in (None, head.people):
            return Reason.CONFLICT
        people = head.people + self.step
        if self.step > 0 and people > (MOST_PEOPLE if head.capacity is None else head.capacity):
            return Reason.FULL
        if people < 0:
            return Reason.EMPTY
        return Reason.OVER if head.date + OVER_AFTER < self.at else None
