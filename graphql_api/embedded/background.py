"""A node that outlives the command that started it: start, find and stop it by its directory."""

from __future__ import annotations

import os
import signal
import time
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING

from graphql_api.embedded import directory as node_directory
from graphql_api.embedded.errors import EmbeddedCassandraError
from graphql_api.embedded.keeper import GRACE_SECONDS
from graphql_api.embedded.node import Node
from graphql_api.embedded.probe import answers_cql
from graphql_api.embedded.progress import Report, silent

if TYPE_CHECKING:
    from pathlib import Path

    from graphql_api.embedded.settings import NodeSettings

LOOK_SECONDS = 0.05
KILL_SECONDS = 5.0  # for the system to bury what was killed


@dataclass(frozen=True)
class RunningNode:
    """A node that runs in a directory, whoever started it."""

    directory: Path
    address: str
    cql_port: int
    pid: int
    keeper_pid: int
    owner_pid: int
    background: bool

    def answers(self) -> bool:
        """Say whether it serves CQL now."""
        return answers_cql(self.address, self.cql_port)


def find(directory: Path) -> RunningNode | None:
    """Return the node that runs in this directory, also one that belongs to another program."""
    directory = directory.absolute()
    record = node_directory.read_record(directory)
    if record is None:
        return None
    return RunningNode(
        directory=directory,
        address=record.address,
        cql_port=record.cql_port,
        pid=record.java_pid,
        keeper_pid=record.keeper_pid,
        owner_pid=record.owner_pid,
        background=record.background,
    )


def running(directory: Path) -> RunningNode | None:
    """Return the background node of this directory, for anyone to use, or None."""
    node = find(directory)
    return node if node and node.background else None


def start(settings: NodeSettings, report: Report = silent) -> RunningNode:
    """Start a node, wait until it answers, and leave it running.

    Until it answers it is tied to this process: a start that is interrupted leaves nothing behind.

    Raises:
        EmbeddedCassandraError: it cannot be started, or one runs there already.
    """
    node = Node(settings, report)
    node.start()
    node.let_go()
    found = running(settings.directory)
    if found is None:
        raise EmbeddedCassandraError(
            f"Cassandra ended right after its start. Its log is {node.log_path}."
        )
    return found


def stop(directory: Path) -> RunningNode | None:
    """Stop the background node of this directory; return what was stopped, or None.

    Raises:
        EmbeddedCassandraError: the node there belongs to another program, or does not end.
    """
    node = find(directory)
    if node is None:
        return None
    if not node.background:
        raise EmbeddedCassandraError(
            f"The Cassandra in {node.directory} belongs to process {node.owner_pid} and ends with "
            "it. Stop that one."
        )
    # Where the keeper was killed and the system did not end Java with it, Java is asked itself.
    if not _signal(node.keeper_pid, signal.SIGTERM):
        _signal(node.pid, signal.SIGTERM)
    if not _ended(node.directory, GRACE_SECONDS + KILL_SECONDS):
        _signal(node.pid, signal.SIGKILL)
        if not _ended(node.directory, KILL_SECONDS):
            raise EmbeddedCassandraError(f"Cassandra's process {node.pid} does not end. Kill it.")
    return node


def _ended(directory: Path, timeout: float) -> bool:
    """Wait until neither keeper nor Java hold the directory any more."""
    deadline = time.monotonic() + timeout
    while node_directory.in_use(directory):
        if time.monotonic() > deadline:
            return False
        time.sleep(LOOK_SECONDS)
    return True


def _signal(pid: int, number: signal.Signals) -> bool:
    with suppress(ProcessLookupError):
        os.kill(pid, number)
        return True
    return False
