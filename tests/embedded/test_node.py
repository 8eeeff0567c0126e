"""Real nodes: few, as each start takes seconds."""

from __future__ import annotations

import os
import subprocess
import sys
import time
from contextlib import contextmanager
from typing import TYPE_CHECKING

import pytest
from cassandra.cluster import EXEC_PROFILE_DEFAULT, Cluster, ExecutionProfile
from cassandra.policies import RoundRobinPolicy

from graphql_api.embedded import EmbeddedCassandraError, Node, NodeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator
    from pathlib import Path

    from cassandra.cluster import Session

TABLE = """CREATE TABLE partyfinder.t (id int PRIMARY KEY, word text)"""
KEYSPACE = """CREATE KEYSPACE partyfinder WITH replication =
    {'class': 'NetworkTopologyStrategy', 'datacenter1': 1}"""

# A program that starts a node, says where, and would go on for long.
PROGRAM = """
import pathlib, sys, time
from graphql_api.embedded import Node, NodeSettings
node = Node(NodeSettings(directory=pathlib.Path(sys.argv[1])))
node.start()
print(node.pid, node.cql_port, flush=True)
time.sleep(60)
"""
COMMAND = "from graphql_api.commands.cassandra import app; app(prog_name='partyfinder cassandra')"


@contextmanager
def session_on(address: str, port: int) -> Iterator[Session]:
    profile = ExecutionProfile(load_balancing_policy=RoundRobinPolicy(), request_timeout=20)
    cluster = Cluster(
        [address],
        port=port,
        protocol_version=4,
        execution_profiles={EXEC_PROFILE_DEFAULT: profile},
    )
    try:
        yield cluster.connect()
    finally:
        cluster.shutdown()


def words(session: Session) -> dict[int, str]:
    return {row.id: row.word for row in session.execute("SELECT id, word FROM partyfinder.t")}


def lives(pid: int) -> bool:
    state = subprocess.run(
        ["ps", "-o", "stat=", "-p", str(pid)], capture_output=True, text=True, check=False
    )
    return state.stdout.strip()[:1] not in ("", "Z")


def partyfinder_cassandra(*arguments: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [sys.executable, "-c", COMMAND, *arguments],
        capture_output=True,
        text=True,
        check=False,
        timeout=60,
    )


def test_data_outlives_kill_and_stop(tmp_path: Path) -> None:
    settings = NodeSettings(directory=tmp_path / "a node")
    with Node(settings) as node:
        with session_on(node.address, node.cql_port) as session:
            row = session.execute("SELECT release_version, data_center FROM system.local").one()
            assert (row.release_version, row.data_center) == ("5.0.9", "datacenter1")
            session.execute(KEYSPACE)
            session.execute(TABLE)
            for number in range(100):
                session.execute(
                    "INSERT INTO partyfinder.t (id, word) VALUES (%s, 'kept')", (number,)
                )
            node.kill()  # straight after the last acknowledgement
        assert (node.is_running(), node.pid) == (False, 0)

        node.start()
        pid = node.pid
        with session_on(node.address, node.cql_port) as session:
            assert words(session) == dict.fromkeys(range(100), "kept")
            with pytest.raises(EmbeddedCassandraError) as refusal:
                Node(settings).start()
            assert str(refusal.value) == (
                f"A Cassandra already runs in {settings.directory}, on {node.address}:"
                f"{node.cql_port}, started by process {os.getpid()}. Stop that one first."
            )
            node.freeze()
            waiting = session.execute_async("SELECT id FROM partyfinder.t")
            time.sleep(0.3)
            assert not waiting._event.is_set()
            node.thaw()
            assert len(list(waiting.result())) == 100
        began = time.monotonic()
        node.stop()
        assert time.monotonic() - began < 5
        assert not lives(pid)
        node.stop()  # once more does no harm


def test_a_node_ends_with_a_program_that_is_killed(tmp_path: Path) -> None:
    with subprocess.Popen(
        [sys.executable, "-c", PROGRAM, tmp_path], stdout=subprocess.PIPE, text=True
    ) as program:
        assert program.stdout is not None
        pid, _port = map(int, program.stdout.readline().split())
        assert lives(pid)
        program.kill()
    deadline = time.monotonic() + 8
    while lives(pid):
        assert time.monotonic() < deadline
        time.sleep(0.05)
    assert "shutdown complete" in (tmp_path / "logs" / "system.log").read_text()


def test_the_commands(tmp_path: Path) -> None:
    place = ("--directory", str(tmp_path))
    assert partyfinder_cassandra("status", *place).returncode == 3
    nothing = partyfinder_cassandra("stop", *place)
    assert nothing.returncode == 0
    assert nothing.stdout == f"No Cassandra runs in {tmp_path}: nothing to stop.\n"

    started = partyfinder_cassandra("start", *place)
    assert started.returncode == 0, started.stderr
    first, *_, last = started.stdout.splitlines()
    assert first.startswith("Cassandra 5.0.9 runs: 127.0.0.1:")
    assert last == f"Stop it with: partyfinder cassandra stop --directory {tmp_path}"
    assert started.stderr.splitlines()[0] == "Looking for Java 11 or 17"
    port = int(first.split(":")[2].split(",")[0])
    assert f"export CASSANDRA_PORT={port}" in started.stdout
    try:
        again = partyfinder_cassandra("start", *place)
        assert again.returncode == 0
        assert again.stdout.startswith(f"Cassandra runs already: 127.0.0.1:{port},")
        elsewhere = partyfinder_cassandra("start", "--port", "19999", *place)
        assert elsewhere.returncode == 1
        assert elsewhere.stderr.startswith(
            f"Error: Cassandra runs already, on port {port}, not 19999."
        )
        assert partyfinder_cassandra("status", *place).returncode == 0
        with pytest.raises(EmbeddedCassandraError, match=r"runs in .*, in the background"):
            Node(NodeSettings(directory=tmp_path)).start()
    finally:
        stopped = partyfinder_cassandra("stop", *place)
    assert stopped.returncode == 0
    assert stopped.stdout == f"Cassandra has stopped. Its data stays in {tmp_path}.\n"
    assert partyfinder_cassandra("status", *place).returncode == 3


def test_a_node_that_dies_at_its_start_says_why(tmp_path: Path) -> None:
    node = Node(NodeSettings(directory=tmp_path, jvm_options=("-XX:+NoSuchOption",)))
    with pytest.raises(EmbeddedCassandraError) as refusal:
        node.start()
    assert str(refusal.value) == (
        'Cassandra ended while it started. Its last word was: "Unrecognized VM option '
        f"'NoSuchOption'\". Its log is {node.log_path}."
    )
    assert not node.is_running()


def test_an_interrupted_start_leaves_nothing_behind(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    node = Node(NodeSettings(directory=tmp_path))
    pids: list[int] = []

    def interrupt(*_: object) -> bool:
        pids.append(node.pid)
        raise KeyboardInterrupt

    monkeypatch.setattr("graphql_api.embedded.node.answers_cql", interrupt)
    with pytest.raises(KeyboardInterrupt):
        node.start()
    assert len(pids) == 1
    assert not lives(pids[0])
