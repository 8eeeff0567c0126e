"""Who is signed in joins a party once, through whichever server."""

from __future__ import annotations

import asyncio
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.app import open_parts
from graphql_api.schema import ids
from tests.support.provider import Provider, a_provider, signed_in
from tests.support.recorder import recording
from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

JOINED = "query($id: ID!) { party(id: $id) { people viewerHasJoined } }"
LISTED = "query($city: String!) { parties(city: $city) { nodes { viewerHasJoined } } }"


@pytest.fixture(scope="module")
async def provider() -> AsyncIterator[Provider]:
    async with a_provider() as opened:
        yield opened


@pytest.fixture(scope="module")
async def signed(parts: Parts, settings: Settings, provider: Provider) -> AsyncIterator[Api]:
    """A server where people sign in."""
    async with serving_app(parts, settings, **provider.settings) as api:
        yield api


@pytest.fixture(scope="module")
async def other(settings: Settings, provider: Provider) -> AsyncIterator[Api]:
    """Another, with a connection to the database and lanes of its own."""
    async with (
        open_parts(settings) as parts,
        serving_app(parts, settings, **provider.settings) as api,
    ):
        yield api


async def attendees(parts: Parts, party_id: str) -> set[str]:
    """Whose rows stand in a party's partition."""
    query = "SELECT key FROM party WHERE party_id = %s AND kind = 2"
    key = ids.decode_party(party_id)
    driver = parts.store._session._driver
    rows = await asyncio.to_thread(driver.execute, query, (key,), execution_profile="plain")
    return {row[0] for row in rows}


async def test_a_person_joins_once_and_leaves_once(
    signed: Api, provider: Provider, parts: Parts
) -> None:
    ann, bob = (signed_in(signed, provider, person) for person in ("ann", "bob"))
    party = await ann.create(people=2)
    wanted = {"partyId": party["id"]}
    assert await bob.mutate("leaveParty", **wanted) == {
        "__typename": "NotJoinedError",
        "message": "You have not joined this party. Nothing was changed.",
        "party": party,
    }
    joined = await ann.mutate("joinParty", **wanted)
    assert joined["party"]["people"] == 3
    assert await ann.mutate("joinParty", **wanted) == {
        "__typename": "AlreadyJoinedError",
        "message": "You have joined this party already. Nothing was changed.",
        "party": joined["party"],
    }
    for api, has_joined in ((ann, True), (bob, False), (signed, False)):
        found = await api.run(JOINED, id=party["id"])
        assert found == {"party": {"people": 3, "viewerHasJoined": has_joined}}
        listed = await api.run(LISTED, city=party["city"])
        assert listed == {"parties": {"nodes": [{"viewerHasJoined": has_joined}]}}
    assert await attendees(parts, party["id"]) == {"ann"}
    left = await ann.mutate("leaveParty", **wanted)
    assert left["party"]["people"] == 2
    assert (await ann.run(JOINED, id=party["id"]))["party"]["viewerHasJoined"] is False
    assert await attendees(parts, party["id"]) == set()


async def test_an_answer_tells_what_its_own_change_did(signed: Api, provider: Provider) -> None:
    ann = signed_in(signed, provider, "ann")
    party = await ann.create()
    query = """mutation($id: ID!) {
      joining: joinParty(input: {partyId: $id}) {
        ... on JoinPartySuccess { party { people viewerHasJoined } }
      }
      leaving: leaveParty(input: {partyId: $id}) {
        ... on LeavePartySuccess { party { people viewerHasJoined } }
      }
    }"""
    assert await ann.run(query, id=party["id"]) == {
        "joining": {"party": {"people": 1, "viewerHasJoined": True}},
        "leaving": {"party": {"people": 0, "viewerHasJoined": False}},
    }


async def test_a_join_is_one_batch_and_a_look_one_read(
    signed: Api, provider: Provider, parts: Parts
) -> None:
    ann = signed_in(signed, provider, "ann")
    party = await ann.create()
    with recording(parts) as recorder:
        await ann.mutate("joinParty", partyId=party["id"])
    batches = [name for name in recorder.sent if "+" in name]
    assert batches == ["count_people+insert_operation+insert_attendee"]
    assert "read_attendee" not in recorder.counts
    with recording(parts) as recorder:
        fields = "party(id: $id) { viewerHasJoined }"
        await ann.run(f"query($id: ID!) {{ a: {fields} b: {fields} }}", id=party["id"])
    assert recorder.counts == {"read_head": 1, "read_attendee": 1}


async def test_a_hundred_people_press_twice_for_ten_places(
    signed: Api, other: Api, provider: Provider, parts: Parts
) -> None:
    host = signed_in(signed, provider, "host")
    party = await host.create(capacity=10)
    people = [f"person {number}" for number in range(100)]

    async def press(api: Api, person: str) -> tuple[str, str]:
        result = await signed_in(api, provider, person).mutate("joinParty", partyId=party["id"])
        return person, result["__typename"]

    presses = [press(api, person) for person in people for api in (signed, other)]
    told = await asyncio.gather(*presses)
    winners = {person for person, kind in told if kind == "JoinPartySuccess"}
    assert Counter(kind for _, kind in told) == {
        "JoinPartySuccess": 10,
        "AlreadyJoinedError": 10,
        "PartyFullError": 180,
    }
    assert len(winners) == 10
    assert {person for person, kind in told if kind == "AlreadyJoinedError"} == winners
    assert await attendees(parts, party["id"]) == winners
    found: Any = await host.party(party["id"])
    assert (found["people"], found["revision"]) == (10, 11)
