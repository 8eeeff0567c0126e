"""The driver's connections served by the server's own event loop, not by a thread of the driver.

With the driver's usual event loop every answer crosses from one thread to another, and the two
take turns at the interpreter's lock: that cost more than the reads. Here the event loop reads the
sockets, so an answer is decoded and delivered where it is awaited.

Connections are still opened, closed and looked after by the driver on threads of its own, where it
may block; it calls `push`, `close` and `create_timer` from any of them. The duties are those of the
driver's own `cassandra.io.libevreactor`.
"""

from __future__ import annotations

import logging
import ssl
import threading
from contextlib import suppress
from functools import partial
from typing import TYPE_CHECKING, Any, Protocol

from cassandra import ProtocolVersion
from cassandra.connection import Connection as DriverConnection
from cassandra.connection import ConnectionShutdown, ProtocolError, _Frame

from graphql_api.store.wire import FRAME, VERSION

if TYPE_CHECKING:
    import asyncio
    from collections.abc import Callable, Sequence

logger = logging.getLogger(__name__)
READ_SIZE = 1 << 18  # bytes
MOST_UNSENT = 1 << 22  # bytes; with more than that a connection counts as busy
_ANSWER = 0x80  # the bit that tells an answer's version from a request's
_NOT_NOW = (BlockingIOError, InterruptedError, ssl.SSLWantReadError, ssl.SSLWantWriteError)


class Asked(Protocol):
    """A request that goes past the driver's own encoder and decoder."""

    opcode: int
    body: bytes

    def answer(self, opcode: int, flags: int, body: bytes) -> None:
        """Take the answer; called in the loop."""

    def lose(self) -> None:
        """There will be no answer; called on any thread."""


def connections_of(loop: asyncio.AbstractEventLoop) -> type[DriverConnection]:
    """What the driver makes connections of: this loop, which runs in this thread, serves them."""
    attributes = {"loop": loop, "loop_thread": threading.get_ident()}
    return type("LoopConnection", (LoopConnection,), attributes)


class LoopConnection(DriverConnection):  # type: ignore[misc]  # the driver has no types
    """A connection to one node, whose socket one event loop reads and writes."""

    loop: asyncio.AbstractEventLoop
    loop_thread: int
    is_closed: bool

    def __init__(self, *given: Any, **named: Any) -> None:
        super().__init__(*given, **named)
        self._received = b""  # the beginning of a frame whose end has not come yet
        self._asked: dict[int, Asked] = {}  # by their streams; `lock` is held to change it
        self._pool: Any = None
        self._unsent = bytearray()  # what the socket would not take; only the loop's thread uses it
        self._connect_socket()
        self._socket.setblocking(False)  # noqa: FBT003  # its only way
        self._is_encrypted = isinstance(self._socket, ssl.SSLSocket)
        self._descriptor = self._socket.fileno()
        self._in_loop(self._attach)
        self._send_options_message()

    @classmethod
    def create_timer(cls, timeout: float, callback: Callable[[], None]) -> Timer:
        """Have something called after so many seconds, unless it is cancelled before."""
        timer = Timer(callback)
        with suppress(RuntimeError):  # the loop is closed
            cls.loop.call_soon_threadsafe(cls.loop.call_later, timeout, timer.end)
        return timer

    def ask(self, requests: Sequence[Asked], pool: Any) -> bool:
        """Send requests in one piece, from the loop; False where none can be sent now.

        Args:
            pool: the driver's, that the connection belongs to.
        """
        count = len(requests)
        with self.lock:
            if (
                self.is_defunct
                or self.is_closed
                or not self._socket_writable
                or self.orphaned_threshold_reached
                or self.in_flight + count > self.max_request_id
            ):
                return False
            self._pool = pool
            self.in_flight += count
            streams = [self.get_request_id() for _ in requests]
            self._asked.update(zip(streams, requests, strict=True))
        pieces: list[bytes] = []
        for stream, request in zip(streams, requests, strict=True):
            body = request.body
            pieces += (FRAME.pack(VERSION, 0, stream, request.opcode, len(body)), body)
        self.push(b"".join(pieces))
        return True

    def error_all_requests(self, exc: BaseException) -> None:
        """Tell every request on the connection that it gets no answer; on any thread."""
        with self.lock:
            asked, self._asked = self._asked, {}
        super().error_all_requests(exc)
        if asked:
            self._release([], len(asked))
        for request in list(asked.values()):  # one more may be answered at this moment
            request.lose()

    def push(self, data: bytes) -> None:
        """Send; at once where this is the loop's thread."""
        if threading.get_ident() == self.loop_thread:
            self._write(data)
        else:
            self._in_loop(partial(self._write, data))

    def close(self) -> None:
        """End the connection, and every request on it with an error."""
        with self.lock:
            if self.is_closed:
                return
            self.is_closed = True
        if not self._in_loop(self._detach):
            self._socket.close()
        if not self.is_defunct:
            self.error_all_requests(ConnectionShutdown(f"{self.endpoint} was closed"))

    def _in_loop(self, step: Callable[[], None]) -> bool:
        """Have a step made in the loop; False where the loop is closed."""
        try:
            self.loop.call_soon_threadsafe(step)
        except RuntimeError:
            return False
        return True

    def _attach(self) -> None:
        if not self.is_closed:
            self.loop.add_reader(self._descriptor, self._read)

    def _detach(self) -> None:
        """The socket is closed last: its number may be another socket's right after."""
        self.loop.remove_reader(self._descriptor)
        self.loop.remove_writer(self._descriptor)
        self._socket.close()

    def _write(self, data: bytes) -> None:
        if self.is_closed:
            return
        if not self._unsent:
            data = data[self._sent(data) :]
            if not data or self.is_closed:
                return
            self.loop.add_writer(self._descriptor, self._write_unsent)
        self._unsent += data
        self._socket_writable = len(self._unsent) <= MOST_UNSENT

    def _write_unsent(self) -> None:
        del self._unsent[: self._sent(self._unsent)]
        self._socket_writable = len(self._unsent) <= MOST_UNSENT
        if not self._unsent and not self.is_closed:
            self.loop.remove_writer(self._descriptor)

    def _sent(self, data: bytes | bytearray) -> int:
        """How many bytes the socket took."""
        try:
            return int(self._socket.send(data))
        except _NOT_NOW:
            return 0
        except OSError as error:
            self.defunct(error)
            return 0

    def _read(self) -> None:
        while not self.is_closed:
            try:
                data = self._socket.recv(READ_SIZE)
            except _NOT_NOW:
                return
            except OSError as error:
                self.defunct(error)
                return
            if not data:
                self.close()
                return
            self._take(data)
            # What was decrypted already does not make the socket readable again.
            if not self._is_encrypted or not self._socket.pending():
                return

    def _take(self, data: bytes) -> None:
        """Hand over every frame that has arrived whole."""
        if self._received:
            data = self._received + data
        start, size, head = 0, len(data), FRAME.size
        answered = []
        while size - start >= head:
            version, flags, stream, opcode, length = FRAME.unpack_from(data, start)
            version -= _ANSWER
            if version not in ProtocolVersion.SUPPORTED_VERSIONS or length < 0:
                self.defunct(ProtocolError("what came is not a frame of the native protocol"))
                return
            end = start + head + length
            if end > size:
                break
            body = data[start + head : end]
            request = self._asked.pop(stream, None)
            if request is None:
                self.process_msg(_Frame(version, flags, stream, opcode, head, end - start), body)
            else:
                answered.append(stream)
                try:
                    request.answer(opcode, flags, body)
                except Exception:
                    logger.exception("an answer could not be delivered")
            start = end
        self._received = data[start:]
        if answered:
            self._release(answered, len(answered))

    def _release(self, streams: list[int], count: int) -> None:
        """Requests are over: their streams are free, and the pool sees whether it needs another."""
        with self.lock:
            self.request_ids.extend(streams)
            self.in_flight -= count - 1
        self._pool.return_connection(self)  # counts one


class Timer:
    """Calls something unless it is cancelled before."""

    def __init__(self, callback: Callable[[], None]) -> None:
        self._callback: Callable[[], None] | None = callback

    def cancel(self) -> None:
        """Forget it; from any thread."""
        self._callback = None

    def end(self) -> None:
        """Time is up."""
        callback, self._callback = self._callback, None
        if callback is not None:
            callback()
