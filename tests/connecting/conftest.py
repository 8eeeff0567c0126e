"""A Cassandra with passwords, permissions, TLS and Astra's guardrails, and Astra's front."""

from __future__ import annotations

import socket
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from cassandra.auth import PlainTextAuthProvider
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile, NoHostAvailable
from cassandra.policies import RoundRobinPolicy
from typer.testing import CliRunner

from graphql_api.__main__ import app
from graphql_api.embedded import Node, NodeSettings
from tests.connecting.imitation import Imitation
from tests.support.certificates import Authority
from tests.support.servers import environment

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

TOKEN = "AstraCS:token:secret"
STORE = "throw-away"
KEYSPACE = "parties"
# What Astra's documentation tells of its limits and Cassandra has a guardrail for.
GUARDRAILS: dict[str, object] = {
    "write_consistency_levels_disallowed": ["ANY", "ONE", "LOCAL_ONE"],
    "partition_keys_in_select_fail_threshold": 20,
    "in_select_cartesian_product_fail_threshold": 25,
    "columns_per_table_fail_threshold": 50,
    "secondary_indexes_per_table_fail_threshold": 1,
    "batch_size_warn_threshold": "64KiB",
    "batch_size_fail_threshold": "640KiB",
    "read_before_write_list_operations_enabled": False,
    "user_timestamps_enabled": True,
    "table_properties_ignored": ["gc_grace_seconds", "compaction", "compression", "caching"],
}


@dataclass(frozen=True)
class Secured:
    """The node, its superuser's session, and the authority of its certificate."""

    node: Node
    superuser: Any
    authority: Authority
    directory: Path

    def execute(self, *statements: str) -> list[Any]:
        """What the superuser is answered to the last of these."""
        rows: list[Any] = []
        for statement in statements:
            rows = list(self.superuser.execute(statement, timeout=30))
        return rows


@pytest.fixture(scope="package")
def secured(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Secured]:
    directory: Path = tmp_path_factory.mktemp("secured")
    authority = Authority("the cluster's")
    authority.issue("node", "127.0.0.1").write_store(directory / "node.p12", STORE)
    authority.write_trust(directory / "trust.p12", STORE)
    with socket.create_server(("", 0)) as one, socket.create_server(("", 0)) as other:
        free = one.getsockname()[1], other.getsockname()[1]
    settings = NodeSettings(
        directory=directory / "node",
        cql_port=free[0],
        storage_port=free[1],
        data_durable=False,
        heap_mb=384,
        yaml=GUARDRAILS
        | {
            "authenticator": "PasswordAuthenticator",
            "authorizer": "CassandraAuthorizer",
            "role_manager": "CassandraRoleManager",
            "roles_validity": "0ms",
            "permissions_validity": "0ms",
            "credentials_validity": "0ms",
            "client_encryption_options": {
                "enabled": True,
                "optional": True,  # the superuser comes without
                "keystore": str(directory / "node.p12"),
                "keystore_password": STORE,
                "require_client_auth": True,
                "truststore": str(directory / "trust.p12"),
                "truststore_password": STORE,
                "store_type": "PKCS12",
            },
        },
        jvm_options=("-Dcassandra.superuser_setup_delay_ms=0", "-XX:TieredStopAtLevel=1"),
    )
    with Node(settings) as node:
        cluster, superuser = _superuser(node)
        yield Secured(node, superuser, authority, directory)
        cluster.shutdown()


def _superuser(node: Node) -> tuple[Cluster, Any]:
    """Connect as Cassandra's first user, who is made some moments after the node answers."""
    profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy())
    deadline = time.monotonic() + 60
    while True:
        cluster = Cluster(
            [node.address],
            port=node.cql_port,
            protocol_version=4,
            auth_provider=PlainTextAuthProvider("cassandra", "cassandra"),
            execution_profiles={EXEC_PROFILE_DEFAULT: profile},
        )
        try:
            return cluster, cluster.connect()
        except NoHostAvailable:
            cluster.shutdown()
            if time.monotonic() > deadline:
                raise
            time.sleep(0.5)


@pytest.fixture(scope="package")
def astra(secured: Secured, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Imitation]:
    """The imitation, with our tables and a token that may do everything in their keyspace alone."""
    secured.execute(
        f"CREATE KEYSPACE {KEYSPACE} WITH replication = "
        "{'class': 'NetworkTopologyStrategy', 'datacenter1': 1}",
        f"CREATE ROLE \"token\" WITH PASSWORD = '{TOKEN}' AND LOGIN = true",
        f'GRANT ALL PERMISSIONS ON KEYSPACE {KEYSPACE} TO "token"',
    )
    host_id = secured.execute("SELECT host_id FROM system.local")[0][0]
    node = (secured.node.address, secured.node.cql_port)
    with Imitation(tmp_path_factory.mktemp("astra"), node, str(host_id)) as imitation:
        variables = astra_environment(imitation.bundle())
        result = CliRunner(env=variables).invoke(app, ["sync-schema"])
        assert result.exit_code == 0, result.output
        yield imitation


def astra_environment(bundle: Path, **more: str) -> dict[str, str]:
    """What `astra db create-dotenv` writes, as the environment of a command."""
    written = {
        "ASTRA_DB_ID": "3b2b7d7e-0000-0000-0000-000000000000",
        "ASTRA_DB_REGION": "local",
        "ASTRA_DB_ENVIRONMENT": "prod",
        "ASTRA_DB_SECURE_BUNDLE_PATH": str(bundle),
        "ASTRA_DB_SECURE_BUNDLE_URL": "https://example.org/bundle.zip",
        "ASTRA_DB_APPLICATION_TOKEN": TOKEN,
        "ASTRA_DB_KEYSPACE": KEYSPACE,
    }
    return environment() | written | more
