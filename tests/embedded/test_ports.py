"""Ports: the usual one, another where it is taken, a clear refusal where one was asked for."""

from __future__ import annotations

import socket

import pytest

from graphql_api.embedded import EmbeddedCassandraError, ports
from graphql_api.embedded.probe import answers_cql

HERE = "127.0.0.1"


def test_a_wanted_or_usual_port_that_is_free() -> None:
    free = ports.choose(HERE, None, 0, "CQL")
    assert ports.choose(HERE, free, 1, "CQL") == free
    assert ports.choose(HERE, None, free, "CQL") == free


def test_another_one_where_the_usual_one_is_taken() -> None:
    with socket.create_server((HERE, 0)) as server:
        taken = server.getsockname()[1]
        chosen = ports.choose(HERE, None, taken, "CQL")
        assert chosen not in (0, taken)
        assert ports.is_free(HERE, chosen)


def test_a_wanted_port_that_is_taken_is_refused() -> None:
    with socket.create_server((HERE, 0)) as server:
        taken = server.getsockname()[1]
        with pytest.raises(EmbeddedCassandraError) as refusal:
            ports.choose(HERE, taken, 9042, "CQL")
    assert str(refusal.value) == (
        f"Port {taken} of 127.0.0.1, wanted for CQL, is in use or not ours to use. "
        "Stop the program that listens there, or choose another port."
    )


def test_a_server_of_another_kind_does_not_pass_for_cassandra() -> None:
    with socket.create_server((HERE, 0)) as server:
        port = server.getsockname()[1]
        assert not answers_cql(HERE, port, timeout=0.1)
    assert not answers_cql(HERE, port)
