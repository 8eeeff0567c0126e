"""`partyfinder export`: all parties as JSON Lines."""

from __future__ import annotations

import asyncio
import os
import sys
from contextlib import contextmanager
from pathlib import Path
from typing import IO, TYPE_CHECKING, Annotated
from uuid import UUID

import orjson
import typer

from graphql_api.app import open_parts
from graphql_api.commands.database import running_database
from graphql_api.commands.failures import plain_errors
from graphql_api.commands.progress import showing_progress
from graphql_api.commands.transfer import TransferError
from graphql_api.parties.interchange import to_line
from graphql_api.parties.repair import FIRST_TOKEN, LAST_TOKEN
from graphql_api.settings import Settings, load_settings

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql_api.embedded import Report

AT_ONCE = 50


def command(
    file: Annotated[
        str, typer.Argument(help="The file to write, or - for standard output.", metavar="FILE")
    ],
    rate: Annotated[
        float, typer.Option(min=1, max=100_000, help="Parties a second, at most.")
    ] = 2000,
) -> None:
    """Write every party as a line of JSON, for `partyfinder import` or for other programs.

    Until it is complete the file is called FILE.part; interrupted, the export goes on from there
    by running it again. Who has joined a party is not written, only how many people come.
    """
    with (
        plain_errors(),
        showing_progress() as report,
        running_database(load_settings(), report) as settings,
        _output(file) as output,
    ):
        parties = asyncio.run(_export(settings, report, rate, output))
    typer.echo(f"Exported {parties:,} parties.", err=file == "-")


@contextmanager
def _output(file: str) -> Iterator[IO[bytes]]:
    """Where lines go, positioned after those of an interrupted export; complete, it is renamed."""
    path = Path(file)
    part = path.with_name(path.name + ".part")
    try:
        if file == "-":
            yield sys.stdout.buffer
            return
        with part.open("a+b") as output:
            yield output
            os.fsync(output.fileno())
        part.replace(path)
    except OSError as error:
        if file == "-":  # what is left in the buffer has nowhere to go when the program ends
            os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
            file = "standard output"
        raise TransferError(f"{file} cannot be written ({error.strerror}).") from None


async def _export(settings: Settings, report: Report, rate: float, output: IO[bytes]) -> int:
    async with open_parts(settings) as parts:
        written, last = await asyncio.to_thread(_taken_up, output)
        token = FIRST_TOKEN if last is None else parts.store.token_of(last)
        if last is not None:
            report("Exporting", f"taken up after {written:,} parties", _fraction(token))
        while found := await parts.store.scan_heads(token, AT_ONCE):
            token = found[-1][0]
            lines = [to_line(head) for _, head in found if head is not None and not head.closed]
            await asyncio.to_thread(_write, output, b"".join(lines))
            written += len(lines)
            report("Exporting", f"{written:,} parties", _fraction(token))
            await asyncio.sleep(AT_ONCE / rate)
        report("Exporting", f"{written:,} parties", 1)
    return written


def _write(output: IO[bytes], lines: bytes) -> None:
    output.write(lines)
    output.flush()


def _taken_up(output: IO[bytes]) -> tuple[int, UUID | None]:
    """How many lines an interrupted export left, and the last one's party; a half line is cut."""
    if output is sys.stdout.buffer:
        return 0, None
    output.seek(0)
    count, end, last = 0, 0, b""
    for line in output:
        if line.endswith(b"\n"):
            count, end, last = count + 1, end + len(line), line
    output.truncate(end)
    output.seek(end)
    if not last:
        return 0, None
    try:
        return count, UUID(orjson.loads(last)["id"])
    except (ValueError, KeyError, TypeError):
        raise TransferError(
            f"{output.name} is not of an interrupted export: move it away or choose another file."
        ) from None


def _fraction(token: int) -> float:
    return (token - FIRST_TOKEN) / (LAST_TOKEN - FIRST_TOKEN)
