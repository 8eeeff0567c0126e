"""A whole cluster is restarted, frozen, and moved under light load, and the server lives on.

Whatever goes wrong meanwhile, the same change sent again with the same key heals it. How long
nothing could be changed is printed.
"""

from __future__ import annotations

import asyncio
import socket
from contextlib import asynccontextmanager, contextmanager
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.app import open_parts
from graphql_api.embedded import Node
from graphql_api.embedded.cluster import restart
from tests.cluster.chaos import FROZEN_SECONDS
from tests.cluster.nodes import NODES, client_address, moved
from tests.cluster.proxy import Proxy
from tests.support.light_load import LightLoad, a_light_load, now, until_so

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Iterator

    from tests.cluster.conftest import Cluster

pytestmark = pytest.mark.cluster

NAME = "cluster.test"


@asynccontextmanager
async def a_loaded_server(cluster: Cluster, **settings: Any) -> AsyncIterator[LightLoad]:
    """Light load on a server in this process, which must find all nodes again in the end."""
    async with open_parts(cluster.settings.model_copy(update=settings)) as parts:
        async with a_light_load(parts) as load:
            yield load
        await until_so(lambda: parts.session.nodes_connected == NODES)


async def test_a_rolling_restart_of_every_node(cluster: Cluster) -> None:
    async with a_loaded_server(cluster) as load:
        for number, node in enumerate(cluster.nodes, start=1):
            began = now()
            await asyncio.to_thread(restart, node, cluster.nodes)
            await load.has_gone_on()
            _tell(load, began, f"while node {number} was restarted")


async def test_most_nodes_are_frozen_for_longer_than_any_time_out(cluster: Cluster) -> None:
    async with a_loaded_server(cluster) as load:
        most = cluster.nodes[1:]
        for node in most:
            node.freeze()
        try:
            await asyncio.sleep(FROZEN_SECONDS)
            joined = len(load.applied_at)
            await asyncio.sleep(1)
            assert len(load.applied_at) == joined, "without a quorum nothing can be changed"
        finally:
            for node in most:
                node.thaw()
        thawed = now()
        await load.has_gone_on()
        _tell(load, thawed, f"after {len(most)} nodes had been frozen for {FROZEN_SECONDS + 1} s")
    assert load.healed > 0


async def test_all_nodes_crash_and_come_back_elsewhere(cluster: Cluster) -> None:
    with resolving(cluster):
        async with a_loaded_server(cluster, cassandra_contact_points=(NAME,)) as load:
            await _in_threads(Node.kill, cluster.nodes)
            for proxy in cluster.proxies:
                await proxy.stop()
            addresses = [client_address(number, net=2) for number in range(1, NODES + 1)]
            cluster.nodes[:] = map(moved, cluster.nodes, addresses)
            cluster.proxies[:] = [
                Proxy(address, node.address, node.settings.cql_port or 0, lambda: None)
                for address, node in zip(addresses, cluster.nodes, strict=True)
            ]
            for proxy in cluster.proxies:
                await proxy.start()
            await _in_threads(Node.start, cluster.nodes)
            started = now()
            await load.has_gone_on()
            _tell(load, started, "after all nodes had crashed and started at other addresses")
        assert load.healed > 0


@contextmanager
def resolving(cluster: Cluster) -> Iterator[None]:
    """Have the name lead to where the nodes can be reached at the moment."""
    real = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **named: Any) -> Any:
        hosts = [proxy.address for proxy in cluster.proxies] if host == NAME else [host]
        return [found for each in hosts for found in real(each, *arguments, **named)]

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(socket, "getaddrinfo", resolve)
        yield


async def _in_threads(do: Callable[[Node], None], nodes: list[Node]) -> None:
    await asyncio.gather(*(asyncio.to_thread(do, node) for node in nodes))


def _tell(load: LightLoad, since: float, when: str) -> None:
    print(f"\nnobody could join for {load.longest_pause(since):.1f} s at most {when}")  # noqa: T201
