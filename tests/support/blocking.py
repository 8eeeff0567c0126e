"""A session of the driver whose sockets the driver's own thread serves: a test may block on it."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from cassandra.cluster import DefaultConnection

from graphql_api.store.driver_options import new_cluster

if TYPE_CHECKING:
    from collections.abc import Iterator

    from cassandra.cluster import Session as DriverSession

    from graphql_api.settings import Settings


@contextmanager
def blocking_session(settings: Settings) -> Iterator[DriverSession]:
    """A session on the configured database, not yet on a keyspace of it."""
    cluster = new_cluster(settings, DefaultConnection)
    try:
        yield cluster.connect()
    finally:
        cluster.shutdown()
