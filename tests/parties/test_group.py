"""Judging a group is judging its changes one by one: pure, for random changes and heads."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_api import clock
from graphql_api.parties.attendance import Attend
from graphql_api.parties.change import Applied, KeyReused, NotFound, Outcome, Reason, Refused
from graphql_api.parties.group import Judgement, judge, replay
from graphql_api.parties.hosting import Delete, Update
from graphql_api.parties.operation import IdempotencyKey
from graphql_api.store.rows import OperationRow, PartyHead, Place
from tests.support.some_parties import a_creation, a_key, join

if TYPE_CHECKING:
    from graphql_api.parties.change import Change

CREATION = a_creation()
PARTY_ID = CREATION.party_id
_first = CREATION.decide(None)
assert isinstance(_first, PartyHead)
HEAD = _first

# No deadline: the machine may be busy with other things.
some = settings(max_examples=60, deadline=None)
cities = st.sampled_from(["Lisbon", "Porto", "lisbon"])
counts = st.integers(0, 4)


@st.composite
def heads(draw: st.DrawFn) -> PartyHead:
    """A party with few people, so that every border is near."""
    people = draw(counts)
    return HEAD._replace(
        people=people,
        capacity=draw(st.none() | st.integers(people, 5)),
        revision=draw(st.integers(1, 9)),
        closed=draw(st.sampled_from([False, False, False, True])),
        date=draw(st.sampled_from([HEAD.date, HEAD.date - timedelta(days=9)])),
    )


def a_change(number: int, draw: st.DrawFn) -> Change:
    """Some change, under the key of this number."""
    key = IdempotencyKey("", str(number), is_drawn=draw(st.booleans()))
    kind = draw(st.sampled_from(["attend"] * 6 + ["update", "delete"]))
    if kind == "attend":
        expected = draw(st.none() | counts)
        return Attend(PARTY_ID, key, draw(st.sampled_from([1, -1])), expected)
    if kind == "update":
        changes = draw(
            st.fixed_dictionaries({}, optional={"city": cities, "capacity": st.none() | counts})
        )
        return Update(PARTY_ID, key, changes, draw(st.none() | st.integers(1, 12)))
    return Delete(PARTY_ID, key)


@st.composite
def groups(draw: st.DrawFn) -> list[tuple[Change, bool]]:
    """Changes, each with whether its refusal is recorded."""
    return [(a_change(n, draw), draw(st.booleans())) for n in range(draw(st.integers(0, 12)))]


@some
@given(heads(), groups())
def test_a_group_is_judged_as_its_changes_one_by_one(
    head: PartyHead, group: list[tuple[Change, bool]]
) -> None:
    now: PartyHead | None = head
    rows: list[tuple[Change, OperationRow]] = []
    outcomes: list[Outcome] = []
    for each in group:
        alone = judge(now, [each])
        now = alone.after
        rows += alone.rows
        outcomes += alone.outcomes
    assert judge(head, group) == Judgement(now, rows, outcomes)


@some
@given(heads(), groups())
def test_a_group_leads_from_head_to_head_without_a_gap(
    head: PartyHead, group: list[tuple[Change, bool]]
) -> None:
    judgement = judge(head, group)
    people, revision = head.people, head.revision
    for _, row in judgement.rows:
        if row.refusal is None:
            people, revision = people + row.delta, revision + 1
        else:
            assert row.delta == 0
        assert (row.after, row.revision) == (people, revision)
    assert judgement.after is not None
    assert (judgement.after.people, judgement.after.revision) == (people, revision)
    assert 0 <= people <= (judgement.after.capacity or 1_000_000)


@some
@given(heads(), groups())
def test_what_is_recorded_replays_to_the_outcome(
    head: PartyHead, group: list[tuple[Change, bool]]
) -> None:
    judgement = judge(head, group)
    rows = {change.key.operation_key: row for change, row in judgement.rows}
    for (change, records_refusal), outcome in zip(group, judgement.outcomes, strict=True):
        row = rows.get(change.key.operation_key)
        if row is None:
            assert isinstance(outcome, NotFound) or not records_refusal
            continue
        assert isinstance(outcome, (Applied, Refused))
        again = replay(change, row, judgement.after)
        assert type(again) is type(outcome)
        assert isinstance(again, (Applied, Refused))
        assert (again.party.people, again.party.revision) == (row.after, row.revision)


@some
@given(heads(), groups())
def test_a_place_that_was_left_is_remembered(
    head: PartyHead, group: list[tuple[Change, bool]]
) -> None:
    stood, now = {head.standing_place}, head
    for change, records in group:
        after = judge(now, [(change, records)]).after
        assert after is not None
        now = after
        stood.add(now.standing_place)
    assert set(now.old_places) == stood - {now.standing_place}


def test_a_party_that_moves_back_leaves_no_copy_to_delete_where_it_stands() -> None:
    lisbon, porto = HEAD._replace(city="Lisbon", city_key="lisbon"), {"city": "Porto"}
    moved = judge(lisbon, [(Update(PARTY_ID, a_key(), porto), True)]).after
    assert moved is not None
    assert moved.old_places == (Place("lisbon", HEAD.date),)
    back = judge(moved, [(Update(PARTY_ID, a_key(), {"city": "Lisbon"}), True)]).after
    assert back is not None
    assert back.old_places == (Place("porto", HEAD.date),)


def test_a_key_of_another_change_is_not_replayed() -> None:
    key = a_key()
    (_, row), *_ = judge(HEAD, [(join(PARTY_ID, key), True)]).rows
    assert replay(join(PARTY_ID, key, expected=1), row, HEAD) == KeyReused()


def test_a_join_at_a_party_that_began_two_days_ago_is_refused() -> None:
    over = HEAD._replace(date=clock.now() - timedelta(days=2))
    assert judge(over, [(join(PARTY_ID), False)]).outcomes == [Refused(Reason.OVER, over)]
