"""Deleting a party, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

from tests.support.api import a_city

if TYPE_CHECKING:
    from tests.support.api import Api


async def test_a_deleted_party_is_gone_from_everywhere(api: Api) -> None:
    city = a_city()
    party, neighbour = await api.create(city=city), await api.create(city=city)
    result = await api.mutate("deleteParty", partyId=party["id"])
    assert result == {"__typename": "DeletePartySuccess", "deletedPartyId": party["id"]}
    data = await api.run(
        """query($id: ID!, $city: String!) {
          party(id: $id) { id } node(id: $id) { id } nodes(ids: [$id]) { id }
          parties(city: $city) { nodes { id } }
        }""",
        id=party["id"],
        city=city,
    )
    assert data == {
        "party": None,
        "node": None,
        "nodes": [None],
        "parties": {"nodes": [{"id": neighbour["id"]}]},
    }


async def test_a_party_that_moved_is_deleted_from_its_new_place_too(api: Api) -> None:
    party = await api.create()
    away = a_city()
    await api.mutate("updateParty", partyId=party["id"], city=away)
    await api.mutate("deleteParty", partyId=party["id"])
    data = await api.run(
        "query($names: [String!]!) { cities(names: $names) { parties { nodes { id } } } }",
        names=[party["city"], away],
    )
    assert data["cities"] == [{"parties": {"nodes": []}}, {"parties": {"nodes": []}}]


async def test_there_is_nothing_to_delete_twice(api: Api) -> None:
    party = await api.create()
    await api.mutate("deleteParty", partyId=party["id"])
    for party_id in (party["id"], "", "nonsense", party["id"].lower()):
        refused = await api.mutate("deleteParty", partyId=party_id)
        assert refused == {
            "__typename": "PartyNotFoundError",
            "message": "There is no party with this id, or no longer.",
            "partyId": party_id,
        }


async def test_an_unusable_key_is_refused_and_nothing_deleted(api: Api) -> None:
    party = await api.create()
    refused = await api.mutate("deleteParty", partyId=party["id"], idempotencyKey="k" * 129)
    assert refused == {
        "__typename": "InvalidInputError",
        "message": "IdempotencyKey must have 1 to 128 characters.",
        "fields": [{"field": "idempotencyKey", "message": "must have 1 to 128 characters"}],
    }
    assert await api.party(party["id"]) == party
