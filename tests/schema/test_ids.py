"""Global ids: there and back, and nothing but our own, over HTTP too."""

from __future__ import annotations

import base64
from typing import TYPE_CHECKING
from uuid import UUID

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from graphql_api.parties import cursor
from graphql_api.parties.city import city_key
from graphql_api.schema import ids
from tests.support.parties import a_party_id
from tests.support.strategies import ANY_IDS, ANY_POSITIONS, CITY_NAMES, FOREIGN, TEXT, damaged

if TYPE_CHECKING:
    from tests.support.api import Api

ID = ids.party_id(a_party_id("one"))
CODES = {"BAD_USER_INPUT", "GRAPHQL_PARSE_FAILED", "GRAPHQL_VALIDATION_FAILED"}
EVERYTHING = """
query($id: ID!, $ids: [ID!]!) {
  node(id: $id) { __typename ... on City { name parties(first: 1) { nodes { id } } } }
  nodes(ids: $ids) { __typename id }
  party(id: $id) { id }
}"""
NO_CURSOR = """
query($city: String!, $cursor: String, $order: PartyOrder!) {
  after: parties(city: $city, after: $cursor, order: $order) { ...All }
  before: parties(city: $city, before: $cursor, order: $order) { ...All }
}
fragment All on PartyConnection { nodes { id } pageInfo { hasNextPage hasPreviousPage } }"""
CHANGES = """
mutation($id: ID!) {
  joinParty(input: {partyId: $id}) { __typename }
  leaveParty(input: {partyId: $id}) { __typename }
  updateParty(input: {partyId: $id, name: "Never"}) { __typename }
  deleteParty(input: {partyId: $id}) { __typename }
}"""


@given(ANY_IDS)
def test_a_partys_id_leads_back_to_it(party_id: UUID) -> None:
    assert ids.decode(ids.party_id(party_id)) == party_id
    assert ids.decode_party(ids.party_id(party_id)) == party_id


@given(CITY_NAMES.map(city_key))
def test_a_citys_id_leads_back_to_it_and_is_no_partys(key: str) -> None:
    assert ids.decode(ids.city_id(key)) == key
    assert ids.decode_party(ids.city_id(key)) is None


@given(FOREIGN | damaged(ID) | st.text(max_size=3))
def test_an_id_has_one_spelling(text: str) -> None:
    found = ids.decode(text)
    if isinstance(found, UUID):
        assert ids.party_id(found) == text
    elif found is not None:
        assert ids.city_id(found) == text
    assert found is None or text.rstrip("=") == text


@settings(max_examples=60)
@given(FOREIGN | damaged(ID), st.lists(FOREIGN, max_size=4))
async def test_foreign_ids_are_null_in_queries(api: Api, text: str, more: list[str]) -> None:
    data = await api.run(EVERYTHING, id=text, ids=[text, *more])
    assert data["party"] is None
    assert len(data["nodes"]) == 1 + len(more)
    for asked, node in zip([text, *more], data["nodes"], strict=True):
        assert node in (None, {"__typename": "City", "id": asked})
    if data["node"] is not None:
        # Whoever makes up the id of a city gets the city of that name, which has no parties.
        assert data["node"]["parties"] == {"nodes": []}
        name = data["node"]["name"]
        assert await api.run("query($n: String!) { city(name: $n) { id } }", n=name) == {
            "city": {"id": text}
        }


@settings(max_examples=30)
@given(FOREIGN | damaged(ID))
async def test_foreign_ids_are_not_found_by_mutations(api: Api, text: str) -> None:
    data = await api.run(CHANGES, id=text)
    assert [each["__typename"] for each in data.values()] == ["PartyNotFoundError"] * 4


@pytest.mark.parametrize("key", ["", " ", "\0", "a\nb", "Lisbon", "a  b", "e\u0301", "x" * 151])
async def test_what_no_city_can_be_called_is_no_id_of_one(api: Api, key: str) -> None:
    made = base64.urlsafe_b64encode(b"C" + key.encode()).rstrip(b"=").decode()
    data = await api.run("query($id: ID!) { node(id: $id) { id } }", id=made)
    assert data == {"node": None}


@settings(max_examples=60)
@given(FOREIGN | TEXT, st.sampled_from(["SOONEST_FIRST", "LATEST_FIRST"]))
async def test_foreign_cursors_are_bad_user_input(api: Api, text: str, order: str) -> None:
    answer = await api.send(NO_CURSOR, city="Lisbon", cursor=text, order=order)
    assert answer["data"] == {"after": None, "before": None}
    assert [error["extensions"] for error in answer["errors"]] == [{"code": "BAD_USER_INPUT"}] * 2


@settings(max_examples=60)
@given(ANY_POSITIONS, st.sampled_from(["SOONEST_FIRST", "LATEST_FIRST"]))
async def test_forged_cursors_are_positions_or_bad_user_input(
    api: Api, position: cursor.Position, order: str
) -> None:
    forged = cursor.encode(position, "nowhere")
    answer = await api.send(NO_CURSOR, city="Nowhere", cursor=forged, order=order)
    for name, connection in answer["data"].items():
        around = {"hasNextPage": False, "hasPreviousPage": False}
        assert connection in (None, {"nodes": [], "pageInfo": around}), name
    assert {error["extensions"]["code"] for error in answer.get("errors", ())} <= CODES
