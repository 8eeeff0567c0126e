"""A soak: half an hour of mixed load on two servers, while the nodes are restarted in turn.

    python -m bench.soak [--minutes 30] [--rate 100] [--every 4]

Three nodes and two servers of its own, on this machine's loopback interface. Every change has an
idempotency key and is sent again until its answer is definite. At the end each party must have the
people and revisions that the answers say, and the servers no more memory, threads and sockets in
the last quarter of the time than in the first. Exit code 1 where something of that is not so.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import random
import signal
import sys
import tempfile
import time
from collections import Counter
from contextlib import ExitStack, contextmanager, suppress
from pathlib import Path
from typing import TYPE_CHECKING

import aiohttp

from bench.servers import Server, server
from bench.soak.accounts import check
from bench.soak.client import Client
from bench.soak.crowd import Crowd
from bench.soak.followers import Followers
from bench.soak.readings import Course, read
from bench.soak.rounds import Rounds
from graphql_api.embedded import EmbeddedCassandraError
from graphql_api.embedded.cluster import start_cluster, stop_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql_api.embedded import Node

NODES, SERVERS = 3, 2
CQL_PORT, STORAGE_PORT = 19042, 17000  # which nobody else takes while a node is away
HEAP_MB = 400
READ_SECONDS = 2.0
WARM_UP = 0.05  # of the time, before the first reading
IDLE_SECONDS = 1.0  # for which a client keeps a connection: what a wave has opened ends with it
PROGRESS_SECONDS = 15.0
MOST_TOLD = 30
STOPPING = (signal.SIGINT, signal.SIGTERM)  # a shell's background jobs ignore the first


@contextmanager
def running(directory: Path) -> Iterator[tuple[list[Node], list[Server]]]:
    """The nodes and the servers."""
    with ExitStack() as started:
        nodes = start_cluster(
            NODES,
            directory,
            heap_mb=HEAP_MB,
            cql_port=CQL_PORT,
            storage_port=STORAGE_PORT,
        )
        started.callback(stop_cluster, nodes)
        environment = {
            **os.environ,
            "CASSANDRA_CONTACT_POINTS": ",".join(node.address for node in nodes),
            "CASSANDRA_PORT": str(nodes[0].cql_port),
        }
        yield (
            nodes,
            [started.enter_context(server(environment, log_level="ERROR")) for _ in range(SERVERS)],
        )


class Soak:
    """One run."""

    def __init__(
        self, client: Client, nodes: list[Node], servers: list[Server], every: float
    ) -> None:
        self.client = client
        self.crowd = Crowd(client)
        self.followers = Followers(client, self.crowd)
        self.rounds = Rounds(nodes, every)
        self.courses = [Course(f"server {each}") for each in range(1, len(servers) + 1)]
        self._servers = servers

    async def run(self, rate: float, seconds: float) -> None:
        """Have it all happen; returns when every operation is settled."""
        await self.crowd.prepare()
        self._began = time.monotonic()
        watching = [
            asyncio.create_task(each)
            for each in (self._tell(seconds), self._read(WARM_UP * seconds), self.followers.run())
        ]
        try:
            sending = asyncio.create_task(self.crowd.run(rate, seconds))
            try:
                await self.rounds.run(seconds)
            except EmbeddedCassandraError as error:
                self.crowd.faults.append(f"{self.rounds.doing}: {error}")
            await sending
        finally:
            for task in watching:
                task.cancel()
            await asyncio.gather(*watching, return_exceptions=True)

    async def _read(self, warm_up: float) -> None:
        await asyncio.sleep(warm_up)
        while True:
            for course, each in zip(self.courses, self._servers, strict=True):
                course.readings.append(read(each))
            await asyncio.sleep(READ_SECONDS)

    async def _tell(self, seconds: float) -> None:
        while True:
            await asyncio.sleep(PROGRESS_SECONDS)
            passed = time.monotonic() - self._began
            now = " ".join(
                f"{last.megabytes:.0f} MB {last.threads} threads {last.sockets} sockets |"
                for last in map(read, self._servers)
            )
            print(
                f"{passed:>5.0f} of {seconds:.0f} s  {self.client.settled} settled, "
                f"{self.crowd.in_flight} in flight, {dict(self.client.errors)} errors, "
                f"{len(self.crowd.faults)} faults | {now} {self.rounds.doing}",
                flush=True,
            )

    async def faults(self) -> list[str]:
        """What is not as it should be."""
        found = list(self.crowd.faults)
        found += await check(self.client.settle, self.crowd.accounts)
        if broken := self.client.errors["INTERNAL_SERVER_ERROR"]:
            found.append(f"{broken} times INTERNAL_SERVER_ERROR")
        for course in self.courses:
            found += course.growth()
        return found

    def report(self) -> Iterator[str]:
        """What happened."""
        client, crowd = self.client, self.crowd
        changes = sum(len(account.applied) for account in crowd.accounts)
        yield f"sent: {dict(crowd.kinds)}, not sent for lack of answers: {crowd.skipped}"
        yield f"changes applied: {changes}, refused: {dict(crowd.refusals)}"
        yield f"errors by code: {dict(client.errors)}"
        yield f"operations with an error that a retry healed: {dict(client.healed)}"
        yield f"never settled: {client.unsettled}"
        yield (
            f"live states received: {self.followers.states}, "
            f"streams that ended early: {dict(self.followers.ends)}"
        )
        done = Counter(each.split()[0] for each in self.rounds.done)
        yield f"nodes: {', '.join(f'{count} {how}' for how, count in done.items())}"
        yield "                     quarter 1        2        3        4   highest"
        for course in self.courses:
            yield from course.table()


async def soak(nodes: list[Node], servers: list[Server], given: argparse.Namespace) -> list[str]:
    """Run, and tell; what is wrong."""
    this = asyncio.current_task()
    assert this is not None
    for number in STOPPING:
        asyncio.get_running_loop().add_signal_handler(number, this.cancel)
    limits = aiohttp.TCPConnector(limit=0, keepalive_timeout=IDLE_SECONDS)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(connector=limits, timeout=timeout) as session:
        urls = [f"http://{each.host}:{each.port}" for each in servers]
        client = Client(session, urls, random.Random(given.seed))
        run = Soak(client, nodes, servers, given.every * 60)
        await run.run(given.rate, given.minutes * 60)
        faults = await run.faults()
        print(*run.report(), sep="\n")
        return faults


def main() -> None:
    """Run a soak."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--minutes", type=float, default=30)
    parser.add_argument("--rate", type=float, default=100, help="operations a second")
    parser.add_argument("--every", type=float, default=4, help="minutes between rounds")
    parser.add_argument("--seed", type=int, default=20260)
    given = parser.parse_args()
    for number in STOPPING:
        signal.signal(number, lambda *_: sys.exit("stopped"))
    with (
        suppress(asyncio.CancelledError),
        tempfile.TemporaryDirectory(prefix="soak-", ignore_cleanup_errors=True) as directory,
        running(Path(directory)) as (nodes, servers),
    ):
        faults = asyncio.run(soak(nodes, servers, given))
        print(*faults[:MOST_TOLD], f"{len(faults)} faults", sep="\n")
        sys.exit(1 if faults else 0)
    sys.exit("stopped")


if __name__ == "__main__":
    main()
