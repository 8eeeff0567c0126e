"""The price list against what Cassandra is really asked: never less than that."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import pytest
from graphql import get_introspection_query

from graphql_api.app import limits_of
from graphql_api.engine.limits import Limits
from graphql_api.schema.build import build_schema
from graphql_api.schema.costs import COSTS
from graphql_api.settings import Settings
from tests.support.api import a_city, soon
from tests.support.recorder import recording

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from tests.support.api import Api

ROOT = Path(__file__).parents[2]
SCHEMA = build_schema()


def test_each_price_is_of_a_field_that_there_is() -> None:
    types = SCHEMA.graphql_schema.type_map
    for key in COSTS.fields:
        parent, _, field = key.rpartition(".")
        assert not parent or field in types[parent].fields, key  # type: ignore[attr-defined]


READS: list[tuple[str, dict[str, int]]] = [
    ("query($id: ID!) { party(id: $id) { name description } }", {"partitions": 2, "objects": 0}),
    ("query($id: ID!) { node(id: $id) { id } }", {"partitions": 1, "objects": 0}),
    ("query($ids: [ID!]!) { nodes(ids: $ids) { id } }", {"partitions": 3, "objects": 3}),
    ("query($city: String!) { city(name: $city) { name } }", {"partitions": 1, "objects": 0}),
    (
        "query($city: String!) { parties(city: $city, first: 2) { nodes { description } } }",
        {"partitions": 5, "objects": 2},
    ),
    (
        """query($city: String!) { parties(city: $city, first: 2) {
          nodes { id } pageInfo { hasNextPage hasPreviousPage } } }""",
        {"partitions": 9, "objects": 2},
    ),
    (
        """query($names: [String!]!, $n: Int) {
          cities(names: $names) { name parties(first: $n) { nodes { description } } }
        }""",
        {"partitions": 14, "objects": 8},
    ),
    (
        "query($city: String!) { searchCities(prefix: $city) { name parties { nodes { id } } } }",
        {"partitions": 41, "objects": 210},
    ),
]


@pytest.mark.parametrize(("query", "expected"), READS)
async def test_a_query_asks_for_no_more_than_its_cost(
    api: Api, parts: Parts, query: str, expected: dict[str, int]
) -> None:
    city = a_city()
    posted = [
        (await api.create(city=city, date=soon(day), description="x"))["id"] for day in (1, 2, 3)
    ]
    variables: dict[str, Any] = {
        "id": posted[0], "ids": posted, "city": city, "names": [city, a_city()], "n": 3
    }  # fmt: skip
    used = {name: value for name, value in variables.items() if f"${name}:" in query}
    body = {"query": query, "variables": used, "extensions": {"cost": True}}
    with recording(parts) as recorder:
        async with api.session.post(f"{api.url}/graphql", json=body) as response:
            answer = await response.json()
    assert "errors" not in answer
    cost = answer["extensions"]["cost"]
    assert cost | expected == cost
    assert cost["transactions"] == 0
    assert len(recorder.sent) <= cost["partitions"]


async def test_a_change_takes_no_more_than_its_cost(api: Api, parts: Parts) -> None:
    city = "A long name of a city"
    wanted = {"city": city, "name": "x", "date": soon(), "people": 1, "idempotencyKey": a_city()}
    party: dict[str, Any] = {}
    for field in ("createParty", "updateParty", "joinParty", "leaveParty", "deleteParty"):
        if field == "updateParty":
            wanted = {"partyId": party["id"], "city": "Another city", "idempotencyKey": a_city()}
        elif field != "createParty":
            wanted = {"partyId": party["id"], "idempotencyKey": a_city()}
        kind = field[0].upper() + field[1:]
        query = (
            f"mutation($input: {kind}Input!) {{ {field}(input: $input) {{ __typename "
            "... on CreatePartySuccess { party { id } } } }"
        )
        if field != "createParty":
            query = query.replace("... on CreatePartySuccess { party { id } }", "")
        body = {"query": query, "variables": {"input": wanted}, "extensions": {"cost": True}}
        with recording(parts) as recorder:
            async with api.session.post(f"{api.url}/graphql", json=body) as response:
                answer = await response.json()
        result = answer["data"][field]
        assert result["__typename"] == f"{kind}Success"
        party = result.get("party", party)
        cost = answer["extensions"]["cost"]
        conditional = recorder.profiles.count("conditional")
        assert conditional == cost["transactions"] == 1
        assert len(recorder.sent) - conditional <= cost["partitions"], field


def examples() -> list[str]:
    """The documents that the README and the clients' tests run."""
    readme = (ROOT / "README.md").read_text()
    pasted = re.findall(r"```graphql\n(.*?)```", readme, re.DOTALL)
    assert len(pasted) >= 6
    file = ROOT / "tests" / "clients" / "documents" / "parties.graphql"
    return [*pasted, file.read_text(), get_introspection_query()]


@pytest.mark.parametrize("text", examples())
def test_the_examples_are_well_within_the_default_limits(text: str) -> None:
    settings = Settings(_env_file=None, environment="production")  # type: ignore[call-arg,arg-type]
    limits = limits_of(settings)
    half = Limits(*(each and each // 2 for each in limits))._replace(depth=limits.depth)
    schema = build_schema(limits=half)
    document = schema.plans.documents.get(text, schema._rules, {})
    assert document.refusal is None, document.errors
    usual = {"names": ["Lisbon"] * 5, "ids": ["x"] * 20, "first": 20}
    assert all(cost.of(usual).total < 100 for cost in document.costs.values())
