"""`partyfinder remove-past`: parties that began long ago leave the database."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Annotated

import typer

from graphql_api import clock
from graphql_api.app import open_parts
from graphql_api.commands.database import running_database
from graphql_api.commands.failures import plain_errors
from graphql_api.commands.progress import showing_progress
from graphql_api.parties.removal import Removal, Removed
from graphql_api.settings import Settings, load_settings

if TYPE_CHECKING:
    from graphql_api.embedded import Report

DAY = timedelta(days=1)


def command(
    days: Annotated[
        int, typer.Option(min=2, max=36_500, help="Parties that began more days ago are removed.")
    ] = 90,
    rate: Annotated[
        float, typer.Option(min=1, max=100_000, help="Parties a second, at most.")
    ] = 200,
    *,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Say what would be removed; change nothing.")
    ] = False,
) -> None:
    """Remove parties that began long ago, while servers go on.

    One run closes them and takes them from every page, a later one deletes what is left of them.
    Run it every night, and again where it was interrupted.
    """
    with (
        plain_errors(),
        showing_progress() as report,
        running_database(load_settings(), report) as settings,
    ):
        if timedelta(days=days) < DAY + _settling(settings):
            least = -(-(DAY + _settling(settings)) // DAY)
            typer.echo(
                f"Error: --days {days} is too few: IDEMPOTENCY_KEY_TTL needs {least} at least.",
                err=True,
            )
            raise typer.Exit(1)
        try:
            removed = asyncio.run(_remove(settings, report, days, rate, rehearses=dry_run))
        except KeyboardInterrupt:
            typer.echo("Interrupted: run it again, and it finishes what it began.", err=True)
            raise typer.Exit(130) from None
    typer.echo(_told(removed, rehearses=dry_run))


def _settling(settings: Settings) -> timedelta:
    """For how long a closed party stands: until repeats of what was sent before have ended."""
    return timedelta(seconds=settings.idempotency_key_ttl) + timedelta(hours=1)


async def _remove(
    settings: Settings, report: Report, days: int, rate: float, *, rehearses: bool
) -> Removed:
    removed, now = Removed(), clock.now()
    before, settled = now - timedelta(days=days), now - _settling(settings)
    async with open_parts(settings) as parts:
        removal = Removal(parts.store, parts.copies, before, settled, rate, rehearses=rehearses)
        async for step in removal.run():
            removed = step
            report("Removing", f"{removed.closed:,} parties", removed.fraction)
    return removed


def _told(removed: Removed, *, rehearses: bool) -> str:
    """What was done and what comes next."""
    closed, forgotten = ("Would close", "delete") if rehearses else ("Closed", "deleted")
    span = ""
    if removed.oldest is not None and removed.newest is not None:
        span = f", of {removed.oldest:%Y-%m-%d} to {removed.newest:%Y-%m-%d},"
    told = (
        f"{closed} {removed.closed:,} past parties{span} and {forgotten} "
        f"{removed.forgotten:,} that had been closed before."
    )
    if rehearses:
        return told
    left = removed.closed + removed.waiting
    return told + (f" {left:,} closed ones are left to a later run." if left else "")
