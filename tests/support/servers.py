"""Server processes, as they run in production."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator
    from pathlib import Path

    from graphql_api.settings import Settings

_ADDRESS = re.compile(r"GraphiQL\s+(http://\S+)/graphql")
_OURS = re.compile(r"^(ASTRA_DB|CASSANDRA)_|^(HOST|PORT|WORKERS|ENVIRONMENT|LOG_LEVEL)$")


def environment(settings: Settings | None = None, /, **more: str) -> dict[str, str]:
    """The environment of a command: only what the test says of our own settings."""
    kept = {name: value for name, value in os.environ.items() if not _OURS.match(name)}
    if settings is not None:
        kept |= {
            "CASSANDRA_CONTACT_POINTS": ",".join(settings.cassandra_contact_points),
            "CASSANDRA_PORT": str(settings.cassandra_port),
            "CASSANDRA_KEYSPACE": settings.cassandra_keyspace,
        }
    return kept | {"PYTHONUNBUFFERED": "1"} | more


async def run(directory: Path, variables: dict[str, str], *arguments: str) -> tuple[int, str, str]:
    """Run a command to its end: its exit code, output and errors."""
    process = await start(directory, variables, *arguments)
    output, errors = await process.communicate()
    assert process.returncode is not None
    return process.returncode, output.decode(), errors.decode()


@asynccontextmanager
async def serving(directory: Path, variables: dict[str, str], *more: str) -> AsyncIterator[str]:
    """A server process; yields its address. SIGTERM must end it with exit code 0."""
    async with serving_process(directory, variables, *more) as (_, url):
        yield url


@asynccontextmanager
async def serving_process(
    directory: Path, variables: dict[str, str], *more: str
) -> AsyncIterator[tuple[Process, str]]:
    """A server process and its address. SIGTERM must end it with exit code 0, unless it is gone."""
    process = await start(directory, variables, "serve", "--port", "0", *more)
    expected = 0
    try:
        yield process, await _address(process)
    finally:
        if process.returncode is None:
            process.terminate()
        else:
            expected = process.returncode
        output, errors = await process.communicate()
    assert process.returncode == expected, (output, errors)


async def start(directory: Path, variables: dict[str, str], *arguments: str) -> Process:
    """A command as a process; its output and errors are pipes."""
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-m",
        "graphql_api",
        *arguments,
        cwd=directory,
        env=variables,
        stdin=asyncio.subprocess.DEVNULL,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


async def _address(process: Process) -> str:
    assert process.stdout is not None
    printed = ""
    while line := await process.stdout.readline():
        printed += line.decode()
        if match := _ADDRESS.search(printed):
            return match[1]
    assert process.stderr is not None
    raise AssertionError(printed + (await process.stderr.read()).decode())
