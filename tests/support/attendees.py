"""Proof that a party's attendees are right, beside its count: what people were told against rows.

`history.prove` has shown that every applied change has a revision of its own. In that order each
person must join and leave by turns, be refused for having joined only between a join and a leave,
and stand in the party's partition at the end only after a join.
"""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

from tests.support.history import APPLIED

if TYPE_CHECKING:
    from collections.abc import Collection, Sequence

    from tests.support.history import Ledger, Told, Unsettled


def prove_attendance(
    told: Sequence[Told],
    ledger: Ledger,
    attendees: Collection[str],
    unsettled: Sequence[Unsettled] = (),
) -> None:
    """Prove that answers and attendees' rows agree, and the rows with the count.

    People with a change whose outcome nobody was ever told are left out.

    Raises:
        AssertionError: they do not; the message says where.
    """
    unknown = {one.attendee for one in unsettled}
    by_person: dict[str, list[Told]] = defaultdict(list)
    for one in told:
        if one.attendee is not None and one.attendee not in unknown:
            by_person[one.attendee].append(one)
    for person, theirs in by_person.items():
        assert _has_joined(theirs) == (person in attendees), (person, theirs)
    if unknown <= {None}:
        applied = [one for one in told if one.told == APPLIED]
        anonymous = sum(one.step for one in applied if one.attendee is None)
        claimed = {1, *(one.revision for one in applied)}
        lost = sum(row.delta for at, row in ledger.applied.items() if at not in claimed)
        assert ledger.head.people == ledger.people_at[1] + anonymous + lost + len(attendees)


def _has_joined(theirs: Sequence[Told]) -> bool:
    """Whether a person has joined in the end; refusals stand behind their revision's change."""
    has_joined = False
    for one in sorted(theirs, key=lambda one: (one.revision, one.told != APPLIED)):
        if one.told == APPLIED:
            assert has_joined is (one.step < 0), f"twice: {one}"
            has_joined = one.step > 0
        elif one.told == "already_joined":
            assert has_joined, one
        elif one.told == "not_joined":
            assert not has_joined, one
        elif one.told in ("conflict", "full", "empty"):
            assert has_joined is (one.step < 0), f"there was a better reason: {one}"
    return has_joined
