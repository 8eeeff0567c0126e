"""Choosing TCP ports: the usual one where it is free, another where it is not."""

from __future__ import annotations

import socket

from graphql_api.embedded.errors import EmbeddedCassandraError

CQL_PORT = 9042
STORAGE_PORT = 7000


def is_free(address: str, port: int) -> bool:
    """Say whether a server could listen there now."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as candidate:
        # As the JVM does, so that a connection that was closed a moment ago is no obstacle.
        candidate.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        try:
            candidate.bind((address, port))
        except OSError:
            return False
    return True


def choose(address: str, wanted: int | None, usual: int, purpose: str) -> int:
    """Return the wanted port, or the usual one, or where none is wanted any free one."""
    if wanted is None:
        return usual if is_free(address, usual) else _any_free(address)
    if not is_free(address, wanted):
        raise EmbeddedCassandraError(
            f"Port {wanted} of {address}, wanted for {purpose}, is in use or not ours to use. "
            "Stop the program that listens there, or choose another port."
        )
    return wanted


def _any_free(address: str) -> int:
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with socket.socket(family, socket.SOCK_STREAM) as candidate:
        candidate.bind((address, 0))
        port: int = candidate.getsockname()[1]
    return port
