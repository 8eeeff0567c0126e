"""The graphql-transport-ws protocol, message by message and code by code."""

from __future__ import annotations

import asyncio
import json
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from graphql_api.http.application import STREAMS
from tests.support.live import CITY_CHANGED, PARTY_CHANGED, a_socket, until
from tests.support.recorder import recording
from tests.support.web import serving_app

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

ANSWER = {"data": {"__typename": "Query"}}


@pytest.mark.parametrize("protocols", [(), ("graphql-ws",), ("nothing", "graphql-ws")])
async def test_no_other_sub_protocol_is_spoken(api: Api, protocols: tuple[str, ...]) -> None:
    async with a_socket(api, initialised=False, protocols=protocols) as socket:
        assert socket.raw.protocol is None
        assert await socket.receive() == 4406


async def test_queries_mutations_and_subscriptions_over_one_socket(api: Api) -> None:
    party = await api.create()
    join = f'mutation {{ joinParty(input: {{partyId: "{party["id"]}"}}) {{ __typename }} }}'
    async with a_socket(api, protocols=("graphql-ws", "graphql-transport-ws")) as socket:
        await socket.subscribe("s", PARTY_CHANGED, id=party["id"])
        assert await socket.next("s") == {"partyChanged": {"people": 0, "revision": 1}}
        await socket.subscribe("q", "{ __typename }")
        assert await socket.next("q") == ANSWER["data"]
        assert await socket.receive() == {"type": "complete", "id": "q"}
        await socket.subscribe("q", join)  # an id that has ended may be used again
        got = [await socket.receive() for _ in range(3)]
        about = {each["id"]: each for each in got if each["type"] == "next"}
        assert about["q"]["payload"] == {"data": {"joinParty": {"__typename": "JoinPartySuccess"}}}
        changed = {"partyChanged": {"people": 1, "revision": 2}}
        assert about["s"]["payload"] == {"data": changed}
        assert {"type": "complete", "id": "q"} in got
        await api.mutate("deleteParty", partyId=party["id"])
        assert await socket.next("s") == {"partyChanged": None}
        assert await socket.receive() == {"type": "complete", "id": "s"}


async def test_without_the_engine_the_same(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings, engine=False) as api, a_socket(api) as socket:
        party = await api.create(city="Without the engine", name="Slowly")
        await socket.subscribe("1", PARTY_CHANGED, id=party["id"])
        assert await socket.next("1") == {"partyChanged": {"people": 0, "revision": 1}}
        await api.mutate("joinParty", partyId=party["id"])
        assert await socket.next("1") == {"partyChanged": {"people": 1, "revision": 2}}
        await socket.send("complete", id="1")
        await socket.subscribe("2", CITY_CHANGED, name=" without THE engine")
        node = {"name": "Slowly", "people": 1, "revision": 2}
        city = {"name": "Without the engine", "parties": {"nodes": [node]}}
        assert await socket.next("2") == {"cityChanged": city}


async def test_a_city_s_followers_share_what_they_load(api: Api, parts: Parts) -> None:
    """However many follow a city, an event costs what one of them asks for, once."""
    party = await api.create(city="Shared", description="For all")
    query = """subscription { cityChanged(name: "shared") {
      name parties(first: 5) { nodes { people description } pageInfo { hasNextPage } }
    } }"""
    async with AsyncExitStack() as stack:
        followers = [await stack.enter_async_context(a_socket(api)) for _ in range(20)]
        for socket in followers:
            await socket.subscribe("1", query)
            await socket.next("1")
        with recording(parts) as recorder:
            await api.mutate("joinParty", partyId=party["id"])
            page = {"nodes": [{"people": 1, "description": "For all"}]}
            page["pageInfo"] = {"hasNextPage": False}  # type: ignore[assignment]
            for socket in followers:
                assert (await socket.next("1"))["cityChanged"] == {
                    "name": "Shared",
                    "parties": page,
                }
        # The join's own read of the head and the event's; a look is one slice a year.
        assert recorder.counts["read_head"] == 2
        assert recorder.counts["read_city"] == 1


async def test_a_completed_operation_sends_nothing_more(api: Api, parts: Parts) -> None:
    party = await api.create()
    async with a_socket(api) as socket:
        await socket.subscribe("1", PARTY_CHANGED, id=party["id"])
        await socket.next("1")
        await socket.send("complete", id="1")
        await socket.send("complete", id="1")
        await socket.send("complete", id="unknown")
        await until(lambda: parts.changes.watched == 0)
        await api.mutate("joinParty", partyId=party["id"])
        await socket.send("ping")
        assert await socket.receive() == {"type": "pong"}


async def test_what_is_refused_is_an_error_message(api: Api) -> None:
    async with a_socket(api) as socket:
        for query, code in (
            ("{", "GRAPHQL_PARSE_FAILED"),
            ("subscription { nothing }", "GRAPHQL_VALIDATION_FAILED"),
            ("query A { a: __typename } query B { b: __typename }", "BAD_USER_INPUT"),
            (PARTY_CHANGED, "BAD_USER_INPUT"),
        ):
            await socket.subscribe("1", query)
            message = await socket.receive()
            assert (message["type"], message["id"]) == ("error", "1")
            assert [each["extensions"] for each in message["payload"]] == [{"code": code}]


async def test_errors_of_an_execution_are_results(api: Api) -> None:
    async with a_socket(api) as socket:
        for query in ('{ city(name: "") { id } }', 'subscription { cityChanged(name: "") { id } }'):
            await socket.subscribe("1", query)
            message = await socket.receive()
            assert message["type"] == "next"
            assert message["payload"]["errors"][0]["message"] == "name must not be blank."
            assert await socket.receive() == {"type": "complete", "id": "1"}


@pytest.mark.parametrize("given", ["nobody", "", "UAAA", "é"])
async def test_an_id_of_nothing_is_null_and_the_end(api: Api, given: str) -> None:
    async with a_socket(api) as socket:
        await socket.subscribe("1", PARTY_CHANGED, id=given)
        assert await socket.next("1") == {"partyChanged": None}
        assert await socket.receive() == {"type": "complete", "id": "1"}


SUBSCRIBE = {"type": "subscribe", "id": "1", "payload": {"query": "{ __typename }"}}


@pytest.mark.parametrize(
    "message",
    [
        "",
        "{",
        "[]",
        "null",
        b"binary",
        {},
        {"type": "start", "id": "1", "payload": {"query": "{ __typename }"}},
        {"type": "next", "id": "1", "payload": {}},
        {"type": "ping", "payload": 7},
        {"type": "pong", "payload": []},
        {"type": "complete"},
        SUBSCRIBE | {"id": ""},
        SUBSCRIBE | {"id": 7},
        SUBSCRIBE | {"id": "x" * 129},
        SUBSCRIBE | {"payload": None},
        SUBSCRIBE | {"payload": {}},
        SUBSCRIBE | {"payload": {"query": "{ __typename }", "variables": "{}"}},
    ],
)
async def test_invalid_messages_close_the_socket(api: Api, message: Any) -> None:
    async with a_socket(api) as socket:
        if isinstance(message, bytes):
            await socket.raw.send_bytes(message)
        else:
            text = message if isinstance(message, str) else json.dumps(message)
            await socket.raw.send_str(text)
        assert await socket.receive() == 4400


async def test_the_order_of_messages_is_kept_to(api: Api) -> None:
    async with a_socket(api, initialised=False) as socket:
        await socket.send("subscribe", **SUBSCRIBE)
        assert await socket.receive() == 4401
    async with a_socket(api) as socket:
        await socket.send("connection_init")
        assert await socket.receive() == 4429
    async with a_socket(api) as socket:
        for _ in range(2):
            await socket.subscribe("a", CITY_CHANGED, name="Nowhere")
        got = [await socket.receive(), await socket.receive()]
        assert got[-1] == 4409 or got[0] == 4409
    async with a_socket(api, initialised=False) as socket:
        await socket.send("ping", payload={"a": 1})
        assert await socket.receive() == {"type": "pong", "payload": {"a": 1}}
        await socket.send("pong")
        await socket.initialise()


async def test_who_does_not_introduce_himself_is_closed(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings, connection_init_timeout=0.05) as api:
        async with a_socket(api, initialised=False) as socket:
            assert await socket.receive() == 4408
        async with a_socket(api) as socket:
            await asyncio.sleep(0.1)
            await socket.send("ping")
            assert await socket.receive() == {"type": "pong"}


async def test_limits(parts: Parts, settings: Settings) -> None:
    limits = {"stream_limit": 2, "operation_limit": 2, "message_limit": 1000}
    async with (
        serving_app(parts, settings, **limits) as api,
        a_socket(api) as one,
        a_socket(api) as other,
    ):
        with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
            async with a_socket(api):
                pass
        assert refused.value.status == 503
        events = {"Accept": "text/event-stream"}
        async with api.session.post(
            f"{api.url}/graphql", json={"query": "{ __typename }"}, headers=events
        ) as response:
            assert (response.status, response.headers["Retry-After"]) == (503, "5")
            assert (await response.json())["errors"][0]["extensions"] == {"code": "OVERLOADED"}
        for number in "ab":
            await one.subscribe(number, CITY_CHANGED, name="Nowhere")
            await one.next(number)
        await one.subscribe("c", "{ __typename }")
        message = await one.receive()
        assert (message["type"], message["id"]) == ("error", "c")
        assert message["payload"][0]["extensions"] == {"code": "OVERLOADED"}
        await one.send("complete", id="a")
        await one.subscribe("c", "{ __typename }")
        assert await one.next("c") == ANSWER["data"]
        await other.subscribe("a", "{ __typename }" + " " * 2000)
        assert await other.receive() == 1009


async def test_pages_of_other_origins_may_not_open_one(parts: Parts, settings: Settings) -> None:
    page = "https://app.example.com"
    async with serving_app(parts, settings, cors_origins=page) as api:
        for origin in (page, api.url):
            async with a_socket(api, origin=origin):
                pass
        for origin in ("https://evil.example.com", "null"):
            with pytest.raises(aiohttp.WSServerHandshakeError) as refused:
                async with a_socket(api, origin=origin):
                    pass
            assert refused.value.status == 403


async def test_a_server_that_stops_says_so(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings) as api, a_socket(api) as socket:
        await socket.subscribe("a", CITY_CHANGED, name="Nowhere")
        await socket.next("a")
        assert api.runner is not None
        stopping = asyncio.create_task(api.runner.cleanup())
        assert await socket.receive() == 1001
        await stopping
        assert (parts.changes.watched, len(api.runner.app[STREAMS])) == (0, 0)
