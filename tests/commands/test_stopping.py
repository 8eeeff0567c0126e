"""SIGTERM: not ready any more, serving on for a while, then an end in which nothing is lost.

Also where the database says nothing meanwhile.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import suppress
from itertools import count
from typing import TYPE_CHECKING

import aiohttp

from graphql_api.schema import ids
from tests.support.api import Api, a_city, soon
from tests.support.servers import _address, environment, start

if TYPE_CHECKING:
    from pathlib import Path

    from graphql_api.app import Parts
    from graphql_api.embedded import Node
    from graphql_api.settings import Settings

DELAY = 2
CREATE = """mutation ($input: CreatePartyInput!) { createParty(input: $input) {
  ... on CreatePartySuccess { party { id } } } }"""
JOIN = """mutation ($id: ID!) { joinParty(input: {partyId: $id}) {
  ... on JoinPartySuccess { party { people } } } }"""
JOIN_WITH_KEY = """mutation ($id: ID!, $key: String!) {
  joinParty(input: {partyId: $id, idempotencyKey: $key}) { __typename } }"""
IN_DOUBT = {"OUTCOME_UNKNOWN", "DEADLINE_EXCEEDED", "DATABASE_UNAVAILABLE"}
LONGEST = 60.0  # a hang fails the test; .env.template promises twice REQUEST_TIMEOUT


async def test_a_server_that_is_stopped_loses_nothing(
    tmp_path: Path, settings: Settings, parts: Parts
) -> None:
    process = await start(
        tmp_path, environment(settings, STOP_DELAY=str(DELAY)), "serve", "--port", "0"
    )
    url = await _address(process)
    async with aiohttp.ClientSession() as session:
        api = Api(url, session)
        party = {"city": a_city(), "name": "A party", "date": soon(), "timeZone": "UTC"}
        made = await api.run(CREATE, input=party)
        party_id = made["createParty"]["party"]["id"]
        socket = await session.ws_connect(f"{url}/graphql", protocols=["graphql-transport-ws"])
        await socket.send_json({"type": "connection_init"})
        assert (await socket.receive_json())["type"] == "connection_ack"
        acknowledged = asyncio.create_task(_join(api, party_id))
        await asyncio.sleep(0.2)
        process.terminate()
        while (await _status(session, f"{url}/readyz")) != 503:  # noqa: ASYNC110  # no event tells
            await asyncio.sleep(0.02)
        assert await _status(session, f"{url}/healthz") == 200
        assert await api.run('{ party(id: "x") { id } }') == {"party": None}
        message = await socket.receive()
        assert (message.type, message.data) == (aiohttp.WSMsgType.CLOSE, 1001)
        joined = await acknowledged
    _, errors = await process.communicate()
    assert process.returncode == 0, errors
    assert joined > 0
    found = ids.decode_party(party_id)
    assert found is not None
    head = await parts.store.read_head(found)
    assert head is not None
    assert head.people == joined


async def test_a_server_that_is_stopped_while_cassandra_is_frozen_answers_in_time(
    tmp_path: Path, settings: Settings, api: Api, cassandra: Node
) -> None:
    variables = environment(settings, REQUEST_TIMEOUT="4", STOP_DELAY=str(DELAY))
    process = await start(tmp_path, variables, "serve", "--port", "0")
    stopping = Api(await _address(process), api.session)
    party = await stopping.create()
    joining = [asyncio.create_task(_join_until_refused(stopping, party["id"])) for _ in range(8)]
    await asyncio.sleep(0.5)
    cassandra.freeze()
    try:
        await asyncio.sleep(0.2)
        process.terminate()
        joined, unanswered = zip(*await asyncio.gather(*joining), strict=True)
        _, errors = await asyncio.wait_for(process.communicate(), LONGEST)
    finally:
        cassandra.thaw()
    assert process.returncode == 0, errors
    await _reads_again(api)
    for key in unanswered:
        outcome = await api.mutate("joinParty", partyId=party["id"], idempotencyKey=key)
        assert outcome["__typename"] == "JoinPartySuccess"
    found = await api.party(party["id"])
    assert found is not None
    assert found["people"] == sum(joined) + len(unanswered)


async def _reads_again(api: Api) -> None:
    """Wait until a server whose connection did not outlive the freeze has another."""
    read = '{ searchCities(prefix: "x") { name } }'
    while "errors" in await api.send(read):  # noqa: ASYNC110  # no event tells
        await asyncio.sleep(0.1)


async def _join_until_refused(api: Api, party_id: str) -> tuple[int, str]:
    """Join one after another; how many joins were acknowledged, and the key of one that was not."""
    for joined in count():
        key = secrets.token_hex(8)
        body = {"query": JOIN_WITH_KEY, "variables": {"id": party_id, "key": key}}
        async with api.session.post(f"{api.url}/graphql", json=body) as response:
            answer = await response.json()
        if "errors" in answer:
            assert answer["errors"][0]["extensions"]["code"] in IN_DOUBT
            return joined, key
    raise AssertionError


async def _join(api: Api, party_id: str) -> int:
    """Join one after another until the server is gone; how many joins it acknowledged."""
    joined = 0
    with suppress(aiohttp.ClientOSError, aiohttp.ServerDisconnectedError):
        while True:
            data = await api.run(JOIN, id=party_id)
            assert data["joinParty"]["party"]["people"] == joined + 1
            joined += 1
    return joined


async def _status(session: aiohttp.ClientSession, url: str) -> int:
    async with session.get(url) as response:
        return response.status
