"""A server as a process of its own, as it runs in production."""

from __future__ import annotations

import asyncio
import os
import re
import sys
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from pathlib import Path

    from graphql_api.settings import Settings

START_SECONDS = 120.0


class ServerProcess:
    """`python -m graphql_api serve` on a free port."""

    def __init__(self, process: asyncio.subprocess.Process, url: str, settings: Settings) -> None:
        self.url = url
        self.settings = settings
        self._process = process

    @classmethod
    async def start(cls, settings: Settings, log: Path) -> ServerProcess:
        """Start one, in the log's folder; it is ready when this returns."""
        with log.open("wb") as file:
            process = await asyncio.create_subprocess_exec(
                *(sys.executable, "-m", "graphql_api", "serve", "--port", "0"),
                env=_environment(settings),
                cwd=log.parent,  # where there is no .env
                stdin=asyncio.subprocess.DEVNULL,
                stdout=asyncio.subprocess.PIPE,
                stderr=file,
            )
        try:
            url = await asyncio.wait_for(_announced(process), START_SECONDS)
            return cls(process, url, settings)
        except BaseException:
            process.kill()
            await process.wait()
            raise

    async def kill(self) -> None:
        """End it with SIGKILL."""
        if self._process.returncode is None:
            self._process.kill()
        await self._process.wait()


async def _announced(process: asyncio.subprocess.Process) -> str:
    assert process.stdout is not None
    async for line in process.stdout:
        match = re.search(rb"POST (http://\S+)/graphql", line)
        if match:
            return match[1].decode()
    raise AssertionError("the server ended before it was ready")


def _environment(settings: Settings) -> dict[str, str]:
    kept = {
        name: value
        for name, value in os.environ.items()
        if not name.startswith(("CASSANDRA_", "ASTRA_", "PYTEST_"))
    }
    if settings.signs_in:
        kept |= {
            "AUTH_ISSUER": settings.auth_issuer or "",
            "AUTH_AUDIENCE": settings.auth_audience or "",
            "AUTH_JWKS_URL": settings.auth_jwks_url or "",
        }
    return kept | {
        "CASSANDRA_CONTACT_POINTS": ",".join(settings.cassandra_contact_points),
        "CASSANDRA_PORT": str(settings.cassandra_port),
        "CASSANDRA_KEYSPACE": settings.cassandra_keyspace,
        "CASSANDRA_REPLICATION_FACTOR": str(settings.cassandra_replication_factor),
        "LOG_LEVEL": "WARNING",
    }
