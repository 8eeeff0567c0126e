"""Load balancers that honour readiness: who is not ready gets nothing new, and may finish.

One understands HTTP and chooses for each request, as nginx and Envoy do. One carries connections
and chooses for each of those, as a Kubernetes service does. Neither sends anything twice.
"""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import TYPE_CHECKING, Protocol

import aiohttp
from aiohttp import web
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

LOOK_SECONDS = 0.1
HOP_BY_HOP = {"connection", "keep-alive", "transfer-encoding", "content-length", "host"}


class Balancer(Protocol):
    """Where clients go."""

    backends: Backends
    url: str


class Backends:
    """The servers, and which of them are ready.

    Attributes:
        urls: of the servers; a test puts in and takes out.
    """

    def __init__(self, urls: list[str]) -> None:
        self.urls = urls
        self.ready: set[str] = set()
        self._turn = count()

    async def watch(self, session: aiohttp.ClientSession) -> None:
        """Ask each again and again."""
        while True:
            await asyncio.gather(*(self._ask(session, url) for url in self.urls))
            await asyncio.sleep(LOOK_SECONDS)

    def choose(self) -> str:
        """One that is ready, by turns."""
        ready = sorted(self.ready & set(self.urls))
        assert ready, "no server is ready"
        return ready[next(self._turn) % len(ready)]

    async def _ask(self, session: aiohttp.ClientSession, url: str) -> None:
        try:
            async with session.get(f"{url}/readyz") as response:
                is_ready = response.status == 200
        except aiohttp.ClientError:
            is_ready = False
        if is_ready:
            self.ready.add(url)
        else:
            self.ready.discard(url)


@asynccontextmanager
async def http_balancer(urls: list[str]) -> AsyncIterator[Balancer]:
    """One that chooses for each request, and keeps connections to servers."""
    async with _watched(urls) as (backends, session):
        balancer = _HttpBalancer(backends, session)
        application = web.Application()
        application.router.add_route("*", "/{path:.*}", balancer.handle)
        runner = web.AppRunner(application)
        await runner.setup()
        await web.TCPSite(runner, "127.0.0.1", 0).start()
        host, port = runner.addresses[0][:2]
        balancer.url = f"http://{host}:{port}"
        try:
            yield balancer
        finally:
            await runner.cleanup()


@asynccontextmanager
async def tcp_balancer(urls: list[str]) -> AsyncIterator[Balancer]:
    """One that chooses for each connection, and knows nothing of what it carries."""
    async with _watched(urls) as (backends, _):
        balancer = _TcpBalancer(backends)
        server = await asyncio.start_server(balancer.carry, "127.0.0.1", 0)
        balancer.url = "http://{}:{}".format(*server.sockets[0].getsockname()[:2])
        try:
            yield balancer
        finally:
            server.close()


@asynccontextmanager
async def _watched(urls: list[str]) -> AsyncIterator[tuple[Backends, aiohttp.ClientSession]]:
    backends = Backends(urls)
    async with aiohttp.ClientSession() as session:
        watching = asyncio.create_task(backends.watch(session))
        try:
            while len(backends.ready) < len(urls):  # noqa: ASYNC110  # nothing tells when it is so
                await asyncio.sleep(LOOK_SECONDS)
            yield backends, session
        finally:
            watching.cancel()
            await asyncio.gather(watching, return_exceptions=True)


class _HttpBalancer:
    url = ""

    def __init__(self, backends: Backends, session: aiohttp.ClientSession) -> None:
        self.backends = backends
        self._session = session

    async def handle(self, request: web.Request) -> web.StreamResponse:
        url = self.backends.choose() + request.path_qs
        if request.headers.get("Upgrade") == "websocket":
            return await self._carry_socket(request, url)
        kept = {k: v for k, v in request.headers.items() if k.lower() not in HOP_BY_HOP}
        body = await request.read()
        try:
            async with self._session.request(
                request.method, url, headers=kept, data=body, allow_redirects=False
            ) as answer:
                return web.Response(
                    status=answer.status,
                    body=await answer.read(),
                    content_type=answer.content_type,
                )
        except aiohttp.ClientError as error:
            return web.Response(status=502, text=repr(error))

    async def _carry_socket(self, request: web.Request, url: str) -> web.StreamResponse:
        protocols = request.headers["Sec-WebSocket-Protocol"].split(", ")
        client = web.WebSocketResponse(protocols=protocols)
        await client.prepare(request)
        async with self._session.ws_connect(url, protocols=protocols) as server:

            async def there() -> None:
                async for message in client:
                    await server.send_str(message.data)

            sending = asyncio.create_task(there())
            async for message in server:
                await client.send_str(message.data)
            await client.close(code=server.close_code or 1006)
            sending.cancel()
            await asyncio.gather(sending, return_exceptions=True)
        return client


class _TcpBalancer:
    url = ""

    def __init__(self, backends: Backends) -> None:
        self.backends = backends

    async def carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        url = URL(self.backends.choose())
        server_reader, server = await asyncio.open_connection(url.host, url.port)
        await asyncio.gather(self._copy(reader, server), self._copy(server_reader, writer))

    async def _copy(self, source: asyncio.StreamReader, sink: asyncio.StreamWriter) -> None:
        with suppress(OSError):
            while data := await source.read(2**16):
                sink.write(data)
                await sink.drain()
        sink.close()
