"""A cluster of three nodes behind proxies, with the tables, for the tests of this folder."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pytest

from graphql_api.settings import Settings
from graphql_api.store.connection import connect
from graphql_api.store.migrate import sync_schema
from tests.cluster.nodes import NODES, address_told, client_address, free_port, three_nodes
from tests.cluster.proxy import Proxy

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from graphql_api.embedded import Node


@dataclass(frozen=True)
class Cluster:
    """The nodes, the proxies before them, and settings that lead to those."""

    nodes: list[Node]
    proxies: list[Proxy]
    settings: Settings


@pytest.fixture(scope="package")
def nodes(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[Node]]:
    """Three nodes, for the whole run of this folder."""
    try:
        free_port([client_address(number) for number in range(1, NODES + 1)])
    except OSError:
        pytest.skip("this machine has no address but 127.0.0.1 on its loopback interface")
    with three_nodes(tmp_path_factory.mktemp("cluster")) as running:
        yield running


@pytest.fixture(scope="module")
async def cluster(nodes: list[Node]) -> AsyncIterator[Cluster]:
    """The cluster with proxies that do no harm yet."""
    proxies = [
        Proxy(address_told(node), node.address, node.cql_port, lambda: None) for node in nodes
    ]
    settings = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
        cassandra_contact_points=tuple(proxy.address for proxy in proxies),
        cassandra_port=nodes[0].cql_port,
        cassandra_keyspace="cluster",
        cassandra_replication_factor=NODES,
    )
    for proxy in proxies:
        await proxy.start()
    try:
        connection = await connect(settings)
        try:
            await sync_schema(connection.session, settings, print)
        finally:
            await connection.close()
        yield Cluster(nodes, proxies, settings)
    finally:
        for proxy in proxies:
            await proxy.stop()
