"""Three real nodes on the loopback interface, each behind an address of its own for clients.

Node n listens on 127.0.0.n and tells clients that it is 127.0.0.1n, where a proxy stands for it:
the driver finds every node through its proxy.
"""

from __future__ import annotations

import socket
from concurrent.futures import ThreadPoolExecutor
from contextlib import ExitStack, contextmanager
from dataclasses import replace
from shutil import rmtree
from typing import TYPE_CHECKING

from graphql_api.embedded import Node, NodeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

NODES = 3
# Evenly around the ring, so that no node waits for another in order to choose its own.
TOKENS = [(2**64 // NODES) * number - 2**63 + 1 for number in range(NODES)]


def node_address(number: int) -> str:
    """Where node 1, 2 or 3 listens, for its peers and its proxy."""
    return f"127.0.0.{number}"


def client_address(number: int, net: int = 1) -> str:
    """Where clients are told to find it; in another net, each node has another address."""
    return f"127.0.0.{net}{number}"


def address_told(node: Node) -> str:
    """Where a node tells clients that it is, since its last start."""
    return str(node.settings.yaml["broadcast_rpc_address"])


def moved(node: Node, address: str) -> Node:
    """The same node, not started yet, with another address for clients."""
    told = {"broadcast_rpc_address": address}
    return Node(replace(node.settings, yaml={**node.settings.yaml, **told}))


def free_port(addresses: list[str]) -> int:
    """A port that is free at every one of these addresses.

    Raises:
        OSError: one of them is no address of this machine.
    """
    for _ in range(50):
        with ExitStack() as held:
            first = held.enter_context(socket.socket())
            first.bind((addresses[0], 0))
            port: int = first.getsockname()[1]
            try:
                for address in addresses[1:]:
                    held.enter_context(socket.socket()).bind((address, port))
            except OSError as error:
                taken = error
                continue
            return port
    raise taken


@contextmanager
def three_nodes(directory: Path) -> Iterator[list[Node]]:
    """A cluster of three that replicates to all; it ends with this context."""
    own = [node_address(number) for number in range(1, NODES + 1)]
    cql = free_port([*own, *(client_address(number) for number in range(1, NODES + 1))])
    storage = free_port(own)
    nodes = [Node(_settings(directory, number, cql, storage)) for number in range(1, NODES + 1)]
    with ExitStack() as running:
        running.callback(_kill, nodes)  # nothing of them is needed any more
        with ThreadPoolExecutor(NODES) as threads:
            list(threads.map(Node.start, nodes))
        yield nodes
    for node in nodes:  # logs stay, in case that something is to be found out
        for name in ("data", "commitlog", "tmp"):
            rmtree(node.settings.directory / name, ignore_errors=True)


def _kill(nodes: list[Node]) -> None:
    """Those that are there at the end: a test may have put others in their places."""
    for node in nodes:
        node.kill()


def _settings(directory: Path, number: int, cql: int, storage: int) -> NodeSettings:
    return NodeSettings(
        directory=directory / f"node{number}",
        address=node_address(number),
        cql_port=cql,
        storage_port=storage,
        # All are seeds: nobody waits for anybody, and nobody streams what is not there.
        seeds=tuple(f"{node_address(each)}:{storage}" for each in range(1, NODES + 1)),
        heap_mb=320,
        yaml={
            "auto_bootstrap": False,
            "initial_token": str(TOKENS[number - 1]),
            "broadcast_rpc_address": client_address(number),
        },
        jvm_options=(
            "-Dcassandra.skip_wait_for_gossip_to_settle=0",
            "-Dcassandra.ring_delay_ms=2000",
            "-Dcassandra.shutdown_announce_in_ms=0",
        ),
        start_timeout=300.0,
    )
