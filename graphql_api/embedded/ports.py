"""Choosing TCP ports: the usual one where it is free, another where it is not.

A port is free until somebody binds it, and Java takes seconds to. Nodes that start at the same
time therefore also reserve their ports with locks, which they hold for as long as they live.
"""

from __future__ import annotations

import fcntl
import os
import socket
import tempfile
from dataclasses import dataclass
from pathlib import Path

from graphql_api.embedded.errors import EmbeddedCassandraError

CQL_PORT = 9042
STORAGE_PORT = 7000
ATTEMPTS = 50


@dataclass(frozen=True)
class ReservedPort:
    """A port and the open lock on it, to be inherited by the node and then closed."""

    number: int
    lock: int


def is_free(address: str, port: int) -> bool:
    """Say whether a server could listen there now."""
    with _socket(address) as candidate:
        # As the JVM does, so that a connection that was closed a moment ago is no obstacle.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((address, port))
        except OSError:
            return False
    return True


def choose(address: str, wanted: int | None, usual: int, purpose: str) -> ReservedPort:
    """Reserve the wanted port, or where none is wanted the usual or any free one.

    Raises:
        EmbeddedCassandraError: the wanted port is taken.
    """
    reserved = _reserve(address, usual if wanted is None else wanted)
    if reserved is None and wanted is not None:
        raise EmbeddedCassandraError(
            f"Port {wanted} of {address}, wanted for {purpose}, is in use or not ours to use. "
            "Stop the program that listens there, or choose another port."
        )
    return reserved or any_free(address, purpose)


def any_free(address: str, purpose: str) -> ReservedPort:
    """Reserve a port that the system picks.

    Raises:
        EmbeddedCassandraError: there is none, or the address is not this machine's.
    """
    for _ in range(ATTEMPTS):
        with _socket(address) as candidate:
            try:
                candidate.bind((address, 0))
            except OSError:
                break
            port: int = candidate.getsockname()[1]
        reserved = _reserve(address, port)
        if reserved:
            return reserved
    raise EmbeddedCassandraError(
        f"There is no free port on {address} for {purpose}. Is that an address of this machine?"
    )


def _reserve(address: str, port: int) -> ReservedPort | None:
    folder = Path(tempfile.gettempdir()) / f"partyfinder-ports-{os.getuid()}"
    folder.mkdir(mode=0o700, exist_ok=True)
    name = f"{address.replace(':', '_')}-{port}"
    lock = os.open(folder / name, os.O_RDWR | os.O_CREAT | os.O_CLOEXEC, 0o600)
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        os.close(lock)
        return None
    if not is_free(address, port):
        os.close(lock)
        return None
    return ReservedPort(port, lock)


def _socket(address: str) -> socket.socket:
    return socket.socket(socket.AF_INET6 if ":" in address else socket.AF_INET)
