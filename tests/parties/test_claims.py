"""A client's key is for one party, whoever asks first."""

from __future__ import annotations

from typing import TYPE_CHECKING

from graphql_api.errors import DatabaseUnavailableError
from tests.support.api import a_city, soon

if TYPE_CHECKING:
    import pytest

    from graphql_api.app import Parts
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


async def test_a_refused_change_claims_its_key_too(api: Api) -> None:
    full, other = await api.create(people=1, capacity=1), await api.create()
    refused = await api.mutate("joinParty", partyId=full["id"], idempotencyKey="no room")
    assert refused["__typename"] == "PartyFullError"
    reused = await api.mutate("joinParty", partyId=other["id"], idempotencyKey="no room")
    assert reused["__typename"] == "IdempotencyKeyReusedError"
    assert await api.mutate("joinParty", partyId=full["id"], idempotencyKey="no room") == refused
    assert await api.party(other["id"]) == other


async def test_a_claim_that_fails_does_not_hide_the_outcome(
    api: Api, parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    async def away(*_: object) -> None:
        raise DatabaseUnavailableError

    monkeypatch.setattr(parts.store, "claim_key", away)
    party = await api.create()
    joined = await api.mutate("joinParty", partyId=party["id"], idempotencyKey="unclaimed")
    assert joined["party"]["people"] == 1
