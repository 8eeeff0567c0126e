"""A repair leaves every page as if no server had ever died between a change and its copy."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING
from uuid import UUID, uuid4

import pytest

from graphql_api import clock
from graphql_api.caller import ANYBODY
from graphql_api.parties import hosting
from graphql_api.parties.city import city_key
from graphql_api.parties.repair import Progress, Repair
from graphql_api.store.rows import Agenda, Attendance, PartyHead, Role, Slice

if TYPE_CHECKING:
    from datetime import datetime

    from graphql_api.app import Parts

FAST = 1_000_000
NO_ID = UUID(int=0)


async def a_party(parts: Parts, city: str) -> PartyHead:
    date = clock.now() + timedelta(days=20)
    change = hosting.create(ANYBODY, None, hosting.NewParty(city, "A party", date), clock.now())
    assert isinstance(change, hosting.Create)
    await parts.committer.commit(change)
    head = await parts.store.read_head(change.party_id)
    assert head is not None
    return head


async def changed_by_a_server_that_died(parts: Parts, head: PartyHead, after: PartyHead) -> None:
    """The transaction without the copy that follows it."""
    after = after._replace(revision=head.revision + 1)
    decision = await parts.store.propose(head, after, [], timeout=5)
    assert decision.applied


async def page(parts: Parts, head: PartyHead) -> list[tuple[UUID, int, int]]:
    """What the page of a party's city and year shows: ids, people and revisions."""
    bounds = (clock.EPOCH, NO_ID), (clock.now() + timedelta(days=2000), NO_ID)
    year = Slice(head.city_key, head.date.year, *bounds, limit=100, descending=False)
    return [(row.party_id, row.people, row.revision) for row in await parts.store.read_slice(year)]


async def repair(parts: Parts, progress: Progress | None = None) -> Progress:
    done = progress or Progress()
    async for step in Repair(parts.store, parts.copies, FAST).run(done):
        done = step
    return done


async def test_a_copy_that_is_behind_is_written_anew(parts: Parts) -> None:
    head = await a_party(parts, "Behind")
    await changed_by_a_server_that_died(parts, head, head._replace(people=5))
    assert await page(parts, head) == [(head.party_id, 0, 1)]
    await repair(parts)
    assert await page(parts, head) == [(head.party_id, 5, 2)]


async def test_a_party_that_moved_stands_in_its_new_place_alone(parts: Parts) -> None:
    head = await a_party(parts, "Before the move")
    moved = head._replace(
        city="After the move",
        city_key=city_key("After the move"),
        old_places=(head.standing_place,),
    )
    await changed_by_a_server_that_died(parts, head, moved)
    await repair(parts)
    assert await page(parts, head) == []
    assert await page(parts, moved) == [(head.party_id, 0, 2)]
    found = await parts.store.search_cities("after the m", 10)
    assert [row.city for row in found] == ["After the move"]


async def test_a_closed_party_and_one_that_never_was_are_shown_no_longer(parts: Parts) -> None:
    head = await a_party(parts, "Orphanage")
    await changed_by_a_server_that_died(parts, head, head._replace(closed=True))
    stranger = head._replace(party_id=uuid4())
    await parts.copies.write(stranger)
    assert len(await page(parts, head)) == 2
    done = await repair(parts)
    assert await page(parts, head) == []
    assert done.orphans == 1  # the closed party's own repair has deleted the other


async def test_a_copy_left_at_a_place_that_the_head_has_forgotten_is_an_orphan(
    parts: Parts,
) -> None:
    head = await a_party(parts, "Forgetful")
    left = head._replace(city_key=city_key("Forgotten"))
    await parts.copies.write(left)
    done = await repair(parts)
    assert await page(parts, left) == []
    assert await page(parts, head) == [(head.party_id, 0, 1)]
    assert done.orphans == 1


async def entries(parts: Parts, agenda: Agenda) -> list[tuple[UUID, datetime]]:
    """What stands in an agenda: ids and dates."""
    bounds = (clock.EPOCH, NO_ID), (clock.now() + timedelta(days=2000), NO_ID)
    found = await parts.store.people.read_entries(agenda, *bounds, 100, descending=False)
    return [(entry.party_id, entry.date) for entry in found]


async def test_agendas_show_who_hosts_and_has_joined(parts: Parts) -> None:
    head = await a_party(parts, "Agendas")
    moved = head._replace(
        date=head.date + timedelta(days=1), people=1, revision=2, old_places=(head.standing_place,)
    )
    joins = [Attendance("ann", joins=True, revision=2)]
    assert (await parts.store.propose(head, moved, [], 5, joins)).applied
    agendas = parts.copies.agendas
    gone = [Attendance("bob", joins=True, revision=1)]
    await agendas.write_attendances(head, [*gone, Attendance("ann", joins=True, revision=1)])
    await agendas.write_host(head._replace(host="cat"))
    done = await repair(parts)
    assert await entries(parts, Agenda("ann", Role.ATTENDEE)) == [(head.party_id, moved.date)]
    assert await entries(parts, Agenda("bob", Role.ATTENDEE)) == []
    assert await entries(parts, Agenda("cat", Role.HOST)) == []
    assert done.orphans == 2  # the old date of who has joined was deleted with the new one written


@pytest.mark.parametrize("steps", [1, 2, 3])
async def test_an_interrupted_repair_is_taken_up_where_it_was(parts: Parts, steps: int) -> None:
    whole = await repair(parts)
    walk = Repair(parts.store, parts.copies, FAST).run(Progress())
    for _ in range(steps):
        progress = await anext(walk)
    await walk.aclose()
    done = await repair(parts, progress)
    assert (done.parties, done.fraction) == (whole.parties, 1.0)
    assert progress.fraction < 1.0
