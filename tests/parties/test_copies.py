"""The copy in a city's page: whatever order copies come in, the newest revision stands, alone."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from itertools import permutations
from typing import TYPE_CHECKING, Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_api.errors import DatabaseUnavailableError
from graphql_api.parties.attendance import Attend
from graphql_api.parties.change import Applied
from graphql_api.parties.copies import Copies
from graphql_api.parties.hosting import Update
from graphql_api.parties.operation import IdempotencyKey
from graphql_api.store.rows import ListedParty, PartyHead, Place
from tests.support.api import a_city
from tests.support.faults import a_committer
from tests.support.parties import a_head, a_party_id, now, post

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.parties.change import Change
    from graphql_api.parties.commit import Committer

COLUMNS = ", ".join(ListedParty._fields).replace("revision", "rev")


async def table(parts: Parts, party_id: Any) -> list[tuple[Any, ...]]:
    """Every row of the party in `party_by_city`, wherever it stands: (city_key, year, *columns)."""
    driver = parts.store._session._driver
    rows = await asyncio.to_thread(
        driver.execute,
        f"SELECT city_key, year, {COLUMNS} FROM party_by_city WHERE party_id = %s ALLOW FILTERING",
        (party_id,),
        execution_profile="plain",
        timeout=20,
    )
    return [tuple(row) for row in rows]


def as_copied(head: PartyHead) -> tuple[Any, ...]:
    """The row that shows a head."""
    columns = (getattr(head, name) for name in ListedParty._fields)
    return head.city_key, head.date.year, *columns


def history(*steps: tuple[str, int] | str) -> list[PartyHead]:
    """A party's heads, one per revision: moves to (city, hours ahead), joins, a deletion.

    `old_places` are as if no delete were ever acknowledged: the most that a copy has to clear.
    """
    root, start = a_city(), now() + timedelta(days=3)
    head = a_head(city=f"{root} a", date=start, place="P", capacity=9)
    heads = [head]
    for step in steps:
        after = head
        if step in ("join", "leave"):
            after = head._replace(people=head.people + (1 if step == "join" else -1))
        elif step == "clear":
            after = head._replace(place=None, capacity=None)
        elif step == "delete":
            after = head._replace(closed=True)
        else:
            assert not isinstance(step, str)
            name = f"{root} {step[0]}"
            date = start + timedelta(hours=step[1])
            after = head._replace(city=name, city_key=name.casefold(), date=date)
        places = {*head.old_places, head.standing_place} - {after.standing_place}
        head = after._replace(revision=head.revision + 1, old_places=tuple(sorted(places)))
        heads.append(head)
    return heads


HISTORIES = {
    "joins and a leave": ("join", "join", "leave"),
    "fewer details": ("join", "clear"),
    "to another city and back": (("b", 0), ("a", 0)),
    "to another date and back": (("a", 5), ("a", 0), "join"),
    "to another year and back": (("a", 9000), ("a", 0)),
    "away, on, and back": (("b", 0), ("b", 7), ("a", 0)),
    "away and deleted": (("b", 0), "join", "delete"),
}


@pytest.mark.parametrize("name", HISTORIES)
async def test_copies_in_every_order_and_twice_end_alike(parts: Parts, name: str) -> None:
    copies = Copies(parts.store)
    template = history(*HISTORIES[name])
    for order in permutations(range(len(template))):
        party_id = a_party_id()
        heads = [head._replace(party_id=party_id) for head in template]
        for index in order:
            await copies.write(heads[index])
        last = heads[-1]
        expected = [] if last.closed else [as_copied(last)]
        assert await table(parts, party_id) == expected, order
        await copies.write(heads[order[0]])
        assert await table(parts, party_id) == expected, order


STEPS = st.one_of(
    st.sampled_from(["join", "clear"]),
    st.tuples(st.sampled_from("ab"), st.sampled_from([0, 5, 9000])),
)


@settings(max_examples=25)
@given(st.lists(STEPS, max_size=6), st.sampled_from([[], ["delete"]]), st.data())
async def test_any_history_in_any_order_ends_with_its_last_revision(
    parts: Parts, steps: list[Any], ending: list[Any], data: st.DataObject
) -> None:
    copies = Copies(parts.store)
    heads = history(*steps, *ending)
    indexes = list(range(len(heads)))
    repeated = data.draw(st.lists(st.sampled_from(indexes), max_size=4), label="again")
    for index in data.draw(st.permutations(indexes + repeated), label="order"):
        await copies.write(heads[index])
    expected = [] if ending else [as_copied(heads[-1])]
    assert await table(parts, heads[0].party_id) == expected


async def commit(parts: Parts, committer: Committer, change: Change) -> PartyHead:
    """The head that a change leaves, as it is kept."""
    outcome = await committer.commit(change)
    assert isinstance(outcome, Applied), outcome
    head = await parts.store.read_head(change.party_id)
    assert head is not None
    return head


def update(head: PartyHead, key: str, **changes: Any) -> Update:
    return Update(head.party_id, IdempotencyKey("", key), changes)


def join(head: PartyHead, key: str = "join") -> Attend:
    return Attend(head.party_id, IdempotencyKey("", key), 1)


async def unavailable(_send: Any) -> Any:
    raise DatabaseUnavailableError


async def test_a_move_remembers_where_it_came_from_until_the_copy_there_is_gone(
    parts: Parts,
) -> None:
    head = await post(parts)
    home, away = head.city, a_city()
    moved = await commit(parts, parts.committer, update(head, "away", city=away))
    assert moved.old_places == (Place(home.casefold(), head.date),)
    back = await commit(parts, parts.committer, update(head, "back", city=home))
    assert back.old_places == (Place(away.casefold(), head.date),)
    joined = await commit(parts, parts.committer, join(head))
    assert joined == head._replace(people=1, revision=4)
    assert await table(parts, head.party_id) == [as_copied(joined)]


async def test_a_copy_that_failed_is_mended_by_the_next_change(parts: Parts) -> None:
    """Its server is gone before the copy: the old place is remembered, and cleared later."""
    head = await post(parts)
    faults = {"write_copy": unavailable, "delete_copy": unavailable}
    dying, _ = a_committer(parts, read_faults=faults)
    moved = await commit(parts, dying, update(head, "away", city=a_city()))
    renamed = await commit(parts, dying, update(head, "name", name="Moved"))
    await dying._copies.close(0)
    assert await table(parts, head.party_id) == [as_copied(head)]
    assert renamed.old_places == moved.old_places == (head.standing_place,)
    joined = await commit(parts, parts.committer, join(head))
    assert joined == renamed._replace(people=1, revision=4, old_places=())
    assert await table(parts, head.party_id) == [as_copied(joined)]


async def test_a_key_sent_again_mends_the_copy_that_its_first_server_left(parts: Parts) -> None:
    head = await post(parts)
    dying, _ = a_committer(parts, read_faults={"write_copy": unavailable})
    joined = await commit(parts, dying, join(head))
    await dying._copies.close(0)
    assert await table(parts, head.party_id) == [as_copied(head)]
    assert await commit(parts, parts.committer, join(head)) == joined
    assert await table(parts, head.party_id) == [as_copied(joined)]
