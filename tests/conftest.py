"""A real Cassandra for the whole run, a fresh keyspace and a running server for each module."""

from __future__ import annotations

import os
import re
import socket
from typing import TYPE_CHECKING

import aiohttp
import hypothesis
import pytest
from aiohttp import web

from graphql_api.app import Parts, create_app, open_parts
from graphql_api.embedded import Node, NodeSettings
from graphql_api.http.runner import Runner
from graphql_api.settings import Settings
from graphql_api.store.connection import connect
from graphql_api.store.migrate import sync_schema
from tests.support.api import Api

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator
    from pathlib import Path

# No deadlines: the machine is shared, and a slow example is no wrong one.
hypothesis.settings.register_profile("partyfinder", deadline=None, print_blob=True)
hypothesis.settings.load_profile("partyfinder")


@pytest.fixture(scope="session")
def cassandra(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Node]:
    """One embedded node; what it holds need not outlive the run."""
    directory: Path = tmp_path_factory.mktemp("cassandra")
    # Ports of its own: two runs at once would both find the usual ones free while they start.
    with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as other:
        free = one.getsockname()[1], other.getsockname()[1]
    chosen = NodeSettings(
        directory=directory,
        cql_port=free[0],
        storage_port=free[1],
        data_durable=False,
        heap_mb=1024,  # every module has a keyspace, and a table takes a megabyte
    )
    with Node(chosen) as node:
        yield node


@pytest.fixture(scope="module")
async def settings(cassandra: Node, request: pytest.FixtureRequest) -> Settings:
    """Settings that lead to a keyspace of this module's own, with its tables."""
    name = re.sub(r"\W", "_", request.node.nodeid.removesuffix(".py").removeprefix("tests/"))
    made = Settings(
        _env_file=None,  # type: ignore[call-arg]  # pydantic-settings' own argument
        cassandra_contact_points=(cassandra.address,),
        cassandra_port=cassandra.cql_port,
        cassandra_keyspace=f"t_{name}"[:48].lower(),
        port=0,
    )
    connection = await connect(made)
    try:
        await sync_schema(connection.session, made, print)
    finally:
        await connection.close()
    return made


@pytest.fixture(scope="module")
async def parts(settings: Settings) -> AsyncIterator[Parts]:
    """The rules over the module's keyspace, in this process."""
    async with open_parts(settings) as opened:
        yield opened


@pytest.fixture(scope="module")
async def api(parts: Parts, settings: Settings) -> AsyncIterator[Api]:
    """A client of the running application."""
    runner = Runner(create_app(parts, settings), settings, shutdown_timeout=2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port, *_ = runner.addresses[0]
    async with aiohttp.ClientSession() as session:
        yield Api(f"http://{host}:{port}", session)
    await runner.cleanup()


def pytest_sessionfinish(session: pytest.Session) -> None:
    """In CI a test that was skipped has not shown what it is there to show: the run fails."""
    reporter = session.config.pluginmanager.get_plugin("terminalreporter")
    if os.environ.get("CI") and reporter is not None and reporter.stats.get("skipped"):
        session.exitstatus = pytest.ExitCode.TESTS_FAILED
