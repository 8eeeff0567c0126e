"""The event loop never waits for the database: shown by one that stands still under load."""

from __future__ import annotations

import asyncio
import logging
import os
import signal
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from tests.support.api import a_city, soon
from tests.support.live import until
from tests.support.parties import post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    import pytest

    from graphql_api.app import Parts
    from graphql_api.embedded import Node
    from tests.support.api import Api

STANDSTILL = 3.0  # seconds
TOO_LONG = 2.0  # for one step of the loop; a step that waits for the database takes the standstill
EACH = 8
PAGE = "query($city: String!) { parties(city: $city, first: 50) { nodes { id description } } }"
PARTY = 'query($id: ID!) { party(id: $id) { people } searchCities(prefix: "a") { name } }'


@asynccontextmanager
async def watched() -> AsyncIterator[None]:
    """The loop in its debug mode, which logs each step that takes too long."""
    loop = asyncio.get_running_loop()
    loop.set_debug(True)
    loop.slow_callback_duration = TOO_LONG
    try:
        yield
    finally:
        loop.set_debug(False)


async def test_no_step_waits_while_cassandra_stands_still(
    api: Api, parts: Parts, cassandra: Node, caplog: pytest.LogCaptureFixture
) -> None:
    city = a_city()
    heads = [await post(parts, city=city) for _ in range(EACH)]
    listed = await api.run(PAGE, city=city)
    ids = [party["id"] for party in listed["parties"]["nodes"]]
    assert len(ids) == len(heads)
    over = asyncio.Event()
    asked = dict.fromkeys(ids, 0)

    async def keep_asking(party_id: str) -> None:
        while not over.is_set():
            await asyncio.gather(
                api.run(PAGE, city=city),
                api.run(PARTY, id=party_id),
                api.mutate("joinParty", partyId=party_id),
                api.create(city=city, date=soon(30)),
            )
            asked[party_id] += 1

    async def everybody_asked(times: int) -> None:
        await until(lambda: min(asked.values()) >= times)

    with caplog.at_level(logging.WARNING, "asyncio"):
        async with watched(), asyncio.TaskGroup() as asking:
            for each in ids:
                asking.create_task(keep_asking(each))
            await everybody_asked(1)
            before = dict(asked)
            os.kill(cassandra.pid, signal.SIGSTOP)
            try:
                await asyncio.sleep(STANDSTILL)
                assert all(asked[each] <= before[each] + 1 for each in ids)
            finally:
                os.kill(cassandra.pid, signal.SIGCONT)
            await everybody_asked(max(before.values()) + 2)
            over.set()
    slow = [record.getMessage() for record in caplog.records if record.name == "asyncio"]
    assert slow == []
