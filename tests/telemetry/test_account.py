"""What an operation took, told to who asks."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

from graphql_api.journal import Entry, Journal, open_journal
from graphql_api.telemetry.account import _covered
from tests.support.api import a_city, mutation, soon
from tests.support.web import serving_app

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

ASKED: object = True
PAGES = "query($a: String!, $b: String!) { a: parties(city: $a) { nodes { id } } b: parties(city: $b) { nodes { id } } }"  # noqa: E501


async def ask(api: Api, query: str, trace: object = ASKED, **variables: Any) -> dict[str, Any]:
    body = {"query": query, "variables": variables, "extensions": {"trace": trace}}
    headers = {"X-Request-Id": "mine"}
    async with api.session.post(f"{api.url}/graphql", json=body, headers=headers) as response:
        answer: dict[str, Any] = await response.json()
        return answer


async def test_a_query_is_told_its_statements_and_where_the_time_went(measured: Api) -> None:
    told = (await ask(measured, PAGES, a=a_city(), b=a_city()))["extensions"]["trace"]
    assert told["requestId"] == "mine"
    assert {each["name"] for each in told["statements"]} == {"read_page"}
    assert {each["outcome"] for each in told["statements"]} == {"answered"}
    assert len(told["statements"]) % 2 == 0
    assert told["proposals"] == []
    parts = told["databaseMilliseconds"] + told["serverMilliseconds"]
    assert abs(parts - told["milliseconds"]) < 0.01
    longest = max(each["milliseconds"] for each in told["statements"])
    assert 0 < longest <= told["databaseMilliseconds"] + 0.01
    assert told["databaseMilliseconds"] < told["milliseconds"]


async def test_a_change_is_told_its_proposals_and_who_shared_them(measured: Api) -> None:
    party = await measured.create(date=soon())
    joins = [ask(measured, mutation("joinParty"), input={"partyId": party["id"]}) for _ in range(5)]
    for answer in await asyncio.gather(*joins):
        proposals = answer["extensions"]["trace"]["proposals"]
        assert [each["outcome"] for each in proposals] == ["applied"]
        assert 1 <= proposals[0]["changes"] <= 5


async def test_nobody_is_told_who_does_not_ask_or_asks_in_production(
    parts: Parts, settings: Settings, measured: Api
) -> None:
    for trace in (False, "true", 1, None):
        assert "extensions" not in await ask(measured, "{ __typename }", trace)
    assert "extensions" not in await measured.send("{ __typename }")
    async with serving_app(parts, settings, environment="production") as served:
        assert "extensions" not in await ask(served, "{ __typename }")


async def test_it_stands_beside_the_cost(measured: Api) -> None:
    body = {"query": "{ __typename }", "extensions": {"trace": True, "cost": True}}
    async with measured.session.post(f"{measured.url}/graphql", json=body) as response:
        assert set((await response.json())["extensions"]) == {"trace", "cost"}


async def test_a_request_notes_nothing_for_the_next_one(parts: Parts) -> None:
    journal = Journal("one")
    journal.entries = []
    open_journal(journal)
    await parts.store.ping()
    open_journal(None)
    count = len(journal.entries)
    await parts.store.ping()
    assert len(journal.entries) == count == 1


def test_time_is_not_counted_twice_where_statements_are_under_way_at_once() -> None:
    spans = [(0, 10), (2, 5), (8, 14), (20, 21), (20, 25)]
    assert _covered(Entry("x", *span, "answered") for span in spans) == 19
