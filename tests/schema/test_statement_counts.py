"""What a request costs: statements counted at the driver, and how many are in flight together."""

from __future__ import annotations

from collections import Counter
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from tests.support.api import a_city, soon
from tests.support.recorder import recording

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from tests.support.api import Api

JOIN = "count_people+insert_operation"
REPLACE = "replace_head+insert_operation"
NAMES = "query($names: [String!]!) { cities(names: $names) { parties { nodes { id } } } }"


async def test_five_cities_are_five_partition_reads_in_flight_together(
    api: Api, parts: Parts
) -> None:
    names = [a_city() for _ in range(5)]
    posted = [(await api.create(city=name))["id"] for name in names]
    # No party is further than a year ahead, so that each city is one partition of each year.
    year = soon(0)[:4]
    window = f'from: "{year}-01-01T00:00:00Z", until: "{int(year) + 1}-01-01T00:00:00Z"'
    with recording(parts) as recorder:
        query = NAMES.replace("parties", f"parties({window})")
        data = await api.run(query, names=names)
    in_this_year = soon(7)[:4] == year
    assert [city["parties"]["nodes"] for city in data["cities"]] == [
        [{"id": each}] if in_this_year else [] for each in posted
    ]
    assert recorder.sent == ["read_page"] * 5
    assert recorder.most_in_flight == 5
    assert {bound.values[0] for bound in recorder.bound} == {
        name.casefold().encode() for name in names
    }


async def test_a_city_that_is_asked_for_again_is_read_once(api: Api, parts: Parts) -> None:
    name = a_city()
    await api.create(city=name)
    with recording(parts) as recorder:
        data = await api.run(
            """query($names: [String!]!, $name: String!, $from: DateTime, $until: DateTime) {
              cities(names: $names) { parties(from: $from, until: $until) { nodes { id } } }
              again: city(name: $name) { parties(from: $from, until: $until) { nodes { id } } }
              more: parties(city: $name, from: $from, until: $until) { nodes { id } }
            }""",
            names=[name, name.upper(), f" {name} "],
            name=name,
            **{"from": "2020-01-01T00:00:00Z", "until": "2021-01-01T00:00:00Z"},
        )
    nothing: dict[str, Any] = {"nodes": []}
    assert data["cities"] == [{"parties": nothing}] * 3
    assert (data["again"], data["more"]) == ({"parties": nothing}, nothing)
    assert recorder.sent == ["read_page"]


async def test_twenty_parties_by_id_are_twenty_reads_together(api: Api, parts: Parts) -> None:
    city = a_city()
    posted = [(await api.create(city=city))["id"] for _ in range(20)]
    with recording(parts) as recorder:
        data = await api.run(
            "query($ids: [ID!]!) { nodes(ids: $ids) { id ... on Party { people } } }", ids=posted
        )
    assert data["nodes"] == [{"id": each, "people": 0} for each in posted]
    assert recorder.sent == ["read_head"] * 20
    assert recorder.most_in_flight == 20


async def test_a_party_that_is_asked_for_again_is_read_once(api: Api, parts: Parts) -> None:
    party = await api.create()
    with recording(parts) as recorder:
        data = await api.run(
            """query($id: ID!) {
              one: party(id: $id) { id } other: node(id: $id) { id } nodes(ids: [$id, $id]) { id }
            }""",
            id=party["id"],
        )
    found = {"id": party["id"]}
    assert data == {"one": found, "other": found, "nodes": [found, found]}
    assert recorder.sent == ["read_head"]


async def test_descriptions_of_a_list_are_read_together_and_only_when_asked_for(
    api: Api, parts: Parts
) -> None:
    city = a_city()
    for number in range(7):
        await api.create(city=city, date=soon(1 + number), description=f"Number {number}")
    query = "query($city: String!) { parties(city: $city, first: 7) { nodes { name } } }"
    with recording(parts) as recorder:
        await api.run(query, city=city)
    assert set(recorder.sent) == {"read_page"}
    with recording(parts) as recorder:
        data = await api.run(query.replace("name", "description"), city=city)
    assert [node["description"] for node in data["parties"]["nodes"]] == [
        f"Number {number}" for number in range(7)
    ]
    assert recorder.counts["read_head"] == 7
    assert set(recorder.sent) == {"read_page", "read_head"}
    assert recorder.most_in_flight == 7


async def test_what_surrounds_a_page_is_read_only_when_asked_for(api: Api, parts: Parts) -> None:
    city = a_city()
    for number in range(3):
        await api.create(city=city, date=soon(1 + number / 100))
    query = "query($city: String!) { parties(city: $city, first: 2) { nodes { id } %s } }"
    counts = {}
    for asked in ("", "pageInfo { startCursor }", "pageInfo { hasNextPage hasPreviousPage }"):
        with recording(parts) as recorder:
            await api.run(query % asked, city=city)
        assert set(recorder.sent) == {"read_page"}
        counts[asked] = len(recorder.sent)
    # Both parties are in one year, or the page runs past New Year and costs one read more.
    pages = counts[""]
    assert pages in (1, 2)
    assert counts["pageInfo { startCursor }"] == pages
    more = counts["pageInfo { hasNextPage hasPreviousPage }"] - pages
    assert more in (1, 2)


async def test_a_join_and_a_leave_are_three_statements_each(api: Api, parts: Parts) -> None:
    party = await api.create(people=1)
    for field in ("joinParty", "leaveParty"):
        with recording(parts) as recorder:
            await api.mutate(field, partyId=party["id"])
        assert recorder.sent == ["read_head", JOIN, "write_copy"]
        assert recorder.profiles == ["plain", "conditional", "plain"]


async def test_a_refused_join_without_a_key_is_two_reads(api: Api, parts: Parts) -> None:
    party = await api.create(people=1, capacity=1)
    with recording(parts) as recorder:
        await api.mutate("joinParty", partyId=party["id"])
    assert recorder.sent == ["read_head", "confirm_standing"]
    assert recorder.profiles == ["plain", "serial"]


async def test_a_refusal_of_a_clients_key_is_recorded_and_then_stands_in_the_way(
    api: Api, parts: Parts
) -> None:
    party = await api.create(people=1, capacity=1)
    wanted = {"partyId": party["id"], "idempotencyKey": str(uuid4())}
    with recording(parts) as recorder:
        first = await api.mutate("joinParty", **wanted)
    assert recorder.sent[0] == "read_claim"
    assert recorder.counts == {"read_claim": 1, "claim_key": 1, "read_head": 1, JOIN: 1}
    assert sorted(recorder.profiles) == ["conditional", *["plain"] * 3]
    with recording(parts) as recorder:
        assert await api.mutate("joinParty", **wanted) == first
    assert recorder.sent == ["read_claim", "read_head", JOIN]


async def test_a_new_party_is_its_head_its_copy_and_its_citys_prefixes(
    api: Api, parts: Parts
) -> None:
    for city, prefixes in (("Ulm", 3), ("Valparaíso de Goiás", 10)):
        with recording(parts) as recorder:
            await api.create(city=city)
        assert recorder.sent[:2] == ["insert_head+insert_operation", "write_copy"]
        assert recorder.sent[2:] == ["write_city"] * prefixes


async def test_an_update_replaces_the_head_and_its_copy(api: Api, parts: Parts) -> None:
    party = await api.create()
    with recording(parts) as recorder:
        await api.mutate("updateParty", partyId=party["id"], name="New")
    assert recorder.sent == ["read_head", REPLACE, "write_copy"]


async def test_a_move_deletes_the_old_copy_and_the_next_change_forgets_the_old_place(
    api: Api, parts: Parts
) -> None:
    party = await api.create(city="Ulm")
    with recording(parts) as recorder:
        await api.mutate("updateParty", partyId=party["id"], city="Bern")
    assert recorder.sent[:2] == ["read_head", REPLACE]
    copies = Counter(recorder.sent[2:])
    assert copies == {"delete_copy": 1, "write_copy": 1, "write_city": 4}
    with recording(parts) as recorder:
        await api.mutate("joinParty", partyId=party["id"])
    assert Counter(recorder.sent) == {
        "read_head": 1,
        "delete_copy": 1,
        JOIN: 1,
        "write_copy": 2,
    }
    with recording(parts) as recorder:
        await api.mutate("joinParty", partyId=party["id"])
    assert recorder.sent == ["read_head", JOIN, "write_copy"]


async def test_a_deletion_closes_the_head_and_deletes_the_copy(api: Api, parts: Parts) -> None:
    party = await api.create()
    with recording(parts) as recorder:
        await api.mutate("deleteParty", partyId=party["id"])
    assert recorder.sent == ["read_head", REPLACE, "delete_copy", "read_attendees"]


async def test_what_is_refused_before_it_is_sent_costs_nothing(api: Api, parts: Parts) -> None:
    with recording(parts) as recorder:
        await api.mutate("createParty", city="", name="", date=soon(-1))
        await api.mutate("joinParty", partyId="nonsense")
        await api.send('{ parties(city: "Lisbon", first: 0) { nodes { id } } }')
        await api.send('{ parties(city: "Lisbon", after: "x") { nodes { id } } }')
        await api.run('{ node(id: "nonsense") { id } }')
    assert recorder.sent == []
