"""The promise itself: dozens of clients, two servers, three nodes, and all of it failing.

Each change is counted exactly once, and what clients were told is one linearizable history.
"""

from __future__ import annotations

import asyncio
from collections import Counter
from random import Random
from typing import TYPE_CHECKING

import aiohttp
import pytest

from graphql_api.schema import ids
from graphql_api.store.connection import connect
from tests.cluster.chaos import Chaos
from tests.cluster.clients import Clients, Record
from tests.cluster.porcupine_check import linearizable
from tests.cluster.server_process import ServerProcess
from tests.support.api import Api
from tests.support.history import prove
from tests.support.rival import Rival

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.cluster.conftest import Cluster
    from tests.support.history import Ledger

pytestmark = pytest.mark.cluster

CLIENTS = 36
SEED = 20260
PARTIES = (
    {"people": 3},
    {"people": 0},
    {"people": 5, "capacity": 8},
    {"people": 40, "capacity": 60},
    {"people": 0, "capacity": 4},
    {"people": 100},
)
SETTLING_SECONDS = 180.0


@pytest.fixture
async def servers(cluster: Cluster, tmp_path: Path) -> AsyncIterator[list[ServerProcess]]:
    """Two server processes; a test may put others in their places."""
    running: list[ServerProcess] = []
    try:
        for number in range(2):
            log = tmp_path / f"server-{number}.log"
            running.append(await ServerProcess.start(cluster.settings, log))
        yield running
    finally:
        for server in running:
            await server.kill()


async def test_everybody_is_counted_exactly_once_whatever_fails(
    cluster: Cluster,
    servers: list[ServerProcess],
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    random = Random(SEED)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        api = Api(servers[0].url, session)
        posted = [await api.create(**wanted, city="Chaos") for wanted in PARTIES]
        records = [Record(party["id"], party["people"]) for party in posted]
        clients = Clients(random, servers, records, session)
        chaos = Chaos(cluster, servers, random, tmp_path)
        await _let_it_happen(clients, chaos)
        for number, record in enumerate(records):
            await clients.join(record, f"the last {number}")
        ledgers = await _ledgers(cluster, records)
        for record, ledger in zip(records, ledgers, strict=True):
            prove(record.told, ledger, record.unsettled)
        is_linearizable, porcupine = await linearizable(records, ledgers, tmp_path)
        for server in servers:
            await _prove_listed(Api(server.url, session), records, ledgers)
    with capsys.disabled():
        print(_summary(clients, chaos, ledgers, porcupine))  # noqa: T201  # what a run is worth is read
    assert is_linearizable is not False, porcupine
    assert clients.resolved > 0


async def _let_it_happen(clients: Clients, chaos: Chaos) -> None:
    """Returns when every client knows how its last change ended."""
    living = [asyncio.create_task(clients.live(f"client-{number}")) for number in range(CLIENTS)]
    try:
        await chaos.reign()
        clients.is_over.set()
        async with asyncio.timeout(SETTLING_SECONDS):
            await asyncio.gather(*living)
    finally:
        for task in living:
            task.cancel()


async def _ledgers(cluster: Cluster, records: list[Record]) -> list[Ledger]:
    connection = await connect(cluster.settings)
    try:
        # Not in this thread: the proxies run in it.
        await asyncio.to_thread(connection.session.set_keyspace, cluster.settings.keyspace)
        reader = await Rival.open(connection.session)
        found = [ids.decode_party(record.party_id) for record in records]
        return [await reader.ledger(party_id) for party_id in found if party_id is not None]
    finally:
        await connection.close()


async def _prove_listed(api: Api, records: list[Record], ledgers: list[Ledger]) -> None:
    """The city's page comes to show what the heads say."""
    heads = {
        record.party_id: (ledger.head.people, ledger.head.revision)
        for record, ledger in zip(records, ledgers, strict=True)
    }
    query = '{ parties(city: "Chaos", first: 50) { nodes { id people revision } } }'
    async with asyncio.timeout(SETTLING_SECONDS):
        while True:
            nodes = (await api.run(query))["parties"]["nodes"]
            listed = {node["id"]: (node["people"], node["revision"]) for node in nodes}
            if listed == heads:
                return
            await asyncio.sleep(0.5)


def _summary(clients: Clients, chaos: Chaos, ledgers: list[Ledger], porcupine: str) -> str:
    told = [one for record in clients.records for one in record.told]
    unsettled = sum(len(record.unsettled) for record in clients.records)
    revisions = ", ".join(str(ledger.head.revision) for ledger in ledgers)
    return f"""
{len(told)} changes by {CLIENTS} clients: {dict(Counter(one.told for one in told))}
revisions of the {len(ledgers)} parties: {revisions}
unknown {clients.unknown}, connections lost {clients.lost}, \
errors that changed nothing {clients.nothing_changed}; \
resolved {clients.resolved}, lost for good without a key {unsettled}
faults: {dict(chaos.done)}
porcupine: {porcupine}"""
