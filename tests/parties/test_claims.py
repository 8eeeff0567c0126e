"""A client's key is for one party, whoever asks first."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from tests.support.api import a_city, soon

if TYPE_CHECKING:
    from tests.support.api import Api


async def test_a_key_that_joined_one_party_joins_no_other(api: Api) -> None:
    one, other = await api.create(), await api.create()
    assert (await api.mutate("joinParty", partyId=one["id"], idempotencyKey="mine"))[
        "__typename"
    ] == "JoinPartySuccess"
    refused = await api.mutate("joinParty", partyId=other["id"], idempotencyKey="mine")
    assert refused["__typename"] == "IdempotencyKeyReusedError"
    assert await api.party(other["id"]) == other
    again = await api.mutate("joinParty", partyId=one["id"], idempotencyKey="mine")
    assert again["party"]["people"] == 1


async def test_a_key_that_created_a_party_joins_no_other(api: Api) -> None:
    other = await api.create()
    await api.create(idempotencyKey="first of all")
    refused = await api.mutate("joinParty", partyId=other["id"], idempotencyKey="first of all")
    assert refused["__typename"] == "IdempotencyKeyReusedError"
    assert await api.party(other["id"]) == other


async def test_a_key_that_joined_a_party_creates_none(api: Api) -> None:
    city, party = a_city(), await api.create()
    await api.mutate("joinParty", partyId=party["id"], idempotencyKey="join then create")
    refused = await api.mutate(
        "createParty", city=city, name="x", date=soon(), idempotencyKey="join then create"
    )
    assert refused["__typename"] == "IdempotencyKeyReusedError"
    data = await api.run("query($c: String!) { parties(city: $c) { nodes { id } } }", c=city)
    assert data["parties"]["nodes"] == []


async def test_of_two_parties_at_once_a_key_joins_one_at_most(api: Api) -> None:
    for number in range(20):
        parties = [await api.create(), await api.create()]
        outcomes = await asyncio.gather(
            *(
                api.mutate("joinParty", partyId=party["id"], idempotencyKey=f"race {number}")
                for party in parties
            )
        )
        counts = [(await api.party(party["id"]) or {})["people"] for party in parties]
        joined = [each["__typename"] == "JoinPartySuccess" for each in outcomes]
        assert counts == [int(each) for each in joined]
        assert sum(counts) <= 1
