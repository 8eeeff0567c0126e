"""Made-up bodies, ids, cursors and WebSocket messages: answered or refused, and no surprise."""

from __future__ import annotations

import json
import logging
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from tests.support.live import PARTY_CHANGED, PATIENCE, a_socket

if TYPE_CHECKING:
    from tests.support.api import Api

some = settings(max_examples=120, suppress_health_check=[HealthCheck.function_scoped_fixture])
few = settings(some, max_examples=60)
STATUSES = {200, 400, 408, 413, 415}
CODES = {1003, 1007, 1009, 4400, 4401, 4409, 4429}
WORDS = (
    *"{}()[]:!$@=|&",
    "...",
    '"""',
    '"',
    "query",
    "mutation",
    "subscription",
    "fragment",
    "on",
    "Party",
    "Query",
    "parties",
    "city",
    "cities",
    "nodes",
    "node",
    "id",
    "name",
    "names",
    "first",
    "joinParty",
    "input",
    "partyId",
    "$a",
    "String!",
    "__typename",
    "__schema",
    "@include",
    "if",
    "true",
    "null",
    "1",
    "-1e400",
    '"Lisbon"',
    "#",
    "\ufeff",
    "\0",
)
documents = st.lists(st.sampled_from(WORDS) | st.text(max_size=5), max_size=25).map(" ".join)
values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=20),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(max_size=8), inner),
    max_leaves=12,
)
requests = st.fixed_dictionaries(
    {},
    optional={
        "query": documents | values,
        "variables": st.dictionaries(st.sampled_from(["a", "input", "id"]), values) | values,
        "operationName": st.text(max_size=5) | values,
        "extensions": values,
        "documentId": values,
    },
)
ARGUMENTS = """query($id: ID!, $ids: [ID!]!, $name: String!, $after: String, $first: Int) {
  node(id: $id) { id } nodes(ids: $ids) { id } party(id: $id) { id }
  city(name: $name) { id parties(first: $first, after: $after) { nodes { id } } }
  searchCities(prefix: $name, first: $first) { id }
}"""


@pytest.fixture(autouse=True)
def nothing_unexpected(caplog: pytest.LogCaptureFixture) -> Any:
    """No error in the log: neither of ours nor of asyncio's or aiohttp's."""
    yield
    assert [each.getMessage() for each in caplog.records if each.levelno >= logging.ERROR] == []


@pytest.fixture(scope="module")
async def party(api: Api) -> dict[str, Any]:
    """One that ids and cursors are taken from."""
    return await api.create(city="Fuzz")


async def post(api: Api, body: bytes, **headers: str) -> str:
    sent = {"Content-Type": "application/json"} | headers
    async with api.session.post(f"{api.url}/graphql", data=body, headers=sent) as response:
        text = await response.text()
        assert response.status in STATUSES, text
    assert "INTERNAL_SERVER_ERROR" not in text
    return text


@some
@given(body=st.binary(max_size=200) | (requests | values).map(lambda v: json.dumps(v).encode()))
async def test_bodies(api: Api, body: bytes) -> None:
    text = await post(api, body)
    answer = json.loads(text)
    assert answer.keys() & {"data", "errors"}


@few
@given(body=st.binary(max_size=100), encoding=st.sampled_from(["gzip", "deflate", "br", "x"]))
async def test_bodies_that_say_they_are_compressed(api: Api, body: bytes, encoding: str) -> None:
    await post(api, body, **{"Content-Encoding": encoding})


def damaged(text: str, place: int, to: str) -> str:
    """A text of which a piece is another."""
    place %= len(text)
    return text[:place] + to + text[place + max(1, len(to)) :]


@some
@given(
    place=st.integers(0, 100), to=st.text(max_size=3), anything=st.text(max_size=60), data=st.data()
)
async def test_ids_and_cursors(
    api: Api, party: dict[str, Any], place: int, to: str, anything: str, data: st.DataObject
) -> None:
    page = await api.run(
        '{ city(name: "Fuzz") { id parties(first: 1) { pageInfo { endCursor } } } }'
    )
    cursor = page["city"]["parties"]["pageInfo"]["endCursor"]
    ids = [party["id"], page["city"]["id"], cursor]
    made = [damaged(each, place, to) for each in ids]
    variables = {
        "id": data.draw(st.sampled_from([*made, anything])),
        "ids": [*made, anything],
        "name": anything,
        "after": data.draw(st.sampled_from([*made, anything, cursor])),
        "first": data.draw(st.integers(-2, 102)),
    }
    answer = json.loads(
        await post(api, json.dumps({"query": ARGUMENTS, "variables": variables}).encode())
    )
    for error in answer.get("errors", ()):
        assert error["extensions"]["code"] == "BAD_USER_INPUT"


@few
@given(
    party_id=st.text(max_size=40), key=st.text(max_size=140), people=st.integers(-(2**40), 2**40)
)
async def test_changes(api: Api, party_id: str, key: str, people: int) -> None:
    query = """mutation($i: JoinPartyInput!) { joinParty(input: $i) { __typename } }"""
    wanted = {"partyId": party_id, "idempotencyKey": key, "expectedPeople": people}
    answer = json.loads(
        await post(api, json.dumps({"query": query, "variables": {"i": wanted}}).encode())
    )
    if "errors" not in answer:
        assert answer["data"]["joinParty"]["__typename"] in (
            "PartyNotFoundError",
            "InvalidInputError",
        )


messages = st.one_of(
    st.fixed_dictionaries(
        {
            "type": st.sampled_from(
                ["connection_init", "ping", "pong", "subscribe", "complete", "x"]
            )
        },
        optional={"id": st.sampled_from(["1", "2", ""]) | values, "payload": requests | values},
    ).map(json.dumps),
    values.map(json.dumps),
    st.text(max_size=40),
    st.binary(max_size=40),
    st.just(json.dumps({"type": "subscribe", "id": "1", "payload": {"query": PARTY_CHANGED}})),
)


@few
@given(sent=st.lists(messages, max_size=8), is_initialised=st.booleans())
async def test_messages(api: Api, sent: list[str | bytes], is_initialised: bool) -> None:  # noqa: FBT001  # Hypothesis's
    """A socket lives on or is closed with a code that says why; its neighbours live on."""
    async with a_socket(api, initialised=is_initialised) as socket:
        for message in sent:
            if isinstance(message, bytes):
                await socket.raw.send_bytes(message)
            else:
                await socket.raw.send_str(message)
        await socket.raw.send_str(json.dumps({"type": "ping", "payload": {"last": True}}))
        while True:
            got = await socket.raw.receive(timeout=PATIENCE)
            if got.type is not aiohttp.WSMsgType.TEXT:
                assert socket.raw.close_code in CODES
                break
            assert "INTERNAL_SERVER_ERROR" not in got.data
            if json.loads(got.data) == {"type": "pong", "payload": {"last": True}}:
                break
