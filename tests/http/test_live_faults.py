"""Clients that vanish, stall or read slowly; a database that is away; a server that stops."""

from __future__ import annotations

import asyncio
import gc
import json
import socket as sockets
from pathlib import Path
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from graphql_api.http.application import STREAMS
from graphql_api.parties.attendance import Attend
from graphql_api.parties.operation import IdempotencyKey
from graphql_api.schema import ids
from tests.support.live import PARTY_CHANGED, PATIENCE, a_socket, until
from tests.support.parties import post
from tests.support.web import serving_app

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.embedded import Node
    from graphql_api.http.streams import Streams
    from graphql_api.settings import Settings
    from graphql_api.store.rows import PartyHead
    from tests.support.api import Api

HANDSHAKE = (
    "GET /graphql HTTP/1.1\r\nHost: {host}\r\nConnection: Upgrade\r\nUpgrade: websocket\r\n"
    "Sec-WebSocket-Version: 13\r\nSec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\n"
    "Sec-WebSocket-Protocol: graphql-transport-ws\r\n\r\n"
)
CONNECTS = 1000
AWAY = 10.0  # seconds
PAGE = """subscription($n: String!) {
  cityChanged(name: $n) { parties(first: 100) { nodes { people %s } } }
}"""


class RawSocket:
    """A WebSocket by hand, which answers no ping and closes nothing."""

    def __init__(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.reader = reader
        self.writer = writer

    def send(self, **message: Any) -> None:
        text = json.dumps(message).encode()
        assert len(text) < 65_536
        # Masked with zeros, which leaves the text as it is.
        self.writer.write(b"\x81\xfe" + len(text).to_bytes(2) + bytes(4) + text)

    async def receive(self) -> Any:
        """The next text message; frames of control are passed over."""
        async with asyncio.timeout(PATIENCE):
            while True:
                first, length = await self.reader.readexactly(2)
                if length > 125:
                    length = int.from_bytes(
                        await self.reader.readexactly(2 if length == 126 else 8)
                    )
                text = await self.reader.readexactly(length)
                if first == 0x81:
                    return json.loads(text)

    def vanish(self) -> None:
        """As a client whose process was killed."""
        self.writer.transport.abort()


async def a_raw_socket(
    api: Api, query: str, receive_buffer: int = 0, **variables: Any
) -> RawSocket:
    """A raw socket with a subscription; its first state has come."""
    host, port = api.url.removeprefix("http://").split(":")
    raw = sockets.socket()
    if receive_buffer:
        raw.setsockopt(sockets.SOL_SOCKET, sockets.SO_RCVBUF, receive_buffer)
    raw.setblocking(False)  # noqa: FBT003  # the standard library has it so
    await asyncio.get_running_loop().sock_connect(raw, (host, int(port)))
    reader, writer = await asyncio.open_connection(sock=raw, limit=max(receive_buffer, 2**16))
    writer.write(HANDSHAKE.format(host=f"{host}:{port}").encode())
    await reader.readuntil(b"\r\n\r\n")
    opened = RawSocket(reader, writer)
    opened.send(type="connection_init")
    assert await opened.receive() == {"type": "connection_ack"}
    opened.send(type="subscribe", id="1", payload={"query": query, "variables": variables})
    assert (await opened.receive())["type"] == "next"
    return opened


def streams_of(api: Api) -> Streams:
    assert api.runner is not None
    streams: Streams = api.runner.app[STREAMS]
    return streams


async def join(parts: Parts, head: PartyHead) -> None:
    """As another process would: without a hint."""
    await parts.committer.commit(Attend(head.party_id, IdempotencyKey("", str(uuid4())), 1))


def alive() -> tuple[int, int, int]:
    """Tasks, open files and objects of this process."""
    files = [*Path("/proc/self/fd").iterdir()]
    return len(asyncio.all_tasks()), len(files), len(gc.get_objects())


async def test_clients_that_vanish_leave_nothing_behind(parts: Parts, settings: Settings) -> None:
    head = await post(parts)
    party_id = ids.party_id(head.party_id)

    async def come_and_go(count: int) -> None:
        opened = await asyncio.gather(
            *(a_raw_socket(api, PARTY_CHANGED, id=party_id) for _ in range(count))
        )
        for each in opened:
            each.vanish()

    async with serving_app(parts, settings) as api:
        figures = []
        for connects in (200, CONNECTS):
            for _ in range(connects // 50):
                await come_and_go(50)
            streams = streams_of(api)
            await until(lambda: len(streams) == 0 and parts.changes.watched == 0)  # noqa: B023
            await asyncio.sleep(0.1)
            gc.collect()
            figures.append(alive())
    before, after = figures
    print(f"tasks, files, objects after 200 connects {before}, after {CONNECTS} more {after}")  # noqa: T201
    assert after[:2] == before[:2]
    assert after[2] - before[2] < CONNECTS  # less than one object a connect


async def test_half_open_sockets_are_noticed(parts: Parts, settings: Settings) -> None:
    """Nothing is closed, but pings stay unanswered."""
    head = await post(parts)
    async with serving_app(parts, settings, keep_alive=0.1) as api:
        silent = await a_raw_socket(api, PARTY_CHANGED, id=ids.party_id(head.party_id))
        assert len(streams_of(api)) == 1
        await until(lambda: len(streams_of(api)) == 0 and parts.changes.watched == 0)
        silent.vanish()


async def test_a_slow_reader_gets_the_newest_state_and_not_every_one(
    parts: Parts, settings: Settings
) -> None:
    text = "a long description " * 100
    heads = [await post(parts, city="Slow reading", description=text) for _ in range(30)]
    joins = 60
    async with serving_app(parts, settings, live_interval=0.05) as api:
        query = PAGE % "description"
        slow = await a_raw_socket(api, query, receive_buffer=4096, n="Slow reading")
        async with a_socket(api) as fast:
            await fast.subscribe("1", PAGE % "", n="Slow reading")
            await fast.next("1")
            for number in range(joins):
                await join(parts, heads[0])
                parts.changes.hint(heads[0])
                await until_counted(fast, number + 1)
        received = 0
        while True:
            received += 1
            parties = (await slow.receive())["payload"]["data"]["cityChanged"]["parties"]["nodes"]
            if max(each["people"] for each in parties) == joins:
                break
        print(f"a slow reader received {received} of {joins} states, the last one among them")  # noqa: T201
        assert received < joins
        slow.vanish()


async def until_counted(socket: Any, people: int) -> None:
    while True:
        nodes = (await socket.next("1"))["cityChanged"]["parties"]["nodes"]
        if max(each["people"] for each in nodes) == people:
            return


async def test_while_cassandra_is_away_nothing_is_lost(
    parts: Parts, settings: Settings, cassandra: Node
) -> None:
    head = await post(parts)
    async with serving_app(parts, settings) as api, a_socket(api) as socket:
        await socket.subscribe("1", PARTY_CHANGED, id=ids.party_id(head.party_id))
        assert await socket.next("1") == {"partyChanged": {"people": 0, "revision": 1}}
        await join(parts, head)
        cassandra.freeze()  # before the next look
        try:
            await asyncio.sleep(AWAY)
        finally:
            cassandra.thaw()
        assert await socket.next("1") == {"partyChanged": {"people": 1, "revision": 2}}
        await join(parts, head)
        assert await socket.next("1") == {"partyChanged": {"people": 2, "revision": 3}}
        assert parts.changes.watched == 1
    await until(lambda: parts.changes.watched == 0)


async def test_a_stream_that_ends_makes_room(parts: Parts, settings: Settings) -> None:
    async with serving_app(parts, settings, stream_limit=1) as api:
        for _ in range(3):
            async with a_socket(api):
                assert len(streams_of(api)) == 1
            await until(lambda: len(streams_of(api)) == 0)
