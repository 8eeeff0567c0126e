"""A price list summed up over an operation, with the lengths of lists that its variables say."""

from __future__ import annotations

from typing import Any

import pytest
from graphql import build_schema, parse

from graphql_api.engine.costs import CostModel, FieldCost, costs_of

SCHEMA = build_schema(
    """
    interface Node { id: ID! }
    type Query { town(name: String): Town  towns(names: [String!]!): [Town]  node(id: ID!): Node }
    type Town implements Node { id: ID!  name: String
      parties(first: Int, last: Int, after: String): [Party]
      page(first: Int): Page }
    type Page { nodes: [Party]  edges: [Party]  hasMore: Boolean }
    type Party implements Node { id: ID!  text: String  town: Town }
    type Mutation { join(id: ID!): Party }
    """
)
PAGE = FieldCost(own={"read": 3}, each={"row": 1}, sized_by=("first", "last"), size=20, most=100)
MODEL = CostModel(
    {
        "Query.towns": FieldCost(sized_by=("names",)),
        "Query.node": FieldCost(own={"read": 1}),
        "Town.parties": PAGE,
        "Town.page": PAGE._replace(is_connection=True, each={}),
        "Page.nodes": FieldCost(each={"row": 1}, in_page=True),
        "Page.edges": FieldCost(each={"row": 1}, in_page=True),
        "Page.hasMore": FieldCost(own={"read": 2}),
        "Party.text": FieldCost(own={"read": 1}),
        "Mutation.join": FieldCost(own={"read": 2, "write": 1}),
        "__schema": FieldCost(own={"row": 50}),
    },
    {"read": 1, "write": 10, "row": 0.1},
)


def cost(text: str, **variables: Any) -> tuple[int, int, int, int]:
    """Reads, writes, rows and the total of a document's only operation."""
    (found,) = costs_of(SCHEMA, MODEL, parse(text)).values()
    total, counts = found.of(variables)
    assert total <= found.ceiling
    return counts["read"], counts["write"], counts["row"], total


SPREAD_TWICE = """{ node(id: "x") { ...T ...P } }
  fragment T on Town { parties(first: 1) { ...P } } fragment P on Party { text }"""


PAGES_OF_PAGES = """{ town { page(first: 2) { ...P } } }
  fragment P on Page { hasMore nodes { town { page(first: 3) { nodes { id } } } } }"""


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("{ town { id name } }", (0, 0, 0, 0)),
        ("{ town { parties { id } } }", (3, 0, 20, 5)),
        ("{ town { parties(first: 5) { id text } } }", (8, 0, 5, 9)),
        ("{ town { parties(last: 5) { id text } } }", (8, 0, 5, 9)),
        ("{ town { parties(first: null, last: 7) { id } } }", (3, 0, 7, 4)),
        ("{ town { parties(first: 1000000000000) { id } } }", (3, 0, 100, 13)),
        ("{ town { parties(first: -5) { id } } }", (3, 0, 0, 3)),
        ('{ towns(names: ["a", "b"]) { parties(first: 10) { text } } }', (26, 0, 20, 28)),
        ('{ towns(names: "a") { parties(first: 1) { id } } }', (3, 0, 1, 4)),
        ("{ a: town { parties { id } } b: town { parties { id } } }", (6, 0, 40, 10)),
        ('{ node(id: "x") { id ... on Town { parties { id } } } }', (4, 0, 20, 6)),
        (SPREAD_TWICE, (6, 0, 1, 7)),
        ('mutation { join(id: "x") { text } }', (3, 1, 0, 13)),
        ("{ town { page(first: 10) { hasMore } } }", (5, 0, 0, 5)),
        ("{ town { page(first: 10) { hasMore nodes { text } } } }", (15, 0, 10, 16)),
        ("{ town { page { nodes { id } edges { id } } } }", (3, 0, 40, 7)),
        (PAGES_OF_PAGES, (11, 0, 8, 12)),
        ("{ __schema { types { name } } }", (0, 0, 50, 5)),
        ("{ town { nothing { parties { id } } ... on Nothing { parties { id } } } }", (0, 0, 0, 0)),
    ],
)  # fmt: skip
def test_a_document_without_variables(text: str, expected: tuple[int, ...]) -> None:
    assert cost(text) == expected


TOWNS = """query($names: [String!]!, $n: Int = 7) {
  towns(names: $names) { parties(first: $n) { text } }
}"""


@pytest.mark.parametrize(
    ("variables", "expected"),
    [
        ({"names": ["a"] * 10, "n": 5}, (80, 0, 50, 85)),
        ({"names": ["a"] * 10}, (100, 0, 70, 107)),
        ({"names": ["a"] * 10, "n": None}, (230, 0, 200, 250)),
        ({"names": ["a"] * 500, "n": 500}, (10300, 0, 10000, 11300)),
        ({"names": [], "n": 5}, (0, 0, 0, 0)),
        ({"names": "a", "n": 1}, (4, 0, 1, 5)),
        ({"n": "many"}, (4, 0, 1, 5)),
        ({"names": ["a"], "n": True}, (4, 0, 1, 5)),
        ({}, (10, 0, 7, 11)),
    ],
)
def test_variables_say_how_long_lists_are(
    variables: dict[str, Any], expected: tuple[int, ...]
) -> None:
    assert cost(TOWNS, **variables) == expected


def test_of_two_arguments_the_first_that_is_given_counts() -> None:
    text = "query($f: Int, $l: Int) { town { parties(first: $f, last: $l) { id } } }"
    assert cost(text, f=3) == (3, 0, 3, 4)
    assert cost(text, l=4) == (3, 0, 4, 4)
    assert cost(text, f=None, l=None) == (3, 0, 20, 5)


def test_each_operation_has_a_cost_of_its_own() -> None:
    costs = costs_of(
        SCHEMA, MODEL, parse("query A { town { id } } query B { town { parties { id } } }")
    )
    assert {name: each.of(None).total for name, each in costs.items()} == {"A": 0, "B": 5}


def test_a_bomb_of_fragments_costs_what_it_expands_to_and_a_cycle_ends() -> None:
    lines = [f"fragment F{n} on Town {{ ...F{n + 1} ...F{n + 1} }}" for n in range(64)]
    last = "fragment F64 on Town { parties(first: 1) { id } }"
    reads, _, _, _ = cost(f"{{ town {{ ...F0 }} }} {' '.join(lines)} {last}")
    assert reads == 3 * 2**64
    assert cost("{ town { ...A } } fragment A on Town { parties { town { ...A } } }") == (
        3,
        0,
        20,
        5,
    )
