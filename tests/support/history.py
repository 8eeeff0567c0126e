"""Proof that a party's history is right: what clients were told against what Cassandra holds.

Every change that was applied has a place of its own, its `op_rev`, so the order of a linearization
is known and need not be searched for. It is left to show, in linear time once sorted, that this
order is a correct run of a counter and that it respects real time: whatever was answered before
another change was sent stands before it. (Herlihy and Wing, "Linearizability", 1990.)
"""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    from graphql_api.store.rows import OperationRow, PartyHead

APPLIED, NOTHING = "applied", "nothing"


@dataclass(frozen=True)
class Told:
    """One change, from its first sending to the answer that settled it.

    Args:
        operation_key: what its row is stored under; None where the server drew a key.
        told: APPLIED, the reason of a refusal, or NOTHING where an error said that nothing was
            changed, and nothing else was ever said.
        people: of the party in the answer.
        revision: of the party in the answer.
        attendee: who asked, where somebody was signed in.
    """

    operation_key: str | None
    step: int
    expected_people: int | None
    sent: float
    answered: float
    told: str
    people: int = 0
    revision: int = 0
    attendee: str | None = None


@dataclass(frozen=True)
class Unsettled:
    """A change whose answer was lost with the server that had drawn its key."""

    step: int
    sent: float
    attendee: str | None = None


@dataclass
class Ledger:
    """A party in Cassandra, at the end, with all its operations."""

    head: PartyHead
    operations: Mapping[str, OperationRow]
    people_at: dict[int, int] = field(init=False)  # by revision
    applied: dict[int, OperationRow] = field(init=False)  # by revision

    def __post_init__(self) -> None:
        """Prove that operations lead from the creation to the head without a gap."""
        rows = sorted(
            (row for row in self.operations.values() if row.refusal is None),
            key=lambda row: row.revision,
        )
        assert [row.revision for row in rows] == list(range(1, self.head.revision + 1)), (
            f"op_rev must run from 1 to {self.head.revision} without gap or double: "
            f"{[row.revision for row in rows]}"
        )
        self.applied = {row.revision: row for row in rows}
        self.people_at = {1: rows[0].after}
        for row in rows[1:]:
            people = self.people_at[row.revision - 1] + row.delta
            assert row.after == people, f"{row} does not follow {row.after - row.delta} people"
            self.people_at[row.revision] = people
        assert self.head.people == self.people_at[self.head.revision]
        for row in self.operations.values():
            if row.refusal is not None:
                assert row.delta == 0, f"a refusal with a delta: {row}"
                assert row.after == self.people_at[row.revision], f"refused on no state: {row}"


def prove(told: Sequence[Told], ledger: Ledger, unsettled: Sequence[Unsettled] = ()) -> None:
    """Prove that answers and ledger are one linearizable history of a counter.

    Raises:
        AssertionError: they are not; the message says where.
    """
    claimed = _claimed(told, ledger)
    for one in told:
        _prove_place(one, ledger)
    lost = [row for place, row in ledger.applied.items() if place not in claimed and row.delta]
    for step in (1, -1):
        unclaimed = sum(row.delta == step for row in lost)
        possible = sum(one.step == step for one in unsettled)
        assert unclaimed <= possible, f"{unclaimed} of {step:+} stand there that nobody was told of"
    deltas = sum(one.step for one in told if one.told == APPLIED)
    start = ledger.people_at[1]
    assert ledger.head.people == start + deltas + sum(row.delta for row in lost)
    _prove_order(told)


def _claimed(told: Iterable[Told], ledger: Ledger) -> dict[int, Told]:
    """By revision, the change that was told it."""
    claimed: dict[int, Told] = {}
    for one in told:
        if one.told == APPLIED:
            other = claimed.setdefault(one.revision, one)
            assert other is one, f"two were told the same revision: {one} {other}"
            assert one.revision in ledger.applied, f"told, but it is not there: {one}"
    return claimed


def _prove_place(one: Told, ledger: Ledger) -> None:
    """The answer is what the counter says at that place, and the row says the same."""
    row = None if one.operation_key is None else ledger.operations.get(one.operation_key)
    if one.told == NOTHING:
        assert row is None, f"nothing was changed, it was told: {one} {row}"
        return
    if one.told == APPLIED:
        row = row if one.operation_key is not None else ledger.applied[one.revision]
        assert row is not None, f"applied without a row: {one}"
        stands = (row.refusal, row.delta, row.after, row.revision)
        assert stands == (None, one.step, one.people, one.revision), f"{one} against {row}"
        before = ledger.people_at[one.revision - 1]
        assert one.expected_people in (None, before), f"{one} on {before} people"
        return
    assert ledger.people_at.get(one.revision) == one.people, f"refused on no state: {one}"
    if one.operation_key is not None:
        assert row is not None, f"a refusal that is not recorded: {one}"
        stands = (row.refusal, row.delta, row.after, row.revision)
        assert stands == (one.told, 0, one.people, one.revision), f"{one} against {row}"
    _prove_reason(one, ledger.head.capacity)


def _prove_reason(one: Told, capacity: int | None) -> None:
    conflicts = one.expected_people not in (None, one.people)
    reasons = {
        "conflict": conflicts,
        "full": not conflicts and one.step > 0 and one.people == capacity,
        "empty": not conflicts and one.step < 0 and one.people == 0,
        "already_joined": one.attendee is not None and one.step > 0,  # the rest: attendees.py
        "not_joined": one.attendee is not None and one.step < 0,
    }
    assert reasons[one.told], f"refused without a reason: {one}, capacity {capacity}"


def _prove_order(told: Iterable[Told]) -> None:
    """Nothing stands behind a change that was sent only after its answer.

    Refusals stand behind the change whose head they were judged on; among themselves, on the same
    head, any order is right.
    """
    latest_sent = -math.inf
    places: dict[tuple[int, bool], list[Told]] = {}
    for one in told:
        if one.told != NOTHING:
            places.setdefault((one.revision, one.told != APPLIED), []).append(one)
    for place in sorted(places):
        for one in places[place]:
            assert one.answered >= latest_sent, (
                f"answered before another was sent that stands before it: {one}"
            )
        latest_sent = max(latest_sent, *(one.sent for one in places[place]))
