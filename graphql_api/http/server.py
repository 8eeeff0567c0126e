"""Serves an application on one address until it is told to stop."""

from __future__ import annotations

import asyncio
import errno
import signal
import socket
from typing import TYPE_CHECKING, Any

from aiohttp import web

from graphql_api.http.application import READINESS
from graphql_api.http.runner import Runner

try:
    from uvloop import new_event_loop
except ImportError:  # there is none for Windows
    from asyncio import new_event_loop  # type: ignore[assignment]

if TYPE_CHECKING:
    from collections.abc import Callable, Coroutine

    from graphql_api.settings import Settings

BACKLOG = 1024


class AddressUnusableError(Exception):
    """Nothing can be served at the configured address; the message says why and what to do."""


def bind(host: str, port: int) -> socket.socket:
    """Take the address, before anything slow is started for it. Port 0 is any free one.

    Raises:
        AddressUnusableError: it is in use, not ours, or needs more rights.
    """
    return _bind(host, port, backlog=BACKLOG)  # what is only bound is not yet in use for others


def reserve(host: str, port: int) -> socket.socket:
    """Hold an address for processes that share it, without listening there.

    Raises:
        AddressUnusableError: it is in use, or this system shares no address.
    """
    return _bind(host, port, shared=True)


def bind_shared(host: str, port: int) -> socket.socket:
    """Take the address together with others; the system spreads connections over them.

    Raises:
        AddressUnusableError: it is in use by others than those.
    """
    return _bind(host, port, shared=True, backlog=BACKLOG)


def _bind(
    host: str, port: int, *, shared: bool = False, backlog: int | None = None
) -> socket.socket:
    try:
        family, _, _, _, address = socket.getaddrinfo(
            host, port, type=socket.SOCK_STREAM, flags=socket.AI_PASSIVE
        )[0]
        bound = socket.socket(family, socket.SOCK_STREAM)
        try:
            bound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
            if shared:
                _share(bound)
            bound.bind(address)
            if backlog is not None:
                bound.listen(backlog)
        except BaseException:
            bound.close()
            raise
    except OSError as error:
        raise AddressUnusableError(_unusable(host, port, error)) from error
    return bound


def _share(unbound: socket.socket) -> None:
    try:
        unbound.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEPORT, 1)
    except (AttributeError, OSError) as error:
        raise AddressUnusableError(
            "this system does not let processes share a port (SO_REUSEPORT): set WORKERS=1."
        ) from error


def url(bound: socket.socket) -> str:
    """The address as a browser takes it."""
    host, port = bound.getsockname()[:2]
    if host in ("0.0.0.0", "::"):  # noqa: S104  # compared, not bound
        host = "127.0.0.1"
    return f"http://[{host}]:{port}" if ":" in host else f"http://{host}:{port}"


async def serve(
    application: web.Application,
    settings: Settings,
    bound: socket.socket,
    announce: Callable[[], None],
) -> None:
    """Serve until SIGINT or SIGTERM, then finish the requests in flight.

    SIGTERM is how a load balancer's server is stopped: it serves on for a while, says that it is
    not ready, and so gets no new requests when it closes.
    """
    stopped: asyncio.Future[int] = asyncio.get_running_loop().create_future()

    def stop(number: int) -> None:
        if not stopped.done():
            stopped.set_result(number)

    for number in (signal.SIGINT, signal.SIGTERM):
        asyncio.get_running_loop().add_signal_handler(number, stop, number)
    # A request in flight has its own deadline; what is left then is cut.
    runner = Runner(application, settings, settings.request_timeout + 1)
    await runner.setup()
    try:
        await web.SockSite(runner, bound, backlog=BACKLOG).start()
        announce()
        signalled = await stopped
        application[READINESS].is_stopping = True
        if signalled == signal.SIGTERM:
            await asyncio.sleep(settings.stop_delay)
    finally:
        await runner.cleanup()


def run_fast(main: Coroutine[Any, Any, None]) -> None:
    """Run to its end, on libuv's event loop where there is one."""
    with asyncio.Runner(loop_factory=new_event_loop) as runner:
        runner.run(main)


def _unusable(host: str, port: int, error: OSError) -> str:
    if error.errno == errno.EADDRINUSE:
        return (
            f"port {port} of {host} is in use, perhaps by another Partyfinder: stop that, or "
            f"choose another port (PORT={port + 1} or --port {port + 1})."
        )
    if error.errno == errno.EACCES:
        return f"port {port} needs more rights than this user has: choose one above 1023 (PORT)."
    return f"{host} is not an address of this machine: check HOST."
