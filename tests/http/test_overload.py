"""Requests that run out of time, whose client is gone, or that come to a server with too many."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING, Any
from unittest.mock import patch

import aiohttp
import pytest
from aiohttp import web

from graphql_api.app import open_parts
from graphql_api.deadlines import Deadline
from graphql_api.http.admission import FEWEST, Admission
from graphql_api.http.request import BadRequestError
from tests.support.api import a_city
from tests.support.held_reads import holding_reads
from tests.support.live import PARTY_CHANGED, PATIENCE, a_socket, until
from tests.support.recorder import recording
from tests.support.web import serving_app

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from tests.support.api import Api

JOIN = """mutation($id: ID!, $key: String) {
  joinParty(input: {partyId: $id, idempotencyKey: $key}) { __typename }
}"""
DESCRIPTIONS = "query($city: String!) { parties(city: $city) { nodes { description } } }"
SHORT = {"Request-Timeout": "0.2"}


@pytest.fixture(scope="module")
async def patient(settings: Settings) -> AsyncIterator[tuple[Api, Parts]]:
    """A server whose requests have two minutes, unless they say otherwise."""
    changed = settings.model_copy(update={"request_timeout": 120.0})
    async with open_parts(changed) as parts, serving_app(parts, changed) as api:
        yield api, parts


async def send(api: Api, query: str, headers: dict[str, str] | None = None, **given: Any) -> Any:
    body = {"query": query, "variables": given}
    async with (
        asyncio.timeout(PATIENCE),
        api.session.post(f"{api.url}/graphql", json=body, headers=headers) as response,
    ):
        return await response.json()


def codes(answer: Any) -> list[str]:
    return [error["extensions"]["code"] for error in answer["errors"]]


@pytest.mark.parametrize("given", ["soon", "0", "-1", "nan", "inf", ""])
async def test_a_time_is_a_number_of_seconds(api: Api, given: str) -> None:
    answer = await send(api, "{ __typename }", {"Request-Timeout": given})
    assert answer["errors"][0]["message"] == (
        "Request-Timeout must be a number of seconds, such as 2.5."
    )
    assert codes(answer) == ["BAD_USER_INPUT"]


async def test_a_query_ends_at_its_deadline(patient: tuple[Api, Parts]) -> None:
    api, parts = patient
    with holding_reads(parts):
        answer = await send(api, DESCRIPTIONS, SHORT, city="Nowhere")
        assert (answer["data"], codes(answer)) == ({"parties": None}, ["DEADLINE_EXCEEDED"])


async def test_a_change_that_runs_out_of_time_on_its_way_changes_nothing(
    patient: tuple[Api, Parts],
) -> None:
    api, parts = patient
    party = await api.create()
    with recording(parts) as recorder, holding_reads(parts):
        answer = await send(api, JOIN, SHORT, id=party["id"], key="too late")
        assert codes(answer) == ["DEADLINE_EXCEEDED"]
    assert "count_people+insert_operation" not in recorder.sent
    seen = await api.party(party["id"])
    assert seen is not None
    assert seen["people"] == 0


async def test_one_request_s_deadline_is_not_its_neighbour_s(patient: tuple[Api, Parts]) -> None:
    """The first opens the party's lane, and the party's watch: both work on for the second."""
    api, parts = patient
    party = await api.create()
    with holding_reads(parts) as reads:
        first = asyncio.create_task(send(api, JOIN, SHORT, id=party["id"]))
        await until(lambda: bool(reads.held))
        second = asyncio.create_task(send(api, JOIN, id=party["id"]))
        assert codes(await first) == ["DEADLINE_EXCEEDED"]
        reads.release()
        joined = {"joinParty": {"__typename": "JoinPartySuccess"}}
        assert await second == {"data": joined}
    seen = await api.party(party["id"])
    assert seen is not None
    assert seen["people"] == 1


async def leave(api: Api, parts: Parts, query: str, **given: Any) -> None:
    """Send an operation, and be gone while its first read is on its way."""
    noticed: list[Deadline] = []
    pass_now = Deadline.pass_now

    def note(self: Deadline) -> None:
        pass_now(self)
        noticed.append(self)

    body = {"query": query, "variables": given}
    with patch.object(Deadline, "pass_now", note), holding_reads(parts) as reads:
        async with aiohttp.ClientSession() as session:
            asking = asyncio.create_task(session.post(f"{api.url}/graphql", json=body))
            await until(lambda: bool(reads.held))
            asking.cancel()
            with suppress(asyncio.CancelledError):
                await asking
            await until(lambda: bool(noticed))


async def test_a_query_whose_client_is_gone_costs_no_more(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings) as api:
        party = await api.create(description="x")
        with recording(parts) as recorder:
            await leave(api, parts, DESCRIPTIONS, city=party["city"])
            await api.run("query($city: String!) { city(name: $city) { name } }", city=a_city())
        assert "read_head" not in recorder.sent
        data = await api.run(DESCRIPTIONS, city=party["city"])
        assert data == {"parties": {"nodes": [{"description": "x"}]}}


async def test_a_change_whose_client_is_gone_is_made(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings) as api:
        party = await api.create()
        await leave(api, parts, JOIN, id=party["id"])

        async with a_socket(api) as socket:
            await socket.subscribe("1", PARTY_CHANGED, id=party["id"])
            while (await socket.next("1"))["partyChanged"]["people"] != 1:
                pass


async def test_no_more_reads_wait_than_may(settings: Settings) -> None:
    changed = settings.model_copy(update={"reads_in_flight": 1, "reads_waiting": 1})
    async with open_parts(changed) as parts, serving_app(parts, changed) as api:
        query = "query($city: String!) { searchCities(prefix: $city) { id } }"
        with holding_reads(parts) as reads:
            queue = parts.store._session._reads._queue
            waiting = [
                asyncio.create_task(send(api, query, city=f"Wait {number}")) for number in range(2)
            ]
            await until(lambda: len(reads.held) + len(queue) == len(waiting))
            refused = await send(api, query, city="Wait no longer")
            assert codes(refused) == ["OVERLOADED"]
            reads.release()
            for answer in await asyncio.gather(*waiting):
                assert answer == {"data": {"searchCities": []}}


def most(admission: Admission) -> int | None:
    """How many requests may be under way now."""
    return admission.most


def test_a_burst_is_no_overload_and_lateness_that_lasts_is() -> None:
    admission = Admission(patience=1.0)
    admission.under_way = 1000
    admission.tick(0.0, 5.0)
    admission.tick(0.05, 0.0)
    admission.tick(5.0, 0.9)
    admission.tick(5.9, 0.9)
    assert most(admission) is None
    admission.tick(6.0, 0.9)
    assert most(admission) == FEWEST
    with pytest.raises(BadRequestError) as refused:
        admission.check()
    assert refused.value.status == 503
    admission.under_way = FEWEST - 1
    admission.check()


def test_the_most_follows_the_lateness_and_goes_when_nobody_is_refused() -> None:
    admission = Admission(patience=0.1)
    admission.under_way = 100
    seen = []
    for number, late in enumerate([0.5, 0.5, *[0.0] * 50, 0.5, 0.0, *[0.5] * 5]):
        admission.tick(number, late)
        seen.append(most(admission))
    assert seen[:3] == [None, FEWEST, FEWEST + 1]
    assert seen[51:54] == [FEWEST + 50, (FEWEST + 50) // 2, (FEWEST + 50) // 2 + 1]
    assert seen[-1] == FEWEST
    for number in range(100, 400):
        admission.tick(number, 0.0)
    assert most(admission) is None


async def test_an_overloaded_server_refuses_at_once_and_is_well(
    parts: Parts, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(Admission, "tick", lambda *_: None)
    made = []
    initialise = Admission.__init__

    def note(self: Admission, *given: Any) -> None:
        initialise(self, *given)
        self.most = 0
        made.append(self)

    monkeypatch.setattr(Admission, "__init__", note)
    async with serving_app(parts, settings) as api:
        url = f"{api.url}/graphql"
        with recording(parts) as recorder:
            for sending in (
                api.session.post(url, json={"query": "{ __typename }"}),
                api.session.get(url, params={"query": "{ __typename }"}),
            ):
                async with sending as response:
                    assert (response.status, response.headers["Retry-After"]) == (503, "1")
                    assert codes(await response.json()) == ["OVERLOADED"]
        assert recorder.sent == []
        async with api.session.get(f"{api.url}/healthz") as response:
            assert response.status == 200
        made[0].most = None
        assert await api.run("{ __typename }") == {"__typename": "Query"}
        assert made[0].under_way == 0


async def test_reads_that_all_wait_are_an_overload_though_the_process_is_quick() -> None:
    admission = Admission(0.1, lambda: 0.6)
    watching = admission.watched(web.Application())
    await anext(watching)
    await until(lambda: most(admission) == FEWEST)
    with pytest.raises(StopAsyncIteration):
        await anext(watching)
    calm = Admission(0.1, lambda: 0.01)
    watching = calm.watched(web.Application())
    await anext(watching)
    await asyncio.sleep(0.5)
    assert most(calm) is None
    with pytest.raises(StopAsyncIteration):
        await anext(watching)
