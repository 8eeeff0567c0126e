"""Joins a second: on one hot party in groups and one by one, on one and two servers, and on many.

    python -m bench.attendance [--seconds 8]

Checks first that both ways of grouping give the same answers, and after each run that every join
that was answered is in the count. Prints one table; quote its ratios, not its figures.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import json
import random
import secrets
import urllib.request
from contextlib import ExitStack
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any

from bench.load import Load, Outcome, post
from bench.servers import Server, cassandra, server

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

JOIN = (
    "mutation J($i: JoinPartyInput!) { joinParty(input: $i) { __typename"
    " ... on JoinPartySuccess { party { id people revision } } } }"
)
PARTY = "query P($id: ID!) { party(id: $id) { people revision } }"
CREATE = (
    "mutation C($i: CreatePartyInput!) { createParty(input: $i) {"
    " ... on CreatePartySuccess { party { id } } } }"
)
JOINED = b'"JoinPartySuccess"'


def ask(to: Server, query: str, **variables: Any) -> Any:
    """One request and its data."""
    body = json.dumps({"query": query, "variables": variables}).encode()
    request = urllib.request.Request(
        f"http://{to.host}:{to.port}/graphql", body, {"Content-Type": "application/json"}
    )
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer
    return answer["data"]


def create(to: Server, name: str = "Bench", city: str = "Bench") -> str:
    """A new party's id."""
    date = (datetime.now(UTC) + timedelta(days=9)).isoformat()
    data = ask(to, CREATE, i={"city": city, "name": name, "date": date})
    party: str = data["createParty"]["party"]["id"]
    return party


def joins(parties: Sequence[str], *, keyed: bool = False) -> Callable[[], bytes]:
    """Makes joins of these parties, at random."""

    def request() -> bytes:
        wanted = {"partyId": random.choice(parties)}
        if keyed:
            wanted["idempotencyKey"] = secrets.token_hex(8)
        return post(json.dumps({"query": JOIN, "variables": {"i": wanted}}).encode())

    return request


def reads(parties: Sequence[str]) -> Callable[[], bytes]:
    """Makes reads of these parties."""
    bodies = [json.dumps({"query": PARTY, "variables": {"id": each}}).encode() for each in parties]
    return itertools.cycle(map(post, bodies)).__next__


async def load(
    servers: Sequence[Server], requests: Callable[[], bytes], connections: int, seconds: float
) -> Outcome:
    """Run a load of joins, which must all succeed."""
    addresses = [each.address for each in servers]
    outcome = await Load(addresses, requests, connections, JOINED).run(seconds)
    assert not outcome.failures, outcome.failures
    return outcome


def same_answers(grouped: Server, single: Server) -> None:
    """Both servers count alike, on a party each."""
    answers = []
    for each in (grouped, single):
        party = create(each)
        counts = [
            ask(each, JOIN, i={"partyId": party})["joinParty"]["party"]["people"] for _ in range(3)
        ]
        answers.append((counts, ask(each, PARTY, id=party)["party"]))
    assert answers[0] == answers[1] == ([1, 2, 3], {"people": 3, "revision": 4}), answers


def hot(
    name: str, servers: Sequence[Server], connections: int, seconds: float, **how: Any
) -> float:
    """A line of the table: everybody joins one party."""
    party = create(servers[0])
    cpu = sum(each.cpu_seconds for each in servers)
    outcome = asyncio.run(load(servers, joins([party], **how), connections, seconds))
    cpu = sum(each.cpu_seconds for each in servers) - cpu
    people = ask(servers[0], PARTY, id=party)["party"]["people"]
    # Answers that came after the clock had stopped are counted by the server alone.
    assert 0 <= people - len(outcome.latencies) <= connections, (people, len(outcome.latencies))
    show(name, outcome, cpu)
    return outcome.rate


def show(name: str, outcome: Outcome, cpu: float) -> None:
    """Print a line of the table."""
    per_request = 1e6 * cpu / max(1, len(outcome.latencies))
    print(
        f"{name:<46}{outcome.rate:>8.0f}/s{outcome.percentile(50):>9.1f}"
        f"{outcome.percentile(99):>9.1f}{per_request:>10.0f}"
    )


async def reads_beside_joins(
    to: Server, others: Sequence[str], hot_party: str, seconds: float
) -> tuple[Outcome, Outcome]:
    """Reads of other parties alone, and while everybody joins one."""
    alone = await Load([to.address], reads(others), 8, b'"people"').run(seconds)
    joining = asyncio.create_task(load([to], joins([hot_party]), 64, seconds + 1))
    await asyncio.sleep(0.5)
    beside = await Load([to.address], reads(others), 8, b'"people"').run(seconds)
    await joining
    return alone, beside


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seconds", type=float, default=8, help="for each line")
    seconds = parser.parse_args().seconds
    with ExitStack() as running:
        environment = running.enter_context(cassandra())
        grouped = running.enter_context(server(environment))
        second = running.enter_context(server(environment))
        single = running.enter_context(server(environment, group_size=1))
        same_answers(grouped, single)
        party = create(grouped)
        asyncio.run(load([grouped, second], joins([party]), 64, 5))  # Java compiles what is hot
        print(f"{'':<46}{'joins':>10}{'p50 ms':>9}{'p99 ms':>9}{'µs CPU':>10}")
        one = hot("one party, groups of one, 64 connections", [single], 64, seconds)
        many = hot("one party, grouped, 64 connections", [grouped], 64, seconds)
        hot("one party, grouped, 256 connections", [grouped], 256, seconds)
        hot("one party, grouped, with keys, 64", [grouped], 64, seconds, keyed=True)
        hot("one party, two servers, 64 connections", [grouped, second], 64, seconds)
        hot("one party, two servers, 256 connections", [grouped, second], 256, seconds)
        parties = [create(grouped, f"Bench {number}") for number in range(1000)]
        cpu = grouped.cpu_seconds
        outcome = asyncio.run(load([grouped], joins(parties), 64, seconds))
        show("1,000 parties at random, 64 connections", outcome, grouped.cpu_seconds - cpu)
        print(f"\ngrouped ÷ one by one, 64 connections: {many / one:.1f}")
        alone, beside = asyncio.run(
            reads_beside_joins(grouped, parties[:100], parties[-1], seconds)
        )
        print(
            f"reads of other parties, p99: {alone.percentile(99):.1f} ms alone, "
            f"{beside.percentile(99):.1f} ms beside a hot party "
            f"(× {beside.percentile(99) / alone.percentile(99):.1f})"
        )


if __name__ == "__main__":
    main()
