"""relay-compiler and GraphQL Code Generator take the schema, and documents against it."""

from __future__ import annotations

import json
import shutil
from pathlib import Path
from typing import TYPE_CHECKING

from graphql_api.schema.build import build_schema
from graphql_api.schema.trusted_documents import load_trusted_documents

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    Node = Callable[..., Awaitable[str]]

HERE = Path(__file__).parent
SCHEMA = HERE.parents[1] / "schema.graphql"
# Two pages of one list through a fragment of its own: what Relay's connections rest on.
LIST = """
import { graphql } from "react-relay";
graphql`
  fragment Parties_city on City
  @refetchable(queryName: "PartiesNextPageQuery")
  @argumentDefinitions(count: { type: "Int", defaultValue: 20 }, cursor: { type: "String" }) {
    name
    parties(first: $count, after: $cursor) @connection(key: "Parties_parties") {
      edges { node { id name date people } }
    }
  }
`;
graphql`query PartiesQuery($name: String!) { city(name: $name) { ...Parties_city } }`;
graphql`query PartiesNodesQuery($id: ID!, $ids: [ID!]!) {
  node(id: $id) { __typename ... on Party { name } }
  nodes(ids: $ids) { id }
}`;
graphql`mutation PartiesJoinMutation($input: JoinPartyInput!) {
  joinParty(input: $input) {
    __typename
    ... on JoinPartySuccess { party { id people } }
    ... on ConflictError { party { id people } }
    ... on UserError { message }
  }
}`;
graphql`subscription PartiesSubscription($id: ID!) { partyChanged(id: $id) { id people } }`;
"""


async def test_relay_compiles_and_its_documents_can_be_trusted(node: Node, tmp_path: Path) -> None:
    (tmp_path / "src").mkdir()
    (tmp_path / "src" / "Parties.js").write_text(LIST)
    shutil.copy(SCHEMA, tmp_path / "schema.graphql")
    config = {
        "src": "./src",
        "schema": "./schema.graphql",
        "language": "javascript",
        "persistConfig": {"file": "./documents.json", "algorithm": "SHA256"},
    }
    (tmp_path / "documents.json").write_text("{}")
    (tmp_path / "relay.config.json").write_text(json.dumps(config))
    await node("node_modules/relay-compiler/cli.js", "relay.config.json", cwd=tmp_path)
    made = {path.name for path in (tmp_path / "src" / "__generated__").iterdir()}
    assert made == {
        "Parties_city.graphql.js",
        "PartiesQuery.graphql.js",
        "PartiesNextPageQuery.graphql.js",
        "PartiesNodesQuery.graphql.js",
        "PartiesJoinMutation.graphql.js",
        "PartiesSubscription.graphql.js",
    }
    assert len(load_trusted_documents(tmp_path / "documents.json", build_schema())) == 5


async def test_graphql_codegen_writes_types(node: Node) -> None:
    types = await node("codegen.mjs", str(SCHEMA), str(HERE / "documents" / "parties.graphql"))
    for name in ("CityPageQuery", "JoinPartyMutation", "PartyChangedSubscription"):
        assert f"export type {name} =" in types
    assert "DateTime: { input: string; output: string; }" in types
