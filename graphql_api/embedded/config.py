"""A node's cassandra.yaml and logback.xml, written into its directory at every start."""

from __future__ import annotations

import json
from dataclasses import dataclass
from typing import TYPE_CHECKING
from xml.sax.saxutils import escape

if TYPE_CHECKING:
    from pathlib import Path

    from graphql_api.embedded.settings import NodeSettings


@dataclass(frozen=True)
class Ports:
    """The ports that a node was given: for clients, and for other nodes."""

    cql: int
    storage: int


def cassandra_yaml(settings: NodeSettings, ports: Ports) -> dict[str, object]:
    """Return every option of cassandra.yaml, the settings' own last."""
    directory = settings.directory
    seeds = settings.seeds or (f"{settings.address}:{ports.storage}",)
    return {
        "cluster_name": settings.cluster_name,
        "partitioner": "org.apache.cassandra.dht.Murmur3Partitioner",
        "endpoint_snitch": "GossipingPropertyFileSnitch",
        "num_tokens": 1,  # one range per node is plenty here, and quickest to set up
        # The first node of a cluster has nobody to stream data from.
        "auto_bootstrap": bool(settings.seeds),
        "listen_address": settings.address,
        "storage_port": ports.storage,
        "rpc_address": settings.address,
        "native_transport_port": ports.cql,
        "seed_provider": [
            {
                "class_name": "org.apache.cassandra.locator.SimpleSeedProvider",
                "parameters": [{"seeds": ",".join(seeds)}],
            }
        ],
        "data_file_directories": [str(directory / "data")],
        "commitlog_directory": str(directory / "commitlog"),
        "hints_directory": str(directory / "hints"),
        "saved_caches_directory": str(directory / "saved_caches"),
        "cdc_raw_directory": str(directory / "cdc_raw"),
        # What Partyfinder's lightweight transactions are written for and measured with.
        "paxos_variant": "v2",
        # A node whose disk fails ends, so that whoever started it learns of it.
        "disk_failure_policy": "die",
        "commit_failure_policy": "die",
        **_commit_log(durable=settings.data_durable),
        **settings.yaml,
    }


def _commit_log(*, durable: bool) -> dict[str, object]:
    """Choose when a write is acknowledged.

    Periodic, Cassandra's own default, acknowledges at once. The bytes are in a mapped file then,
    and yet a killed process loses some: replay stops at the last marker, written every 100 ms.
    Batch writes the marker, and syncs, before it acknowledges; writes that wait share one sync.
    """
    if durable:
        return {"commitlog_sync": "batch"}
    return {"commitlog_sync": "periodic", "commitlog_sync_period": "10s"}


def logback_xml(log_path: Path) -> str:
    """Return a configuration that keeps 20 MB of log at most, in one file and its predecessor."""
    path = escape(str(log_path), {'"': "&quot;"})
    return f"""<configuration>
  <appender name="FILE" class="ch.qos.logback.core.rolling.RollingFileAppender">
    <file>{path}</file>
    <rollingPolicy class="ch.qos.logback.core.rolling.FixedWindowRollingPolicy">
      <fileNamePattern>{path}.%i</fileNamePattern>
      <minIndex>1</minIndex>
      <maxIndex>1</maxIndex>
    </rollingPolicy>
    <triggeringPolicy class="ch.qos.logback.core.rolling.SizeBasedTriggeringPolicy">
      <maxFileSize>10MB</maxFileSize>
    </triggeringPolicy>
    <encoder>
      <pattern>%-5level %date{{ISO8601}} [%thread] %logger{{0}} - %msg%n</pattern>
    </encoder>
  </appender>
  <root level="INFO">
    <appender-ref ref="FILE"/>
  </root>
</configuration>
"""


def write(settings: NodeSettings, ports: Ports, log_path: Path) -> None:
    """Write the node's configuration files; JSON is YAML too."""
    conf = settings.directory / "conf"
    conf.mkdir(parents=True, exist_ok=True)
    log_path.parent.mkdir(parents=True, exist_ok=True)
    options = json.dumps(cassandra_yaml(settings, ports), indent=2)
    (conf / "cassandra.yaml").write_text(options + "\n", encoding="utf-8")
    (conf / "logback.xml").write_text(logback_xml(log_path), encoding="utf-8")
    (conf / "cassandra-rackdc.properties").write_text(
        f"dc={settings.datacenter}\nrack=rack1\n", encoding="utf-8"
    )
