"""The database goes and comes back, in ways that the driver alone does not survive.

A forwarder stands for the network: it is the only way to the node, at an address that may change.
"""

from __future__ import annotations

import asyncio
import socket
import time
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.app import open_parts
from graphql_api.errors import DatabaseUnavailableError, PartyfinderError
from graphql_api.parties.change import Applied
from graphql_api.settings import Settings
from graphql_api.store.connection import connect
from graphql_api.store.migrate import sync_schema
from tests.support.light_load import a_light_load
from tests.support.parties import post
from tests.support.some_parties import join

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from tests.connecting.conftest import Secured

NAME = "cassandra.test"
LONGEST = 30.0  # until the database is found again; how long it took is printed


class Network:
    """The way to the node."""

    def __init__(self, node: tuple[str, int]) -> None:
        self.address = "127.0.0.3"
        self.port = 0
        self._node = node
        self._server: asyncio.Server | None = None
        self._ends: set[asyncio.StreamWriter] = set()

    async def open(self) -> None:
        self._server = await asyncio.start_server(self._carry, self.address, self.port)
        self.port = self._server.sockets[0].getsockname()[1]

    def close(self) -> None:
        if self._server is not None:
            self._server.close()
        self.cut()

    def cut(self) -> None:
        for end in self._ends:
            end.transport.abort()

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        node_reader, node = await asyncio.open_connection(*self._node)
        self._ends |= {writer, node}
        try:
            await asyncio.gather(self._copy(reader, node), self._copy(node_reader, writer))
        finally:
            self._ends -= {writer, node}

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(2**16):
                sink.write(data)
        sink.transport.abort()


@pytest.fixture(scope="module")
async def network(secured: Secured) -> AsyncIterator[Network]:
    opened = Network((secured.node.address, secured.node.cql_port))
    await opened.open()
    yield opened
    opened.close()


@pytest.fixture(scope="module")
async def settings(network: Network, secured: Secured) -> Settings:
    secured.execute(
        "CREATE ROLE recovering WITH PASSWORD = 'right' AND LOGIN = true AND SUPERUSER = true"
    )
    made = Settings(
        _env_file=None,  # type: ignore[call-arg]  # see tests/conftest.py
        cassandra_contact_points=(NAME,),
        cassandra_port=network.port,
        cassandra_username="recovering",
        cassandra_password="right",  # type: ignore[arg-type]  # becomes a secret
        cassandra_keyspace="recovery",
    )
    with resolving(network):
        connection = await connect(made)
        await sync_schema(connection.session, made, print)
        await connection.close()
    return made


def resolving(network: Network) -> Any:
    """Have the name lead to where the node can be reached at the moment."""
    patch = pytest.MonkeyPatch()
    real = socket.getaddrinfo

    def resolve(host: Any, *arguments: Any, **named: Any) -> Any:
        return real(network.address if host == NAME else host, *arguments, **named)

    patch.setattr(socket, "getaddrinfo", resolve)

    class Resolving:
        def __enter__(self) -> None: ...

        def __exit__(self, *_: object) -> None:
            patch.undo()

    return Resolving()


@asynccontextmanager
async def serving(settings: Settings, network: Network) -> AsyncIterator[Parts]:
    with resolving(network):
        async with open_parts(settings) as parts:
            yield parts


async def until_back(parts: Parts, what: str) -> None:
    """Wait until the database answers again, and print how long that took."""
    began = time.monotonic()
    while True:
        try:
            await parts.store.ping()
        except PartyfinderError:
            assert time.monotonic() - began < LONGEST, f"not back after {what}"
            await asyncio.sleep(0.05)
        else:
            break
    print(f"\nback {time.monotonic() - began:.2f} s after {what}")  # noqa: T201  # is asked for


async def fails_fast(parts: Parts, party_id: Any) -> None:
    """While it is away, whatever is asked is refused, and certain to have changed nothing."""
    with pytest.raises(PartyfinderError):  # the first may find out that it is away
        await parts.store.ping()
    with pytest.raises(DatabaseUnavailableError):
        await parts.store.read_head(party_id)
    with pytest.raises(DatabaseUnavailableError):
        await parts.committer.commit(join(party_id))


async def test_an_outage(settings: Settings, network: Network) -> None:
    async with serving(settings, network) as parts:
        head = await post(parts)
        network.close()
        await fails_fast(parts, head.party_id)
        await asyncio.sleep(3)
        await fails_fast(parts, head.party_id)
        await network.open()
        await until_back(parts, "the end of an outage")
        outcome = await parts.committer.commit(join(head.party_id))
        assert isinstance(outcome, Applied)
        assert outcome.party.people == 1


async def test_a_password_that_was_refused_for_a_while(
    settings: Settings, network: Network, secured: Secured
) -> None:
    async with serving(settings, network) as parts, a_light_load(parts) as load:
        head = await post(parts)
        before = parts.store._session._driver
        await asyncio.to_thread(secured.execute, "ALTER ROLE recovering WITH LOGIN = false")
        try:
            network.cut()
            await fails_fast(parts, head.party_id)
            await asyncio.sleep(3)  # by now the driver has given up, for good
        finally:
            await asyncio.to_thread(secured.execute, "ALTER ROLE recovering WITH LOGIN = true")
        await until_back(parts, "the password was right again")
        assert parts.store._session._driver is not before
        assert await parts.store.read_head(head.party_id) == head
    assert load.healed > 0


async def test_all_addresses_have_changed(settings: Settings, network: Network) -> None:
    async with serving(settings, network) as parts:
        head = await post(parts)
        network.close()
        await fails_fast(parts, head.party_id)
        network.address = "127.0.0.4"
        await network.open()
        await until_back(parts, "the node moved to another address")
        assert await parts.store.read_head(head.party_id) == head
