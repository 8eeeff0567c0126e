"""Several nodes on this machine that form one cluster, as quickly as they can.

They start at the same time: every one is a seed and owns a token that was given to it, so none
waits for another or streams data. That is for new, empty clusters; started again in the same
directories they keep their data. All addresses 127.0.0.n must be this machine's, as on Linux.
"""

from __future__ import annotations

import os
import time
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager
from typing import TYPE_CHECKING

from graphql_api.embedded import ports
from graphql_api.embedded.errors import EmbeddedCassandraError
from graphql_api.embedded.node import Node
from graphql_api.embedded.progress import Report, silent
from graphql_api.embedded.settings import NodeSettings

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from pathlib import Path

TOKENS = 2**64  # of Murmur3Partitioner, from -2^63
HASTE = (
    # The thorough compiler takes a third of a start's time, and cores are what is short here.
    "-XX:TieredStopAtLevel=1",
    "-Dcassandra.skip_wait_for_gossip_to_settle=0",
    "-Dcassandra.ring_delay_ms=1000",
    "-Dcassandra.shutdown_announce_in_ms=200",
)
MEET_SECONDS = 60.0
LOOK_SECONDS = 0.1
ATTEMPTS = 50


def start_cluster(
    count: int,
    directory: Path,
    report: Report = silent,
    *,
    heap_mb: int = 400,
    data_durable: bool = True,
    cql_port: int = ports.CQL_PORT,
    storage_port: int = ports.STORAGE_PORT,
) -> list[Node]:
    """Start `count` nodes in directories below `directory`; return them once all see all.

    Other ports are taken where those are in use.

    Raises:
        EmbeddedCassandraError: a node cannot be started, or they do not meet; none stays behind.
    """
    addresses = [f"127.0.0.{number}" for number in range(1, count + 1)]
    cql, storage = (_common_port(addresses, port) for port in (cql_port, storage_port))
    nodes = [
        Node(
            NodeSettings(
                directory=directory / f"node{index + 1}",
                address=address,
                cql_port=cql,
                storage_port=storage,
                seeds=tuple(f"{seed}:{storage}" for seed in addresses),
                heap_mb=heap_mb,
                yaml={
                    # In the middle of its share: the very first token has a meaning of its own.
                    "initial_token": str(TOKENS // count * index + TOKENS // count // 2 - 2**63),
                    "auto_bootstrap": False,
                },
                jvm_options=HASTE,
                data_durable=data_durable,
            ),
            report,
        )
        for index, address in enumerate(addresses)
    ]
    try:
        with ThreadPoolExecutor(count) as pool:
            list(pool.map(Node.start, nodes))
        _wait_until_met(nodes)
    except BaseException:
        stop_cluster(nodes)
        raise
    return nodes


def restart(node: Node, nodes: list[Node], end: Callable[[Node], None] = Node.stop) -> None:
    """Stop one node of a cluster and start it; return once it and the others see each other.

    Args:
        nodes: the cluster; all of them run.
        end: how it is stopped.

    Raises:
        EmbeddedCassandraError: it cannot be started, or they do not meet.
    """
    others = [each for each in nodes if each is not node]
    before = [_times_seen(other, node) for other in others]
    end(node)
    node.start()
    _wait_until(
        lambda: (
            all(_times_seen(node, other) for other in others)
            and all(map(int.__gt__, (_times_seen(other, node) for other in others), before))
        )
    )


def stop_cluster(nodes: list[Node]) -> None:
    """Stop all of them at the same time."""
    with ThreadPoolExecutor(len(nodes)) as pool:
        list(pool.map(Node.stop, nodes))


@contextmanager
def cluster(count: int, directory: Path, *, data_durable: bool = True) -> Iterator[list[Node]]:
    """Run a cluster for the length of a `with` block."""
    nodes = start_cluster(count, directory, data_durable=data_durable)
    try:
        yield nodes
    finally:
        stop_cluster(nodes)


def _wait_until_met(nodes: list[Node]) -> None:
    _wait_until(
        lambda: all(
            _times_seen(node, other) for node in nodes for other in nodes if node is not other
        )
    )


def _wait_until(is_met: Callable[[], bool]) -> None:
    deadline = time.monotonic() + MEET_SECONDS
    while not is_met():
        if time.monotonic() > deadline:
            raise EmbeddedCassandraError("The nodes of the cluster do not find each other.")
        time.sleep(LOOK_SECONDS)


def _times_seen(node: Node, other: Node) -> int:
    """How often a node has found another, since its own start."""
    return node.log_text().count(f"/{other.address}:{other.storage_port} is now UP")


def _common_port(addresses: list[str], usual: int) -> int:
    """Return a port that is free on every address, as all nodes of a cluster use the same."""
    port = usual
    for _ in range(ATTEMPTS):
        if all(ports.is_free(address, port) for address in addresses):
            return port
        reserved = ports.any_free(addresses[0], "a cluster")
        os.close(reserved.lock)
        port = reserved.number
    raise EmbeddedCassandraError(
        f"No port is free on all of {', '.join(addresses)}. Are they all this machine's?"
    )
