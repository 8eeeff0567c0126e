"""An imitation of Astra DB: a metadata service and an SNI proxy before a real Cassandra.

Both ask for the certificate in the bundle, as Astra's do. The proxy tells nodes apart by the
server name that a client asks for, which is the node's host id, and understands just enough of the
protocol to refuse requests as Astra does beyond its rate.
"""

from __future__ import annotations

import asyncio
import json
import ssl
import threading
from contextlib import suppress
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, Self
from zipfile import ZipFile

from tests.support.certificates import Authority, Certificate

if TYPE_CHECKING:
    from pathlib import Path

HEADER = 9  # native protocol, version 4: version, flags, stream (2), opcode, length of the body (4)
ERROR, PREPARE, EXECUTE, BATCH = 0x00, 0x09, 0x0A, 0x0D
OVERLOADED = 0x1001
REASON = b"Rate limit reached"


@dataclass
class Behaviour:
    """What a test may change while the imitation runs.

    Attributes:
        metadata: what the service answers, as status and JSON; None is the truth.
        refusals: how many requests are still to be refused as beyond the rate.
        replaced: bytes in the node's answers, and others of the same length in their place.
    """

    metadata: tuple[int, Any] | None = None
    refusals: int = 0
    refused: int = 0
    replaced: tuple[bytes, bytes] | None = None


class Imitation:
    """Runs in a thread of its own, so that tests and commands alike can connect.

    Args:
        node: address and port of the Cassandra behind it.
        host_id: of that node.
    """

    def __init__(self, directory: Path, node: tuple[str, int], host_id: str) -> None:
        self.directory = directory
        self.behaviour = Behaviour()
        self.authority = Authority("Imitation of Astra")
        self.client = self.authority.issue("client")
        self.server_names: list[str] = []
        self._node = node
        self._host_id = host_id
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._servers: list[asyncio.Server] = []
        self._links: set[asyncio.Task[None]] = set()
        self.metadata_port = self.proxy_port = 0

    def __enter__(self) -> Self:
        self._thread.start()
        self.serve(self.authority.issue("server", "127.0.0.1"))
        return self

    def __exit__(self, *_: object) -> None:
        self.stop()
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def serve(self, certificate: Certificate) -> None:
        """Listen, at the same ports as before."""
        self._run(self._serve(certificate))

    def stop(self) -> None:
        """Be gone."""
        self._run(self._stop())

    def bundle(self, name: str = "bundle.zip", **members: bytes | None) -> Path:
        """A secure connect bundle.

        Args:
            members: what is to be otherwise than it should, by name with `_` for a point; None
                leaves the member out.
        """
        path = self.directory / name
        changed: dict[str, bytes | None] = {
            member.replace("_", "."): data for member, data in members.items()
        }
        with ZipFile(path, "w") as bundle:
            for member, data in (self._members() | changed).items():
                if data is not None:
                    bundle.writestr(member, data)
        return path

    def config(self, **changed: Any) -> bytes:
        """The bundle's config.json."""
        right = {
            "host": "127.0.0.1",
            "port": self.metadata_port,
            "cql_port": self.proxy_port,
            "keyspace": "another",  # which the driver does not look at
            "localDC": "datacenter1",
            "caCertLocation": "./ca.crt",
            "keyLocation": "./key",
            "certLocation": "./cert",
        }
        return json.dumps(right | changed).encode()

    def _members(self) -> dict[str, bytes | None]:
        return {
            "config.json": self.config(),
            "ca.crt": self.authority.certificate,
            "cert": self.client.certificate,
            "key": self.client.key,
            "cqlshrc": b"[connection]\n",
        }

    def _run(self, work: Any) -> None:
        asyncio.run_coroutine_threadsafe(work, self._loop).result(20)

    async def _serve(self, certificate: Certificate) -> None:
        context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        context.load_cert_chain(*certificate.write(self.directory, "server"))
        context.load_verify_locations(cadata=self.authority.certificate.decode())
        context.verify_mode = ssl.CERT_REQUIRED
        metadata = await self._listen(self._answer, self.metadata_port, context)
        self.metadata_port = metadata.sockets[0].getsockname()[1]
        sni = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
        sni.load_cert_chain(*certificate.write(self.directory, "server"))
        sni.load_verify_locations(cadata=self.authority.certificate.decode())
        sni.verify_mode = ssl.CERT_REQUIRED
        sni.sni_callback = self._check_name
        proxy = await self._listen(self._carry, self.proxy_port, sni)
        self.proxy_port = proxy.sockets[0].getsockname()[1]

    async def _listen(self, accept: Any, port: int, context: ssl.SSLContext) -> asyncio.Server:
        def run(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
            task = asyncio.create_task(accept(reader, writer))
            self._links.add(task)
            task.add_done_callback(self._links.discard)

        server = await asyncio.start_server(run, "127.0.0.1", port, ssl=context)
        self._servers.append(server)
        return server

    async def _stop(self) -> None:
        for server in self._servers:
            server.close()
        self._servers.clear()
        for link in list(self._links):
            link.cancel()
        await asyncio.gather(*self._links, return_exceptions=True)

    def _check_name(self, _socket: Any, name: str | None, _context: Any) -> int | None:
        self.server_names.append(name or "")
        return None if name == self._host_id else ssl.ALERT_DESCRIPTION_UNRECOGNIZED_NAME

    async def _answer(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            await reader.readuntil(b"\r\n\r\n")
            status, answer = self.behaviour.metadata or (200, self._metadata())
            body = json.dumps(answer).encode()
            writer.write(b"HTTP/1.1 %d .\r\nContent-Length: %d\r\n" % (status, len(body)))
            writer.write(b"Connection: close\r\n\r\n" + body)
            await writer.drain()
        writer.close()

    def _metadata(self) -> dict[str, Any]:
        return {
            "version": 1,
            "region": "local",
            "contact_info": {
                "type": "sni_proxy",
                "local_dc": "datacenter1",
                "contact_points": [self._host_id],
                "sni_proxy_address": f"127.0.0.1:{self.proxy_port}",
            },
        }

    async def _carry(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        node_reader, node = await asyncio.open_connection(*self._node)
        ways = [
            asyncio.create_task(self._requests(reader, node, writer)),
            asyncio.create_task(self._answers(node_reader, writer)),
        ]
        try:
            await asyncio.wait(ways, return_when=asyncio.FIRST_COMPLETED)
        finally:
            for way in ways:
                way.cancel()
            await asyncio.gather(*ways, return_exceptions=True)
            for end in (writer, node):
                end.transport.abort()

    async def _requests(
        self,
        reader: asyncio.StreamReader,
        node: asyncio.StreamWriter,
        client: asyncio.StreamWriter,
    ) -> None:
        with suppress(OSError, EOFError):
            while True:
                header = await reader.readexactly(HEADER)
                frame = header + await reader.readexactly(int.from_bytes(header[5:], "big"))
                if frame[4] in (EXECUTE, BATCH) and self.behaviour.refusals > 0:
                    self.behaviour.refusals -= 1
                    self.behaviour.refused += 1
                    client.write(_overloaded(frame[2:4]))
                    continue
                node.write(frame)
                await node.drain()

    async def _answers(self, node: asyncio.StreamReader, client: asyncio.StreamWriter) -> None:
        with suppress(OSError, EOFError):
            while data := await node.read(2**16):
                if self.behaviour.replaced is not None:
                    data = data.replace(*self.behaviour.replaced)
                client.write(data)
                await client.drain()


def _overloaded(stream: bytes) -> bytes:
    body = OVERLOADED.to_bytes(4, "big") + len(REASON).to_bytes(2, "big") + REASON
    return b"\x84\x00" + stream + bytes([ERROR]) + len(body).to_bytes(4, "big") + body
