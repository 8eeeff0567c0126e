"""From settings to a connected Cassandra; each failure is one sentence with its remedy."""

from __future__ import annotations

import asyncio
import json
import logging
import socket
import ssl
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import cassandra
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import (
    Cluster,
    ExecutionProfile,
    NoHostAvailable,
)
from cassandra.policies import (
    ConstantReconnectionPolicy,
    DCAwareRoundRobinPolicy,
    FallthroughRetryPolicy,
    RetryPolicy,
    TokenAwarePolicy,
)
from cassandra.query import dict_factory, tuple_factory

from graphql_api.settings import Database
from graphql_api.store.statements import Profile

if TYPE_CHECKING:
    from cassandra.cluster import Session as DriverSession

    from graphql_api.settings import Settings

CONNECT_TIMEOUT = 10.0
logger = logging.getLogger(__name__)


class ConnectionFailedError(Exception):
    """The database cannot be used. The message names the setting at fault and the remedy."""


@dataclass(frozen=True)
class Connection:
    """A connected cluster and the driver's session on it."""

    cluster: Cluster
    session: DriverSession

    async def close(self) -> None:
        """End every connection and thread of the driver."""
        await asyncio.to_thread(self.cluster.shutdown)


async def connect(settings: Settings) -> Connection:
    """Connect to the configured database, not yet to a keyspace of it.

    Raises:
        ConnectionFailedError: with one sentence for the person who starts the program.
    """
    return await asyncio.to_thread(_connect, settings)


def _connect(settings: Settings) -> Connection:
    # The driver logs what it also raises; the person who starts the program reads one sentence.
    logging.getLogger("cassandra").setLevel(logging.CRITICAL)
    cluster = None
    try:
        cluster = _cluster(settings)
        return Connection(cluster, cluster.connect())
    except Exception as error:
        if cluster is not None:
            cluster.shutdown()
        raise ConnectionFailedError(_explain(settings, error)) from error


def _cluster(settings: Settings) -> Cluster:
    options: dict[str, Any] = {
        # v5 computes a checksum per segment in Python; TCP and TLS check integrity already.
        "protocol_version": 4,
        "execution_profiles": _profiles(settings.cassandra_local_datacenter),
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
        token = settings.astra_db_application_token
        return Cluster(
            cloud={
                "secure_connect_bundle": str(settings.astra_db_secure_bundle_path),
                "use_default_tempdir": True,  # the bundle's own folder may be read-only
            },
            auth_provider=PlainTextAuthProvider("token", token.get_secret_value() if token else ""),
            **options,
        )
    if settings.cassandra_username is not None and settings.cassandra_password is not None:
        options["auth_provider"] = PlainTextAuthProvider(
            settings.cassandra_username, settings.cassandra_password.get_secret_value()
        )
    return Cluster(
        contact_points=list(settings.cassandra_contact_points),
        port=settings.cassandra_port,
        **options,
    )


def _profiles(datacenter: str | None) -> dict[str, ExecutionProfile]:
    routing = TokenAwarePolicy(DCAwareRoundRobinPolicy(local_dc=datacenter or ""))

    def profile(
        consistency: int, retries: RetryPolicy, rows: Any = tuple_factory
    ) -> ExecutionProfile:
        return ExecutionProfile(
            load_balancing_policy=routing,
            retry_policy=retries,
            consistency_level=consistency,
            serial_consistency_level=cassandra.ConsistencyLevel.SERIAL,
            request_timeout=None,  # deadlines are asyncio's
            row_factory=rows,
        )

    return {
        Profile.PLAIN.value: profile(cassandra.ConsistencyLevel.LOCAL_QUORUM, RetryPolicy()),
        Profile.SERIAL.value: profile(cassandra.ConsistencyLevel.SERIAL, RetryPolicy()),
        # The driver's default policy sends a conditional statement again on another host.
        # What a refused batch answers has the table's own order of columns: hence the names.
        Profile.CONDITIONAL.value: profile(
            cassandra.ConsistencyLevel.LOCAL_QUORUM, FallthroughRetryPolicy(), dict_factory
        ),
    }


def _explain(settings: Settings, error: Exception) -> str:
    if settings.database is Database.ASTRA:
        return _explain_astra(settings, error)
    where = f"{', '.join(settings.cassandra_contact_points)} port {settings.cassandra_port}"
    causes = _causes(error)
    if any(isinstance(cause, cassandra.AuthenticationFailed) for cause in causes):
        return (
            f"Cassandra at {where} refuses the user name or the password: "
            "check CASSANDRA_USERNAME and CASSANDRA_PASSWORD."
        )
    if any(isinstance(cause, cassandra.DependencyException) for cause in causes):
        return (
            "the driver has no event loop for this Python: install a cassandra-driver wheel "
            "with the libev extension."
        )
    return (
        f"no Cassandra answers at {where}: check CASSANDRA_CONTACT_POINTS and CASSANDRA_PORT, "
        "and that the database is up."
    )


def _explain_astra(settings: Settings, error: Exception) -> str:
    bundle = settings.astra_db_secure_bundle_path
    causes = _causes(error)
    if any(isinstance(cause, cassandra.AuthenticationFailed) for cause in causes):
        return "Astra DB refuses the token: check ASTRA_DB_APPLICATION_TOKEN."
    if isinstance(error, FileNotFoundError) and bundle is not None and not bundle.exists():
        return f"there is no file {bundle}: check ASTRA_DB_SECURE_BUNDLE_PATH."
    if isinstance(error, (FileNotFoundError, ValueError, json.JSONDecodeError, ssl.SSLError)):
        return (
            f"{bundle} is not a complete secure connect bundle: download it again "
            "(ASTRA_DB_SECURE_BUNDLE_PATH)."
        )
    return (
        "Astra DB cannot be reached: check the network, that the database is active (a free one "
        "hibernates when idle: resume it) and that ASTRA_DB_SECURE_BUNDLE_PATH is its bundle."
    )


def _causes(error: Exception) -> list[BaseException]:
    if not isinstance(error, NoHostAvailable):
        return [error]
    errors = error.errors  # a dict by host, or a list where the driver found no keyspace
    return [error, *(errors.values() if isinstance(errors, dict) else errors)]
