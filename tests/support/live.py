"""A client of graphql-transport-ws and of event streams, bare enough to misbehave."""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.support.api import Api

PROTOCOL = "graphql-transport-ws"
PARTY_CHANGED = "subscription($id: ID!) { partyChanged(id: $id) { people revision } }"
CITY_CHANGED = """subscription($name: String!) {
  cityChanged(name: $name) { name parties { nodes { name people revision } } }
}"""
PATIENCE = 30.0  # seconds; a test that waits so long has failed


class Socket:
    """One WebSocket."""

    def __init__(self, raw: aiohttp.ClientWebSocketResponse) -> None:
        self.raw = raw

    async def send(self, kind: str, **fields: Any) -> None:
        await self.raw.send_json({"type": kind, **fields})

    async def receive(self) -> Any:
        """The next message, or the code that the socket was closed with."""
        message = await self.raw.receive(timeout=PATIENCE)
        if message.type is aiohttp.WSMsgType.TEXT:
            return json.loads(message.data)
        return self.raw.close_code

    async def initialise(self) -> Socket:
        await self.send("connection_init")
        assert await self.receive() == {"type": "connection_ack"}
        return self

    async def subscribe(self, number: str, query: str, **variables: Any) -> None:
        await self.send("subscribe", id=number, payload={"query": query, "variables": variables})

    async def next(self, number: str) -> Any:
        """The data of the next answer of an operation."""
        message = await self.receive()
        assert isinstance(message, dict), message
        assert (message["type"], message["id"]) == ("next", number), message
        assert "errors" not in message["payload"], message
        return message["payload"]["data"]


@asynccontextmanager
async def a_socket(api: Api, *, initialised: bool = True, **options: Any) -> AsyncIterator[Socket]:
    """An open socket."""
    usual = {"protocols": (PROTOCOL,), "timeout": aiohttp.ClientWSTimeout(ws_close=5)}
    chosen: dict[str, Any] = {**usual, **options}
    async with api.session.ws_connect(f"{api.url}/graphql", **chosen) as raw:
        socket = Socket(raw)
        yield await socket.initialise() if initialised else socket


@asynccontextmanager
async def an_event_stream(api: Api, query: str, **variables: Any) -> AsyncIterator[Events]:
    """An open stream of events, by POST."""
    async with api.session.post(
        f"{api.url}/graphql",
        json={"query": query, "variables": variables},
        headers={"Accept": "text/event-stream"},
        timeout=aiohttp.ClientTimeout(total=None),
    ) as response:
        assert response.status == 200, await response.text()
        assert response.headers["Content-Type"] == "text/event-stream; charset=utf-8"
        yield Events(response)


class Events:
    """What comes in on an event stream."""

    def __init__(self, response: aiohttp.ClientResponse) -> None:
        self.response = response
        self.comments = 0

    async def next(self) -> tuple[str, Any] | None:
        """The next event and its data; None at the stream's end."""
        async with asyncio.timeout(PATIENCE):
            while True:
                lines = (await self._block()).strip().split("\n")
                if lines == [""]:
                    return None
                if lines[0].startswith(":"):
                    self.comments += 1
                    continue
                fields = dict(line.split(":", 1) for line in lines)
                data = fields["data"].strip()
                return fields["event"].strip(), json.loads(data) if data else None

    async def _block(self) -> str:
        block = b""
        while not block.endswith(b"\n\n"):
            line = await self.response.content.readline()
            if not line:
                return ""
            block += line
        return block.decode()


async def until(condition: Any) -> None:
    """Wait until something is so."""
    async with asyncio.timeout(PATIENCE):
        while not condition():  # noqa: ASYNC110  # nothing tells when it is so
            await asyncio.sleep(0.01)
