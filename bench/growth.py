"""How cost grows: the size of a page, the parties of a city, server processes, Cassandra nodes.

    python -m bench.growth [--large 1000000] [--seconds 3] [--nodes 1 2 3]

Each table changes one thing; docs/performance.md quotes them. The large city is loaded first:
minutes for a million parties. With CASSANDRA_CONTACT_POINTS and BENCH_CASSANDRA_PID in the
environment, what is there is used.
"""

from __future__ import annotations

import argparse
import asyncio
import json
import os
import subprocess
import sys
import tempfile
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from functools import partial
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench.load import measure, post
from bench.servers import Server, ask, cassandra, cpu_seconds, server
from graphql_api.app import open_parts
from graphql_api.commands.large_city import CITY, load_large_city
from graphql_api.embedded.cluster import cluster
from graphql_api.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Sequence

CONNECTIONS = 32
DIFFERENT = 100  # pages asked for in turn, so that few reads of one moment are equal
SMALL, MIDDLE = ("Smallville", 100), ("Middletown", 10_000)
JOINED = 200
PAGE = """query Page($city: String!, $first: Int, $last: Int, $after: String, $from: DateTime) {
  parties(city: $city, first: $first, last: $last, after: $after, from: $from) {
    nodes { id name date people capacity } pageInfo { endCursor }
  } }"""
JOIN = """mutation Join($input: JoinPartyInput!) { joinParty(input: $input) {
  ... on JoinPartySuccess { party { people } } } }"""


def body(document: str, **variables: Any) -> bytes:
    """The body of a request."""
    return json.dumps({"query": document, "variables": variables}).encode()


def moments(days: int) -> list[str]:
    """Moments over so many days, from a year ago on."""
    start = datetime.now(UTC) - timedelta(days=365)
    return [
        (start + timedelta(days=days) * number / DIFFERENT).isoformat()
        for number in range(DIFFERENT)
    ]


def first_pages(city: str, first: int) -> list[bytes]:
    """The first pages of lists that begin at different moments of the first year."""
    return [body(PAGE, city=city, first=first, **{"from": each}) for each in moments(365)]


def last_pages(city: str) -> list[bytes]:
    """The last pages of the same lists."""
    return [body(PAGE, city=city, last=20, **{"from": each}) for each in moments(365)]


def deep_pages(to: Server, city: str) -> list[bytes]:
    """The pages after cursors from all over the three years."""
    wanted = (body(PAGE, city=city, first=1, **{"from": each}) for each in moments(1050))
    cursors = [ask(to, each)["data"]["parties"]["pageInfo"]["endCursor"] for each in wanted]
    whole = {"city": city, "first": 20, "from": moments(365)[0]}
    return [body(PAGE, **whole, after=cursor) for cursor in cursors]


def joins(to: Server) -> list[bytes]:
    """Joins of different parties."""
    pages = [ask(to, each)["data"] for each in first_pages(MIDDLE[0], 20)[::10]]
    ids = {party["id"] for page in pages for party in page["parties"]["nodes"]}
    return [body(JOIN, input={"partyId": each}) for each in sorted(ids)[:JOINED]]


def line(name: str, to: Server, nodes: Sequence[int], bodies: list[bytes], seconds: float) -> None:
    """Measure and print a line of a table."""
    requests = [post(each) for each in bodies]
    run = partial(measure, to.address, requests, b'"data"', CONNECTIONS)
    run(1)
    before, database = to.cpu_seconds, sum(map(cpu_seconds, nodes))
    outcome, _ = run(seconds)
    assert not outcome.failures, outcome.failures
    count = len(outcome.latencies)
    server_cpu = 1e6 * (to.cpu_seconds - before) / count
    nodes_cpu = 1e6 * (sum(map(cpu_seconds, nodes)) - database) / count
    print(
        f"| {name} | {outcome.rate:,.0f} | {outcome.percentile(50):.1f} |"
        f" {outcome.percentile(99):.1f} | {server_cpu:.0f} | {nodes_cpu:.0f} |",
        flush=True,
    )


def head(title: str) -> None:
    """Print a table's head."""
    print(f"\n| {title} | a second | p50 ms | p99 ms | µs server | µs Cassandra |")
    print("|---|---|---|---|---|---|")


async def load(environment: dict[str, str], large: int) -> None:
    """Load the cities that are not there yet."""
    os.environ.update(environment)
    async with open_parts(load_settings(request_timeout=60)) as parts:
        for city, count in (SMALL, MIDDLE, (CITY, large)):
            if count and await parts.store.read_city(city.casefold()) is None:
                await load_large_city(parts, lambda *_: None, count, city)


def pages_and_workers(environment: dict[str, str], large: int, seconds: float) -> None:
    """One node: pages of all sizes, one server process and two."""
    asyncio.run(load(environment, large))
    node = [int(environment["BENCH_CASSANDRA_PID"])]
    with server(environment) as to:
        head("one process, one node")
        line("20 of 100 parties", to, node, first_pages(SMALL[0], 20), seconds)
        line("100 of 100 parties", to, node, first_pages(SMALL[0], 100), seconds)
        for city, count in (MIDDLE, (CITY, large)):
            line(f"first 20 of {count:,}", to, node, first_pages(city, 20), seconds)
            line(f"20 deep in {count:,}", to, node, deep_pages(to, city), seconds)
            line(f"last 20 of {count:,}", to, node, last_pages(city), seconds)
        line(f"100 of {large:,}", to, node, first_pages(CITY, 100), seconds)
    head("20 of 10,000 parties")
    for workers in (1, 2):
        with server(environment, workers=workers) as to:
            line(f"{workers} processes", to, node, first_pages(MIDDLE[0], 20), seconds)


def nodes_of(count: int, seconds: float) -> None:
    """So many nodes, each with a copy of everything."""
    with tempfile.TemporaryDirectory(prefix="bench-") as directory, ExitStack() as running:
        nodes = running.enter_context(cluster(count, Path(directory), data_durable=False))
        environment = {
            **os.environ,
            "CASSANDRA_CONTACT_POINTS": nodes[0].address,
            "CASSANDRA_PORT": str(nodes[0].cql_port),
            "CASSANDRA_KEYSPACE": "growth",
            "CASSANDRA_REPLICATION_FACTOR": str(count),
        }
        command = [sys.executable, "-m", "graphql_api", "sync-schema"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        asyncio.run(load(environment, 0))
        pids = [node.pid for node in nodes]
        to = running.enter_context(server(environment))
        line(f"{count} nodes: page of 20", to, pids, first_pages(MIDDLE[0], 20), seconds)
        line(f"{count} nodes: join", to, pids, joins(to), seconds)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--large", type=int, default=1_000_000, help="parties of the large city")
    parser.add_argument("--seconds", type=float, default=3, help="for each line")
    parser.add_argument("--nodes", type=int, nargs="*", default=[1, 2, 3])
    given = parser.parse_args()
    if "BENCH_CASSANDRA_PID" in os.environ:
        pages_and_workers(dict(os.environ), given.large, given.seconds)
    else:
        with cassandra() as environment:
            pages_and_workers(environment, given.large, given.seconds)
    if given.nodes:
        head("as many copies as nodes, all on this machine")
    for count in given.nodes:
        nodes_of(count, given.seconds)


if __name__ == "__main__":
    main()
