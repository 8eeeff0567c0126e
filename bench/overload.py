"""Three times the load that a server can sustain: what is still answered in time, and health.

    python -m bench.overload [--seconds 15]

First finds the peak with as many requests in flight as keep the server busy. Then sends requests at
multiples of that rate, whether or not answers come (an open loop), as a crowd of people does. Each
gives up after two seconds and says so in its header. Useful is what is answered well by then.

The server has a core of its own, so that what sends the requests and Cassandra take nothing from
it; connections are opened beforehand, and those given up are opened anew.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import os
import random
import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from bench.attendance import JOIN, ask, create
from bench.load import Load, post
from bench.servers import Server, cassandra, server

if TYPE_CHECKING:
    from collections.abc import Callable

PATIENCE = 2.0  # seconds
CONNECTIONS = 64
MOST_CONNECTIONS = 2000
DIFFERENT = 1000  # requests, made beforehand
PROBE = 0.1  # seconds
HEADINGS = (
    " load  sent/s  useful/s  of peak  refused/s  late/s  failed/s  99 %, ms  health, ms    MB"
)
CITIES = """query Q($names: [String!]!) { cities(names: $names) {
  name parties(first: 20) { nodes { id name date people place } } } }"""


def requests(parties: list[str], towns: list[str]) -> Callable[[], bytes]:
    """Nine pages of five cities, then a join."""

    def make(number: int) -> bytes:
        if number % 10:
            names = random.sample(towns, 5)
            body = {"query": CITIES, "variables": {"names": names}}
        else:
            body = {"query": JOIN, "variables": {"i": {"partyId": random.choice(parties)}}}
        line, rest = post(json.dumps(body).encode()).split(b"\r\n", 1)
        return line + b"\r\nRequest-Timeout: %.1f\r\n" % PATIENCE + rest

    return itertools.cycle([make(number) for number in range(DIFFERENT)]).__next__


@dataclass
class Tally:
    """What came of requests."""

    useful: int = 0
    refused: int = 0
    late: int = 0
    failed: int = 0
    latencies: list[float] = field(default_factory=list)


class Connection(asyncio.Protocol):
    """Sends what it is given, one request at a time; late answers close it."""

    def __init__(self, crowd: Crowd) -> None:
        self.crowd = crowd
        self.received = b""
        self.sent_at = 0.0
        self.giving_up: asyncio.TimerHandle | None = None

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        """Note the way out."""
        self.transport: asyncio.Transport = transport  # type: ignore[assignment]  # TCP's

    def send(self, request: bytes, sent_at: float) -> None:
        """Send a request."""
        self.sent_at = sent_at
        self.giving_up = asyncio.get_running_loop().call_later(PATIENCE, self.transport.abort)
        self.transport.write(request)

    def data_received(self, data: bytes) -> None:
        """Take an answer, or a part of it."""
        self.received += data
        head, found, body = self.received.partition(b"\r\n\r\n")
        if not found:
            return
        length = int(head.lower().split(b"content-length: ")[1].split(b"\r\n")[0])
        if len(body) < length or self.giving_up is None:
            return
        self.giving_up.cancel()
        self.giving_up = None
        self.received = b""
        tally = self.crowd.tally
        if head.startswith(b"HTTP/1.1 503"):
            tally.refused += 1
        elif b'"errors"' in body:
            tally.failed += 1
        else:
            tally.useful += 1
            tally.latencies.append(time.perf_counter() - self.sent_at)
        self.crowd.idle.append(self)

    def connection_lost(self, error: Exception | None) -> None:  # noqa: ARG002  # asyncio's
        """Note what was not answered."""
        self.crowd.open_another()
        if self.giving_up is not None:
            self.giving_up.cancel()
            self.crowd.tally.late += 1
        elif self in self.crowd.idle:
            self.crowd.idle.remove(self)


class Crowd:
    """Sends at a rate, over as many connections as that takes."""

    def __init__(self, to: Server, make: Callable[[], bytes]) -> None:
        self._to = to
        self._make = make
        self._opening: set[asyncio.Task[None]] = set()
        self._is_over = False
        self.idle: list[Connection] = []
        self.tally = Tally()

    async def run(self, rate: float, seconds: float) -> None:
        """Send so many a second for so long."""
        for _ in range(MOST_CONNECTIONS):
            await self._open()
        began, sent = time.perf_counter(), 0
        while (passed := time.perf_counter() - began) < seconds:
            while sent < passed * rate:
                self._send()
                sent += 1
            await asyncio.sleep(0.002)
        await asyncio.sleep(PATIENCE + 0.5)
        self._is_over = True
        for connection in list(self.idle):
            connection.transport.close()

    def _send(self) -> None:
        if self.idle:
            self.idle.pop().send(self._make(), time.perf_counter())
        else:  # everybody waits: one more does so in vain
            self.tally.late += 1

    def open_another(self) -> None:
        """In the place of a connection that was given up."""
        if not self._is_over:
            task = asyncio.create_task(self._open())
            self._opening.add(task)
            task.add_done_callback(self._opening.discard)

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        _, connection = await loop.create_connection(lambda: Connection(self), *self._to.address)
        self.idle.append(connection)


async def probe(to: Server, times: list[float]) -> None:
    """Ask for health, each time over a connection of its own."""
    while True:
        began = time.perf_counter()
        reader, writer = await asyncio.open_connection(*to.address)
        writer.write(b"GET /healthz HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n")
        assert (await reader.read()).startswith(b"HTTP/1.1 200 ")
        writer.close()
        times.append(time.perf_counter() - began)
        await asyncio.sleep(PROBE)


async def measure(to: Server, make: Callable[[], bytes], seconds: float) -> None:
    """Find the peak and print what becomes of its multiples."""
    await Load([to.address], make, CONNECTIONS).run(seconds / 3)
    peak = (await Load([to.address], make, CONNECTIONS).run(seconds)).rate
    print(f"peak, {CONNECTIONS} in flight: {peak:.0f} a second", flush=True)
    print(HEADINGS)
    for times in (1, 2, 3):
        crowd, health = Crowd(to, make), list[float]()
        probing = asyncio.create_task(probe(to, health))
        await crowd.run(times * peak, seconds)
        probing.cancel()
        tally = crowd.tally
        tally.latencies.sort()
        last = tally.latencies[int(len(tally.latencies) * 0.99)] if tally.latencies else 0.0
        print(
            f"{times:>4}× {times * peak:>7.0f} {tally.useful / seconds:>9.0f} "
            f"{tally.useful / seconds / peak:>7.0%} {tally.refused / seconds:>10.0f} "
            f"{tally.late / seconds:>7.0f} {tally.failed / seconds:>9.0f} {last * 1000:>9.0f} "
            f"{max(health, default=seconds) * 1000:>11.0f} {to.resident_megabytes:>5.0f}",
            flush=True,
        )


def main() -> None:
    """Measure with and without the refusal of requests."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=15)
    seconds = parser.parse_args().seconds
    mine, *others = sorted(os.sched_getaffinity(0))  # what is started inherits these
    os.sched_setaffinity(0, others or [mine])
    with cassandra() as environment:
        for overload_after in (1, 0):
            print(f"OVERLOAD_AFTER={overload_after}")
            os.sched_setaffinity(0, [mine])
            with server(
                environment, log_level="ERROR", workers=1, overload_after=overload_after
            ) as to:
                os.sched_setaffinity(0, others or [mine])
                towns = [f"Town {number}" for number in range(20)]
                parties = [create(to, f"Party {n}", towns[n % 20]) for n in range(400)]
                ask(to, CITIES, names=towns[:5])
                asyncio.run(measure(to, requests(parties, towns), seconds))


if __name__ == "__main__":
    main()
