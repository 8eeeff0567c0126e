"""Operations leave no cycles behind: the garbage collector, which stops everything, has no work."""

from __future__ import annotations

import gc
from collections import Counter
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.schema import ids
from graphql_api.schema.build import build_schema
from tests.support.api import a_city, soon
from tests.support.parties import post

if TYPE_CHECKING:
    from graphql_api.app import Parts

PAGE = (
    "{ parties(city: $city, first: 20) { nodes { id name date people } pageInfo { endCursor } } }"
)
OPERATIONS = {
    "a page": f"query($city: String!) {PAGE}",
    "a party": "query($id: ID!) { party(id: $id) { name people description } }",
    "cities": "query($city: String!) { cities(names: [$city, $city]) { name parties { totalCount: "
    "__typename nodes { name } } } }",
    "a search": "query($city: String!) { searchCities(prefix: $city) { name } }",
    "a join": "mutation($id: ID!) { joinParty(input: {partyId: $id}) { __typename } }",
    "a post": "mutation($city: String!, $date: DateTime!) { createParty(input: {city: $city, "
    'name: "N", date: $date}) { __typename } }',
}
TIMES = 20


@pytest.mark.parametrize("what", OPERATIONS)
async def test_an_operation_leaves_nothing_to_the_garbage_collector(
    parts: Parts, what: str
) -> None:
    schema, city = build_schema(), a_city()
    party = await post(parts, city=city)
    values = {"city": city, "id": ids.party_id(party.party_id), "date": soon()}
    text = OPERATIONS[what]
    variables = {name: value for name, value in values.items() if f"${name}:" in text}

    async def run() -> None:
        for _ in range(TIMES):
            answer = await schema.execute_to_bytes(text, variables, parts.new_context())
            assert not answer.has_errors, answer.body

    await run()
    left = await _garbage_of(run)
    assert left == Counter()


async def _garbage_of(run: Any) -> Counter[str]:
    """What only the collector would free, by type: what there is one of an operation."""
    gc.collect()
    gc.disable()
    gc.set_debug(gc.DEBUG_SAVEALL)
    try:
        await run()
        gc.collect()
        found = Counter(f"{type(each).__module__}.{type(each).__qualname__}" for each in gc.garbage)
    finally:
        gc.set_debug(0)
        gc.garbage.clear()
        gc.enable()
    # What the recovery, the ticks and the like leave meanwhile is not an operation's.
    return Counter({name: count for name, count in found.items() if count >= TIMES})
