"""Starts what a benchmark measures: a Cassandra of its own and server processes on it."""

from __future__ import annotations

import json
import os
import re
import subprocess
import sys
import tempfile
import urllib.request
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any

from graphql_api.embedded import Node, NodeSettings

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

_CLOCK_TICKS = os.sysconf("SC_CLK_TCK")


@dataclass(frozen=True)
class Server:
    """A running server process."""

    host: str
    port: int
    pid: int

    @property
    def address(self) -> tuple[str, int]:
        """Where it listens."""
        return self.host, self.port

    @property
    def cpu_seconds(self) -> float:
        """Processor time that it has used, with its workers."""
        children = Path(f"/proc/{self.pid}/task/{self.pid}/children").read_text().split()
        return sum(cpu_seconds(pid) for pid in (self.pid, *map(int, children)))

    @property
    def resident_megabytes(self) -> float:
        """Memory that it occupies."""
        pages = int(Path(f"/proc/{self.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6


def cpu_seconds(pid: int) -> float:
    """Processor time that a process has used."""
    fields = Path(f"/proc/{pid}/stat").read_text().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _CLOCK_TICKS


def ask(to: Server, body: bytes) -> Any:
    """One request and its answer."""
    url = f"http://{to.host}:{to.port}/graphql"
    request = urllib.request.Request(url, body, {"Content-Type": "application/json"})
    with urllib.request.urlopen(request, timeout=30) as response:
        answer = json.load(response)
    assert "errors" not in answer, answer
    return answer


@contextmanager
def cassandra() -> Iterator[dict[str, str]]:
    """A throw-away node with tables; yields the environment that leads a server to it."""
    with (
        tempfile.TemporaryDirectory(prefix="bench-") as directory,
        Node(NodeSettings(directory=Path(directory), data_durable=False, heap_mb=1024)) as node,
    ):
        environment = {
            **os.environ,
            "CASSANDRA_CONTACT_POINTS": node.address,
            "CASSANDRA_PORT": str(node.cql_port),
            "BENCH_CASSANDRA_PID": str(node.pid),
        }
        command = [sys.executable, "-m", "graphql_api", "sync-schema"]
        subprocess.run(command, env=environment, check=True, capture_output=True)
        yield environment


@contextmanager
def server(environment: dict[str, str], **settings: object) -> Iterator[Server]:
    """A server process of ours with these settings, on a free port."""
    given = {name.upper(): str(value) for name, value in settings.items()}
    command = [sys.executable, "-m", "graphql_api", "serve", "--port", "0"]
    with process(command, {**environment, **given}) as started:
        yield started


@contextmanager
def process(
    command: Sequence[str], environment: dict[str, str], directory: Path | None = None
) -> Iterator[Server]:
    """A server process that says where it answers POST."""
    started = subprocess.Popen(
        command, env=environment, cwd=directory, stdout=subprocess.PIPE, text=True
    )
    try:
        assert started.stdout is not None
        for line in started.stdout:
            if match := re.search(r"POST http://([\d.]+):(\d+)/graphql", line):
                yield Server(match[1], int(match[2]), started.pid)
                break
        else:
            raise RuntimeError(f"{' '.join(command)} did not start")
    finally:
        started.terminate()
        started.wait(20)
        if started.stdout is not None:
            started.stdout.close()
