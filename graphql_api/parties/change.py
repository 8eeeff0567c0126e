"""A change of one party and how it can end. Pure: nothing here reads or writes."""

from __future__ import annotations

from dataclasses import dataclass
from enum import StrEnum
from typing import TYPE_CHECKING, Protocol

from graphql_api.store.rows import OperationRow, PartyHead, Standing

if TYPE_CHECKING:
    from uuid import UUID

    from graphql_api.parties.operation import IdempotencyKey


class Reason(StrEnum):
    """Why a change was refused; stored in the operation's row, so a value keeps its meaning."""

    CONFLICT = "conflict"
    FULL = "full"
    EMPTY = "empty"
    OVER = "over"
    BELOW_PEOPLE = "below_people"


@dataclass(frozen=True)
class Applied:
    """The change was made, now or when its key was first sent: the party as it was just after."""

    party: PartyHead


@dataclass(frozen=True)
class Refused:
    """Nothing was changed: the party as it was when it was refused."""

    reason: Reason
    party: PartyHead


@dataclass(frozen=True)
class NotFound:
    """There is no such party, or no longer."""


@dataclass(frozen=True)
class KeyReused:
    """The key was used for another change. Nothing was changed."""


@dataclass(frozen=True)
class OutOfTime:
    """What was asked for is only possible at another time. Nothing was changed or recorded."""


Outcome = Applied | Refused | NotFound | KeyReused | OutOfTime


class Change(Protocol):
    """What one operation would do to a party."""

    @property
    def party_id(self) -> UUID:
        """Which party."""

    @property
    def key(self) -> IdempotencyKey:
        """Under which key."""

    @property
    def digest(self) -> bytes:
        """What it asks for."""

    def decide(self, head: PartyHead | None) -> PartyHead | Outcome:
        """The head that should stand in place of `head`, or how the change ends without one.

        The head's revision and old places are seen to by `judge`.
        """


@dataclass(frozen=True)
class Proposal:
    """What a change wants to put in the place of the head that it was judged on."""

    before: PartyHead | None
    after: PartyHead
    operation: OperationRow


def judge(change: Change, standing: Standing) -> Proposal | Outcome:
    """What a change comes to, seen from a party and the change's own operation row."""
    if standing.operation is not None:
        return _recorded(change, standing.operation, standing.head)
    before = standing.head
    decision = change.decide(before)
    if not isinstance(decision, PartyHead):
        return decision
    after = _next_revision(before, decision)
    delta = after.people - before.people if before is not None else 0
    return Proposal(before, after, operation_row(change, after, delta))


def operation_row(
    change: Change, head: PartyHead, delta: int = 0, refusal: Reason | None = None
) -> OperationRow:
    """The row that records how a change ended."""
    return OperationRow(
        change.key.operation_key, change.digest, delta, head.people, head.revision, refusal
    )


def _recorded(change: Change, row: OperationRow, head: PartyHead | None) -> Outcome:
    if row.digest != change.digest:
        return KeyReused()
    if head is None:
        return NotFound()
    then = head._replace(people=row.after, revision=row.revision)
    return Applied(then) if row.refusal is None else Refused(Reason(row.refusal), then)


def _next_revision(before: PartyHead | None, after: PartyHead) -> PartyHead:
    if before is None:
        return after
    places = set(before.old_places)
    if before.standing_place != after.standing_place:
        places.add(before.standing_place)
    places.discard(after.standing_place)
    return after._replace(revision=before.revision + 1, old_places=tuple(sorted(places)))
