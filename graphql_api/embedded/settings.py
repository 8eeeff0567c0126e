"""What a node is started with. Everything but the directory has a default fit for development."""

from __future__ import annotations

from dataclasses import dataclass, field
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

CASSANDRA_VERSION = "5.0.9"


def default_directory() -> Path:
    """Where this project's own node lives: `.partyfinder/cassandra` in the checkout.

    Beside an installed package there is no checkout: there it is the current directory.
    """
    checkout = Path(__file__).resolve().parents[2]
    base = checkout if (checkout / "pyproject.toml").is_file() else Path.cwd()
    return base / ".partyfinder" / "cassandra"


@dataclass(frozen=True, kw_only=True)
class NodeSettings:
    """How one node is to run.

    Attributes:
        directory: holds the node's configuration, data and logs; made when missing.
        address: for clients and for other nodes; every 127.x.y.z is this machine on Linux.
        cql_port: None is 9042, or a free one where that is taken.
        storage_port: between nodes; None is 7000, or a free one where that is taken.
        jmx_port: on the loopback interface only; None leaves JMX off, which also starts faster.
        seeds: `host` or `host:storage_port` of nodes to join; empty is a cluster of this node.
        heap_mb: of the Java heap, in MiB; resident is about 350 MiB more.
        yaml: options of cassandra.yaml that are added, or replace ours.
        jvm_options: added after ours, so that the last one wins.
        data_durable: what was acknowledged survives a kill of the process. False suits throw-away
            tests: writes and schema changes are much quicker, and a kill may lose them.
        start_timeout: in seconds, from starting Java to answering CQL.
    """

    directory: Path
    address: str = "127.0.0.1"
    cql_port: int | None = None
    storage_port: int | None = None
    jmx_port: int | None = None
    seeds: tuple[str, ...] = ()
    cluster_name: str = "partyfinder"
    datacenter: str = "datacenter1"
    heap_mb: int = 512
    yaml: Mapping[str, object] = field(default_factory=dict)
    jvm_options: tuple[str, ...] = ()
    data_durable: bool = True
    start_timeout: float = 120.0
