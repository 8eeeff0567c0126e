"""A node's directory: who uses it (a lock), what runs there (a record), and who wrote the data.

The lock is a `flock` on an open file that the keeper and Java inherit: it is held for exactly as
long as one of them lives, so no crash leaves it behind, and two nodes never share one directory.
"""

from __future__ import annotations

import fcntl
import json
import os
import shutil
import time
from contextlib import suppress
from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING

from graphql_api.embedded.errors import EmbeddedCassandraError
from graphql_api.embedded.settings import CASSANDRA_VERSION

if TYPE_CHECKING:
    from pathlib import Path

LOCK = "lock"
RECORD = "node.json"
VERSION = "cassandra-version"
# A look at the lock holds it for a moment; whoever starts a node must not take that for a node.
PATIENCE_SECONDS = 0.5
LEAST_FREE_BYTES = 256 * 2**20  # commit log segments of 32 MiB are laid out in advance


@dataclass(frozen=True)
class Record:
    """A node that was started in a directory: its processes and where it answers."""

    java_pid: int
    keeper_pid: int
    owner_pid: int
    address: str
    cql_port: int
    background: bool


def lock(directory: Path) -> int:
    """Take the directory for one node and return the open lock, to be inherited and then closed.

    Raises:
        EmbeddedCassandraError: another node has it.
        OSError: the directory cannot be written to.
    """
    handle = os.open(directory / LOCK, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o644)
    deadline = time.monotonic() + PATIENCE_SECONDS
    while not _locked(handle):
        if time.monotonic() > deadline:
            os.close(handle)
            raise EmbeddedCassandraError(_in_use(directory))
        time.sleep(0.05)
    return handle


def in_use(directory: Path) -> bool:
    """Say whether a node runs, starts or stops in this directory."""
    try:
        handle = os.open(directory / LOCK, os.O_RDWR | os.O_CLOEXEC)
    except OSError:
        return False
    try:
        return not _locked(handle)
    finally:
        os.close(handle)


def write_record(directory: Path, record: Record) -> None:
    """Note what runs here, in one step."""
    new = directory / f"{RECORD}.new"
    new.write_text(json.dumps(asdict(record)), encoding="utf-8")
    new.replace(directory / RECORD)


def read_record(directory: Path) -> Record | None:
    """Return what runs here, or None when nothing does."""
    if not in_use(directory):
        return None
    with suppress(OSError, ValueError, TypeError):
        return Record(**json.loads((directory / RECORD).read_text(encoding="utf-8")))
    return None


def claim_version(directory: Path) -> None:
    """Refuse data of another release series of Cassandra; mark new data as ours."""
    mark = directory / VERSION
    written_by = mark.read_text(encoding="utf-8").strip() if mark.exists() else CASSANDRA_VERSION
    if _series(written_by) != _series(CASSANDRA_VERSION):
        raise EmbeddedCassandraError(
            f"The data in {directory} was written by Cassandra {written_by}, which "
            f"{CASSANDRA_VERSION} does not read. Move that directory away to begin anew."
        )
    mark.write_text(f"{CASSANDRA_VERSION}\n", encoding="utf-8")


def make_room(directory: Path) -> None:
    """Clear what a killed node left among temporary files, and see that the disk has room."""
    temporary = directory / "tmp"
    shutil.rmtree(temporary, ignore_errors=True)
    temporary.mkdir()
    if shutil.disk_usage(directory).free < LEAST_FREE_BYTES:
        raise EmbeddedCassandraError(
            f"The disk that holds {directory} is almost full: Cassandra needs "
            f"{LEAST_FREE_BYTES >> 20} MiB at least. Free some space and try again."
        )


def _series(version: str) -> list[str]:
    return version.split(".")[:2]


def _locked(handle: int) -> bool:
    try:
        fcntl.flock(handle, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


def _in_use(directory: Path) -> str:
    record = read_record(directory)
    if record is None:
        return f"A Cassandra is already starting or stopping in {directory}. Wait a moment."
    if record.background:
        return (
            f"A Cassandra already runs in {directory}, in the background, on "
            f"{record.address}:{record.cql_port}. Use it, or `partyfinder cassandra stop` it first."
        )
    return (
        f"A Cassandra already runs in {directory}, on {record.address}:{record.cql_port}, "
        f"started by process {record.owner_pid}. Stop that one first."
    )
