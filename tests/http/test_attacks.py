"""One server process under attack: it refuses clearly, stays up, stays well and keeps its memory.

Health is asked for all the while; what an attack comes to is printed (`pytest -s`).
"""

from __future__ import annotations

import asyncio
import gzip
import json
import time
import zlib
from contextlib import asynccontextmanager, suppress
from dataclasses import dataclass, field
from itertools import count
from pathlib import Path
from typing import TYPE_CHECKING, Any

import aiohttp
import pytest

from tests.support.api import Api
from tests.support.live import PARTY_CHANGED, PATIENCE, a_socket, until
from tests.support.servers import environment, serving_process

if TYPE_CHECKING:
    from asyncio.subprocess import Process
    from collections.abc import AsyncIterator

    from graphql_api.settings import Settings

GROWTH = 150  # megabytes
JSON = {"Content-Type": "application/json"}
_unique = count()


@dataclass
class Victim:
    """A server process, and what it wrote to its log."""

    api: Api
    process: Process
    logged: list[str] = field(default_factory=list)

    @property
    def megabytes(self) -> float:
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * 4096 / 1e6

    async def keep_log(self) -> None:
        assert self.process.stderr is not None
        while line := await self.process.stderr.readline():
            self.logged.append(line.decode())

    async def post(self, body: bytes, **headers: str) -> tuple[int, Any]:
        named = JSON | {name.replace("_", "-"): value for name, value in headers.items()}
        url = f"{self.api.url}/graphql"
        async with self.api.session.post(url, data=body, headers=named) as response:
            return response.status, await response.json()

    async def refused(self, query: str, **variables: Any) -> dict[str, Any]:
        """The code of an operation's first error, and the limit that it names."""
        body = {"query": query, "variables": variables}
        _, answer = await self.post(json.dumps(body).encode())
        assert "data" not in answer
        found: dict[str, Any] = answer["errors"][0]["extensions"]
        return found

    async def push(self, body: bytes, headers: bytes = b"") -> bytes:
        """The beginning of what is answered, maybe before all of a body was taken."""
        reader, writer = await self.connect()
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n" + headers
        )
        writer.write(b"Content-Length: %d\r\n\r\n" % len(body))
        for start in range(0, len(body), 65_536):
            writer.write(body[start : start + 65_536])
            with suppress(ConnectionError):
                await writer.drain()
        answer = await reader.read(1000)
        writer.close()
        return answer

    async def connect(self) -> tuple[asyncio.StreamReader, asyncio.StreamWriter]:
        host, port = self.api.url.removeprefix("http://").split(":")
        return await asyncio.open_connection(host, int(port))


@pytest.fixture(scope="module")
async def victim(
    settings: Settings, tmp_path_factory: pytest.TempPathFactory
) -> AsyncIterator[Victim]:
    variables = environment(
        settings,
        ENVIRONMENT="production",
        IDLE_TIMEOUT="1.5",
        REQUEST_TIMEOUT="4",
        CONNECTION_INIT_TIMEOUT="1",
    )
    # A connection of its own each: one that is kept may just be closing when it is used again.
    connector = aiohttp.TCPConnector(limit=0, force_close=True)
    async with (
        serving_process(tmp_path_factory.mktemp("victim"), variables) as (process, url),
        aiohttp.ClientSession(connector=connector) as session,
    ):
        made = Victim(Api(url, session), process)
        log = asyncio.create_task(made.keep_log())
        try:
            yield made
        finally:
            log.cancel()
            with suppress(asyncio.CancelledError):
                await log


@pytest.fixture(autouse=True)
async def unharmed(victim: Victim, request: pytest.FixtureRequest) -> AsyncIterator[None]:
    """Around each attack: health is answered during it, and afterwards all is as it was."""
    await victim.api.run("{ __typename }")
    before, slowest = victim.megabytes, 0.0
    async with watching_health(victim) as times:
        yield
    slowest = max(times)
    assert victim.process.returncode is None
    assert await victim.api.run("{ __typename }") == {"__typename": "Query"}
    growth = victim.megabytes - before
    print(f"\n{request.node.name}: health {slowest * 1000:.0f} ms at most, {growth:+.0f} MB")  # noqa: T201
    assert growth < GROWTH
    assert "Traceback" not in "".join(victim.logged)


@asynccontextmanager
async def watching_health(victim: Victim) -> AsyncIterator[list[float]]:
    times: list[float] = []

    async def ask() -> None:
        async with aiohttp.ClientSession() as session:
            while True:
                began = time.perf_counter()
                async with session.get(f"{victim.api.url}/healthz") as response:
                    assert response.status == 200
                times.append(time.perf_counter() - began)
                await asyncio.sleep(0.02)

    asking = asyncio.create_task(ask())
    try:
        yield times
        await until(lambda: bool(times) or asking.done())
    finally:
        asking.cancel()
        with suppress(asyncio.CancelledError):
            await asking


def documents() -> dict[str, tuple[str, str]]:
    """Attacks by document: the limit that refuses each. `%s` makes it one never seen before."""
    bomb = " ".join(f"fragment F{n} on Query {{ ...F{n + 1} ...F{n + 1} }}" for n in range(60))
    circle = " ".join(f"fragment C{n} on Query {{ ...C{(n + 1) % 90} }}" for n in range(90))
    joins = " ".join(
        f'a{n}: joinParty(input: {{partyId: "x"}}) {{ __typename }}' for n in range(1000)
    )
    lists = "[" * 500 + "]" * 500
    return {
        "10,000 tokens": ("tokens", "{ a%s " + "id " * 10_000 + "}"),
        "a bomb of fragments": (
            "fields",
            "{ a%s ...F0 } " + bomb + " fragment F60 on Query { id }",
        ),
        "1,000 joins": ("tokens", "mutation A%s { " + joins + " }"),
        "50 deep": ("depth", "{ " + "a { " * 49 + "a%s" + " }" * 49 + " }"),
        "a long comment": ("characters", "{ a%s } #" + "x" * 500_000),
        "nothing but commas": ("characters", "{ a%s }" + "," * 500_000),
        "a circle of fragments": ("", "{ a%s ...C0 } " + circle),
        "lists in lists": ("", "{ a%s(b: " + lists + ") }"),
    }


@pytest.mark.parametrize("name", documents())
async def test_documents(victim: Victim, name: str) -> None:
    limit, text = documents()[name]
    texts = [text.replace("%s", str(next(_unique))) for _ in range(20)]
    for found in await asyncio.gather(*map(victim.refused, texts)):
        assert found.get("limit", {"name": ""})["name"] == limit


async def test_ten_megabytes_of_variables(victim: Victim) -> None:
    long = b'{"query": "{ id }", "variables": {"x": "' + b"y" * 10_000_000 + b'"}}'
    many = b'{"query": "{ id }", "variables": {"x": [' + b"1," * 400_000 + b"1]}}"
    for body, code in ((long, b"BAD_USER_INPUT"), (many, b"OPERATION_TOO_COMPLEX")):
        for answer in await asyncio.gather(*(victim.push(body) for _ in range(5))):
            assert answer.startswith(b"HTTP/1.1 413 ")
            assert code in answer


@pytest.mark.parametrize("encoding", ["gzip", "deflate"])
async def test_bombs(victim: Victim, encoding: str) -> None:
    """200 MB in 200 KB."""
    pack = gzip.compress if encoding == "gzip" else zlib.compress
    bomb = await asyncio.to_thread(pack, b'{"query": "' + b" " * 200_000_000)
    assert len(bomb) < 300_000
    header = b"Content-Encoding: " + encoding.encode() + b"\r\n"
    for answer in await asyncio.gather(*(victim.push(bomb, header) for _ in range(3))):
        assert answer.startswith(b"HTTP/1.1 413 ")


async def test_headers_drop_by_drop(victim: Victim) -> None:
    """Every such connection is closed, whatever it goes on sending."""

    async def drip() -> bytes:
        reader, writer = await victim.connect()
        answer = asyncio.ensure_future(reader.read())
        with suppress(ConnectionError):
            writer.write(b"POST /graphql HTTP/1.1\r\nHost: x\r\nX-Drop: ")
            while not answer.done():
                writer.write(b"x")
                await writer.drain()
                await asyncio.wait({answer}, timeout=0.2)
        writer.close()
        try:
            return answer.result()
        except ConnectionError:
            return b""

    async with asyncio.timeout(PATIENCE):
        assert set(await asyncio.gather(*(drip() for _ in range(200)))) == {b""}


async def test_bodies_drop_by_drop(victim: Victim) -> None:
    async def drip() -> bytes:
        reader, writer = await victim.connect()
        writer.write(
            b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
            b"Content-Length: 1000\r\n\r\n{"
        )
        answer = await reader.readline()
        writer.close()
        return answer

    async with asyncio.timeout(PATIENCE):
        answers = await asyncio.gather(*(drip() for _ in range(100)))
    assert set(answers) == {b"HTTP/1.1 408 Request Timeout\r\n"}


async def test_requests_without_end_and_nobody_who_reads(victim: Victim) -> None:
    """Pipelined: the server takes a few at a time, and no more than are answered."""
    body = b'{"query":"{__typename}"}'
    one = (
        b"POST /graphql HTTP/1.1\r\nHost: x\r\nContent-Type: application/json\r\n"
        b"Content-Length: %d\r\n\r\n" % len(body)
    ) + body
    writers = []
    for _ in range(20):
        _, writer = await victim.connect()
        writer.write(one * 2000)
        writers.append(writer)
    await asyncio.sleep(0.5)
    for writer in writers:
        writer.close()


async def test_sockets_without_an_init(victim: Victim) -> None:
    async def silent() -> Any:
        async with a_socket(victim.api, initialised=False) as socket:
            return await socket.receive()

    assert set(await asyncio.gather(*(silent() for _ in range(100)))) == {4408}


async def test_a_thousand_subscriptions_over_one_socket(victim: Victim) -> None:
    party = await victim.api.create()
    async with a_socket(victim.api) as socket:
        for number in range(1000):
            await socket.subscribe(str(number), PARTY_CHANGED, id=party["id"])
        got = [await socket.receive() for _ in range(1000)]
    refused = [each for each in got if each["type"] == "error"]
    assert len(refused) == 900
    assert {each["payload"][0]["extensions"]["code"] for each in refused} == {"OVERLOADED"}


@pytest.mark.parametrize("kind", ["one frame", "never ending"])
async def test_oversize_messages(victim: Victim, kind: str) -> None:
    async with a_socket(victim.api) as socket:
        if kind == "one frame":
            await socket.raw.send_str("x" * 200_000)
        else:
            writer = socket.raw._writer
            for number in range(11):  # a message in parts of 10,000 bytes, none of them the last
                opcode = b"\x00" if number else b"\x01"
                writer.transport.write(opcode + b"\xfe\x27\x10" + b"\0\0\0\0" + b"x" * 10_000)
        assert await socket.receive() == 1009


TRAVERSALS = (
    "/../../../../../../etc/passwd",
    "/%2e%2e/%2e%2e/%2e%2e/%2e%2e/%2e%2e/etc/passwd",
    "/..%2f..%2f..%2f..%2f..%2fetc%2fpasswd",
    "/assets/../../../../../../etc/passwd",
    "/assets/..%5c..%5csettings.py",
    "/assets//etc/passwd",
    "/assets/%00/../settings.py",
    "//etc/passwd",
    "/.env",
    "/.git/config",
)


@pytest.mark.parametrize("path", TRAVERSALS)
async def test_no_path_leads_out(victim: Victim, path: str) -> None:
    reader, writer = await victim.connect()
    writer.write(f"GET {path} HTTP/1.1\r\nHost: x\r\nConnection: close\r\n\r\n".encode())
    answer = await reader.read()
    writer.close()
    assert answer.split(b" ", 2)[1] in (b"400", b"403", b"404")
    assert b"root:" not in answer
    assert b"import" not in answer


async def test_nothing_forges_a_line_of_the_log(victim: Victim) -> None:
    forged = "x\r\n2026-01-01 00:00:00,000 ERROR forged\x1b[2J"
    for body in (
        {"query": "{ __typename }", "operationName": forged},
        {"query": f"query {{ {forged} }}"},
        {"query": "query($x: Int) { id }", "variables": {"x": forged}},
        {"query": "{ __typename }", "documentId": forged},
    ):
        await victim.post(json.dumps(body).encode())
    reader, writer = await victim.connect()
    writer.write(b"GET /%0d%0a2026%20ERROR%20forged HTTP/1.1\r\nX\rforged: y\r\n\r\n")
    await reader.read()
    writer.close()
    async with a_socket(victim.api) as socket:
        await socket.raw.send_str(forged)
        assert await socket.receive() == 4400
    assert not [line for line in victim.logged if line.startswith(("2026-01-01", "2026 "))]
    assert "\x1b" not in "".join(victim.logged)
