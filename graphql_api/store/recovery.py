"""Finds the database again where the driver would not.

The driver reconnects to nodes that it knows, every second and for ever. It gives up on a node that
once refused its password, however right it is again, and it never finds nodes that have all moved
to other addresses. A new cluster object does, so one is built where connections are missing.
"""

from __future__ import annotations

import asyncio
import logging
import time
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from cassandra.policies import HostDistance

from graphql_api.errors import PartyfinderError
from graphql_api.store.connection import Connection, connect, count_open
from graphql_api.store.connection_failures import ConnectionFailedError
from graphql_api.store.statements import Profile

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.settings import Settings
    from graphql_api.store.session import Session

LOOK_SECONDS = 0.5
PATIENCE = 30.0  # for a node that is away while others serve: it may just be down
logger = logging.getLogger(__name__)


@asynccontextmanager
async def kept_connected(
    settings: Settings, connection: Connection, session: Session
) -> AsyncIterator[None]:
    """See that the session has a connection that serves; the last one is closed at the end."""
    recovery = _Recovery(settings, connection, session)
    task = asyncio.create_task(recovery.run())
    try:
        yield
    finally:
        task.cancel()
        await asyncio.gather(task, return_exceptions=True)
        await recovery.close()


class _Recovery:
    def __init__(self, settings: Settings, connection: Connection, session: Session) -> None:
        self._settings = settings
        self._connection = connection
        self._session = session
        self._closing: set[asyncio.Task[None]] = set()
        self._complete_at = time.monotonic()
        self._has_told = False

    async def run(self) -> None:
        """Look, and replace the connection where that helps, until cancelled."""
        while True:
            await asyncio.sleep(LOOK_SECONDS)
            if _missing(self._connection) == 0:
                self._complete_at = time.monotonic()
                self._has_told = False
            elif not self._connection.is_open or self._has_lost_patience():
                await self._try_another()

    async def close(self) -> None:
        """Close every connection."""
        await self._connection.close()
        await asyncio.gather(*self._closing)

    def _has_lost_patience(self) -> bool:
        return time.monotonic() - self._complete_at > PATIENCE

    async def _try_another(self) -> None:
        self._tell("Cassandra is away")
        try:
            other = await connect(self._settings)
        except ConnectionFailedError as error:
            self._tell(str(error))
            return
        try:
            await asyncio.to_thread(other.session.set_keyspace, self._settings.keyspace)
            if count_open(other.session) > count_open(self._connection.session):
                await self._session.move_to(other.session)
                self._connection, other = other, self._connection
                logger.warning("Cassandra is back, over new connections")
        except PartyfinderError as error:
            self._tell(str(error))
        except Exception:
            logger.exception("the new connection to Cassandra cannot be used")
        finally:
            self._complete_at = time.monotonic()  # patience begins anew
            self._close_later(other)

    def _close_later(self, connection: Connection) -> None:
        """Close one that requests may still be under way on."""

        async def close() -> None:
            if connection.is_open:
                await asyncio.sleep(self._settings.request_timeout)
            await connection.close()

        task = asyncio.create_task(close())
        self._closing.add(task)
        task.add_done_callback(self._closing.discard)

    def _tell(self, what: str) -> None:
        """Once an outage: an attempt is made every half second."""
        if not self._has_told:
            logger.warning("%s; trying to connect anew", what)
            self._has_told = True


def _missing(connection: Connection) -> int:
    """How many nodes of our data centre there is no connection to."""
    policy = connection.session.get_execution_profile(Profile.PLAIN.value).load_balancing_policy
    hosts = connection.cluster.metadata.all_hosts()
    ours = len([host for host in hosts if policy.distance(host) == HostDistance.LOCAL])
    return max(ours - count_open(connection.session), 0 if connection.is_open else 1)
