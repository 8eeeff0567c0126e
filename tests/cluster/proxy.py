"""A proxy between server and Cassandra that understands just enough of the protocol to do harm.

It counts the frames of conditional batches (nothing else of ours is a batch), and each of them may
have its answer lost, be delayed, or cost its connection. What is delayed arrives, also when nobody
is left at the other end.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import suppress
from enum import StrEnum
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable

# Native protocol, version 4: version, flags, stream (2), opcode, length of the body (4).
HEADER = 9
BATCH = 0x0D
DELAY = 10.0


class Harm(StrEnum):
    """What may befall a batch."""

    LOSE_ANSWER = "answers lost"
    DELAY = "requests delayed"
    RESET_BEFORE = "connections reset before the request"
    RESET_AFTER = "connections reset after the request"


class Proxy:
    """Stands for one node.

    Args:
        choose: says for each batch what befalls it; None where nothing does.
    """

    def __init__(
        self, address: str, target: str, port: int, choose: Callable[[], Harm | None]
    ) -> None:
        self.address = address
        self.choose = choose
        self.is_stopped = False
        self.batches = 0
        self.done: Counter[Harm] = Counter()
        self._target = target
        self._port = port
        self._server: asyncio.Server | None = None
        self._links: dict[asyncio.Task[None], asyncio.StreamWriter] = {}

    async def start(self) -> None:
        """Listen."""
        self._server = await asyncio.start_server(self._accept, self.address, self._port)

    async def stop(self) -> None:
        """End every connection, also one that is only just being made."""
        self.is_stopped = True
        if self._server is not None:
            self._server.close()
        for client in self._links.values():
            client.transport.abort()  # and the rest of the link follows by itself
        await asyncio.sleep(0.1)
        if self._links:
            await asyncio.wait(self._links, timeout=2 * DELAY)

    def harm(self) -> Harm | None:
        """What befalls the batch that has just come."""
        self.batches += 1
        harm = self.choose()
        if harm is not None:
            self.done[harm] += 1
        return harm

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        if self.is_stopped:
            writer.transport.abort()
            return
        task = asyncio.create_task(self._carry(reader, writer))
        self._links[task] = writer
        task.add_done_callback(self._links.pop)

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        try:
            node = await asyncio.open_connection(self._target, self._port)
        except OSError:  # killed: its clients see a closed door too
            writer.transport.abort()
            return
        await _Link(self, (reader, writer), node).run()


class _Link:
    """One connection of a client, and its continuation to the node."""

    def __init__(
        self,
        proxy: Proxy,
        client: tuple[asyncio.StreamReader, asyncio.StreamWriter],
        node: tuple[asyncio.StreamReader, asyncio.StreamWriter],
    ) -> None:
        self._proxy = proxy
        self._client_reader, self._client = client
        self._node_reader, self._node = node
        self._lost: set[bytes] = set()  # streams whose answers are
        self._delayed: set[asyncio.Task[None]] = set()

    async def run(self) -> None:
        """Carry frames both ways until one end closes."""
        there = asyncio.create_task(self._requests())
        back = asyncio.create_task(self._answers())
        try:
            await asyncio.wait({there, back}, return_when=asyncio.FIRST_COMPLETED)
            self._client.transport.abort()
            if self._delayed and not self._proxy.is_stopped:
                await asyncio.wait(self._delayed)
        finally:
            there.cancel()
            back.cancel()
            await asyncio.gather(there, back, return_exceptions=True)
            self._node.transport.abort()
            for task in self._delayed:
                task.cancel()

    async def _requests(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                frame = await _frame(self._client_reader)
                harm = self._proxy.harm() if frame[4] == BATCH else None
                if harm is Harm.RESET_BEFORE:
                    return
                if harm is Harm.DELAY:
                    self._send_late(frame)
                    continue
                if harm is Harm.LOSE_ANSWER:
                    self._lost.add(frame[2:4])
                self._node.write(frame)
                await self._node.drain()
                if harm is Harm.RESET_AFTER:
                    return

    async def _answers(self) -> None:
        with suppress(OSError, EOFError):
            while True:
                frame = await _frame(self._node_reader)
                if frame[2:4] in self._lost:
                    self._lost.remove(frame[2:4])
                    continue
                if not self._client.is_closing():
                    self._client.write(frame)
                    await self._client.drain()

    def _send_late(self, frame: bytes) -> None:
        async def send() -> None:
            await asyncio.sleep(DELAY)
            with suppress(OSError):
                self._node.write(frame)
                await self._node.drain()
                await asyncio.sleep(1)  # lest the end of the connection overtake it

        task = asyncio.create_task(send())
        self._delayed.add(task)
        task.add_done_callback(self._delayed.discard)


async def _frame(reader: asyncio.StreamReader) -> bytes:
    header = await reader.readexactly(HEADER)
    return header + await reader.readexactly(int.from_bytes(header[5:], "big"))
