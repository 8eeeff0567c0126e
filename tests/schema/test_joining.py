"""Joining and leaving, over HTTP."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from tests.support.api import Api


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
