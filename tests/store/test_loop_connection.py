"""The driver's connections in our event loop: pieces of any size, calls from any thread."""

from __future__ import annotations

import asyncio
import threading
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest
from cassandra.connection import ConnectionShutdown, DefaultEndPoint
from cassandra.protocol import OptionsMessage, QueryMessage, SupportedMessage

from graphql_api.store.loop_connection import MOST_UNSENT, LoopConnection, connections_of
from graphql_api.store.wire import EXECUTE, FRAME, RESULT
from tests.support.live import until

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from graphql_api.embedded import Node

SELECT = "SELECT key FROM system.local"
ONE = 1  # the consistency level


@pytest.fixture
async def connection(cassandra: Node) -> AsyncIterator[LoopConnection]:
    made = connections_of(asyncio.get_running_loop())
    address = DefaultEndPoint(cassandra.address, cassandra.cql_port)
    opened = await asyncio.to_thread(made.factory, address, 10, protocol_version=4)
    yield opened
    opened.close()


class Pool:
    """In place of the driver's pool: counts how often a connection is returned."""

    def __init__(self) -> None:
        self.returned = 0

    def return_connection(self, connection: Any) -> None:
        connection.in_flight -= 1
        self.returned += 1


class Asked:
    """A request of no statement that there is: Cassandra answers that it does not know it."""

    opcode = EXECUTE
    body = b"\x00\x10" + uuid4().bytes + b"\x00\x01\x00"

    def __init__(self) -> None:
        self.answers: list[tuple[int, int, bytes]] = []
        self.losses = 0

    def answer(self, opcode: int, flags: int, body: bytes) -> None:
        self.answers.append((opcode, flags, body))

    def lose(self) -> None:
        self.losses += 1


def on_a_thread(work: Callable[[], Any]) -> None:
    thread = threading.Thread(target=work)
    thread.start()
    thread.join()


def supported(connection: LoopConnection) -> Any:
    return connection.wait_for_response(OptionsMessage(), timeout=10)


class Reluctant:
    """A socket that takes a byte now and nothing then."""

    def __init__(self, real: Any) -> None:
        self.real = real
        self.turns = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def send(self, data: bytes) -> int:
        self.turns += 1
        if self.turns % 2:
            raise BlockingIOError
        return int(self.real.send(bytes(data[:1])))


class Dripping:
    """A socket that gives a byte at a time, as a slow network may."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def recv(self, _size: int) -> bytes:
        return bytes(self.real.recv(1))


async def test_the_driver_may_block_on_its_own_threads(connection: LoopConnection) -> None:
    answers = await asyncio.gather(
        *(asyncio.to_thread(supported, connection) for _ in range(20)),
    )
    assert all(isinstance(each, SupportedMessage) for each in answers)


@pytest.mark.parametrize("unwilling", [Reluctant, Dripping])
async def test_pieces_of_any_size_make_whole_messages(
    connection: LoopConnection, unwilling: Any
) -> None:
    connection._socket = unwilling(connection._socket)
    asked = [Asked() for _ in range(3)]
    pool = Pool()
    assert connection.ask(asked, pool)
    message = QueryMessage(SELECT, ONE)
    answer = await asyncio.to_thread(connection.wait_for_response, message, timeout=10)
    assert answer.parsed_rows == [("local",)]
    await until(lambda: all(each.answers for each in asked))
    assert [len(each.answers) for each in asked] == [1, 1, 1]
    assert all(
        opcode == 0 and b"not found" in body for each in asked for opcode, _, body in each.answers
    )
    assert not connection._unsent
    assert not connection._received


def frame(stream: int, body: bytes) -> bytes:
    return FRAME.pack(0x84, 0, stream, RESULT, len(body)) + body


@pytest.mark.parametrize("size", [1, 2, 8, 9, 10, 13, 50, 1000])
async def test_frames_are_told_apart_wherever_they_are_cut(
    connection: LoopConnection, size: int
) -> None:
    asked = [Asked() for _ in range(4)]
    bodies = [b"", b"a", b"b" * 20, b"c" * 300]
    connection._pool = pool = Pool()
    connection.in_flight += 4
    connection._asked.update(zip(range(1000, 1004), asked, strict=True))
    data = b"".join(map(frame, range(1000, 1004), bodies))
    for start in range(0, len(data), size):
        connection._take(data[start : start + size])
    assert [each.answers for each in asked] == [[(RESULT, 0, body)] for body in bodies]
    assert connection.in_flight == 0
    assert list(connection.request_ids)[-4:] == [1000, 1001, 1002, 1003]
    assert 1 <= pool.returned <= 4


async def test_what_is_no_frame_ends_the_connection(connection: LoopConnection) -> None:
    asked = Asked()
    assert connection.ask([asked], Pool())
    connection._take(b"HTTP/1.1 400 Bad Request\r\n")
    assert connection.is_defunct
    assert (asked.answers, asked.losses) == ([], 1)
    assert not connection.ask([Asked()], Pool())


async def test_an_answer_that_cannot_be_delivered_hurts_no_other(
    connection: LoopConnection, monkeypatch: pytest.MonkeyPatch, caplog: pytest.LogCaptureFixture
) -> None:
    broken, sound = Asked(), Asked()
    monkeypatch.setattr(broken, "answer", lambda *_: 1 / 0)
    assert connection.ask([broken, sound], Pool())
    await until(lambda: bool(sound.answers))
    assert "an answer could not be delivered" in caplog.text
    assert not connection.is_closed


@pytest.mark.parametrize("ends", ["close", "defunct", "loss"])
async def test_whoever_waits_when_a_connection_ends_is_told_once(
    connection: LoopConnection, ends: str
) -> None:
    asked = [Asked() for _ in range(5)]
    pool = Pool()
    assert connection.ask(asked, pool)
    if ends == "close":
        on_a_thread(connection.close)
    elif ends == "defunct":
        on_a_thread(lambda: connection.defunct(OSError("gone")))
    else:
        connection._socket = Lost(connection._socket)
        connection._read()
    assert [(each.answers, each.losses) for each in asked] == [([], 1)] * 5
    assert pool.returned == 1
    assert connection.in_flight == 0
    with pytest.raises(ConnectionShutdown):
        await asyncio.to_thread(supported, connection)
    descriptor = connection._descriptor
    await until(lambda: connection._socket.fileno() == -1)
    assert not connection.loop.remove_reader(descriptor)


class Lost:
    """A socket whose other end is gone."""

    def __init__(self, real: Any) -> None:
        self.real = real

    def __getattr__(self, name: str) -> Any:
        return getattr(self.real, name)

    def recv(self, _size: int) -> bytes:
        return b""


async def test_a_connection_that_takes_nothing_counts_as_busy(connection: LoopConnection) -> None:
    real = connection._socket

    class Full(Lost):
        def send(self, _data: bytes) -> int:
            raise BlockingIOError

    connection._socket = Full(real)
    connection.push(b"x" * (MOST_UNSENT + 1))
    assert not connection.ask([Asked()], Pool())
    assert connection.in_flight == 0


async def test_a_timer_ends_once_or_is_cancelled(connection: LoopConnection) -> None:
    ended: list[str] = []
    over = asyncio.Event()

    def end() -> None:
        ended.append("timer")
        over.set()

    on_a_thread(lambda: type(connection).create_timer(0, lambda: ended.append("no")).cancel())
    on_a_thread(lambda: type(connection).create_timer(0.01, end))
    await over.wait()
    await asyncio.sleep(0)
    assert ended == ["timer"]


def test_a_loop_that_is_closed_has_nothing_to_say(cassandra: Node) -> None:
    loop = asyncio.new_event_loop()

    async def open_one() -> LoopConnection:
        made = connections_of(asyncio.get_running_loop())
        address = DefaultEndPoint(cassandra.address, cassandra.cql_port)
        opened = await asyncio.to_thread(made.factory, address, 10, protocol_version=4)
        assert isinstance(opened, LoopConnection)
        return opened

    connection = loop.run_until_complete(open_one())
    loop.close()
    on_a_thread(lambda: connection.push(b"late"))
    type(connection).create_timer(0, lambda: None)
    connection.close()
    assert connection._socket.fileno() == -1
