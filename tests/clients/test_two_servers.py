"""A change through one process reaches followers of another; who stops hands its own on."""

from __future__ import annotations

import asyncio
import json
import time
from contextlib import AsyncExitStack
from typing import TYPE_CHECKING, Any

import aiohttp

from tests.support.api import Api
from tests.support.servers import environment, serving

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from pathlib import Path

    from graphql_api.settings import Settings

PATIENCE = 60.0  # seconds; a test that waits so long has failed
JOINS = 10


async def line(process: Process) -> Any:
    """The next thing that the client says."""
    assert process.stdout is not None
    async with asyncio.timeout(PATIENCE):
        return json.loads(await process.stdout.readline())


async def test_followers_of_two_processes(
    settings: Settings, packages: Path, tmp_path: Path
) -> None:
    variables = environment(settings)
    async with (
        aiohttp.ClientSession() as session,
        serving(tmp_path, variables) as kept,
        AsyncExitStack() as first,
    ):
        stopped = await first.enter_async_context(serving(tmp_path, variables))
        api = Api(kept, session)
        party = await api.create()
        sockets = (f"{url.replace('http', 'ws')}/graphql" for url in (stopped, kept))
        client = await asyncio.create_subprocess_exec(
            "node",
            "reconnect.mjs",
            party["id"],
            *sockets,
            cwd=packages,
            stdout=asyncio.subprocess.PIPE,
        )
        try:
            assert await line(client) == {"people": 0}
            delays = [await delay(api, client, party["id"], count + 1) for count in range(JOINS)]
            print(f"milliseconds from one process to another: {sorted(delays)}")  # noqa: T201
            await first.aclose()  # SIGTERM, and its exit code is 0
            assert await line(client) == {"closed": 1001}
            assert await line(client) == {"people": JOINS}  # from the other server
            await delay(api, client, party["id"], JOINS + 1)
            await api.mutate("deleteParty", partyId=party["id"])
            async with asyncio.timeout(PATIENCE):
                await client.wait()
        finally:
            if client.returncode is None:
                client.kill()
                await client.wait()


async def delay(api: Api, client: Process, party_id: str, people: int) -> int:
    """Milliseconds from the answer to a join at one server to its arrival from the other."""
    await api.mutate("joinParty", partyId=party_id)
    answered = time.monotonic()
    assert await line(client) == {"people": people}
    return round((time.monotonic() - answered) * 1000)
