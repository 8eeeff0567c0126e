"""The short way of a request answers as the long one does, and only what it should."""

from __future__ import annotations

import asyncio
import gzip
import json
from contextlib import asynccontextmanager
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import pytest
from aiohttp import web

from graphql_api.app import create_app
from graphql_api.errors import ErrorCode
from graphql_api.http import protocol
from graphql_api.http.admission import Admission
from graphql_api.http.application import READINESS
from graphql_api.http.graphql import GraphQLOverHTTP
from graphql_api.http.request import BadRequestError
from graphql_api.http.runner import Runner
from graphql_api.http.short_way import ShortWay
from graphql_api.settings import Settings
from tests.support.held_reads import holding_reads
from tests.support.live import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.http.health import Readiness

QUERY = {"query": "{ __typename }"}
SLOW = {"query": '{ searchCities(prefix: "x") { name } }'}
MUTATION = {"query": 'mutation { leaveParty(input: {partyId: "x"}) { __typename } }'}
TYPES = {"query": "{ __schema { types { name description fields { name description } } } }"}
RESPONSE = "application/graphql-response+json"
JSON = {"Content-Type": "application/json"}


@dataclass
class Server:
    """One in this process; `short` counts what went the short way."""

    port: int
    short: list[bytes]
    readiness: Readiness


@asynccontextmanager
async def serving(
    parts: Parts, settings: Settings, *, has_short_way: bool = True, **changes: Any
) -> AsyncIterator[Server]:
    given = {"_env_file": None, **settings.model_dump(exclude_unset=True), **changes}
    changed = Settings(**given)
    application = create_app(parts, changed)
    runner = Runner(application, changed, shutdown_timeout=2, has_short_way=has_short_way)
    await runner.setup()
    await web.TCPSite(runner, "127.0.0.1", 0).start()
    short: list[bytes] = []
    way = runner._server.short_way  # type: ignore[union-attr]
    if way is not None:
        answer = way.answer

        async def counted(sent: Any, body: bytes) -> tuple[bytes, bool]:
            short.append(body)
            counted_answer: tuple[bytes, bool] = await answer(sent, body)
            return counted_answer

        way.answer = counted
    try:
        yield Server(runner.addresses[0][1], short, application[READINESS])
    finally:
        await runner.cleanup()


@pytest.fixture(scope="module")
async def both(parts: Parts, settings: Settings) -> AsyncIterator[tuple[Server, Server]]:
    """A server with the short way and one without."""
    async with (
        serving(parts, settings, body_limit=20_000) as short,
        serving(parts, settings, body_limit=20_000, has_short_way=False) as long,
    ):
        yield short, long


def a_request(
    body: Any = QUERY,
    headers: dict[str, str] | None = None,
    line: str = "POST /graphql HTTP/1.1",
    *,
    framed: bool = True,
) -> bytes:
    content = body if isinstance(body, bytes) else json.dumps(body).encode()
    given = {"Host": "here", "X-Request-Id": "the-same", **(JSON if headers is None else headers)}
    if framed:
        given["Content-Length"] = str(len(content))
    lines = "".join(f"{name}: {value}\r\n" for name, value in given.items())
    return f"{line}\r\n{lines}\r\n".encode() + content


@dataclass
class Answer:
    status: str
    headers: list[tuple[str, str]]
    body: bytes


async def read_answer(reader: asyncio.StreamReader) -> Answer:
    head = (await asyncio.wait_for(reader.readuntil(b"\r\n\r\n"), 20)).decode()
    status, *lines = head.strip().split("\r\n")
    headers = sorted((name.lower(), value) for name, value in (e.split(": ", 1) for e in lines))
    length = int(dict(headers).get("content-length", 0))
    return Answer(
        status,
        [item for item in headers if item[0] != "date"],
        await reader.readexactly(length),
    )


async def exchange(server: Server, *pieces: bytes, count: int = 1) -> list[Answer]:
    """Send pieces one after another on one connection, and read so many answers."""
    reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
    try:
        for piece in pieces:
            writer.write(piece)
            await writer.drain()
            await asyncio.sleep(0)
        return [await read_answer(reader) for _ in range(count)]
    finally:
        writer.close()


TAKEN = {
    "a query": a_request(),
    "a query that reads": a_request(SLOW),
    "a mutation": a_request(MUTATION),
    "a charset": a_request(headers={"Content-Type": "application/json; charset=utf-8"}),
    "another media type": a_request(headers={**JSON, "Accept": RESPONSE}),
    "what does not parse": a_request({"query": "{"}),
    "what does not parse, after the draft": a_request({"query": "{"}, {**JSON, "Accept": RESPONSE}),
    "what is not valid": a_request({"query": "{ x }"}, {**JSON, "Accept": RESPONSE}),
    "partial data": a_request(
        {"query": '{ parties(city: "x", first: 1000) { nodes { id } } city(name: "y") { name } }'},
        {**JSON, "Accept": RESPONSE},
    ),
    "no JSON": a_request(b"{"),
    "no object": a_request(b"7"),
    "a batch": a_request([QUERY, QUERY]),
    "no document": a_request({"variables": {}}),
    "odd variables": a_request({"query": "{ __typename }", "variables": []}),
    "a subscription": a_request({"query": 'subscription { partyChanged(id: "x") { id } }'}),
    "nothing acceptable": a_request(headers={**JSON, "Accept": "text/html"}),
    "a large answer": a_request(TYPES),
    "a large answer, compressed": a_request(TYPES, {**JSON, "Accept-Encoding": "gzip, br"}),
    "a time": a_request(headers={**JSON, "Request-Timeout": "2"}),
    "no time": a_request(headers={**JSON, "Request-Timeout": "soon"}),
    "a token that nobody asks for": a_request(headers={**JSON, "Authorization": "Bearer x"}),
    "a trace": a_request(headers={**JSON, "traceparent": f"00-{'a' * 32}-{'b' * 16}-01"}),
    "headers in other letters": a_request(headers={"content-TYPE": "application/json"}),
    "large variables": a_request({**QUERY, "variables": {"x": "x" * 15_000}}),
}
NOT_TAKEN = {
    "another page's": a_request(headers={**JSON, "Origin": "https://elsewhere.example"}),
    "a form": a_request(b"query=x", {"Content-Type": "application/x-www-form-urlencoded"}),
    "no type": a_request(headers={}),
    "events": a_request(headers={**JSON, "Accept": "text/event-stream"}, body=MUTATION),
    "an empty body": a_request(b""),
    "too large": a_request({**QUERY, "variables": {"x": "x" * 30_000}}),
    "compressed": a_request(
        gzip.compress(b'{"query": "{ __typename }"}'), {**JSON, "Content-Encoding": "gzip"}
    ),
    "in chunks": a_request(
        b"1b\r\n" + json.dumps(QUERY).encode()[:27] + b"\r\n0\r\n\r\n",
        {**JSON, "Transfer-Encoding": "chunked"},
        framed=False,
    ),
    "the last one": a_request(headers={**JSON, "Connection": "close"}),
    "of an old client": a_request(line="POST /graphql HTTP/1.0"),
    "another path": a_request(line="POST /nowhere HTTP/1.1"),
    "a query string": a_request(line="POST /graphql?x=1 HTTP/1.1"),
    "another method": a_request(line="PUT /graphql HTTP/1.1"),
    "a GET": a_request(b"", {"Accept": "*/*"}, "GET /graphql?query=%7B__typename%7D HTTP/1.1"),
    "no HTTP": b"\x16\x03\x01 hello\r\n\r\n",
    "two lengths": a_request(headers={**JSON, "content-length": "3"}),
}


@pytest.mark.parametrize("what", TAKEN)
async def test_what_is_usual_is_answered_alike(both: tuple[Server, Server], what: str) -> None:
    short, long = both
    before = len(short.short)
    one, other = [await exchange(server, TAKEN[what]) for server in both]
    assert len(short.short) == before + 1
    assert not long.short
    if what == "a subscription":  # its operation is refused by either
        assert one[0].status == "HTTP/1.1 406 Not Acceptable"
    assert one == other


@pytest.mark.parametrize("what", NOT_TAKEN)
async def test_what_is_unusual_goes_the_long_way(both: tuple[Server, Server], what: str) -> None:
    short, _ = both
    before = len(short.short)
    if what == "events":
        answers = [(await exchange(server, NOT_TAKEN[what]))[0].status for server in both]
    else:
        answers = [await exchange(server, NOT_TAKEN[what]) for server in both]  # type: ignore[misc]
    assert len(short.short) == before
    assert answers[0] == answers[1]


async def test_a_request_may_come_in_two_pieces_cut_anywhere(both: tuple[Server, Server]) -> None:
    short, long = both
    whole = a_request(MUTATION)
    expected = await exchange(long, whole)
    reader, writer = await asyncio.open_connection("127.0.0.1", short.port)
    for cut in range(1, len(whole)):
        writer.write(whole[:cut])
        await asyncio.sleep(0.002)
        writer.write(whole[cut:])
        assert [await read_answer(reader)] == expected, cut
    writer.close()


async def test_requests_in_one_piece_are_answered_in_their_order(
    both: tuple[Server, Server],
) -> None:
    asked = [SLOW, QUERY, {"query": "{"}, MUTATION, SLOW, QUERY, TYPES, QUERY]
    pieces = b"".join(
        a_request(body, {**JSON, "X-Request-Id": f"number-{number}"})
        for number, body in enumerate(asked * 3)
    )
    pieces += a_request(b"", {}, "GET /healthz HTTP/1.1") + a_request()
    one, other = [await exchange(server, pieces, count=len(asked) * 3 + 2) for server in both]
    names = [dict(each.headers).get("x-request-id") for each in one]
    assert names[: len(asked) * 3] == [f"number-{number}" for number in range(len(asked) * 3)]
    assert one == other


async def test_an_unexpected_error_is_masked_and_ends_the_connection(
    both: tuple[Server, Server], monkeypatch: pytest.MonkeyPatch
) -> None:
    async def fail(*_: Any) -> Any:
        raise RuntimeError("secret")

    monkeypatch.setattr(GraphQLOverHTTP, "post_whole", fail)
    reader, writer = await asyncio.open_connection("127.0.0.1", both[0].port)
    writer.write(a_request())
    answer = await read_answer(reader)
    assert answer.status == "HTTP/1.1 500 Internal Server Error"
    assert ("connection", "close") in answer.headers
    (error,) = json.loads(answer.body)["errors"]
    assert error["extensions"]["code"] == "INTERNAL_SERVER_ERROR"
    assert b"secret" not in answer.body or b"reference" in answer.body
    assert await reader.read() == b""
    writer.close()


@pytest.mark.parametrize("fault", [asyncio.CancelledError(), ValueError("cannot be rendered")])
async def test_where_no_answer_comes_the_next_one_is_not_taken_for_it(
    parts: Parts, settings: Settings, monkeypatch: pytest.MonkeyPatch, fault: BaseException
) -> None:
    faults = [fault]
    render = ShortWay._rendered

    def fail_once(way: ShortWay, *given: Any) -> bytes:
        if faults:
            raise faults.pop()
        return render(way, *given)

    monkeypatch.setattr(ShortWay, "_rendered", fail_once)
    loop = asyncio.get_running_loop()
    loop.set_exception_handler(lambda *_: None)  # the fault is the test's own
    try:
        async with serving(parts, settings) as server:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(a_request(MUTATION) + a_request())
            assert await asyncio.wait_for(reader.read(), 10) == b""
            writer.close()
            (answer,) = await exchange(server, a_request())
    finally:
        loop.set_exception_handler(None)
    assert answer.body == b'{"data":{"__typename":"Query"}}'


async def test_a_request_that_takes_longer_than_a_connection_may_be_idle_is_answered(
    parts: Parts, settings: Settings
) -> None:
    async with serving(parts, settings, idle_timeout=0.2) as server:
        with holding_reads(parts) as held:
            asking = asyncio.create_task(exchange(server, a_request(SLOW)))
            await asyncio.sleep(0.7)
            assert not asking.done()
            held.release()
            (answer,) = await asking
        assert answer.status == "HTTP/1.1 200 OK"
        assert len(server.short) == 1
        reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
        writer.write(a_request())
        await read_answer(reader)
        assert await asyncio.wait_for(reader.read(), 10) == b""  # idle, and closed
        writer.close()


async def test_a_request_under_way_is_answered_when_the_server_stops(
    parts: Parts, settings: Settings
) -> None:
    with holding_reads(parts) as held:
        async with serving(parts, settings) as server:
            asking = asyncio.create_task(exchange(server, a_request(SLOW)))
            await until(lambda: bool(held.held))
            asyncio.get_running_loop().call_later(0.3, held.release)
        (answer,) = await asking
    assert answer.status == "HTTP/1.1 200 OK"


async def test_an_answer_of_a_server_that_stops_meanwhile_is_its_connections_last(
    parts: Parts, settings: Settings
) -> None:
    async with serving(parts, settings) as server:
        with holding_reads(parts) as held:
            reader, writer = await asyncio.open_connection("127.0.0.1", server.port)
            writer.write(a_request(SLOW))
            await until(lambda: bool(held.held))
            server.readiness.is_stopping = True
            held.release()
            answer = await read_answer(reader)
        assert answer.status == "HTTP/1.1 200 OK"
        assert ("connection", "close") in answer.headers
        assert await reader.read() == b""
        writer.close()
        (answer,) = await exchange(server, a_request())
        assert ("connection", "close") in answer.headers
        assert len(server.short) == 1


async def test_an_aiohttp_that_is_built_otherwise_is_used_on_its_long_way(
    parts: Parts,
    settings: Settings,
    monkeypatch: pytest.MonkeyPatch,
    caplog: pytest.LogCaptureFixture,
) -> None:
    monkeypatch.setattr(protocol, "_NAMES", {ShortWay: ("no_such_name",)})
    async with serving(parts, settings) as server:
        (answer,) = await exchange(server, a_request())
        assert answer.body == b'{"data":{"__typename":"Query"}}'
        assert server.short == []
    assert "every request goes its long way" in caplog.text


async def test_one_more_than_there_may_be_is_refused_alike(
    parts: Parts, settings: Settings, monkeypatch: pytest.MonkeyPatch
) -> None:
    def refuse(_: Admission) -> None:
        raise BadRequestError("Busy.", 503, code=ErrorCode.OVERLOADED, headers={"Retry-After": "1"})

    monkeypatch.setattr(Admission, "check", refuse)
    for accept in ("*/*", RESPONSE, "text/html"):
        answers = []
        for has_short_way in (True, False):
            async with serving(parts, settings, has_short_way=has_short_way) as server:
                request = a_request(headers={**JSON, "Accept": accept})
                answers.append(await exchange(server, request * 3, count=3))
                assert server.short == []
        assert answers[0] == answers[1]
        status = 406 if accept == "text/html" else 503
        assert [each.status.split()[1] for each in answers[0]] == [str(status)] * 3
