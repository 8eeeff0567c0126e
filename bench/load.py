"""A load generator that costs little: HTTP/1.1 over asyncio, each connection one request at a time.

A client library would take more of the machine than the server under test. Requests are bytes made
beforehand; of an answer only the length of its head is read.
"""

from __future__ import annotations

import asyncio
import itertools
import re
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

_HEADERS = (
    b"POST /graphql HTTP/1.1\r\nHost: bench\r\nContent-Type: application/json\r\n"
    b"Accept: application/json\r\nContent-Length: %d\r\n\r\n"
)
_LENGTH = re.compile(rb"content-length: *(\d+)", re.IGNORECASE)


def post(body: bytes) -> bytes:
    """A GraphQL request with this body, as it goes over the wire."""
    return _HEADERS % len(body) + body


@dataclass
class Outcome:
    """What came of a load.

    Attributes:
        latencies: seconds from sending to the whole answer, sorted.
        failures: answers that were not what was expected; the first few of them.
    """

    seconds: float = 0.0
    latencies: list[float] = field(default_factory=list)
    failures: list[bytes] = field(default_factory=list)

    @property
    def rate(self) -> float:
        """Good answers a second."""
        return len(self.latencies) / self.seconds if self.seconds else 0.0

    def percentile(self, percent: float) -> float:
        """A latency in milliseconds."""
        if not self.latencies:
            return 0.0
        index = min(len(self.latencies) - 1, int(len(self.latencies) * percent / 100))
        return self.latencies[index] * 1000


class _Connection(asyncio.Protocol):
    """Sends one request after another until the load ends."""

    def __init__(self, load: Load) -> None:
        self.load = load
        self.received = b""
        self.missing = 0
        self.sent_at = 0.0

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # TCP's
        self.send()

    def send(self) -> None:
        request = self.load.next_request()
        if request is None:
            self.transport.close()
            return
        self.sent_at = time.perf_counter()
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        self.received += data
        if not self.missing:
            head_end = self.received.find(b"\r\n\r\n")
            if head_end < 0:
                return
            length = _LENGTH.search(self.received, 0, head_end)
            self.missing = head_end + 4 + int(length[1] if length else 0)
        if len(self.received) >= self.missing:
            answer, self.received, self.missing = self.received, b"", 0
            self.load.answered(time.perf_counter() - self.sent_at, answer)
            self.send()

    def connection_lost(self, error: Exception | None) -> None:
        self.load.ended(error)


class Load:
    """Closed-loop load: as many requests in flight as there are connections.

    Args:
        addresses: host and port of each server; connections are spread over them.
        requests: makes the next request, see `post`.
        expected: what every good answer contains.
    """

    def __init__(
        self,
        addresses: Sequence[tuple[str, int]],
        requests: Callable[[], bytes],
        connections: int,
        expected: bytes = b'"data"',
    ) -> None:
        self._addresses = addresses
        self._requests = requests
        self._connections = connections
        self._expected = expected
        self._outcome = Outcome()
        self._is_over = False
        self._open = 0
        self._idle = asyncio.Event()

    async def run(self, seconds: float) -> Outcome:
        """Send for so long; what came of it."""
        loop = asyncio.get_running_loop()
        self._open = self._connections
        started = time.perf_counter()
        for number in range(self._connections):
            host, port = self._addresses[number % len(self._addresses)]
            await loop.create_connection(lambda: _Connection(self), host, port)
        await asyncio.sleep(seconds)
        self._is_over = True
        self._outcome.seconds = time.perf_counter() - started
        await asyncio.wait_for(self._idle.wait(), 30)
        self._outcome.latencies.sort()
        return self._outcome

    def next_request(self) -> bytes | None:
        """The next request; None when the load is over."""
        return None if self._is_over else self._requests()

    def answered(self, latency: float, answer: bytes) -> None:
        """Note an answer."""
        if self._expected in answer and b'"errors"' not in answer:
            if not self._is_over:
                self._outcome.latencies.append(latency)
        elif len(self._outcome.failures) < 5:
            self._outcome.failures.append(answer)

    def ended(self, error: Exception | None) -> None:
        """Note that a connection was closed."""
        if error is not None:
            self._outcome.failures.append(repr(error).encode())
        self._open -= 1
        if self._open == 0:
            self._idle.set()


def measure(
    address: tuple[str, int],
    requests: Sequence[bytes],
    expected: bytes,
    connections: int,
    seconds: float,
) -> tuple[Outcome, float]:
    """A load of these requests in turn; its outcome, and the processor time that making it took."""
    before = time.process_time()
    load = Load([address], itertools.cycle(requests).__next__, connections, expected)
    outcome = asyncio.run(load.run(seconds))
    return outcome, time.process_time() - before
