"""`partyfinder import`: parties from JSON Lines, or from the sample application's table."""

from __future__ import annotations

import asyncio
import os
import re
import stat
import sys
from contextlib import contextmanager
from datetime import UTC
from itertools import islice
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated, NamedTuple

import typer

from graphql_api.app import open_parts
from graphql_api.commands.database import running_database
from graphql_api.commands.failures import plain_errors
from graphql_api.commands.progress import showing_progress
from graphql_api.commands.sync_schema import sync
from graphql_api.commands.transfer import TransferError
from graphql_api.errors import PartyfinderError
from graphql_api.parties.importing import AT_ONCE, Importer
from graphql_api.parties.interchange import PartyLine, UnusablePartyError, from_line, to_head
from graphql_api.settings import Settings, load_settings
from graphql_api.store.connection import connect
from graphql_api.store.sample_table import read_sample_table

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterator

    from graphql_api.embedded import Report
    from graphql_api.store.rows import PartyHead
    from graphql_api.store.sample_table import SampleParty

_TABLE = re.compile(r"(\w+)\.(\w+)")
STEP = "Importing"


class Batch(NamedTuple):
    """Parties to import, and what is wrong with the one after them, if anything is."""

    heads: list[PartyHead]
    problem: str | None
    fraction: float | None


def command(
    file: Annotated[
        str | None,
        typer.Argument(
            help="A file of JSON Lines, as `partyfinder export` writes; - for standard input.",
            metavar="[FILE]",
        ),
    ] = None,
    from_table: Annotated[
        str | None,
        typer.Option(
            metavar="KEYSPACE.TABLE",
            help="In place of a file: the sample application's table in the same database.",
        ),
    ] = None,
    rate: Annotated[
        float, typer.Option(min=1, max=100_000, help="Parties a second, at most.")
    ] = 200,
) -> None:
    """Bring in parties under their ids; those that are there already stay as they are.

    So it can be run again after an interruption or a corrected line, while servers go on.
    """
    table = None if from_table is None else _TABLE.fullmatch(from_table)
    if (file is None) == (from_table is None):
        raise typer.BadParameter("name either a FILE or --from-table KEYSPACE.TABLE.")
    if from_table is not None and table is None:
        raise typer.BadParameter("--from-table takes KEYSPACE.TABLE, for example mydjango.party.")
    with (
        plain_errors(),
        showing_progress() as report,
        running_database(load_settings(), report) as settings,
    ):
        if table is not None:
            batches = _of_table(settings, table[1], table[2])
            new, there = asyncio.run(_import(settings, report, rate, batches))
        else:
            with _input(file or "-") as lines:
                batches = _of_lines(lines)
                new, there = asyncio.run(_import(settings, report, rate, batches))
    typer.echo(f"Imported {new:,} parties; {there:,} were there already.")


async def _import(
    settings: Settings, report: Report, rate: float, batches: AsyncIterator[Batch]
) -> tuple[int, int]:
    """How many parties are new, and how many were there already."""
    await sync(settings, report)
    new = seen = 0
    async with open_parts(settings) as parts:
        importer = Importer(parts.store, parts.copies, rate)
        async for batch in batches:
            try:
                new += await importer.run(batch.heads)
            except PartyfinderError:
                raise TransferError(
                    f"the database does not answer, after {seen:,} parties: run the same command "
                    "again, which leaves those as they are and goes on."
                ) from None
            seen += len(batch.heads)
            report(STEP, f"{seen:,} parties", batch.fraction)
            if batch.problem is not None:
                raise TransferError(
                    f"{batch.problem}. What stands before it is imported: correct it and run the "
                    "same command again."
                )
    return new, seen - new


@contextmanager
def _input(file: str) -> Iterator[IO[bytes]]:
    if file == "-":
        yield sys.stdin.buffer
        return
    try:
        opened = Path(file).open("rb")  # noqa: SIM115  # closed below; only its opening is explained
    except OSError as error:
        raise TransferError(f"{file} cannot be read ({error.strerror}).") from None
    with opened:
        yield opened


async def _of_lines(lines: IO[bytes]) -> AsyncIterator[Batch]:
    status = os.fstat(lines.fileno())
    size = status.st_size if stat.S_ISREG(status.st_mode) else 0
    number = done = 0
    while taken := await asyncio.to_thread(lambda: list(islice(lines, AT_ONCE))):
        heads, problem = [], None
        for line in taken:
            number, done = number + 1, done + len(line)
            try:
                if line.strip():
                    heads.append(from_line(line))
            except UnusablePartyError as error:
                problem = f"line {number}: {error}"
                break
        yield Batch(heads, problem, done / size if size else None)


async def _of_table(settings: Settings, keyspace: str, table: str) -> AsyncIterator[Batch]:
    connection = await connect(settings)
    try:
        async for rows in read_sample_table(connection, keyspace, table, AT_ONCE):
            heads, problem = [], None
            for row in rows:
                try:
                    heads.append(_head(row))
                except UnusablePartyError as error:
                    problem = f"the row of city {row.city!r} and id {row.id}: {error}"
                    break
            yield Batch(heads, problem, None)
    finally:
        await connection.close()


def _head(row: SampleParty) -> PartyHead:
    if row.date is None:
        raise UnusablePartyError("date must not be null")
    return to_head(
        PartyLine(
            id=row.id,
            city=row.city,
            name=row.name or "",
            date=row.date.replace(tzinfo=UTC),
            people=row.people or 0,
        )
    )
