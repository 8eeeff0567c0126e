"""Connections that stay open: how many there may be, and their end when the server's comes."""

from __future__ import annotations

import asyncio
import socket
from contextlib import contextmanager
from typing import TYPE_CHECKING

from graphql_api.errors import ErrorCode
from graphql_api.http.request import BadRequestError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

    from aiohttp import web

    Close = Callable[[], Awaitable[None]]

RETRY_AFTER = "5"  # seconds
BUFFER = 16_384  # bytes that wait in the process for a slow reader, before the next state does
KERNEL_BUFFER = 65_536  # the same in the kernel, which would otherwise take megabytes


class Streams:
    """The open WebSockets and event streams of the process.

    Args:
        limit: the most there may be.
        silence: seconds that a client may leave what it was sent unacknowledged.
    """

    def __init__(self, limit: int, silence: float) -> None:
        self._limit = limit
        self._silence = silence
        self._closers: set[Close] = set()

    def __len__(self) -> int:
        return len(self._closers)

    def check(self) -> None:
        """Refuse one more than there may be.

        Raises:
            BadRequestError: there are so many already.
        """
        if len(self._closers) >= self._limit:
            raise BadRequestError(
                f"This server has its {self._limit} streams open: try another, or again soon.",
                503,
                code=ErrorCode.OVERLOADED,
                headers={"Retry-After": RETRY_AFTER},
            )

    @contextmanager
    def opened(self, close: Close) -> Iterator[None]:
        """Count a stream while it is open; `close` is called when the server stops."""
        self._closers.add(close)
        try:
            yield
        finally:
            self._closers.discard(close)

    def tune(self, request: web.Request) -> None:
        """Keep little in buffers, and give up on a client that has gone without a word."""
        transport = request.transport
        if transport is None:
            return
        transport.set_write_buffer_limits(high=BUFFER)
        connection = transport.get_extra_info("socket")
        if connection is not None and hasattr(socket, "TCP_USER_TIMEOUT"):
            milliseconds = int(self._silence * 1000)
            connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_USER_TIMEOUT, milliseconds)
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, KERNEL_BUFFER)

    async def close_all(self, _application: web.Application) -> None:
        """Close what is open; a signal of the application, when it shuts down."""
        await asyncio.gather(*(close() for close in self._closers), return_exceptions=True)
