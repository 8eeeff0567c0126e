"""Joining and leaving, over HTTP: every way in which it can end."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.parties import answer, now, post

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from tests.support.api import Api

BOTH = pytest.mark.parametrize("field", ["joinParty", "leaveParty"])


async def test_a_join_counts_one_person_and_a_leave_takes_one_back(api: Api) -> None:
    party = await api.create(people=2)
    joined = await api.mutate("joinParty", partyId=party["id"])
    assert joined == {
        "__typename": "JoinPartySuccess",
        "party": {**party, "people": 3, "revision": 2},
    }
    left = await api.mutate("leaveParty", partyId=party["id"])
    assert left == {
        "__typename": "LeavePartySuccess",
        "party": {**party, "people": 2, "revision": 3},
    }
    assert await api.party(party["id"]) == left["party"]


async def test_of_two_tabs_only_one_wins(api: Api) -> None:
    party = await api.create(people=7)
    first = await api.mutate("joinParty", partyId=party["id"], expectedPeople=7)
    assert first["__typename"] == "JoinPartySuccess"
    second = await api.mutate("joinParty", partyId=party["id"], expectedPeople=7)
    now = {**party, "people": 8, "revision": 2}
    assert second == {
        "__typename": "ConflictError",
        "message": "Somebody was quicker: 8 people now, you saw 7. Nothing was changed.",
        "party": now,
        "expectedPeople": 7,
        "expectedRevision": None,
    }
    assert await api.party(party["id"]) == now


async def test_a_leave_that_saw_another_count_changes_nothing(api: Api) -> None:
    party = await api.create(people=1)
    refused = await api.mutate("leaveParty", partyId=party["id"], expectedPeople=2)
    assert refused == {
        "__typename": "ConflictError",
        "message": "Somebody was quicker: 1 person now, you saw 2. Nothing was changed.",
        "party": party,
        "expectedPeople": 2,
        "expectedRevision": None,
    }
    assert await api.party(party["id"]) == party


@BOTH
async def test_expected_people_of_null_applies_to_any_count(api: Api, field: str) -> None:
    party = await api.create(people=5)
    result = await api.mutate(field, partyId=party["id"], expectedPeople=None)
    step = 1 if field == "joinParty" else -1
    assert result["party"] == {**party, "people": 5 + step, "revision": 2}


async def test_a_full_party_takes_nobody_and_changes_nothing(api: Api) -> None:
    party = await api.create(people=3, capacity=3)
    refused = await api.mutate("joinParty", partyId=party["id"])
    assert refused == {
        "__typename": "PartyFullError",
        "message": "The party is full: 3 people come already.",
        "party": party,
    }
    assert await api.party(party["id"]) == party


async def test_the_last_place_is_taken_once(api: Api) -> None:
    party = await api.create(people=2, capacity=3)
    joined = await api.mutate("joinParty", partyId=party["id"])
    assert joined["party"] == {**party, "people": 3, "revision": 2}
    refused = await api.mutate("joinParty", partyId=party["id"])
    assert refused["__typename"] == "PartyFullError"
    assert refused["party"] == joined["party"]


async def test_a_party_without_a_limit_still_ends_at_a_million(api: Api) -> None:
    party = await api.create(people=999_999)
    joined = await api.mutate("joinParty", partyId=party["id"])
    assert joined["party"]["people"] == 1_000_000
    refused = await api.mutate("joinParty", partyId=party["id"])
    assert refused["__typename"] == "PartyFullError"
    assert await api.party(party["id"]) == joined["party"]


async def test_nobody_leaves_an_empty_party(api: Api) -> None:
    party = await api.create()
    refused = await api.mutate("leaveParty", partyId=party["id"])
    assert refused == {
        "__typename": "PartyEmptyError",
        "message": "Nobody has joined this party, so nobody can leave it.",
        "party": party,
    }
    assert await api.party(party["id"]) == party


@BOTH
async def test_a_party_that_began_more_than_a_day_ago_is_over(
    api: Api, parts: Parts, field: str
) -> None:
    head = await post(parts, date=now() - timedelta(days=1, seconds=5), people=4)
    refused = await api.mutate(field, partyId=answer(head)["id"])
    assert refused == {
        "__typename": "PartyOverError",
        "message": "This party began more than a day ago and can no longer be joined or left.",
        "party": answer(head),
    }
    assert await api.party(answer(head)["id"]) == answer(head)


@BOTH
async def test_a_party_that_began_less_than_a_day_ago_is_not_over(
    api: Api, parts: Parts, field: str
) -> None:
    head = await post(parts, date=now() - timedelta(hours=23), people=4)
    result = await api.mutate(field, partyId=answer(head)["id"])
    step = 1 if field == "joinParty" else -1
    assert result["party"] == {**answer(head), "people": 4 + step, "revision": 2}


@BOTH
async def test_a_party_that_was_deleted_or_never_was_is_not_found(api: Api, field: str) -> None:
    party = await api.create(people=1)
    await api.mutate("deleteParty", partyId=party["id"])
    not_a_party = (await api.run('{ city(name: "Lisbon") { id } }'))["city"]["id"]
    for party_id in (party["id"], not_a_party, "", "nonsense", party["id"][:-1], "UA"):
        refused = await api.mutate(field, partyId=party_id)
        assert refused == {
            "__typename": "PartyNotFoundError",
            "message": "There is no party with this id, or no longer.",
            "partyId": party_id,
        }


@BOTH
@pytest.mark.parametrize(
    ("key", "message"),
    [
        ("", "must have 1 to 128 characters"),
        ("k" * 129, "must have 1 to 128 characters"),
        ("a\tb", "must not contain control characters"),
    ],
)
async def test_an_unusable_key_is_refused_and_changes_nothing(
    api: Api, field: str, key: str, message: str
) -> None:
    party = await api.create(people=1)
    refused = await api.mutate(field, partyId=party["id"], idempotencyKey=key)
    assert refused == {
        "__typename": "InvalidInputError",
        "message": f"IdempotencyKey {message}.",
        "fields": [{"field": "idempotencyKey", "message": message}],
    }
    assert await api.party(party["id"]) == party


@BOTH
async def test_a_key_of_one_or_of_128_characters_will_do(api: Api, field: str) -> None:
    party = await api.create(people=10)
    for key in ("é" if field == "joinParty" else "è", f"{field:k>128}"):
        result = await api.mutate(field, partyId=party["id"], idempotencyKey=key)
        assert result["__typename"].endswith("Success"), result


async def test_two_mutations_of_one_request_run_one_after_the_other(api: Api) -> None:
    party = await api.create(people=1)
    document = """mutation($id: ID!) {
      out: leaveParty(input: {partyId: $id}) { ...Left }
      refused: leaveParty(input: {partyId: $id}) { ...Left }
      in: joinParty(input: {partyId: $id, expectedPeople: 0}) {
        ... on JoinPartySuccess { party { people revision } }
      }
    }
    fragment Left on LeavePartyResult {
      ... on LeavePartySuccess { party { people revision } }
      ... on PartyEmptyError { party { people revision } }
    }"""
    data: dict[str, Any] = await api.run(document, id=party["id"])
    assert data == {
        "out": {"party": {"people": 0, "revision": 2}},
        "refused": {"party": {"people": 0, "revision": 2}},
        "in": {"party": {"people": 1, "revision": 3}},
    }
