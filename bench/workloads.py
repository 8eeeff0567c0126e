"""What is asked of every server alike: operations, and the data that they find."""

from __future__ import annotations

import asyncio
import json
import random
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.load import post
from graphql_api import clock
from graphql_api.caller import ANYBODY
from graphql_api.parties import hosting
from graphql_api.schema import ids

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from graphql_api.app import Parts

_SHOWN = "id name date people capacity"
DOCUMENTS = {
    "CityPage": "query CityPage($city: String!) {"
    f" parties(city: $city, first: 20) {{ nodes {{ {_SHOWN} }} }} }}",
    "OneParty": f"query OneParty($id: ID!) {{ party(id: $id) {{ {_SHOWN} }} }}",
    "FiveCities": "query FiveCities($cities: [String!]!) { cities(names: $cities) {"
    f" name parties(first: 20) {{ nodes {{ {_SHOWN} }} }} }} }}",
    "Create": "mutation Create($input: CreatePartyInput!) { createParty(input: $input) {"
    f" ... on CreatePartySuccess {{ party {{ {_SHOWN} }} }} }} }}",
    "Join": "mutation Join($input: JoinPartyInput!) { joinParty(input: $input) {"
    " ... on JoinPartySuccess { party { people revision } } } }",
}
CITIES = [f"Bench City {number}" for number in range(100)]
PARTIES_EACH, JOINED = 30, 1000
JOIN_CITY = "Bench Joins"
_AT_ONCE = 64


@dataclass(frozen=True)
class Seed:
    """The parties that are there: ids of some to read, and of those to join."""

    read: Sequence[str]
    joined: Sequence[str]


@dataclass(frozen=True)
class Workload:
    """One line of the table: requests to send in turn, and what a good answer contains."""

    name: str
    requests: Sequence[bytes]
    expected: bytes
    is_read: bool = True


def body(operation: str, **variables: Any) -> bytes:
    """The body of a request."""
    wanted = {"query": DOCUMENTS[operation], "operationName": operation, "variables": variables}
    return json.dumps(wanted).encode()


async def seed(parts: Parts) -> Seed:
    """Post 30 parties in each of 100 cities, and 1,000 to join."""
    places = [(city, number) for city in CITIES for number in range(PARTIES_EACH)]
    read = await _together(parts, places)
    joined = await _together(parts, [(JOIN_CITY, number) for number in range(JOINED)])
    return Seed(read, joined)


async def _together(parts: Parts, places: Sequence[tuple[str, int]]) -> list[str]:
    limit = asyncio.Semaphore(_AT_ONCE)

    async def make(city: str, number: int) -> str:
        date = clock.now().replace(microsecond=0) + timedelta(hours=number + 1)
        party = hosting.NewParty(
            city, f"Party {number}", date, "Europe/Lisbon", "Rua das Flores 7", capacity=5000
        )
        change = hosting.create(ANYBODY, None, party, clock.now())
        assert isinstance(change, hosting.Create)
        async with limit:
            await parts.committer.commit(change)
        return ids.party_id(change.party_id)

    return await asyncio.gather(*(make(*place) for place in places))


def workloads(found: Seed) -> list[Workload]:
    """All of them, reads first."""
    chance = random.Random(1)
    pages = [post(body("CityPage", city=city)) for city in CITIES]
    parties = [post(body("OneParty", id=each)) for each in found.read]
    five = [post(body("FiveCities", cities=chance.sample(CITIES, 5))) for _ in range(200)]
    joins = [post(body("Join", input={"partyId": each})) for each in found.joined]
    creates = [_create(number) for number in range(1000)]
    mixed = pages * 9 + joins[: len(pages)]
    for requests in (parties, joins, mixed):
        chance.shuffle(requests)
    page, party = b'"capacity":5000', b'"people"'
    return [
        Workload("city page, 100 cities", pages, page),
        Workload("one hot city", pages[:1], page),
        Workload("one party of 3,000", parties, party),
        Workload("five cities in one query", five, page),
        Workload("90 % city page, 10 % join", mixed, party, is_read=False),
        Workload("join, 1,000 parties", joins, party, is_read=False),
        Workload("create", creates, party, is_read=False),
    ]


def _create(number: int) -> bytes:
    date = (datetime.now(UTC) + timedelta(days=30, minutes=number)).isoformat()
    wanted = {"city": f"Bench New {number % 50}", "name": f"New {number}", "date": date}
    return post(body("Create", input=wanted))


def compare(asks: dict[str, Callable[[bytes], Any]], found: Seed) -> None:
    """Every server answers alike; where they differ there is no benchmark.

    Args:
        asks: per server, what sends a body to it and returns the parsed answer.

    Raises:
        AssertionError: they differ.
    """
    reads = [body("CityPage", city=city) for city in (CITIES[0], CITIES[7], "Nowhere At All")]
    reads += [body("OneParty", id=found.read[0]), body("FiveCities", cities=CITIES[:5])]
    for wanted in reads:
        _same({name: ask(wanted) for name, ask in asks.items()})
    date = (datetime.now(UTC) + timedelta(days=31)).isoformat(timespec="milliseconds")
    create = body("Create", input={"city": "Bench Same", "name": "Same", "date": date})
    made = {name: ask(create)["data"]["createParty"]["party"] for name, ask in asks.items()}
    _same({name: {**party, "id": ""} for name, party in made.items()})
    joins = {name: body("Join", input={"partyId": made[name]["id"]}) for name in asks}
    for _ in range(3):
        _same({name: ask(joins[name]) for name, ask in asks.items()})


def _same(answers: dict[str, Any]) -> None:
    expected = next(iter(answers.values()))
    for name, answer in answers.items():
        assert answer == expected, f"{name} answers otherwise: {answer}\nnot {expected}"
