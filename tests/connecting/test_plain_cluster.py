"""A cluster of one's own: TLS that knows its nodes, passwords, contact points by name."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import cassandra
import pytest

from graphql_api.settings import Settings
from graphql_api.store.connection import connect
from graphql_api.store.connection_failures import ConnectionFailedError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from pathlib import Path

    from tests.connecting.conftest import Secured


def tls(secured: Secured, directory: Path, **more: Any) -> Settings:
    """Settings of a client that is known to the cluster and knows it."""
    authority = directory / "ca.pem"
    authority.write_bytes(secured.authority.certificate)
    certificate, key = secured.authority.issue("us").write(directory, "us")
    given: dict[str, Any] = {
        "cassandra_contact_points": (secured.node.address,),
        "cassandra_port": secured.node.cql_port,
        "cassandra_username": "cassandra",
        "cassandra_password": "cassandra",
        "cassandra_tls": True,
        "cassandra_tls_ca": authority,
        "cassandra_tls_certificate": certificate,
        "cassandra_tls_key": key,
    }
    return Settings(_env_file=None, **given | more)  # type: ignore[call-arg]  # see tests/conftest.py


async def test_tls_with_certificates_on_both_sides(secured: Secured, tmp_path: Path) -> None:
    connection = await connect(tls(secured, tmp_path))
    try:
        query = "SELECT address, port, ssl_protocol, username FROM system_views.clients"
        rows = await asyncio.to_thread(
            connection.session.execute, query, timeout=20, execution_profile="plain"
        )
        own = [row for row in rows if row[2] is not None]
        assert own
        assert {(row[2], row[3]) for row in own} == {("TLSv1.3", "cassandra")}
    finally:
        await connection.close()


async def test_a_client_without_a_certificate_is_told_what_to_set(
    secured: Secured, tmp_path: Path
) -> None:
    bare = tls(secured, tmp_path, cassandra_tls_certificate=None, cassandra_tls_key=None)
    with pytest.raises(ConnectionFailedError) as failed:
        await connect(bare)
    assert "CASSANDRA_TLS_CERTIFICATE" in str(failed.value)


async def test_a_node_at_an_address_that_its_certificate_does_not_name(
    secured: Secured, tmp_path: Path
) -> None:
    async with forwarder("127.0.0.2", secured) as port:
        there = {"cassandra_contact_points": ("127.0.0.2",), "cassandra_port": port}
        with pytest.raises(ConnectionFailedError) as failed:
            await connect(tls(secured, tmp_path, **there))
        assert "IP address mismatch" in str(failed.value)
        assert "CASSANDRA_TLS_VERIFY_HOST" in str(failed.value)
        trusting = tls(secured, tmp_path, cassandra_tls_verify_host=False, **there)
        await (await connect(trusting)).close()


async def test_contact_points_by_name_and_a_data_centre(secured: Secured, tmp_path: Path) -> None:
    named = tls(
        secured,
        tmp_path,
        cassandra_contact_points=("nobody.invalid", "localhost"),
        cassandra_local_datacenter="datacenter1",
        cassandra_serial_consistency="LOCAL_SERIAL",
    )
    connection = await connect(named)
    try:
        for name in ("plain", "serial", "conditional"):
            profile = connection.session.get_execution_profile(name)
            assert profile.serial_consistency_level == cassandra.ConsistencyLevel.LOCAL_SERIAL
        serial = connection.session.get_execution_profile("serial")
        assert serial.consistency_level == cassandra.ConsistencyLevel.LOCAL_SERIAL
    finally:
        await connection.close()


@asynccontextmanager
async def forwarder(address: str, secured: Secured) -> AsyncIterator[int]:
    """The node at another address too, as behind a translation of addresses."""

    async def carry(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        node = await asyncio.open_connection(secured.node.address, secured.node.cql_port)
        await asyncio.gather(_copy(reader, node[1]), _copy(node[0], writer))

    server = await asyncio.start_server(carry, address, 0)
    try:
        yield server.sockets[0].getsockname()[1]
    finally:
        server.close()


async def _copy(source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
    while data := await source.read(2**16):
        sink.write(data)
    sink.close()
