"""The database that a command works on: the configured one, or the embedded Cassandra."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

from graphql_api.embedded import (
    EmbeddedCassandraError,
    Node,
    NodeSettings,
    background,
    default_directory,
)
from graphql_api.settings import Database

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql_api.embedded import Report
    from graphql_api.settings import Settings


@contextmanager
def running_database(
    settings: Settings, report: Report, *, shares: bool = True
) -> Iterator[Settings]:
    """Settings that lead to a running database; an embedded one ends with the context.

    Args:
        shares: whether an embedded node that belongs to another command may be used too.

    Raises:
        EmbeddedCassandraError: the embedded node cannot be started.
    """
    if settings.database is not Database.EMBEDDED:
        yield settings
        return
    directory = default_directory()
    running = background.find(directory)
    if running is not None and running.answers() and (shares or running.background):
        yield _at(settings, running.address, running.cql_port)
        return
    refuse_second(settings)
    with Node(NodeSettings(directory=directory), report) as node:
        yield _at(settings, node.address, node.cql_port)


def refuse_second(settings: Settings) -> None:
    """See that no other command owns the embedded node that these settings would start.

    Raises:
        EmbeddedCassandraError: one does.
    """
    running = background.find(default_directory())
    if settings.database is Database.EMBEDDED and running is not None and not running.background:
        raise EmbeddedCassandraError(
            f"Partyfinder runs already in this checkout, as process {running.owner_pid}: use that "
            "one, or stop it first."
        )


def _at(settings: Settings, address: str, port: int) -> Settings:
    return settings.model_copy(
        update={
            "cassandra_contact_points": (address,),
            "cassandra_port": port,
            "cassandra_local_datacenter": NodeSettings.datacenter,
        }
    )
