"""Runs an aiohttp application on a free port until SIGTERM, and says where."""

from __future__ import annotations

import asyncio
import signal

from aiohttp import web


async def run_application(application: web.Application) -> None:
    """Serve; the address is printed as Partyfinder prints its own."""
    stopped = asyncio.Event()
    asyncio.get_running_loop().add_signal_handler(signal.SIGTERM, stopped.set)
    runner = web.AppRunner(application, access_log=None)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    host, port, *_ = runner.addresses[0]
    print(f"POST http://{host}:{port}/graphql", flush=True)
    await stopped.wait()
    await runner.cleanup()
