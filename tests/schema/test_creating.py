"""Posting a party, over HTTP: what is answered, what is kept, and how a refusal reads."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pytest

from tests.support.api import a_city, soon

if TYPE_CHECKING:
    from tests.support.api import Api


async def test_a_party_of_everything_is_answered_and_found_again(api: Api) -> None:
    wanted = {
        "city": a_city(),
        "name": "Rooftop sunset 🌅",
        "date": soon(3),
        "timeZone": "Europe/Lisbon",
        "place": "Miradouro da Graça",
        "description": "Bring a blanket.\nAnd something to share.",
        "people": 4,
        "capacity": 40,
    }
    before = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    party = await api.create(**wanted)
    after = datetime.now(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")
    assert party == {
        **wanted,
        "id": party["id"],
        "revision": 1,
        "createdAt": party["createdAt"],
    }
    assert before <= party["createdAt"] <= after
    assert await api.party(party["id"]) == party


async def test_what_is_left_out_takes_its_default(api: Api) -> None:
    wanted = {"city": a_city(), "name": "Bare", "date": soon()}
    party = await api.create(**wanted)
    assert party == {
        **wanted,
        "id": party["id"],
        "timeZone": "UTC",
        "place": None,
        "description": None,
        "people": 0,
        "capacity": None,
        "revision": 1,
        "createdAt": party["createdAt"],
    }


async def test_null_is_the_same_as_leaving_out(api: Api) -> None:
    nulls: dict[str, Any] = dict.fromkeys(
        ["timeZone", "place", "description", "people", "capacity", "idempotencyKey"]
    )
    party = await api.create(**nulls)
    assert (party["timeZone"], party["people"], party["capacity"]) == ("UTC", 0, None)
    assert (party["place"], party["description"]) == (None, None)


async def test_dates_are_taken_with_any_offset_and_answered_in_utc(api: Api) -> None:
    date = soon(9)
    moment = datetime.fromisoformat(date)
    for text in (date, date.replace(".000Z", "+00:00"), moment.strftime("%Y%m%dT%H%M%SZ")):
        assert (await api.create(date=text))["date"] == date
    shifted = datetime.fromtimestamp(moment.timestamp() + 5.5 * 3600, UTC)
    text = shifted.strftime("%Y-%m-%dT%H:%M:%S.123999+05:30")
    assert (await api.create(date=text))["date"] == date.replace(".000Z", ".123Z")


async def test_texts_are_kept_composed_and_trimmed(api: Api) -> None:
    number = a_city()
    party = await api.create(
        city=f"  {number}  Montre\u0301al\u00a0 Est ",
        name=" Cafe\u0301 ",
        place="  ",
        description=" ",
    )
    assert party["city"] == f"{number} Montréal Est"
    assert party["name"] == "Café"
    assert (party["place"], party["description"]) == (None, None)


async def test_a_new_party_stands_in_its_citys_list(api: Api) -> None:
    party = await api.create(description="Only in the party's own row", people=3, capacity=9)
    fields = "id city name date timeZone place description people capacity revision createdAt"
    data = await api.run(
        f"query($city: String!) {{ parties(city: $city) {{ nodes {{ {fields} }} }} }}",
        city=party["city"],
    )
    assert data["parties"]["nodes"] == [party]


async def test_a_refused_party_is_posted_nowhere(api: Api) -> None:
    city = a_city()
    refused = await api.mutate("createParty", city=city, name=" ", date=soon())
    assert refused == {
        "__typename": "InvalidInputError",
        "message": "Name must not be blank.",
        "fields": [{"field": "name", "message": "must not be blank"}],
    }
    data = await api.run(
        "query($city: String!) { parties(city: $city) { nodes { id } } }", city=city
    )
    assert data["parties"]["nodes"] == []


@pytest.mark.parametrize(
    "date",
    [
        "",
        "tomorrow",
        "2027-06-30",
        "2027-06-30T20:00:00",
        "2027-02-30T20:00:00Z",
        "1899-12-31T23:59:59Z",
        "9999-12-31T23:59:59Z",
        "0001-01-01T00:00:00+14:00",
        20270630,
        True,
    ],
)
async def test_what_is_no_date_is_bad_user_input(api: Api, date: object) -> None:
    document = "mutation($input: CreatePartyInput!) { createParty(input: $input) { __typename } }"
    answer = await api.send(document, input={"city": a_city(), "name": "A", "date": date})
    assert "data" not in answer
    assert [error["extensions"]["code"] for error in answer["errors"]] == ["BAD_USER_INPUT"]
    assert "ISO 8601 with an offset" in answer["errors"][0]["message"]
