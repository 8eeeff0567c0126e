"""GraphQL over Server-Sent Events, distinct connections mode."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from graphql_api.http.application import STREAMS
from tests.support.live import PARTY_CHANGED, an_event_stream, until
from tests.support.web import serving_app

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

EVENTS = {"Accept": "text/event-stream"}
COMPLETE = ("complete", None)


async def test_a_subscription_to_its_end(api: Api) -> None:
    party = await api.create()
    async with an_event_stream(api, PARTY_CHANGED, id=party["id"]) as events:
        changed = {"partyChanged": {"people": 0, "revision": 1}}
        assert await events.next() == ("next", {"data": changed})
        await api.mutate("joinParty", partyId=party["id"])
        changed = {"partyChanged": {"people": 1, "revision": 2}}
        assert await events.next() == ("next", {"data": changed})
        await api.mutate("deleteParty", partyId=party["id"])
        assert await events.next() == ("next", {"data": {"partyChanged": None}})
        assert await events.next() == COMPLETE
        assert await events.next() is None


async def test_other_operations_have_one_answer(api: Api) -> None:
    async with an_event_stream(api, "{ __typename }") as events:
        assert await events.next() == ("next", {"data": {"__typename": "Query"}})
        assert await events.next() == COMPLETE
    join = 'mutation { joinParty(input: {partyId: "nobody"}) { __typename } }'
    async with an_event_stream(api, join) as events:
        result = {"joinParty": {"__typename": "PartyNotFoundError"}}
        assert await events.next() == ("next", {"data": result})
        assert await events.next() == COMPLETE


async def test_errors_come_as_an_answer_too(api: Api) -> None:
    for query, code in (("{", "GRAPHQL_PARSE_FAILED"), ("{ no }", "GRAPHQL_VALIDATION_FAILED")):
        async with an_event_stream(api, query) as events:
            event = await events.next()
            assert event is not None
            assert event[0] == "next"
            assert event[1]["errors"][0]["extensions"] == {"code": code}
            assert await events.next() == COMPLETE


async def test_what_is_no_request_is_refused_in_json(api: Api) -> None:
    async with api.session.post(f"{api.url}/graphql", data=b"{", headers=EVENTS) as response:
        assert (response.status, response.content_type) == (415, "application/json")
    async with api.session.post(f"{api.url}/graphql", json={}, headers=EVENTS) as response:
        assert (response.status, response.content_type) == (400, "application/json")


async def test_by_get_without_writing(api: Api, parts: Parts, settings: Settings) -> None:
    for query, expected in (("{ __typename }", b'"Query"'), ("mutation { a }", b'"errors"')):
        async with api.session.get(
            f"{api.url}/graphql", params={"query": query}, headers=EVENTS
        ) as response:
            assert response.content_type == "text/event-stream"
            assert expected in await response.read()
    party = await api.create()
    join = f'mutation {{ joinParty(input: {{partyId: "{party["id"]}"}}) {{ __typename }} }}'
    async with api.session.get(
        f"{api.url}/graphql", params={"query": join}, headers=EVENTS
    ) as response:
        assert b"mutations are not allowed" in await response.read()
    assert await api.party(party["id"]) == party
    async with serving_app(parts, settings, environment="production") as production:
        url, look = f"{production.url}/graphql", {"query": "{ __typename }"}
        for site, status in (("cross-site", 403), ("same-origin", 200)):
            headers = EVENTS | {"Sec-Fetch-Site": site}
            async with production.session.get(url, params=look, headers=headers) as response:
                assert response.status == status


async def test_a_quiet_stream_shows_that_it_lives(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings, keep_alive=0.05) as api:
        party = await api.create()
        async with an_event_stream(api, PARTY_CHANGED, id=party["id"]) as events:
            await events.next()
            following = asyncio.create_task(events.next())
            await until(lambda: events.comments > 3)
            await api.mutate("joinParty", partyId=party["id"])
            event = await following
            assert event is not None
            assert event[1]["data"] == {"partyChanged": {"people": 1, "revision": 2}}


async def test_a_client_that_left_is_noticed(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings, keep_alive=0.05) as api:
        party = await api.create()
        async with an_event_stream(api, PARTY_CHANGED, id=party["id"]) as events:
            await events.next()
            assert parts.changes.watched == 1
            assert api.runner is not None
            streams = api.runner.app[STREAMS]
            assert len(streams) == 1
            events.response.close()
            await until(lambda: parts.changes.watched == 0 and len(streams) == 0)


async def test_a_stream_is_cut_short_when_the_server_stops(
    parts: Parts, settings: Settings
) -> None:
    """Without a complete event, so that clients come again."""
    async with serving_app(parts, settings) as api:
        party = await api.create()
        async with an_event_stream(api, PARTY_CHANGED, id=party["id"]) as events:
            await events.next()
            assert api.runner is not None
            stopping = asyncio.create_task(api.runner.cleanup())
            assert await events.next() is None
            await stopping
            assert parts.changes.watched == 0


ACCEPTS = ["text/event-stream", "text/event-stream, application/json;q=.5"]


@pytest.mark.parametrize("accept", ACCEPTS)
async def test_the_accept_header_decides(api: Api, accept: str) -> None:
    query, headers, url = {"query": "{ __typename }"}, {"Accept": accept}, f"{api.url}/graphql"
    async with api.session.post(url, json=query, headers=headers) as response:
        assert response.content_type == "text/event-stream"
    async with api.session.get(url, params=query, headers=headers) as response:
        assert response.content_type == "text/event-stream"
