"""Many subscribers in a process of their own, so that what is measured is the server alone.

Run as a program: URL, the number of subscribers, party ids. Prints `ready` once each has its first
state; for a line on its input, everything that arrived since as one line of JSON, a list of
[party's number, people, moment of the monotonic clock]; ends with its input.
"""

from __future__ import annotations

import asyncio
import json
import resource
import sys
import time
from typing import Any

import aiohttp

TOGETHER = 50
QUERY = "subscription($id: ID!) { partyChanged(id: $id) { people } }"


async def subscribe(
    session: aiohttp.ClientSession, url: str, party_id: str
) -> aiohttp.ClientWebSocketResponse:
    """Open a socket and a subscription; returns with the first state."""
    socket = await session.ws_connect(url, protocols=("graphql-transport-ws",), compress=0)
    await socket.send_json({"type": "connection_init"})
    await socket.receive_json()
    payload = {"query": QUERY, "variables": {"id": party_id}}
    await socket.send_json({"type": "subscribe", "id": "1", "payload": payload})
    assert (await socket.receive_json())["type"] == "next"
    return socket


async def listen(socket: aiohttp.ClientWebSocketResponse, number: int, arrived: list[Any]) -> None:
    """Note what arrives, and when."""
    async for message in socket:
        moment = time.monotonic()
        people = json.loads(message.data)["payload"]["data"]["partyChanged"]["people"]
        arrived.append((number, people, moment))


async def main(url: str, count: int, parties: list[str]) -> None:
    """Subscribe, listen, report."""
    arrived: list[Any] = []
    connector = aiohttp.TCPConnector(limit=0)
    slots = asyncio.Semaphore(TOGETHER)
    async with aiohttp.ClientSession(connector=connector) as session:

        async def begin(index: int) -> asyncio.Task[None]:
            number = index % len(parties)
            async with slots:
                socket = await subscribe(session, url, parties[number])
            return asyncio.create_task(listen(socket, number, arrived))

        listening = await asyncio.gather(*map(begin, range(count)))
        print("ready", flush=True)  # noqa: T201
        while await asyncio.to_thread(sys.stdin.readline):
            print(json.dumps(arrived), flush=True)  # noqa: T201
            arrived.clear()
        for task in listening:
            task.cancel()


if __name__ == "__main__":
    soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    asyncio.run(main(sys.argv[1], int(sys.argv[2]), sys.argv[3:]))
