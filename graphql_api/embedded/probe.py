"""Asking a node whether it serves CQL: one OPTIONS request of the native protocol."""

from __future__ import annotations

import socket

# Version 4, no flags, stream 0, opcode OPTIONS (5), an empty body.
OPTIONS = bytes((0x04, 0, 0, 0, 0x05, 0, 0, 0, 0))
ANSWER_VERSION = 0x84
SUPPORTED = 0x06


def answers_cql(address: str, port: int, timeout: float = 1.0) -> bool:
    """Say whether a server there tells what it supports."""
    try:
        with socket.create_connection((address, port), timeout) as connection:
            connection.settimeout(timeout)
            connection.sendall(OPTIONS)
            answer = connection.recv(5)
    except OSError:
        return False
    return len(answer) == len(OPTIONS[:5]) and (answer[0], answer[4]) == (ANSWER_VERSION, SUPPORTED)
