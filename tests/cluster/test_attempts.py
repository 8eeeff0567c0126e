"""One attempt at a conditional batch is one frame on the wire, whatever becomes of it.

A driver that sends it again by itself, on another host, could have it applied twice.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

import pytest
from cassandra.policies import RetryPolicy

from graphql_api.store import driver_options
from graphql_api.store.connection import connect
from graphql_api.store.failures import AmbiguousError
from graphql_api.store.party_store import PartyStore
from graphql_api.store.session import Session
from tests.cluster.proxy import Harm
from tests.support.rival import Rival

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.cluster.conftest import Cluster

pytestmark = pytest.mark.cluster


@asynccontextmanager
async def a_server(cluster: Cluster) -> AsyncIterator[Rival]:
    """A server in this process, through the proxies."""
    connection = await connect(cluster.settings)
    try:
        # Not in this thread: the proxies run in it.
        await asyncio.to_thread(connection.session.set_keyspace, cluster.settings.keyspace)
        yield await Rival.open(connection.session)
    finally:
        await connection.close()


async def frames_of_one_attempt(cluster: Cluster, harm: Harm, *, joins: bool) -> int:
    """How many batches the proxies see while one is proposed and comes to harm.

    Args:
        joins: whether it leaves with others of its turn, past the driver's own way of sending.
    """
    async with a_server(cluster) as server:
        session = Session(server.driver.session, timeout=10.0, joins_pushes=joins)
        assert (session._proposals.joint is not None) == joins
        await session.prepare()
        store = PartyStore(session)
        party = await server.post()
        after = party._replace(people=1, revision=2)
        before = sum(proxy.batches for proxy in cluster.proxies)
        for proxy in cluster.proxies:
            proxy.choose = lambda: harm
        try:
            with pytest.raises(AmbiguousError):
                await store.propose(party, after, [], 3.0)
            await asyncio.sleep(0.5)
        finally:
            for proxy in cluster.proxies:
                proxy.choose = lambda: None
        return sum(proxy.batches for proxy in cluster.proxies) - before


@pytest.mark.parametrize("joins", [True, False])
@pytest.mark.parametrize("harm", [Harm.LOSE_ANSWER, Harm.RESET_BEFORE, Harm.RESET_AFTER])
async def test_one_attempt_is_one_frame(cluster: Cluster, harm: Harm, *, joins: bool) -> None:
    assert await frames_of_one_attempt(cluster, harm, joins=joins) == 1


async def test_the_drivers_default_retry_policy_would_be_seen(
    cluster: Cluster, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(driver_options, "FallthroughRetryPolicy", RetryPolicy)
    assert await frames_of_one_attempt(cluster, Harm.RESET_BEFORE, joins=False) > 1
