"""Memory of a process that makes many joins: flat, whatever the number.

    python -m bench.attendance_memory [--joins 1000000]

Joins parties without HTTP in between, 256 at a time, and prints the resident memory as it goes.
Stops by itself; takes some minutes.
"""

from __future__ import annotations

import argparse
import asyncio
import itertools
import os
import time
from datetime import timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from bench.servers import cassandra
from graphql_api import clock
from graphql_api.app import Parts, open_parts
from graphql_api.caller import ANYBODY
from graphql_api.parties import hosting
from graphql_api.parties.attendance import Attend
from graphql_api.parties.change import Applied
from graphql_api.parties.limits import Limits
from graphql_api.parties.operation import take_key
from graphql_api.settings import load_settings

if TYPE_CHECKING:
    from uuid import UUID

PARTIES, AT_ONCE, STEPS = 50, 256, 10


def resident_megabytes() -> float:
    """Memory that this process occupies."""
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


async def create(parts: Parts, number: int) -> UUID:
    """A new party."""
    party = hosting.NewParty("Memory", f"Party {number}", clock.now() + timedelta(days=9))
    change = hosting.create(ANYBODY, None, party, clock.now())
    assert isinstance(change, hosting.Create)
    await parts.committer.commit(change)
    return change.party_id


async def join(parts: Parts, parties: list[UUID], count: int) -> None:
    """Join so often, at most `AT_ONCE` at a time, each party in turn."""
    turns = itertools.islice(itertools.cycle(parties), count)

    async def work() -> None:
        for party_id in turns:
            change = Attend(party_id, take_key("", None, Limits()), 1)
            outcome = await parts.committer.commit(change)
            assert isinstance(outcome, Applied), outcome

    await asyncio.gather(*(work() for _ in range(AT_ONCE)))


async def measure(joins: int) -> None:
    """Print a line for each tenth of the joins."""
    async with open_parts(load_settings()) as parts:
        parties = [await create(parts, number) for number in range(PARTIES)]
        started = time.perf_counter()
        for step in range(1, STEPS + 1):
            await join(parts, parties, joins // STEPS)
            done = step * (joins // STEPS)
            rate = done / (time.perf_counter() - started)
            print(f"{done:>9,} joins {rate:>7.0f}/s {resident_megabytes():>7.1f} MB")
        heads = [await parts.store.read_head(party_id) for party_id in parties]
        people = sum(head.people for head in heads if head is not None)
        assert people == done, (people, done)


def main() -> None:
    """Measure and print."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--joins", type=int, default=1_000_000)
    joins = parser.parse_args().joins
    with cassandra() as environment:
        os.environ.update(environment)
        asyncio.run(measure(joins))


if __name__ == "__main__":
    main()
