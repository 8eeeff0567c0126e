"""Failures that are the user's to mend: one sentence on standard error, no traceback."""

from __future__ import annotations

from contextlib import contextmanager
from typing import TYPE_CHECKING

import typer

from graphql_api.commands.transfer import TransferError
from graphql_api.embedded import EmbeddedCassandraError
from graphql_api.errors import PartyfinderError
from graphql_api.http.server import AddressUnusableError
from graphql_api.schema.trusted_documents import TrustedDocumentsError
from graphql_api.settings import SettingsError
from graphql_api.store.connection_failures import ConnectionFailedError
from graphql_api.store.migrate import MigrationError
from graphql_api.store.sample_table import SampleTableError
from graphql_api.supervisor import WorkerFailedError

if TYPE_CHECKING:
    from collections.abc import Iterator

EXPECTED = (
    AddressUnusableError,
    ConnectionFailedError,
    EmbeddedCassandraError,
    MigrationError,
    PartyfinderError,
    SampleTableError,
    SettingsError,
    TransferError,
    TrustedDocumentsError,
    WorkerFailedError,
)


@contextmanager
def plain_errors() -> Iterator[None]:
    """End the command with exit code 1 and one sentence where something expected goes wrong."""
    try:
        yield
    except EXPECTED as error:
        typer.echo(f"Error: {error}", err=True)
        raise typer.Exit(1) from None
