"""Several server processes on one port, as they run in production."""

from __future__ import annotations

import asyncio
import re
import signal
import socket
from contextlib import asynccontextmanager
from dataclasses import dataclass
from os import kill
from typing import TYPE_CHECKING

import aiohttp
import pytest

from graphql_api.http.server import AddressUnusableError, reserve
from tests.support.scrape import scrape
from tests.support.servers import environment, run, serving_process
from tests.support.workers import is_running

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator
    from pathlib import Path

    from graphql_api.settings import Settings


@dataclass
class Workers:
    """A supervisor with two workers, and what it logs."""

    supervisor: Process
    url: str

    async def logged(self, pattern: str) -> str:
        """The first group of the next line of the log that has this in it."""
        assert self.supervisor.stderr is not None
        async with asyncio.timeout(60):
            async for line in self.supervisor.stderr:
                if match := re.search(pattern, line.decode()):
                    return match[1]
        raise AssertionError(f"it never logged {pattern}")

    async def ready(self) -> int:
        """The process of the next worker that is ready."""
        return int(await self.logged(r"is ready, process (\d+)"))


@pytest.fixture
async def workers(settings: Settings, tmp_path: Path) -> AsyncIterator[Workers]:
    async with two_workers(settings, tmp_path) as started:
        yield started


@asynccontextmanager
async def two_workers(settings: Settings, directory: Path) -> AsyncIterator[Workers]:
    variables = environment(settings, WORKERS="2", LOG_LEVEL="INFO")
    async with serving_process(directory, variables) as (process, url):
        yield Workers(process, url)


async def answers(url: str) -> bool:
    """Whether a new connection gets an answer."""
    try:
        async with aiohttp.ClientSession() as session, session.get(f"{url}/readyz") as response:
            return response.status == 200
    except aiohttp.ClientConnectionError:
        return False


async def test_the_port_keeps_answering_while_a_killed_worker_is_replaced(workers: Workers) -> None:
    first, second = await workers.ready(), await workers.ready()
    kill(first, signal.SIGKILL)
    assert await workers.logged("Worker . was ended by (SIGKILL); starting another.")
    replaced = asyncio.create_task(workers.ready())
    asked = 0
    while not replaced.done():
        assert await answers(workers.url)
        asked += 1
    assert asked > 0
    third = await replaced
    kill(second, signal.SIGTERM)  # one that is told to stop is replaced, too
    assert await workers.logged("Worker . ended with code (0); starting another.")
    assert await answers(workers.url)
    fourth = await workers.ready()
    assert len({first, second, third, fourth}) == 4
    workers.supervisor.send_signal(signal.SIGTERM)
    assert await workers.supervisor.wait() == 0
    assert not any(map(is_running, (third, fourth)))
    assert not await answers(workers.url)


async def test_any_worker_tells_what_all_have_counted_also_one_that_was_killed(
    workers: Workers,
) -> None:
    first, second = await workers.ready(), await workers.ready()
    counted = await ask_all_workers(workers.url, connections=20)
    await counts_to(workers.url, counted)
    counted += await ask_all_workers(workers.url, connections=10)
    kill(first, signal.SIGKILL)
    assert await workers.ready() not in (first, second)
    await counts_to(workers.url, counted)
    counted += await ask_all_workers(workers.url, connections=20)
    await counts_to(workers.url, counted)


async def ask_all_workers(url: str, connections: int) -> int:
    """Ask over new connections, which the system spreads; how many answers came."""
    answered = 0
    for _ in range(connections):
        async with (
            aiohttp.ClientSession() as session,
            session.post(f"{url}/graphql", json={"query": "query Counted { __typename }"}) as told,
        ):
            answered += (await told.json()) == {"data": {"__typename": "Query"}}
    return answered


async def counts_to(url: str, expected: int) -> None:
    """Every worker tells the same number, whichever is asked."""
    for _ in range(10):
        async with aiohttp.ClientSession() as session:
            shown = await scrape(session, url)
        assert shown.sum("operation_seconds_count", operation="Counted") == expected
        assert shown.sum("nodes_connected") == 1  # of the worker that has fewest


async def test_no_worker_outlives_a_supervisor_that_is_killed(workers: Workers) -> None:
    assert await answers(workers.url)
    workers.supervisor.kill()
    await workers.supervisor.wait()
    async with asyncio.timeout(60):
        while await answers(workers.url):
            pass


async def test_a_port_that_workers_share_is_in_use_for_others(
    workers: Workers, settings: Settings, tmp_path: Path
) -> None:
    port = workers.url.rpartition(":")[2]
    for count in ("1", "2"):
        code, output, errors = await run(
            tmp_path, environment(settings), "serve", "--port", port, "--workers", count
        )
        assert (code, output) == (1, "")
        assert errors.startswith(f"Error: port {port} of 127.0.0.1 is in use, perhaps by another")
        assert len(errors.splitlines()) == 1


async def test_what_keeps_workers_from_beginning_is_told_once(
    settings: Settings, tmp_path: Path
) -> None:
    missing = {"CASSANDRA_KEYSPACE": "has_no_tables", "SYNC_SCHEMA": "false"}
    variables = environment(settings, **missing)
    code, output, errors = await run(tmp_path, variables, "serve", "--port", "0", "--workers", "2")
    assert (code, output) == (1, "")
    assert errors == (
        "Error: the keyspace has_no_tables lacks tables of this program: run `partyfinder "
        "sync-schema` once.\n"
    )


def test_a_system_without_shared_ports_is_told_so(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delattr(socket, "SO_REUSEPORT")
    with pytest.raises(AddressUnusableError) as refused:
        reserve("127.0.0.1", 0)
    assert str(refused.value) == (
        "this system does not let processes share a port (SO_REUSEPORT): set WORKERS=1."
    )
