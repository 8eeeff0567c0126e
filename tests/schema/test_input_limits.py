"""The limits of every field, at the boundary and beyond it, and all problems named at once."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api import clock
from graphql_api.parties.limits import furthest_date
from tests.support.api import a_city, soon
from tests.support.parties import text_of

if TYPE_CHECKING:
    from tests.support.api import Api

BLANK = "must not be blank"
CONTROL = "must not contain control characters"
LONG_CITY = "must have at most 50 characters"
LONG = "must have at most 200 characters"
LONG_DESCRIPTION = "must have at most 2,000 characters"
NUMBER = "must be from 0 to 1,000,000"
ZONE = 'must be an IANA time zone such as "Europe/Paris"'

REFUSED = [
    ("city", "", BLANK),
    ("city", " \u3000 ", BLANK),
    ("city", "c" * 51, LONG_CITY),
    ("city", "Lis\u0000bon", CONTROL),
    ("city", "Lis\nbon", CONTROL),
    ("name", "", BLANK),
    ("name", "   ", BLANK),
    ("name", "n" * 201, LONG),
    ("name", "one\ttwo", CONTROL),
    ("name", "one\u0085two", CONTROL),
    ("name", "\u007f", CONTROL),
    ("place", "p" * 201, LONG),
    ("place", "one\ntwo", CONTROL),
    ("description", "d" * 2001, LONG_DESCRIPTION),
    ("description", "one\u0000two", CONTROL),
    ("description", "one\rtwo", CONTROL),
    ("timeZone", "", ZONE),
    ("timeZone", "Europe/Atlantis", ZONE),
    ("timeZone", "europe/paris", ZONE),
    ("timeZone", "../../etc/passwd", ZONE),
    ("timeZone", "+02:00", ZONE),
    ("capacity", -1, NUMBER),
    ("capacity", 1_000_001, NUMBER),
    ("capacity", -(2**31), NUMBER),
]
TAKEN = [
    ("name", "n"),
    ("name", "n" * 200),
    ("name", "🎉" * 200),
    ("place", "p" * 200),
    ("description", "d" * 2000),
    ("description", "one\ntwo"),
    ("timeZone", "America/Argentina/Buenos_Aires"),
    ("capacity", 0),
    ("capacity", 1_000_000),
]


def only(field: str, message: str) -> dict[str, Any]:
    return {
        "__typename": "InvalidInputError",
        "message": f"{field[0].upper()}{field[1:]} {message}.",
        "fields": [{"field": field, "message": message}],
    }


@pytest.mark.parametrize(("field", "value", "message"), REFUSED)
async def test_beyond_a_limit_a_party_is_neither_posted_nor_changed(
    api: Api, field: str, value: Any, message: str
) -> None:
    wanted = {"city": a_city(), "name": "A", "date": soon(), field: value}
    assert await api.mutate("createParty", **wanted) == only(field, message)
    party = await api.create()
    refused = await api.mutate("updateParty", **{"partyId": party["id"], field: value})
    assert refused == only(field, message)
    assert await api.party(party["id"]) == party


@pytest.mark.parametrize(("field", "value"), TAKEN)
async def test_at_a_limit_a_party_is_posted_and_changed(api: Api, field: str, value: Any) -> None:
    party = await api.create(**{field: value})
    assert party[field] == value
    changed = await api.mutate("updateParty", **{"partyId": party["id"], "name": "x", field: value})
    assert changed["party"] == {**party, "name": "x", field: value, "revision": 2}


async def test_a_city_of_fifty_characters_counts_them_composed(api: Api) -> None:
    number = a_city()
    name = number + "é" * (50 - len(number))
    party = await api.create(city=number + "e\u0301" * (50 - len(number)))
    assert (party["city"], len(party["city"])) == (name, 50)
    assert await api.mutate("createParty", city=name + "é", name="A", date=soon()) == only(
        "city", LONG_CITY
    )


async def test_line_ends_of_a_description_become_one_kind(api: Api) -> None:
    party = await api.create(description="one\r\ntwo")
    assert party["description"] == "one\ntwo"


@pytest.mark.parametrize("people", [-1, 1_000_001])
async def test_people_beyond_the_limit(api: Api, people: int) -> None:
    refused = await api.mutate("createParty", city=a_city(), name="A", date=soon(), people=people)
    assert refused == only("people", NUMBER)


async def test_as_many_people_as_a_party_may_have(api: Api) -> None:
    party = await api.create(people=1_000_000, capacity=1_000_000)
    assert (party["people"], party["capacity"]) == (1_000_000, 1_000_000)


async def test_more_people_than_capacity(api: Api) -> None:
    refused = await api.mutate(
        "createParty", city=a_city(), name="A", date=soon(), people=3, capacity=2
    )
    assert refused == only("capacity", "must not be below the number of people")
    assert (await api.create(people=2, capacity=2))["people"] == 2


async def test_dates_end_two_years_ahead(api: Api) -> None:
    end = furthest_date(clock.now())
    party = await api.create(date=text_of(end - timedelta(minutes=1)))
    assert party["date"] == text_of(end - timedelta(minutes=1))
    beyond = text_of(end + timedelta(minutes=5))
    refused = await api.mutate("createParty", city=a_city(), name="A", date=beyond)
    assert refused == only("date", "must be within two years from now")
    refused = await api.mutate("updateParty", partyId=party["id"], date=beyond)
    assert refused == only("date", "must be within two years from now")
    assert await api.party(party["id"]) == party


async def test_dates_begin_now(api: Api) -> None:
    past = text_of(clock.now() - timedelta(seconds=1))
    refused = await api.mutate("createParty", city=a_city(), name="A", date=past)
    assert refused == only("date", "must not be in the past")
    party = await api.create(date=text_of(clock.now() + timedelta(minutes=1)))
    refused = await api.mutate("updateParty", partyId=party["id"], date=past)
    assert refused == only("date", "must not be in the past")
    assert await api.party(party["id"]) == party


def by_field(result: dict[str, Any]) -> dict[str, str]:
    assert result["__typename"] == "InvalidInputError", result
    fields = {each["field"]: each["message"] for each in result["fields"]}
    assert len(fields) == len(result["fields"]), "no field is named twice"
    for field, message in fields.items():
        assert f"{field} {message}".casefold() in result["message"].casefold()
    return fields


async def test_a_new_party_with_everything_wrong_names_every_field_once(api: Api) -> None:
    refused = await api.mutate(
        "createParty",
        city="",
        name="n" * 201,
        date=soon(-1),
        timeZone="Mars/Phobos",
        place="\u0007",
        description="d" * 2001,
        people=1_000_002,
        capacity=1_000_001,
        idempotencyKey="",
    )
    assert by_field(refused) == {
        "city": BLANK,
        "name": LONG,
        "date": "must not be in the past",
        "timeZone": ZONE,
        "place": CONTROL,
        "description": LONG_DESCRIPTION,
        "people": NUMBER,
        "capacity": NUMBER,
        "idempotencyKey": "must have 1 to 128 characters",
    }


async def test_an_update_with_everything_wrong_names_every_field_once(api: Api) -> None:
    party = await api.create()
    refused = await api.mutate(
        "updateParty",
        partyId=party["id"],
        city="c" * 51,
        name=None,
        date=soon(800),
        timeZone=None,
        place="p" * 201,
        description="\u0000",
        capacity=-5,
        idempotencyKey="k" * 129,
    )
    assert by_field(refused) == {
        "city": LONG_CITY,
        "name": "must not be null",
        "date": "must be within two years from now",
        "timeZone": "must not be null",
        "place": LONG,
        "description": CONTROL,
        "capacity": NUMBER,
        "idempotencyKey": "must have 1 to 128 characters",
    }
    assert await api.party(party["id"]) == party
