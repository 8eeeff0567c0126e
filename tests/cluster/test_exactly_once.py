"""The promise itself: dozens of clients, four servers, three nodes, and all of it failing.

Each change is counted exactly once, and what clients were told is one linearizable history. Half of
them are signed in, at servers of their own, and join each party once.
"""

from __future__ import annotations

import asyncio
import time
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
from tests.support.attendees import prove_attendance
from tests.support.history import prove
from tests.support.provider import Provider, a_provider
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
async def provider() -> AsyncIterator[Provider]:
    async with a_provider() as opened:
        yield opened


@pytest.fixture
async def servers(
    cluster: Cluster, provider: Provider, tmp_path: Path
) -> AsyncIterator[list[ServerProcess]]:
    """Two server processes where nobody signs in and two where everybody does, by turns.

    A test may put others in their places.
    """
    signed = cluster.settings.model_copy(update=provider.settings)
    running: list[ServerProcess] = []
    try:
        for number, settings in enumerate((cluster.settings, signed) * 2):
            log = tmp_path / f"server-{number}.log"
            running.append(await ServerProcess.start(settings, log))
        yield running
    finally:
        for server in running:
            await server.kill()


async def test_everybody_is_counted_exactly_once_whatever_fails(
    cluster: Cluster,
    servers: list[ServerProcess],
    provider: Provider,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    random = Random(SEED)
    timeout = aiohttp.ClientTimeout(total=30)
    async with aiohttp.ClientSession(timeout=timeout) as session:
        api = Api(servers[0].url, session)
        posted = [await api.create(**wanted, city="Chaos") for wanted in PARTIES]
        records = [Record(party["id"], party["people"]) for party in posted]
        people = [f"client-{number}" for number in range(0, CLIENTS, 2)]
        tokens = {person: provider.token(person, exp=int(time.time()) + 3600) for person in people}
        clients = Clients(random, servers, records, session, tokens)
        chaos = Chaos(cluster, servers, random, tmp_path)
        await _let_it_happen(clients, chaos)
        for number, record in enumerate(records):
            await clients.join(record, f"the last {number}")
        ledgers, attendees = await _read(cluster, records)
        for record, ledger in zip(records, ledgers, strict=True):
            prove(record.told, ledger, record.unsettled)
            prove_attendance(record.told, ledger, attendees[record.party_id], record.unsettled)
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


async def _read(
    cluster: Cluster, records: list[Record]
) -> tuple[list[Ledger], dict[str, set[str]]]:
    """The parties with their operations, and who has joined each."""
    connection = await connect(cluster.settings)
    try:
        # Not in this thread: the proxies run in it.
        await asyncio.to_thread(connection.session.set_keyspace, cluster.settings.keyspace)
        reader = await Rival.open(connection.session)
        found = {ids.decode_party(record.party_id): record.party_id for record in records}
        parties = {party_id: name for party_id, name in found.items() if party_id is not None}
        ledgers = [await reader.ledger(party_id) for party_id in parties]
        return ledgers, {name: await reader.attendees(each) for each, name in parties.items()}
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
