"""A connected Cassandra, or one sentence that says why there is none."""

from __future__ import annotations

import asyncio
import logging
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql_api.settings import Database
from graphql_api.store.connection_failures import (
    ConnectionFailedError,
    explain,
    too_old,
    unknown_datacenter,
)
from graphql_api.store.driver_options import new_cluster
from graphql_api.store.loop_connection import connections_of

if TYPE_CHECKING:
    from cassandra.cluster import Cluster
    from cassandra.cluster import Session as DriverSession
    from cassandra.connection import Connection as DriverConnection

    from graphql_api.settings import Settings

DEADLINE = 20.0  # for all contact points together; the driver knows a time-out for each only
OLDEST = (4, 1)


@dataclass(frozen=True)
class Connection:
    """A connected cluster and the driver's session on it."""

    cluster: Cluster
    session: DriverSession

    async def close(self) -> None:
        """End every connection and thread of the driver."""
        await asyncio.to_thread(self.cluster.shutdown)

    @property
    def is_open(self) -> bool:
        """Whether there is a node to send a request to."""
        return count_open(self.session) > 0


def count_open(session: DriverSession) -> int:
    """How many nodes there is an open connection to."""
    states = session.get_pool_state().values()
    return sum(not state["shutdown"] and state["open_count"] > 0 for state in states)


async def connect(settings: Settings, deadline: float = DEADLINE) -> Connection:
    """Connect to the configured database, not yet to a keyspace of it.

    Raises:
        ConnectionFailedError: with one sentence for the person who starts the program.
    """
    # The driver logs what it also raises; the person who starts the program reads one sentence.
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)
    loop = asyncio.get_running_loop()
    connected: asyncio.Future[Connection] = loop.create_future()
    connections = connections_of(loop)

    def work() -> None:
        try:
            connection = _connect(settings, connections)
        except Exception as error:  # noqa: BLE001  # handed over, to be explained
            _hand_over(loop, connected, None, error)
        else:
            if not _hand_over(loop, connected, connection, None):
                connection.cluster.shutdown()

    # A thread of its own that nobody waits for: the program may end although it still tries.
    threading.Thread(target=work, name="connect", daemon=True).start()
    try:
        async with asyncio.timeout(deadline):
            return await connected
    except ConnectionFailedError:
        raise
    except Exception as error:
        raise ConnectionFailedError(explain(settings, error)) from error


def _hand_over(
    loop: asyncio.AbstractEventLoop,
    future: asyncio.Future[Connection],
    connection: Connection | None,
    error: Exception | None,
) -> bool:
    """Settle the future in its loop; False where nobody waits for it any more."""
    taken = threading.Event()
    wanted = []

    def settle() -> None:
        if not future.done():
            wanted.append(True)
            if connection is not None:
                future.set_result(connection)
            elif error is not None:
                future.set_exception(error)
        taken.set()

    with suppress(RuntimeError):  # the loop is closed
        loop.call_soon_threadsafe(settle)
        taken.wait(1)
    return bool(wanted)


def _connect(settings: Settings, connections: type[DriverConnection]) -> Connection:
    cluster = new_cluster(settings, connections)
    try:
        session = cluster.connect()
        if settings.database is not Database.ASTRA:
            _refuse_old(cluster)
        _refuse_unknown_datacenter(settings, cluster)
    except Exception:
        cluster.shutdown()
        raise
    return Connection(cluster, session)


def _refuse_unknown_datacenter(settings: Settings, cluster: Cluster) -> None:
    wanted = settings.cassandra_local_datacenter
    found = {host.datacenter for host in cluster.metadata.all_hosts()}
    if wanted is not None and wanted not in found:
        raise ConnectionFailedError(unknown_datacenter(wanted, found))


def _refuse_old(cluster: Cluster) -> None:
    for host in cluster.metadata.all_hosts():
        numbers = (host.release_version or "").split("-")[0].split(".")[:2]
        if all(number.isdecimal() for number in numbers) and tuple(map(int, numbers)) < OLDEST:
            raise ConnectionFailedError(too_old(host.address, host.release_version))
