"""2,000 subscribers on 100 parties in one process: what they cost, and what they are told."""

from __future__ import annotations

import asyncio
import gc
import json
import resource
import sys
import time
from contextlib import asynccontextmanager
from pathlib import Path
from statistics import quantiles
from typing import TYPE_CHECKING, Any
from uuid import uuid4

from graphql_api.http.application import STREAMS
from graphql_api.parties.attendance import Attend
from graphql_api.parties.operation import IdempotencyKey
from graphql_api.schema import ids
from tests.support.live import until
from tests.support.parties import post
from tests.support.recorder import recording
from tests.support.web import serving_app

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings
    from graphql_api.store.rows import PartyHead
    from tests.support.api import Api

SUBSCRIBERS, PARTIES = 2000, 100
PROGRAM = Path(__file__).parents[1] / "support" / "subscribers.py"
REST = 4.0  # seconds


def resident() -> int:
    """The process's memory in bytes."""
    gc.collect()
    pages = int(Path("/proc/self/statm").read_text().split()[1])
    return pages * resource.getpagesize()


@asynccontextmanager
async def subscribers(api: Api, heads: list[PartyHead]) -> AsyncIterator[Process]:
    process = await asyncio.create_subprocess_exec(
        sys.executable,
        str(PROGRAM),
        f"{api.url}/graphql",
        str(SUBSCRIBERS),
        *(ids.party_id(head.party_id) for head in heads),
        stdin=asyncio.subprocess.PIPE,
        stdout=asyncio.subprocess.PIPE,
        limit=2**26,
    )
    try:
        assert process.stdout is not None
        assert await process.stdout.readline() == b"ready\n"
        yield process
    finally:
        assert process.stdin is not None
        process.stdin.close()
        await process.wait()


async def arrived(process: Process) -> list[tuple[int, int, float]]:
    """What has arrived since the last time: party's number, people, moment."""
    assert process.stdin is not None
    assert process.stdout is not None
    process.stdin.write(b"\n")
    got: list[Any] = json.loads(await process.stdout.readline())
    return [(number, people, moment) for number, people, moment in got]


async def everything(process: Process, count: int) -> list[tuple[int, int, float]]:
    """So much of what arrives."""
    got: list[tuple[int, int, float]] = []
    async with asyncio.timeout(60):
        while len(got) < count:
            await asyncio.sleep(0.2)
            got += await arrived(process)
    return got


async def test_two_thousand_subscribers(parts: Parts, settings: Settings) -> None:
    _, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
    resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))
    heads = [await post(parts) for _ in range(PARTIES)]
    async with serving_app(parts, settings) as api:
        assert api.runner is not None
        streams = api.runner.app[STREAMS]
        await api.run("{ __typename }")
        before = resident()
        async with subscribers(api, heads) as process:
            assert (len(streams), parts.changes.watched) == (SUBSCRIBERS, PARTIES)
            each = (resident() - before) / SUBSCRIBERS
            busy, looks = await at_rest(parts, settings.live_interval)
            others = await delays(parts, process, heads, hinted=False)
            own = await delays(parts, process, heads, hinted=True)
        await until(lambda: (len(streams), parts.changes.watched) == (0, 0))
    print(  # noqa: T201
        f"{SUBSCRIBERS} subscribers, {PARTIES} parties, interval {settings.live_interval} s: "
        f"{each / 1024:.1f} KiB each; {busy:.1%} of a core at rest; "
        f"{looks:.2f} statements a party and interval; "
        f"delay p50/p99 {others[0]:.0f}/{others[1]:.0f} ms from another process, "
        f"{own[0]:.0f}/{own[1]:.0f} ms from this one"
    )


async def at_rest(parts: Parts, interval: float) -> tuple[float, float]:
    """The share of a core, and the statements per party and interval."""
    began, worked = time.monotonic(), time.process_time()
    await asyncio.sleep(REST)  # without the recorder, which costs as well
    busy = (time.process_time() - worked) / (time.monotonic() - began)
    with recording(parts) as recorder:
        began = time.monotonic()
        await asyncio.sleep(REST)
        took = time.monotonic() - began
    assert set(recorder.counts) == {"read_head"}
    looks = recorder.counts["read_head"] / PARTIES
    assert looks <= took / interval + 1
    return busy, looks * interval / took


async def delays(
    parts: Parts, process: Process, heads: list[PartyHead], *, hinted: bool
) -> tuple[float, float]:
    """Milliseconds from a change's outcome to its arrival: median and 99th percentile."""
    await arrived(process)
    people, made = 2 if hinted else 1, {}
    for number, head in enumerate(heads):
        change = Attend(head.party_id, IdempotencyKey("", str(uuid4())), 1)
        await parts.committer.commit(change)
        made[number] = time.monotonic()
        if hinted:
            parts.changes.hint(head)
    got = await everything(process, SUBSCRIBERS)
    assert sorted((number, count) for number, count, _ in got) == sorted(
        (index % PARTIES, people) for index in range(SUBSCRIBERS)
    )
    late = sorted((moment - made[number]) * 1000 for number, _, moment in got)
    cuts = quantiles(late, n=100)
    return cuts[49], cuts[98]
