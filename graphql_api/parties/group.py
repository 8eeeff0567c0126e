"""What a group of changes comes to, one after another, on one head. Pure: no reads, no writes."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from graphql_api.parties.change import (
    NOBODY_KNOWN,
    Applied,
    KeyReused,
    NotFound,
    Outcome,
    Reason,
    Refused,
)
from graphql_api.store.rows import Attendance, OperationRow, PartyHead

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from graphql_api.parties.change import Change


@dataclass(frozen=True)
class Judgement:
    """What to propose, and the answers that hold once it was applied.

    Args:
        after: the head that is to stand in the place of the one that was judged on.
        rows: what is to be recorded of which change; none where there is nothing to propose.
        outcomes: of each change, in order.
        attendances: what is to become of which person's row.
        unsure: people who would be refused for some reason or other, and of whom it is not known
            whether they have joined, which would be a better one.
    """

    after: PartyHead | None
    rows: list[tuple[Change, OperationRow]]
    outcomes: list[Outcome]
    attendances: list[Attendance] = field(default_factory=list)
    unsure: list[str] = field(default_factory=list)


def judge(
    head: PartyHead | None,
    changes: Iterable[tuple[Change, bool]],
    joined: Mapping[str, bool] = NOBODY_KNOWN,
) -> Judgement:
    """Judge changes in order, each on the head that those before it leave.

    Args:
        changes: each with whether a refusal of it is to be recorded: it is where its client may
            send it again, or where an earlier proposal of it may yet be applied.
        joined: whether people have joined, as far as that is known. A group has each of them once.
    """
    rows: list[tuple[Change, OperationRow]] = []
    outcomes: list[Outcome] = []
    attendances: list[Attendance] = []
    unsure: list[str] = []
    for change, records_refusal in changes:
        person = change.attendee
        decision = change.decide(head, joined)
        if isinstance(decision, PartyHead):
            after = _next(head, decision)
            delta = 0 if head is None else after.people - head.people
            rows.append((change, _row(change, after, delta=delta)))
            outcomes.append(Applied(after))
            if person is not None:
                attendances.append(Attendance(person, delta > 0, after.revision))
            head = after
            continue
        if isinstance(decision, Refused) and person is not None and person not in joined:
            unsure.append(person)
        elif isinstance(decision, Refused) and records_refusal:
            rows.append((change, _row(change, decision.party, refusal=decision.reason)))
        outcomes.append(decision)
    return Judgement(head, rows, outcomes, attendances, unsure)


def replay(change: Change, row: OperationRow, head: PartyHead | None) -> Outcome:
    """The first answer to a change, from its operation's row and the party as it is now."""
    if row.digest != change.digest:
        return KeyReused()
    if head is None:
        return NotFound()
    then = head._replace(people=row.after, revision=row.revision)
    return Applied(then) if row.refusal is None else Refused(Reason(row.refusal), then)


def _row(
    change: Change, head: PartyHead, *, delta: int = 0, refusal: Reason | None = None
) -> OperationRow:
    return OperationRow(
        change.key.operation_key, change.digest, delta, head.people, head.revision, refusal
    )


def _next(before: PartyHead | None, after: PartyHead) -> PartyHead:
    """The decision with its revision and the places where copies may still stand."""
    if before is None:
        return after
    if before.standing_place != after.standing_place:
        places = {*before.old_places, before.standing_place} - {after.standing_place}
        after = after._replace(old_places=tuple(sorted(places)))
    return after._replace(revision=before.revision + 1)
