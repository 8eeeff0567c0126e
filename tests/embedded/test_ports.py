"""Ports: the usual one, another where it is taken, a clear refusal where one was asked for."""

from __future__ import annotations

import os
import socket

import pytest

from graphql_api.embedded import EmbeddedCassandraError, ports
from graphql_api.embedded.probe import answers_cql

HERE = "127.0.0.1"


def chosen(wanted: int | None, usual: int) -> int:
    """The number alone: the reservation is given back at once."""
    reserved = ports.choose(HERE, wanted, usual, "CQL")
    os.close(reserved.lock)
    return reserved.number


def test_a_wanted_or_usual_port_that_is_free() -> None:
    free = ports.any_free(HERE, "CQL")
    os.close(free.lock)
    assert chosen(free.number, 1) == free.number
    assert chosen(None, free.number) == free.number


def test_another_one_where_the_usual_one_is_taken() -> None:
    with socket.create_server((HERE, 0)) as server:
        taken = server.getsockname()[1]
        other = chosen(None, taken)
        assert other not in (0, taken)
        assert ports.is_free(HERE, other)


def test_two_nodes_that_start_together_never_choose_the_same_port() -> None:
    first = ports.any_free(HERE, "CQL")
    assert ports.is_free(HERE, first.number), "reserved, and nobody listens yet"
    assert chosen(None, first.number) != first.number
    with pytest.raises(EmbeddedCassandraError, match="is in use"):
        ports.choose(HERE, first.number, 9042, "CQL")
    os.close(first.lock)
    assert chosen(first.number, 9042) == first.number


def test_an_address_of_another_machine() -> None:
    with pytest.raises(EmbeddedCassandraError) as refusal:
        ports.choose("192.0.2.1", None, 9042, "CQL")
    assert str(refusal.value) == (
        "There is no free port on 192.0.2.1 for CQL. Is that an address of this machine?"
    )


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
