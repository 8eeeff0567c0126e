"""`partyfinder repair`: pages and agendas that show what a crash left."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from dataclasses import asdict
from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import orjson
import typer

from graphql_api.app import open_parts
from graphql_api.commands.database import running_database
from graphql_api.commands.failures import plain_errors
from graphql_api.commands.progress import showing_progress
from graphql_api.parties.repair import Progress, Repair
from graphql_api.settings import Settings, load_settings

if TYPE_CHECKING:
    from graphql_api.embedded import Report


def command(
    rate: Annotated[
        float, typer.Option(min=1, max=100_000, help="Parties a second, at most.")
    ] = 500,
    state: Annotated[
        Path,
        typer.Option(dir_okay=False, help="Where an interrupted repair keeps how far it came."),
    ] = Path(".partyfinder/repair.json"),
) -> None:
    """Make every city's page, and every person's list, show its parties as they are.

    A server that is killed between a change and its copy leaves a page behind until the party's
    next change, and the lists of those who joined it. This mends all of them, while servers go on.
    Interrupted, it is taken up where it was by running it again.
    """
    with (
        plain_errors(),
        showing_progress() as report,
        running_database(load_settings(), report) as settings,
    ):
        done = asyncio.run(_repair(settings, report, rate, state))
    typer.echo(f"Wrote the copies of {done.parties} parties and deleted {done.orphans} orphans.")


async def _repair(settings: Settings, report: Report, rate: float, state: Path) -> Progress:
    kept = _Kept(state, settings.keyspace)
    progress = kept.read()
    if progress != Progress():
        report("Repairing", f"taken up at {progress.fraction:.0%}", progress.fraction)
    async with open_parts(settings) as parts:
        async for step in Repair(parts.store, parts.copies, rate).run(progress):
            progress = step
            kept.write(progress)
            report("Repairing", f"{progress.parties} parties", progress.fraction)
    kept.forget()
    return progress


class _Kept:
    """How far a repair of a keyspace came, in a file."""

    def __init__(self, path: Path, keyspace: str) -> None:
        self._path = path
        self._keyspace = keyspace

    def read(self) -> Progress:
        with suppress(OSError, orjson.JSONDecodeError, TypeError):
            kept = orjson.loads(self._path.read_bytes())
            if kept.pop("keyspace", None) == self._keyspace:
                return Progress(**kept)
        return Progress()

    def write(self, progress: Progress) -> None:
        self._path.parent.mkdir(parents=True, exist_ok=True)
        text = orjson.dumps({"keyspace": self._keyspace, **asdict(progress)})
        replacement = self._path.with_suffix(".new")
        replacement.write_bytes(text)
        replacement.replace(self._path)

    def forget(self) -> None:
        self._path.unlink(missing_ok=True)
