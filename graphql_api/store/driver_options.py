"""From settings to the driver's own: addresses, TLS, time-outs, reconnection, consistency."""

from __future__ import annotations

import socket
import ssl
from typing import TYPE_CHECKING, Any

from cassandra import ConsistencyLevel
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import Cluster, ExecutionProfile
from cassandra.policies import (
    ConstantReconnectionPolicy,
    DCAwareRoundRobinPolicy,
    FallthroughRetryPolicy,
    RetryPolicy,
    TokenAwarePolicy,
)
from cassandra.query import dict_factory, tuple_factory

from graphql_api.settings import Database
from graphql_api.store.bundle import read_bundle
from graphql_api.store.statements import Profile

if TYPE_CHECKING:
    from pathlib import Path

    from cassandra.connection import Connection

    from graphql_api.settings import Settings

CONNECT_TIMEOUT = 5.0


class TlsFileError(Exception):
    """A file of the TLS settings cannot be used. The message names the setting and the remedy."""


def new_cluster(settings: Settings, connections: type[Connection]) -> Cluster:
    """The driver's cluster, not yet connected. Blocks: Astra's metadata service is asked here.

    Args:
        connections: what connections are made of.

    Raises:
        BundleError, TlsFileError: a file cannot be used.
        Exception: whatever the driver raises.
    """
    options: dict[str, Any] = {
        "connection_class": connections,
        "compression": False,  # answers are small, and the joint path reads them as they come
        # v5 computes a checksum per segment in Python; TCP and TLS check integrity already.
        "protocol_version": 4,
        "execution_profiles": _profiles(settings),
        # The driver's default backs off to ten minutes and gives up after 64 attempts.
        "reconnection_policy": ConstantReconnectionPolicy(1.0, max_attempts=None),
        "idle_heartbeat_interval": 5,
        "idle_heartbeat_timeout": 5,
        # The driver sends 4 KiB at a time: with Nagle's algorithm the rest of a larger batch waits
        # for a delayed acknowledgement, 40 ms each time.
        "sockopts": [(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)],
        "connect_timeout": CONNECT_TIMEOUT,
        "control_connection_timeout": CONNECT_TIMEOUT,
    }
    if settings.database is Database.ASTRA:
        return Cluster(**_astra(settings), **options)
    return Cluster(**_addresses(settings), **options)


def _astra(settings: Settings) -> dict[str, Any]:
    path, token = settings.astra_db_secure_bundle_path, settings.astra_db_application_token
    assert path is not None  # noqa: S101  # that is what makes it Astra
    return {
        "cloud": {
            "secure_connect_bundle": str(path),
            "use_default_tempdir": True,  # the bundle's own folder may be read-only
            "ssl_context": read_bundle(path),
        },
        "auth_provider": PlainTextAuthProvider("token", token.get_secret_value() if token else ""),
    }


def _addresses(settings: Settings) -> dict[str, Any]:
    options: dict[str, Any] = {
        "contact_points": list(settings.cassandra_contact_points),
        "port": settings.cassandra_port,
    }
    if settings.cassandra_username is not None and settings.cassandra_password is not None:
        options["auth_provider"] = PlainTextAuthProvider(
            settings.cassandra_username, settings.cassandra_password.get_secret_value()
        )
    if settings.cassandra_tls:
        options["ssl_context"] = tls_context(settings)
    return options


def tls_context(settings: Settings) -> ssl.SSLContext:
    """Encrypts connections, knows the nodes by their certificates, and shows ours if there is one.

    Raises:
        TlsFileError: a file is missing, unreadable or not what it should be.
    """
    context = ssl.create_default_context()
    context.check_hostname = settings.cassandra_tls_verify_host
    ca, cert, key = (
        settings.cassandra_tls_ca,
        settings.cassandra_tls_certificate,
        settings.cassandra_tls_key,
    )
    if ca is not None:
        # Only this authority's word counts, not that of every public one.
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
        context.check_hostname = settings.cassandra_tls_verify_host
        _load("CASSANDRA_TLS_CA", ca, lambda: context.load_verify_locations(ca))
    if cert is not None and key is not None:
        _load("CASSANDRA_TLS_KEY", key, key.read_bytes)
        _load("CASSANDRA_TLS_CERTIFICATE", cert, lambda: context.load_cert_chain(cert, key))
    return context


def _load(setting: str, path: Path, load: Any) -> None:
    try:
        load()
    except ssl.SSLError as error:
        why = "does not belong to CASSANDRA_TLS_KEY"
        if error.reason != "KEY_VALUES_MISMATCH":
            why = "is not a certificate (with its key) in PEM form"
        raise TlsFileError(f"{path} {why}: check {setting}.") from None
    except OSError as error:
        raise TlsFileError(f"{path} cannot be read ({error.strerror}): check {setting}.") from None


def _profiles(settings: Settings) -> dict[str, ExecutionProfile]:
    # Without a name the driver takes the data centre of the contact point that answers first.
    routing = TokenAwarePolicy(
        DCAwareRoundRobinPolicy(local_dc=settings.cassandra_local_datacenter or "")
    )
    serial = ConsistencyLevel.name_to_value[settings.cassandra_serial_consistency]

    def profile(
        consistency: int, retries: RetryPolicy, rows: Any = tuple_factory
    ) -> ExecutionProfile:
        return ExecutionProfile(
            load_balancing_policy=routing,
            retry_policy=retries,
            consistency_level=consistency,
            serial_consistency_level=serial,
            request_timeout=None,  # deadlines are asyncio's
            row_factory=rows,
        )

    return {
        Profile.PLAIN.value: profile(ConsistencyLevel.LOCAL_QUORUM, RetryPolicy()),
        Profile.SERIAL.value: profile(serial, RetryPolicy()),
        # The driver's default policy sends a conditional statement again on another host.
        # What a refused batch answers has the table's own order of columns: hence the names.
        Profile.CONDITIONAL.value: profile(
            ConsistencyLevel.LOCAL_QUORUM, FallthroughRetryPolicy(), dict_factory
        ),
    }
