"""One key, one change: however often and wherever it is sent."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from tests.support.api import a_city, soon

if TYPE_CHECKING:
    from tests.support.api import Api

REUSED = {
    "__typename": "IdempotencyKeyReusedError",
    "message": "This idempotencyKey was used for another change. Nothing was changed.",
}


def a_key() -> str:
    return str(uuid4())


@pytest.mark.parametrize("field", ["joinParty", "leaveParty"])
async def test_a_repeat_gets_the_first_answer_and_counts_once(api: Api, field: str) -> None:
    party = await api.create(people=5)
    wanted = {"partyId": party["id"], "idempotencyKey": a_key()}
    first = await api.mutate(field, **wanted)
    assert first["__typename"].endswith("Success")
    assert await api.mutate(field, **wanted) == first
    await api.mutate("joinParty", partyId=party["id"])
    await api.mutate("joinParty", partyId=party["id"])
    assert await api.mutate(field, **wanted) == first
    step = 1 if field == "joinParty" else -1
    now = {**party, "people": 5 + step + 2, "revision": 4}
    assert await api.party(party["id"]) == now


async def test_an_update_repeated_gets_the_first_answer(api: Api) -> None:
    party = await api.create()
    wanted = {"partyId": party["id"], "name": "New", "idempotencyKey": a_key()}
    first = await api.mutate("updateParty", **wanted)
    assert first["party"] == {**party, "name": "New", "revision": 2}
    assert await api.mutate("updateParty", **wanted) == first
    assert await api.party(party["id"]) == first["party"]


async def test_a_deletion_repeated_gets_the_first_answer(api: Api) -> None:
    party = await api.create()
    wanted = {"partyId": party["id"], "idempotencyKey": a_key()}
    first = await api.mutate("deleteParty", **wanted)
    assert first == {"__typename": "DeletePartySuccess", "deletedPartyId": party["id"]}
    assert await api.mutate("deleteParty", **wanted) == first


async def test_a_full_party_refused_stays_refused_for_its_key(api: Api) -> None:
    party = await api.create(people=2, capacity=2)
    wanted = {"partyId": party["id"], "idempotencyKey": a_key()}
    first = await api.mutate("joinParty", **wanted)
    assert (first["__typename"], first["party"]) == ("PartyFullError", party)
    left = await api.mutate("leaveParty", partyId=party["id"])
    assert await api.mutate("joinParty", **wanted) == first
    assert await api.party(party["id"]) == left["party"]
    again = await api.mutate("joinParty", **{**wanted, "idempotencyKey": a_key()})
    assert again["party"] == {**party, "people": 2, "revision": 3}


async def test_an_empty_party_refused_stays_refused_for_its_key(api: Api) -> None:
    party = await api.create()
    wanted = {"partyId": party["id"], "idempotencyKey": a_key()}
    first = await api.mutate("leaveParty", **wanted)
    assert (first["__typename"], first["party"]) == ("PartyEmptyError", party)
    joined = await api.mutate("joinParty", partyId=party["id"])
    assert await api.mutate("leaveParty", **wanted) == first
    assert await api.party(party["id"]) == joined["party"]


async def test_a_conflict_stays_a_conflict_when_the_count_comes_back(api: Api) -> None:
    party = await api.create(people=4)
    wanted = {"partyId": party["id"], "expectedPeople": 5, "idempotencyKey": a_key()}
    first = await api.mutate("joinParty", **wanted)
    assert (first["__typename"], first["party"]) == ("ConflictError", party)
    joined = await api.mutate("joinParty", partyId=party["id"])
    assert joined["party"]["people"] == 5
    assert await api.mutate("joinParty", **wanted) == first
    assert await api.party(party["id"]) == joined["party"]


async def test_a_revision_conflict_and_a_low_capacity_stay_refused(api: Api) -> None:
    party = await api.create(people=2, capacity=9)
    conflict = {
        "partyId": party["id"],
        "name": "No",
        "expectedRevision": 2,
        "idempotencyKey": a_key(),
    }
    low = {"partyId": party["id"], "capacity": 1, "idempotencyKey": a_key()}
    first = [await api.mutate("updateParty", **wanted) for wanted in (conflict, low)]
    assert [each["__typename"] for each in first] == ["ConflictError", "InvalidInputError"]
    left = await api.mutate("leaveParty", partyId=party["id"])
    assert left["party"] == {**party, "people": 1, "revision": 2}
    again = [await api.mutate("updateParty", **wanted) for wanted in (conflict, low)]
    assert again == first
    assert await api.party(party["id"]) == left["party"]


@pytest.mark.parametrize(
    ("field", "more"),
    [
        ("leaveParty", {}),
        ("joinParty", {"expectedPeople": 6}),
        ("deleteParty", {}),
        ("updateParty", {"name": "Never"}),
        ("updateParty", {}),
    ],
)
async def test_a_key_used_for_a_join_is_good_for_nothing_else(
    api: Api, field: str, more: dict[str, Any]
) -> None:
    party = await api.create(people=5)
    wanted = {"partyId": party["id"], "idempotencyKey": a_key()}
    joined = await api.mutate("joinParty", **wanted)
    assert await api.mutate(field, **wanted, **more) == REUSED
    assert await api.party(party["id"]) == joined["party"]


async def test_a_key_of_a_refusal_is_good_for_nothing_else(api: Api) -> None:
    party = await api.create()
    wanted = {"partyId": party["id"], "idempotencyKey": a_key()}
    await api.mutate("leaveParty", **wanted)
    assert await api.mutate("joinParty", **wanted) == REUSED
    assert await api.party(party["id"]) == party


async def test_an_update_with_its_key_but_other_values_is_reused(api: Api) -> None:
    party = await api.create(place="Here")
    wanted = {"partyId": party["id"], "idempotencyKey": a_key()}
    first = await api.mutate("updateParty", name="A", **wanted)
    for other in ({"name": "B"}, {"place": "A"}, {"name": "A", "place": None}):
        assert await api.mutate("updateParty", **wanted, **other) == REUSED
    same = await api.mutate("updateParty", name="A", expectedRevision=1, **wanted)
    assert same == REUSED
    assert await api.party(party["id"]) == first["party"]


async def test_a_change_written_otherwise_is_the_same_change(api: Api) -> None:
    party = await api.create()
    wanted = {"partyId": party["id"], "idempotencyKey": a_key()}
    first = await api.mutate("updateParty", name="Caf\u00e9", place=" ", **wanted)
    assert await api.mutate("updateParty", name=" Cafe\u0301", place=None, **wanted) == first


async def test_a_key_repeated_after_deletion_gets_the_first_answer(api: Api) -> None:
    party = await api.create(people=1)
    wanted = {"partyId": party["id"], "idempotencyKey": a_key()}
    first = await api.mutate("joinParty", **wanted)
    await api.mutate("deleteParty", partyId=party["id"])
    assert await api.mutate("joinParty", **wanted) == first
    assert await api.party(party["id"]) is None
    fresh = await api.mutate("joinParty", partyId=party["id"], idempotencyKey=a_key())
    assert fresh["__typename"] == "PartyNotFoundError"


async def test_a_creation_repeated_is_one_party(api: Api) -> None:
    wanted = {"city": a_city(), "name": "Once", "date": soon(), "idempotencyKey": a_key()}
    first = await api.mutate("createParty", **wanted)
    assert first["__typename"] == "CreatePartySuccess"
    assert await api.mutate("createParty", **wanted) == first
    shifted = wanted["date"].replace("Z", "+00:00")
    assert await api.mutate("createParty", **{**wanted, "date": shifted}) == first
    data = await api.run(
        "query($city: String!) { parties(city: $city) { nodes { id } } }", city=wanted["city"]
    )
    assert data["parties"]["nodes"] == [{"id": first["party"]["id"]}]


async def test_a_creation_without_a_key_is_a_party_each_time(api: Api) -> None:
    wanted = {"city": a_city(), "name": "Twice", "date": soon()}
    first, second = await api.create(**wanted), await api.create(**wanted)
    assert first["id"] != second["id"]


async def test_a_creations_key_is_good_for_no_other_party(api: Api) -> None:
    wanted = {"city": a_city(), "name": "Once", "date": soon(), "idempotencyKey": a_key()}
    party = (await api.mutate("createParty", **wanted))["party"]
    for other in ({"name": "Other"}, {"people": 1}, {"date": soon(8)}, {"place": "Here"}):
        assert await api.mutate("createParty", **{**wanted, **other}) == REUSED
    assert await api.party(party["id"]) == party
    joined = await api.mutate(
        "joinParty", partyId=party["id"], idempotencyKey=wanted["idempotencyKey"]
    )
    assert joined == REUSED
    assert await api.party(party["id"]) == party


async def test_a_creation_repeated_after_deletion_finds_no_party(api: Api) -> None:
    wanted = {"city": a_city(), "name": "Gone", "date": soon(), "idempotencyKey": a_key()}
    party = (await api.mutate("createParty", **wanted))["party"]
    await api.mutate("deleteParty", partyId=party["id"])
    assert await api.mutate("createParty", **wanted) == {
        "__typename": "PartyNotFoundError",
        "message": "There is no party with this id, or no longer.",
        "partyId": party["id"],
    }
    assert await api.party(party["id"]) is None
    assert await api.mutate("createParty", **{**wanted, "name": "Other"}) == REUSED


async def test_a_creation_that_was_refused_may_be_mended_under_its_key(api: Api) -> None:
    wanted = {"city": a_city(), "name": "", "date": soon(), "idempotencyKey": a_key()}
    assert (await api.mutate("createParty", **wanted))["__typename"] == "InvalidInputError"
    made = await api.mutate("createParty", **{**wanted, "name": "Mended"})
    assert made["party"]["name"] == "Mended"
