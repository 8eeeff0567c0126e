"""People who follow a party over WebSocket, or a city over an event stream, and come and go."""

from __future__ import annotations

import asyncio
import json
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import aiohttp

from bench.soak.crowd import CITIES, PARTIES
from bench.soak.documents import CITY_CHANGED, PARTY_CHANGED

if TYPE_CHECKING:
    from bench.soak.client import Client
    from bench.soak.crowd import Crowd

SOCKETS, EVENT_STREAMS = 20, 6
STAYS = (15.0, 60.0)  # seconds, before somebody else comes
PROTOCOL = "graphql-transport-ws"


class Followers:
    """Follow until cancelled.

    Attributes:
        states: how many were received.
        ends: how streams ended before their follower went, by what was said.
    """

    def __init__(self, client: Client, crowd: Crowd) -> None:
        self._client = client
        self._crowd = crowd
        self._random = client.random
        self.states = 0
        self.ends: Counter[str] = Counter()

    async def run(self) -> None:
        """Come and go."""
        async with asyncio.TaskGroup() as group:
            for _ in range(SOCKETS):
                group.create_task(self._come_and_go(self._follow_party))
            for _ in range(EVENT_STREAMS):
                group.create_task(self._come_and_go(self._follow_city))

    async def _come_and_go(self, follow: Any) -> None:
        while True:
            try:
                async with asyncio.timeout(self._random.uniform(*STAYS)):
                    self.ends[await follow()] += 1
            except TimeoutError:
                continue
            except aiohttp.ClientError as error:
                self.ends[type(error).__name__] += 1
            await asyncio.sleep(self._random.uniform(0, 2))

    async def _follow_party(self) -> str:
        party_id = self._random.choice(self._crowd.accounts[:PARTIES]).party_id
        url = f"{self._random.choice(self._client.urls)}/graphql"
        async with self._client.session.ws_connect(url, protocols=(PROTOCOL,)) as socket:
            await socket.send_json({"type": "connection_init"})
            await socket.receive()
            payload = {"query": PARTY_CHANGED, "variables": {"id": party_id}}
            await socket.send_json({"type": "subscribe", "id": "1", "payload": payload})
            newest = 0
            async for message in socket:
                told = json.loads(message.data)
                if told["type"] != "next" or "errors" in told["payload"]:
                    return _why(told["payload"])
                state = told["payload"]["data"]["partyChanged"]
                self._see(party_id, newest, state["revision"])
                newest = state["revision"]
            return f"closed with {socket.close_code}"

    async def _follow_city(self) -> str:
        url = f"{self._random.choice(self._client.urls)}/graphql"
        name = f"Soak {self._random.randrange(CITIES)}"
        body = {"query": CITY_CHANGED, "variables": {"name": name}}
        accept = {"Accept": "text/event-stream"}
        seen: dict[str, int] = {}
        async with self._client.session.post(
            url, json=body, headers=accept, timeout=aiohttp.ClientTimeout(total=None)
        ) as response:
            async for line in response.content:
                told = None
                with suppress(ValueError):
                    told = json.loads(line.removeprefix(b"data:"))
                if told is None:
                    continue
                if "errors" in told:
                    return _why(told)
                for node in told["data"]["cityChanged"]["parties"]["nodes"]:
                    self._see(node["id"], seen.get(node["id"], 0), node["revision"], newer=False)
                    seen[node["id"]] = node["revision"]
        return "the stream ended"

    def _see(self, party_id: str, before: int, revision: int, *, newer: bool = True) -> None:
        self.states += 1
        if revision < before + newer:
            self._crowd.faults.append(f"{party_id}: {revision} was told live after {before}")


def _why(payload: Any) -> str:
    errors = payload["errors"] if isinstance(payload, dict) else payload
    return str(errors[0]["extensions"]["code"]) if errors else "complete"
