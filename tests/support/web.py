"""The application with other settings than the usual, in this process."""

from __future__ import annotations

from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import aiohttp
from aiohttp import web

from graphql_api.app import create_app
from graphql_api.http.runner import Runner
from graphql_api.settings import Settings
from tests.support.api import Api

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts


@asynccontextmanager
async def serving_app(parts: Parts, settings: Settings, **changes: Any) -> AsyncIterator[Api]:
    """A client of an application with some settings changed, stopped as the server stops it."""
    changed = Settings(**{"_env_file": None, **settings.model_dump(exclude_unset=True), **changes})
    runner = Runner(create_app(parts, changed), changed, shutdown_timeout=2)
    await runner.setup()
    site = web.TCPSite(runner, "127.0.0.1", 0)
    await site.start()
    host, port, *_ = runner.addresses[0]
    try:
        async with aiohttp.ClientSession() as session:
            yield Api(f"http://{host}:{port}", session, runner=runner)
    finally:
        await runner.cleanup()
