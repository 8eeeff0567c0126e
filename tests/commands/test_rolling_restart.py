"""Every server is restarted in turn behind a load balancer, and nobody notices.

Not one request is reset or answered with an error, so no client has to send anything again.
"""

from __future__ import annotations

import asyncio
import secrets
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.support.api import Api, a_city
from tests.support.balancer import http_balancer, tcp_balancer
from tests.support.live import PARTY_CHANGED, a_socket
from tests.support.servers import _address, environment, start

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import Callable
    from contextlib import AbstractAsyncContextManager
    from pathlib import Path

    from graphql_api.settings import Settings
    from tests.support.balancer import Balancer

DELAY = 2.0  # longer than a balancer takes to notice
SERVERS = 2
JOINING, READING, FOLLOWING = 6, 4, 4
PAUSE = 0.02  # between two requests of one client; servers that start need time too


class Servers:
    """Server processes by their addresses."""

    def __init__(self, directory: Path, settings: Settings, workers: int) -> None:
        self._directory = directory
        self._environment = environment(settings, STOP_DELAY=str(DELAY), WORKERS=str(workers))
        self.running: dict[str, Process] = {}

    async def start(self) -> str:
        process = await start(self._directory, self._environment, "serve", "--port", "0")
        url = await _address(process)
        self.running[url] = process
        return url

    async def stop(self, url: str) -> None:
        """SIGTERM, which must end it in order."""
        process = self.running.pop(url)
        process.terminate()
        _, errors = await process.communicate()
        assert process.returncode == 0, errors.decode()

    async def kill_all(self) -> None:
        for process in self.running.values():
            process.kill()
            await process.communicate()


class Crowd:
    """Joins and reads until it is over; whatever goes wrong ends the test."""

    def __init__(self, api: Api, party: dict[str, Any]) -> None:
        self._api = api
        self._id = party["id"]
        self._city = party["city"]
        self.is_over = False
        self.told: list[int] = []
        self.read = 0

    async def join(self) -> None:
        while not self.is_over:
            key = secrets.token_hex(8)
            outcome = await self._api.mutate("joinParty", partyId=self._id, idempotencyKey=key)
            self.told.append(outcome["party"]["people"])
            await asyncio.sleep(PAUSE)

    async def look(self) -> None:
        query = "query($city: String!) { parties(city: $city) { nodes { people } } }"
        while not self.is_over:
            data = await self._api.run(query, city=self._city)
            assert len(data["parties"]["nodes"]) == 1
            self.read += 1
            await asyncio.sleep(PAUSE)


async def _follow(api: Api, party_id: str) -> Any:
    """Follow a party to the end of the socket; the code that it was closed with."""
    async with a_socket(api) as socket:
        await socket.subscribe("1", PARTY_CHANGED, id=party_id)
        while isinstance(message := await socket.receive(), dict):
            assert message["type"] == "next", message
        return message


@pytest.mark.parametrize(("balance", "workers"), [(http_balancer, 1), (tcp_balancer, 2)])
async def test_nobody_notices(
    tmp_path: Path,
    settings: Settings,
    balance: Callable[[list[str]], AbstractAsyncContextManager[Balancer]],
    workers: int,
) -> None:
    servers = Servers(tmp_path, settings, workers)
    async with AsyncExitStack() as running:
        running.push_async_callback(servers.kill_all)
        urls = list(await asyncio.gather(*(servers.start() for _ in range(SERVERS))))
        balancer = await running.enter_async_context(balance(urls))
        session = await running.enter_async_context(aiohttp.ClientSession())
        api = Api(balancer.url, session)
        party = await api.create(city=a_city())
        crowd = Crowd(api, party)
        following = [asyncio.create_task(_follow(api, party["id"])) for _ in range(FOLLOWING)]
        async with asyncio.TaskGroup() as group:
            for _ in range(JOINING):
                group.create_task(crowd.join())
            for _ in range(READING):
                group.create_task(crowd.look())
            await asyncio.sleep(0.5)
            for url in list(urls):
                await _replace(servers, balancer, url)
            crowd.is_over = True
        assert await asyncio.gather(*following) == [1001] * FOLLOWING
        assert crowd.read > 0
        assert sorted(crowd.told) == list(range(1, len(crowd.told) + 1))
        found = await api.party(party["id"])
        assert found is not None
        assert found["people"] == len(crowd.told)


async def _replace(servers: Servers, balancer: Balancer, url: str) -> None:
    backends = balancer.backends
    await servers.stop(url)
    backends.urls.remove(url)
    backends.urls.append(new := await servers.start())
    async with asyncio.timeout(30):
        while new not in backends.ready:  # noqa: ASYNC110  # nothing tells when it is so
            await asyncio.sleep(0.05)
