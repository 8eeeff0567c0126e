"""Changing a party, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import a_city, soon

if TYPE_CHECKING:
    from tests.support.api import Api

LISTED = "id city name date timeZone place people capacity revision createdAt"


async def listed(api: Api, city: str) -> list[dict[str, Any]]:
    query = f"query($city: String!) {{ parties(city: $city) {{ nodes {{ {LISTED} }} }} }}"
    data = await api.run(query, city=city)
    nodes: list[dict[str, Any]] = data["parties"]["nodes"]
    return nodes


def as_listed(party: dict[str, Any]) -> dict[str, Any]:
    return {name: party[name] for name in LISTED.split()}


async def a_full_party(api: Api) -> dict[str, Any]:
    return await api.create(
        place="Here", description="Something", people=3, capacity=30, timeZone="Europe/Paris"
    )


@pytest.mark.parametrize(
    ("changes", "expected"),
    [
        ({"name": "Another name"}, {}),
        ({"timeZone": "Asia/Tokyo"}, {}),
        ({"place": "There"}, {}),
        ({"description": "Something else"}, {}),
        ({"capacity": 3}, {}),
        ({"place": None}, {}),
        ({"description": None}, {}),
        ({"capacity": None}, {}),
        ({"place": "", "description": " "}, {"place": None, "description": None}),
        ({"name": " Cafe\u0301 "}, {"name": "Café"}),
    ],
)
async def test_what_is_given_changes_and_the_rest_stays(
    api: Api, changes: dict[str, Any], expected: dict[str, Any]
) -> None:
    party = await a_full_party(api)
    result = await api.mutate("updateParty", partyId=party["id"], **changes)
    now = {**party, **changes, **expected, "revision": 2}
    assert result == {"__typename": "UpdatePartySuccess", "party": now}
    assert await api.party(party["id"]) == now
    assert await listed(api, party["city"]) == [as_listed(now)]


async def test_everything_at_once(api: Api) -> None:
    party = await a_full_party(api)
    changes: dict[str, Any] = {
        "city": a_city(),
        "name": "B",
        "date": soon(50),
        "timeZone": "UTC",
        "place": "P",
        "description": "D",
        "capacity": 4,
    }
    result = await api.mutate("updateParty", partyId=party["id"], expectedRevision=1, **changes)
    now = {**party, **changes, "revision": 2}
    assert result == {"__typename": "UpdatePartySuccess", "party": now}
    assert await api.party(party["id"]) == now
    assert await listed(api, party["city"]) == []
    assert await listed(api, changes["city"]) == [as_listed(now)]


@pytest.mark.parametrize("field", ["city", "name", "date", "timeZone"])
async def test_null_is_invalid_where_a_party_needs_something(api: Api, field: str) -> None:
    party = await a_full_party(api)
    result = await api.mutate("updateParty", partyId=party["id"], **{field: None})
    assert result == {
        "__typename": "InvalidInputError",
        "message": f"{field[0].upper()}{field[1:]} must not be null.",
        "fields": [{"field": field, "message": "must not be null"}],
    }
    assert await api.party(party["id"]) == party


async def test_an_update_of_another_revision_changes_nothing(api: Api) -> None:
    party = await a_full_party(api)
    for expected in (0, 2, -1):
        refused = await api.mutate(
            "updateParty", partyId=party["id"], name="Never", expectedRevision=expected
        )
        assert refused == {
            "__typename": "ConflictError",
            "message": f"The party was changed since: revision 1 now, you saw {expected}. "
            "Nothing was changed.",
            "party": party,
            "expectedPeople": None,
            "expectedRevision": expected,
        }
    assert await api.party(party["id"]) == party


async def test_a_join_makes_an_update_of_the_revision_before_it_a_conflict(api: Api) -> None:
    party = await a_full_party(api)
    joined = await api.mutate("joinParty", partyId=party["id"])
    refused = await api.mutate("updateParty", partyId=party["id"], name="Old", expectedRevision=1)
    assert (refused["__typename"], refused["party"]) == ("ConflictError", joined["party"])
    changed = await api.mutate("updateParty", partyId=party["id"], name="New", expectedRevision=2)
    assert changed["party"] == {**joined["party"], "name": "New", "revision": 3}


async def test_capacity_may_not_fall_below_the_people(api: Api) -> None:
    party = await a_full_party(api)
    refused = await api.mutate("updateParty", partyId=party["id"], capacity=2, name="Never")
    assert refused == {
        "__typename": "InvalidInputError",
        "message": "Capacity must not be below the 3 people who come already.",
        "fields": [
            {
                "field": "capacity",
                "message": "must not be below the 3 people who come already",
            }
        ],
    }
    assert await api.party(party["id"]) == party
    exact = await api.mutate("updateParty", partyId=party["id"], capacity=3)
    assert exact["party"] == {**party, "capacity": 3, "revision": 2}


async def test_moves_to_another_city_and_date_and_back_leave_one_copy(api: Api) -> None:
    party = await api.create(people=1)
    home, away = party["city"], a_city()
    moves = [
        {"city": away},
        {"date": soon(20)},
        {"city": home, "date": party["date"]},
        {"date": soon(700)},
        {"city": away, "date": party["date"]},
        {"city": home},
    ]
    now = party
    for number, move in enumerate(moves):
        result = await api.mutate("updateParty", partyId=party["id"], **move)
        now = {**now, **move, "revision": 2 + number}
        assert result["party"] == now
        other = away if now["city"] == home else home
        assert await listed(api, now["city"]) == [as_listed(now)]
        assert await listed(api, other) == []


async def test_a_city_written_otherwise_stays_in_its_place(api: Api) -> None:
    party = await api.create()
    result = await api.mutate("updateParty", partyId=party["id"], city=party["city"].upper())
    now = {**party, "city": party["city"].upper(), "revision": 2}
    assert result["party"] == now
    assert await listed(api, party["city"]) == [as_listed(now)]


async def test_a_deleted_or_unknown_party_is_not_found(api: Api) -> None:
    party = await api.create()
    await api.mutate("deleteParty", partyId=party["id"])
    for party_id in (party["id"], "", "nonsense", party["id"][:-1]):
        refused = await api.mutate("updateParty", partyId=party_id, name="Never")
        assert refused == {
            "__typename": "PartyNotFoundError",
            "message": "There is no party with this id, or no longer.",
            "partyId": party_id,
        }
