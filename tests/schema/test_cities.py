"""Cities, however their names are written; and the search for them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from tests.support.api import a_city, soon
from tests.support.parties import now, post

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from tests.support.api import Api

CITIES = """
query($names: [String!]!) {
  cities(names: $names) { id name parties { nodes { id city } } }
}"""


async def test_one_city_in_all_its_spellings(api: Api) -> None:
    number = a_city()
    spellings = [
        f"{number} São João Straße",
        f"{number} SA\u0303O JOA\u0303O STRASSE".lower(),
        f" {number}\u00a0 são\tjoão  STRASSE ".replace("\t", "\u3000"),
    ]
    parties = [await api.create(city=city, date=soon(day)) for day, city in enumerate(spellings, 1)]
    assert [party["city"] for party in parties] == [
        f"{number} São João Straße",
        f"{number} são joão strasse".lower(),
        f"{number} são joão STRASSE",
    ]
    data = await api.run(CITIES, names=spellings)
    nodes = [{"id": party["id"], "city": party["city"]} for party in parties]
    city = data["cities"][0]
    assert city["parties"]["nodes"] == nodes
    assert city["name"] == parties[-1]["city"]
    assert data["cities"] == [city, city, city]
    found = await api.run(
        "query($id: ID!) { node(id: $id) { ...on City { id name } } }", id=city["id"]
    )
    assert found["node"] == {"id": city["id"], "name": city["name"]}


async def test_a_city_without_parties_is_there_under_the_name_it_was_asked_by(api: Api) -> None:
    name = a_city()
    data = await api.run(
        "query($name: String!) { city(name: $name) { name parties { nodes { id } } } }",
        name=f"  {name}  Nowhere ",
    )
    assert data == {"city": {"name": f"{name} Nowhere", "parties": {"nodes": []}}}


@pytest.mark.parametrize(
    ("name", "problem"),
    [
        ("", "must not be blank"),
        (" \u3000", "must not be blank"),
        ("c" * 51, "must have at most 50 characters"),
        ("a\u0000b", "must not contain control characters"),
    ],
)
async def test_what_no_city_can_be_called(api: Api, name: str, problem: str) -> None:
    answer = await api.send(
        """query($name: String!) {
          city(name: $name) { id }
          cities(names: ["Lisbon", $name]) { name }
          parties(city: $name) { nodes { id } }
          searchCities(prefix: $name) { id }
        }""",
        name=name,
    )
    assert answer["data"] == {
        "city": None,
        "cities": [{"name": "Lisbon"}, None],
        "parties": None,
        "searchCities": None,
    }
    assert {tuple(error["path"]): error["message"] for error in answer["errors"]} == {
        ("city",): f"name {problem}.",
        ("cities", 1): f"names {problem}.",
        ("parties",): f"city {problem}.",
        ("searchCities",): f"prefix {problem}.",
    }
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}


async def search(api: Api, prefix: str, **more: int | None) -> list[str]:
    data = await api.run(
        "query($prefix: String!, $first: Int) {"
        " searchCities(prefix: $prefix, first: $first) { name } }",
        prefix=prefix,
        **more,
    )
    return [city["name"] for city in data["searchCities"]]


async def test_cities_are_found_by_how_they_begin(api: Api) -> None:
    root = f"Åbo{a_city()[5:]}x"
    names = [f"{root} Alpha", f"{root} Alphabet City", f"{root} Beta", root]
    for name in names:
        await api.create(city=name)
    everything = sorted(names, key=str.casefold)
    assert await search(api, root) == everything
    assert await search(api, f" {root.upper()} ".replace("Å", "A\u030a")) == everything
    assert await search(api, f"{root} al") == [f"{root} Alpha", f"{root} Alphabet City"]
    assert await search(api, f"{root} alphabet c") == [f"{root} Alphabet City"]
    assert await search(api, f"{root} alphabet x") == []
    assert await search(api, root, first=2) == everything[:2]
    assert await search(api, root, first=None) == everything


async def test_ten_cities_are_found_unless_told(api: Api) -> None:
    root = f"Many{a_city()[5:]}x"
    names = [f"{root} {letter}" for letter in "abcdefghijkl"]
    for name in names:
        await api.create(city=name)
    data = await api.run("query($p: String!) { searchCities(prefix: $p) { name } }", p=root)
    assert data == {"searchCities": [{"name": name} for name in names[:10]]}
    assert await search(api, root, first=100) == names


@pytest.mark.parametrize("first", [0, -1, 101])
async def test_a_search_for_more_or_less_than_a_page(api: Api, first: int) -> None:
    answer = await api.send(f'{{ searchCities(prefix: "L", first: {first}) {{ id }} }}')
    assert answer["data"] == {"searchCities": None}
    assert answer["errors"][0]["message"] == "first must be from 1 to 100."


async def test_a_city_whose_parties_have_begun_is_no_longer_found(api: Api, parts: Parts) -> None:
    city = f"Gone{a_city()[5:]}x"
    await post(parts, city=city, date=now() - timedelta(minutes=1))
    assert await search(api, city) == []
    await api.create(city=city.upper())
    assert await search(api, city) == [city.upper()]


async def test_a_city_is_called_as_the_host_of_its_furthest_party_wrote_it(api: Api) -> None:
    city = f"Call{a_city()[5:]}x"
    await api.create(city=city.upper(), date=soon(30))
    await api.create(city=city, date=soon(10))
    assert await search(api, city) == [city.upper()]
    await api.create(city=city, date=soon(31))
    assert await search(api, city) == [city]


async def test_at_most_a_hundred_names_or_ids(api: Api) -> None:
    city = (await api.run('{ city(name: "Lisbon") { id } }'))["city"]["id"]
    query = "query($l: [String!]!, $i: [ID!]!) { cities(names: $l) { id } nodes(ids: $i) { id } }"
    data = await api.run(query, l=["Lisbon"] * 100, i=[city] * 100)
    assert data == {"cities": [{"id": city}] * 100, "nodes": [{"id": city}] * 100}
    answer = await api.send(query, l=["Lisbon"] * 101, i=[city] * 101)
    assert answer["data"] is None
    messages = {error["message"] for error in answer["errors"]}
    assert messages <= {
        "names may have 100 items at most.",
        "ids may have 100 items at most.",
    }
    assert messages
    assert {error["extensions"]["code"] for error in answer["errors"]} == {"BAD_USER_INPUT"}
    assert await api.run(query, l=[], i=[]) == {"cities": [], "nodes": []}
