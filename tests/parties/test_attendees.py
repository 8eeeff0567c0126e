"""A person who is signed in joins once: in a simulation, so that every order is made to happen."""

from __future__ import annotations

import asyncio
from dataclasses import replace
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from graphql_api.parties.change import Applied, Reason, Refused
from graphql_api.parties.hosting import Delete, Update
from graphql_api.store.rows import Agenda, Role
from tests.support.simulated_server import Server
from tests.support.simulation import Faults, simulate
from tests.support.some_parties import a_creation, a_drawn_key, a_key, join, leave

if TYPE_CHECKING:
    from collections.abc import Callable
    from datetime import datetime

    from graphql_api.parties.change import Change, Outcome
    from graphql_api.parties.operation import IdempotencyKey
    from graphql_api.store.rows import PartyHead

KEYS = pytest.mark.parametrize("key", [a_key, a_drawn_key])


async def at_once(server: Server, *changes: Change) -> list[Outcome]:
    """The outcomes of changes that arrive together."""
    return await asyncio.gather(*(server.commit(change) for change in changes))


def reasons(outcomes: list[Outcome]) -> list[Reason | None]:
    """Why each was refused; None for what was applied."""
    found: list[Reason | None] = []
    for outcome in outcomes:
        assert isinstance(outcome, (Applied, Refused))
        found.append(outcome.reason if isinstance(outcome, Refused) else None)
    return found


def standing(server: Server, party: PartyHead) -> tuple[int, set[str]]:
    """How many people come, and who stands there."""
    tables = server.store.tables
    return tables.heads[party.party_id].people, tables.attendees.get(party.party_id, set())


@KEYS
def test_a_person_joins_once_and_leaves_once(key: Callable[[], IdempotencyKey]) -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post(people=3)
        here = party.party_id
        one_by_one = [
            await server.commit(change)
            for change in (
                leave(here, key(), attendee="ann"),
                join(here, key(), attendee="ann"),
                join(here, key(), attendee="ann"),
                join(here, key(), attendee="bob"),
                leave(here, key(), attendee="ann"),
                leave(here, key(), attendee="ann"),
            )
        ]
        assert reasons(one_by_one) == [
            Reason.NOT_JOINED,
            None,
            Reason.ALREADY_JOINED,
            None,
            None,
            Reason.NOT_JOINED,
        ]
        assert standing(server, party) == (4, {"bob"})

    simulate(scenario())


@KEYS
def test_who_presses_twice_at_once_joins_once(key: Callable[[], IdempotencyKey]) -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post()
        people = [f"person {number}" for number in range(30)]
        presses = [join(party.party_id, key(), attendee=who) for who in people for _ in range(2)]
        outcomes = await at_once(server, *presses)
        assert reasons(outcomes) == [None, Reason.ALREADY_JOINED] * 30
        assert standing(server, party) == (30, set(people))
        # The second presses wait for the next group and hold up nobody.
        recorded = [30, 30] if presses[0].key.is_drawn is False else [30]
        assert [len(keys) for keys in server.store.proposals[1:]] == recorded

    simulate(scenario())


def test_who_has_joined_through_another_server_is_found_out() -> None:
    async def scenario() -> None:
        server = Server()
        other = Server(server.store.tables)
        party = await server.post()
        await server.commit(join(party.party_id, attendee="ann"))
        again, bob = await at_once(
            other,
            join(party.party_id, a_drawn_key(), attendee="ann"),
            join(party.party_id, a_drawn_key(), attendee="bob"),
        )
        assert reasons([again, bob]) == [Reason.ALREADY_JOINED, None]
        assert standing(server, party) == (2, {"ann", "bob"})

    simulate(scenario())


@KEYS
def test_to_have_joined_is_the_better_reason(key: Callable[[], IdempotencyKey]) -> None:
    """Of who is not known to a server it is looked up before another reason is told."""

    async def scenario() -> None:
        server = Server()
        party = await server.post(capacity=1)
        here = party.party_id
        await server.commit(join(here, attendee="ann"))
        other = Server(server.store.tables)
        outcomes = await at_once(
            other,
            join(here, key(), attendee="ann"),
            join(here, key(), attendee="bob"),
            join(here, key(), 7, attendee="cat"),
            leave(here, key(), 7, attendee="dan"),
        )
        assert reasons(outcomes) == [
            Reason.ALREADY_JOINED,
            Reason.FULL,
            Reason.CONFLICT,
            Reason.NOT_JOINED,
        ]
        assert standing(server, party) == (1, {"ann"})

    simulate(scenario())


def test_a_repeat_gets_its_first_answer_and_not_that_it_has_joined() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post()
        joining = join(party.party_id, attendee="ann")
        first = await server.commit(joining)
        refused = join(party.party_id, attendee="ann")
        second = await server.commit(refused)
        assert reasons([second]) == [Reason.ALREADY_JOINED]
        await server.commit(leave(party.party_id, attendee="ann"))
        for each in (server, Server(server.store.tables)):
            assert await each.commit(joining) == first
            assert await each.commit(refused) == second
        assert standing(server, party) == (0, set())

    simulate(scenario())


def test_a_lost_answer_is_no_second_join() -> None:
    async def scenario() -> None:
        server = Server(faults=Faults(lost_answers=0.6, never_sent=0.2, late=0.2, reads_fail=0))
        honest = Server(server.store.tables)
        party = await honest.post()
        for number in range(20):
            who = f"person {number}"
            outcomes = await asyncio.gather(
                server.commit(join(party.party_id, a_drawn_key(), attendee=who)),
                return_exceptions=True,
            )
            assert not isinstance(outcomes[0], Refused), "refused by what it did itself"
        await server.store.settle()
        people, attendees = standing(server, party)
        assert people == len(attendees)

    simulate(scenario())


def test_what_is_known_of_people_is_bounded(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("graphql_api.parties.known.MOST_PEOPLE", 5)

    async def scenario() -> None:
        server = Server()
        party = await server.post()
        people = [f"person {number % 40}" for number in range(80)]
        presses = (join(party.party_id, a_drawn_key(), attendee=who) for who in people)
        outcomes = await at_once(server, *presses)
        assert reasons(outcomes).count(None) == 40
        assert standing(server, party) == (40, set(people))

    simulate(scenario())


def test_an_agenda_shows_what_was_joined_and_where_that_stands() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post()
        tables, here = server.store.tables, party.party_id
        first, second = party.date, party.date + timedelta(days=3)
        ann, bob = (Agenda(person, Role.ATTENDEE) for person in ("ann", "bob"))

        def move(date: datetime) -> Update:
            return Update(here, a_key(), {"date": date})

        for change in (
            join(here, attendee="ann"),
            move(second),
            join(here, attendee="bob"),
            move(first),
            leave(here, attendee="ann"),
            move(second),
        ):
            assert isinstance(await server.commit(change), Applied)
            await asyncio.sleep(120)
        assert tables.agenda(ann) == []
        assert tables.agenda(bob) == [(here, second)]
        await server.commit(Delete(here, a_key()))
        await asyncio.sleep(120)
        assert tables.agenda(bob) == []

    simulate(scenario())


def test_a_host_s_agenda_follows_the_party() -> None:
    async def scenario() -> None:
        server = Server()
        creation = replace(a_creation(), host="ann")
        here, date = creation.party_id, creation.party.date
        agenda = Agenda("ann", Role.HOST)
        await server.commit(creation)
        listed = [server.store.tables.agenda(agenda)]
        for change in (
            Update(here, a_key(), {"city": "Porto"}),
            Update(here, a_key(), {"date": date + timedelta(days=1)}),
            Update(here, a_key(), {"city": "Faro", "date": date}),
            Delete(here, a_key()),
        ):
            await server.commit(change)
            await asyncio.sleep(120)
            listed.append(server.store.tables.agenda(agenda))
        later = date + timedelta(days=1)
        assert listed == [[(here, date)], [(here, date)], [(here, later)], [(here, date)], []]

    simulate(scenario())
