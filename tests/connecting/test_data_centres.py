"""Two data centres: each server stays with its own, and a join is decided as the setting says."""

from __future__ import annotations

import asyncio
import socket
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.app import open_parts
from graphql_api.embedded import Node, NodeSettings
from graphql_api.errors import PartyfinderError
from graphql_api.parties.change import Applied
from graphql_api.settings import Settings
from graphql_api.store.connection import connect
from graphql_api.store.migrate import sync_schema
from tests.support.parties import post
from tests.support.some_parties import join

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from graphql_api.app import Parts

pytestmark = pytest.mark.cluster

CENTRES = {"north": "127.0.0.6", "south": "127.0.0.7"}
JOINS = 20


@pytest.fixture(scope="module")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[dict[str, Node]]:
    """A node in each data centre, by its name."""
    directory: Path = tmp_path_factory.mktemp("centres")
    try:
        cql, storage = _free_port(), _free_port()
    except OSError:
        pytest.skip("this machine has no address but 127.0.0.1 on its loopback interface")
    running = {
        name: Node(
            NodeSettings(
                directory=directory / name,
                address=address,
                datacenter=name,
                cql_port=cql,
                storage_port=storage,
                seeds=tuple(f"{each}:{storage}" for each in CENTRES.values()),
                heap_mb=320,
                yaml={"auto_bootstrap": False, "initial_token": str(number)},
                jvm_options=(
                    "-XX:TieredStopAtLevel=1",
                    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
                    "-Dcassandra.ring_delay_ms=1000",
                ),
                start_timeout=300.0,
            )
        )
        for number, (name, address) in enumerate(CENTRES.items())
    }
    try:
        with ThreadPoolExecutor(len(running)) as threads:
            list(threads.map(Node.start, running.values()))
        yield running
    finally:
        for node in running.values():
            node.kill()


@pytest.fixture(scope="module")
async def settings(nodes: dict[str, Node]) -> Settings:
    """Of a server in the north; the keyspace has a replica in each data centre."""
    made = Settings(
        _env_file=None,  # type: ignore[call-arg]  # see tests/conftest.py
        cassandra_contact_points=tuple(CENTRES.values()),
        cassandra_port=nodes["north"].cql_port,
        cassandra_local_datacenter="north",
        cassandra_keyspace="centres",
        request_timeout=4,
    )
    connection = await connect(made)
    try:
        create = (
            "CREATE KEYSPACE centres WITH replication = "
            "{'class': 'NetworkTopologyStrategy', 'north': 1, 'south': 1}"
        )
        await asyncio.to_thread(
            connection.session.execute, create, timeout=60, execution_profile="plain"
        )
        await sync_schema(connection.session, made, print)
    finally:
        await connection.close()
    return made


async def test_servers_in_both_count_together_and_speak_to_their_own_only(
    settings: Settings,
) -> None:
    there = settings.model_copy(update={"cassandra_local_datacenter": "south"})
    async with open_parts(settings) as north, open_parts(there) as south:
        assert _addresses(north) == {CENTRES["north"]}
        assert _addresses(south) == {CENTRES["south"]}
        party_id = (await post(north)).party_id
        await asyncio.gather(*(_join(each, party_id) for each in (north, south) * JOINS))
        for each in (north, south):
            head = await each.store.read_head(party_id)
            assert head is not None
            assert head.people == 2 * JOINS


async def test_one_goes_on_without_the_other_as_its_consistency_allows(
    settings: Settings, nodes: dict[str, Node]
) -> None:
    async with open_parts(settings) as parts:
        head = await post(parts)
        await asyncio.to_thread(nodes["south"].kill)
        assert await parts.store.read_head(head.party_id) == head
        with pytest.raises(PartyfinderError):  # a majority of both is not there
            await _join(parts, head.party_id)
    alone = settings.model_copy(update={"cassandra_serial_consistency": "LOCAL_SERIAL"})
    async with open_parts(alone) as parts:
        await _join(parts, head.party_id)
        found = await parts.store.read_head(head.party_id)
        assert found is not None
        assert found.people == 1


async def _join(parts: Parts, party_id: Any) -> None:
    outcome = await parts.committer.commit(join(party_id))
    assert isinstance(outcome, Applied), outcome


def _addresses(parts: Parts) -> set[str]:
    """The nodes that requests go to."""
    return {host.address for host in parts.session._driver.get_pool_state()}


def _free_port() -> int:
    with socket.socket() as one, socket.socket() as other:
        one.bind((CENTRES["north"], 0))
        port: int = one.getsockname()[1]
        other.bind((CENTRES["south"], port))
        return port
