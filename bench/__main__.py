"""Requests a second beside three other servers on the same Cassandra, as one table: `make bench`.

    python -m bench [--seconds 4] [--rounds 2] [--only NAME ...] [--workloads TEXT ...] [--costs]

All servers run at once, each one process, and are measured in turns, every workload in every round,
by one load generator of 64 connections in a process of its own. Answers are compared first. Raw
figures and a plot go to bench/results/. About five minutes.

With --costs our own server is compared with itself: without what it tells of itself (/metrics), and
without its limits on documents, costs, rates and load.
"""

from __future__ import annotations

import argparse
import asyncio
import os
import shutil
import subprocess
import sys
from concurrent.futures import ProcessPoolExecutor
from contextlib import ExitStack
from functools import partial
from multiprocessing import get_context
from pathlib import Path
from typing import TYPE_CHECKING, Any

from bench import report
from bench.load import measure
from bench.report import Figure
from bench.servers import Server, ask, cassandra, process, server
from bench.workloads import Seed, Workload, compare, seed, workloads
from graphql_api.app import open_parts
from graphql_api.settings import load_settings

if TYPE_CHECKING:
    from collections.abc import Callable

CONNECTIONS = 64
WARM_UP = 1.0
OURS = "Partyfinder"
MERCURIUS = Path(__file__).parent / "mercurius"
PEERS = {
    "hand-written handler": [sys.executable, "-m", "bench.peers.by_hand"],
    "Mercurius, graphql-jit": ["node", str(MERCURIUS / "server.mjs")],
    "Strawberry by the book": [sys.executable, "-m", "bench.peers.by_the_book"],
}


UNGUARDED = [sys.executable, "-m", "bench.peers.unguarded"]
HIGH_RATE = "100000000/minute"  # counted, and never reached


def has_mercurius() -> bool:
    """Whether Node is here, with the packages that package-lock.json locks."""
    if shutil.which("node") is None or shutil.which("npm") is None:
        print("Without Node and npm there is no Mercurius in the table.", file=sys.stderr)
        return False
    if not (MERCURIUS / "node_modules").exists():
        command = ["npm", "ci", "--ignore-scripts", "--no-audit", "--no-fund"]
        subprocess.run(command, cwd=MERCURIUS, check=True, capture_output=True)
    return True


async def fill(environment: dict[str, str]) -> Seed:
    """Post the parties that the workloads find."""
    os.environ.update(environment)
    async with open_parts(load_settings(request_timeout=60)) as parts:  # a cold node is slow
        return await seed(parts)


def run(
    servers: dict[str, Server], wanted: list[Workload], rounds: int, seconds: float
) -> list[Figure]:
    """Measure every server with every workload, in turns."""
    figures = []
    with ProcessPoolExecutor(1, mp_context=get_context("spawn")) as generator:
        for workload in wanted:
            apply = partial(_measure_one, generator, workload)
            for name, each in servers.items():
                apply(name, each, WARM_UP)
            turns = [
                apply(name, each, seconds) for _ in range(rounds) for name, each in servers.items()
            ]
            merged = report.merge(turns)
            report.show(workload.name, merged)
            figures += merged
    return figures


def _measure_one(
    generator: ProcessPoolExecutor, workload: Workload, name: str, to: Server, seconds: float
) -> Figure:
    before = to.cpu_seconds
    load = (to.address, workload.requests, workload.expected, CONNECTIONS, seconds)
    outcome, busy = generator.submit(measure, *load).result()
    assert not outcome.failures, (name, workload.name, outcome.failures)
    cpu = to.cpu_seconds - before
    return Figure(workload.name, name, outcome.seconds, cpu, busy, outcome.latencies)


def start_ours(running: ExitStack, environment: dict[str, str]) -> dict[str, Server]:
    """Start ours as in production, ours with nothing to see, and ours without limits."""
    usual = {"workers": 1, "rate_limit": HIGH_RATE}
    starts = {
        OURS: server(environment, **usual, metrics="true"),
        "without /metrics": server(environment, **usual, metrics="false"),
        "without limits": process(UNGUARDED, {**environment, "METRICS": "true", "WORKERS": "1"}),
    }
    return {name: running.enter_context(each) for name, each in starts.items()}


def start(running: ExitStack, environment: dict[str, str], only: list[str]) -> dict[str, Server]:
    """Start the servers, ours first."""
    starts: dict[str, Callable[[], Any]] = {OURS: lambda: server(environment, workers=1)}
    for name, command in PEERS.items():
        starts[name] = partial(process, command, environment)
    if only:
        starts = {name: starts[name] for name in starts if name in (OURS, *only)}
    if "Mercurius, graphql-jit" in starts and not has_mercurius():
        del starts["Mercurius, graphql-jit"]
    return {name: running.enter_context(each()) for name, each in starts.items()}


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=4, help="for each figure and round")
    parser.add_argument("--rounds", type=int, default=2)
    parser.add_argument("--only", nargs="*", default=[], help=f"peers, of {', '.join(PEERS)}")
    parser.add_argument("--workloads", nargs="*", default=[], help="those with this in their name")
    parser.add_argument("--costs", action="store_true", help="ours with, and without, its guards")
    given = parser.parse_args()
    with ExitStack() as running:
        environment = running.enter_context(cassandra())
        found = asyncio.run(fill(environment))
        if given.costs:
            servers = start_ours(running, environment)
        else:
            servers = start(running, environment, given.only)
        compare({name: partial(ask, each) for name, each in servers.items()}, found)
        wanted = [
            each
            for each in workloads(found)
            if not given.workloads or any(text in each.name for text in given.workloads)
        ]
        report.show_head()
        figures = run(servers, wanted, given.rounds, given.seconds)
    report.save(figures)


if __name__ == "__main__":
    main()
