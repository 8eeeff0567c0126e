"""Two servers of one keyspace, without HTTP, on drivers whose faults a test scripts."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

from graphql_api.store.connection import connect
from tests.support.rival import Rival

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from cassandra.cluster import Session as DriverSession

    from graphql_api.settings import Settings


@pytest.fixture(scope="module")
async def driver(settings: Settings) -> AsyncIterator[DriverSession]:
    """The driver's session in the module's keyspace."""
    connection = await connect(settings)
    await asyncio.to_thread(connection.session.set_keyspace, settings.keyspace)
    yield connection.session
    await connection.close()


@pytest.fixture
async def server(driver: DriverSession) -> AsyncIterator[Rival]:
    """One server."""
    opened = await Rival.open(driver)
    yield opened
    await opened.close()


@pytest.fixture
async def other(driver: DriverSession) -> AsyncIterator[Rival]:
    """Another server of the same keyspace."""
    opened = await Rival.open(driver)
    yield opened
    await opened.close()
