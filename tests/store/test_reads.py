"""Reads of one turn: shared, joined, bounded, and answered alike on both of the driver's paths."""

from __future__ import annotations

import asyncio
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import pytest
from cassandra import ConsistencyLevel

from graphql_api import clock
from graphql_api.caller import ANYBODY
from graphql_api.errors import DeadlineExceededError
from graphql_api.parties import hosting
from graphql_api.store import joint_push, statements
from graphql_api.store.bridge import Bridge, Rows
from graphql_api.store.connection import Connection, connect
from graphql_api.store.reads import Reads, as_it_is
from graphql_api.store.session import Session
from graphql_api.store.tally import Outcomes

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings

PLAIN = statements.Profile.PLAIN.value


@pytest.fixture(scope="module")
async def connection(settings: Settings, parts: Parts) -> AsyncIterator[Connection]:
    """A connection of this module's own to the tables that `parts` uses."""
    del parts
    opened = await connect(settings)
    await asyncio.to_thread(opened.session.set_keyspace, settings.keyspace)
    yield opened
    await opened.close()


@pytest.fixture(scope="module")
async def ids(parts: Parts) -> list[UUID]:
    """Thirty parties, and as many that there are not."""
    made = []
    for number in range(30):
        date = clock.now() + timedelta(days=number + 1)
        party = hosting.NewParty("Readsville", f"Party {number}", date, description="ü" * number)
        change = hosting.create(ANYBODY, None, party, clock.now())
        assert isinstance(change, hosting.Create)
        await parts.committer.commit(change)
        made.append(change.party_id)
    return [*made, *(uuid4() for _ in range(30))]


class Counting:
    """A driver session that counts what is sent on its ordinary path."""

    def __init__(self, session: Any) -> None:
        self.session = session
        self.ordinary = 0

    def __getattr__(self, name: str) -> Any:
        return getattr(self.session, name)

    def execute_async(self, *given: Any, **named: Any) -> Any:
        self.ordinary += 1
        return self.session.execute_async(*given, **named)


def reads_of(connection: Connection, most: int = 1000, *, joins: bool = True) -> tuple[Reads, Any]:
    counting = Counting(connection.session)
    bridge = Bridge(asyncio.get_running_loop())
    return Reads(counting, bridge, PLAIN, most, joins_pushes=joins), counting


async def prepared(connection: Connection) -> Any:
    return await asyncio.to_thread(connection.session.prepare, statements.READ_HEAD.cql)


def rows_of(
    reads: Reads, statement: Any, party_id: UUID, timeout: float = 10
) -> asyncio.Future[Rows]:
    return reads.read(statement, (party_id,), timeout, as_it_is, as_it_is, Outcomes())


async def test_both_paths_answer_alike(connection: Connection, ids: list[UUID]) -> None:
    statement = await prepared(connection)
    answers = []
    for joins in (True, False):
        reads, counting = reads_of(connection, joins=joins)
        rows = await asyncio.gather(*(rows_of(reads, statement, each) for each in ids))
        answers.append(rows)
        assert counting.ordinary == (0 if joins else len(ids))
    assert answers[0] == answers[1]
    assert [len(rows) for rows in answers[0]] == [1] * 30 + [0] * 30


async def test_equal_reads_of_one_turn_are_one_query_and_of_two_turns_two(
    connection: Connection, ids: list[UUID]
) -> None:
    statement = await prepared(connection)
    reads, counting = reads_of(connection, joins=False)
    together = await asyncio.gather(*(rows_of(reads, statement, ids[3]) for _ in range(5)))
    assert counting.ordinary == 1
    assert all(rows == together[0] for rows in together)
    await rows_of(reads, statement, ids[3])
    assert counting.ordinary == 2


async def test_no_more_are_in_flight_than_allowed_and_all_are_answered(
    connection: Connection, ids: list[UUID]
) -> None:
    statement = await prepared(connection)
    reads, _ = reads_of(connection, most=4)
    seen = []

    async def watched(party_id: UUID) -> list[tuple[Any, ...]]:
        rows = await rows_of(reads, statement, party_id)
        seen.append(reads._in_flight)
        return rows

    rows = await asyncio.gather(*(watched(each) for each in ids))
    assert [len(each) for each in rows] == [1] * 30 + [0] * 30
    assert max(seen) <= 4
    assert reads._in_flight == 0


async def test_a_read_that_is_cancelled_frees_its_place(
    connection: Connection, ids: list[UUID]
) -> None:
    statement = await prepared(connection)
    reads, _ = reads_of(connection, most=1)
    first = asyncio.ensure_future(rows_of(reads, statement, ids[0]))
    second = asyncio.ensure_future(rows_of(reads, statement, ids[1]))
    third = asyncio.ensure_future(rows_of(reads, statement, ids[2]))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    first.cancel()
    second.cancel()
    rows = await third
    assert rows[0][0] == ids[2]
    assert reads._in_flight == 0
    assert not reads._queue


async def test_a_queued_read_waits_no_longer_than_its_deadline(
    connection: Connection, ids: list[UUID]
) -> None:
    statement = await prepared(connection)
    reads, _ = reads_of(connection, most=0)  # nothing is ever sent
    with pytest.raises(TimeoutError):
        await rows_of(reads, statement, ids[0], 0.05)
    assert not any(read.answers for read in reads._queue)


async def test_one_of_two_who_share_may_leave(connection: Connection, ids: list[UUID]) -> None:
    statement = await prepared(connection)
    reads, counting = reads_of(connection, joins=False)
    leaving = asyncio.ensure_future(rows_of(reads, statement, ids[5]))
    staying = asyncio.ensure_future(rows_of(reads, statement, ids[5]))
    await asyncio.sleep(0)
    leaving.cancel()
    assert (await staying)[0][0] == ids[5]
    assert counting.ordinary == 1


async def test_an_error_on_the_joint_path_is_left_to_the_ordinary_one(
    connection: Connection, ids: list[UUID]
) -> None:
    statement = await prepared(connection)
    reads, counting = reads_of(connection)
    assert reads.joint is not None
    reads.joint._consistency = ConsistencyLevel.THREE  # of one node: Unavailable
    assert (await rows_of(reads, statement, ids[0]))[0][0] == ids[0]
    assert counting.ordinary == 1
    assert reads._in_flight == 0


async def test_a_driver_that_is_built_otherwise_is_used_on_its_ordinary_path(
    connection: Connection, ids: list[UUID], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(joint_push, "_CONNECTION", ("no_such_name",))
    statement = await prepared(connection)
    reads, counting = reads_of(connection)
    assert (await rows_of(reads, statement, ids[0]))[0][0] == ids[0]
    assert counting.ordinary == 1


async def test_a_closed_connection_is_left_to_the_ordinary_path(
    settings: Settings, parts: Parts, ids: list[UUID]
) -> None:
    del parts
    opened = await connect(settings)
    try:
        await asyncio.to_thread(opened.session.set_keyspace, settings.keyspace)
        statement = await prepared(opened)
        reads, counting = reads_of(opened)
        for pool in opened.session._pools.values():
            pool._connection.close()
        for _ in range(50):  # the driver opens another
            try:
                rows = await rows_of(reads, statement, ids[0], 5)
                break
            except Exception:  # noqa: BLE001  # until then it knows no host
                await asyncio.sleep(0.1)
        assert rows[0][0] == ids[0]
        assert counting.ordinary >= 1
    finally:
        await opened.close()


async def test_a_session_tells_a_time_out_in_its_own_words(connection: Connection) -> None:
    session = Session(connection.session, timeout=5, reads_in_flight=1)
    await session.prepare()
    session._reads._most_in_flight = 0
    with pytest.raises(DeadlineExceededError):
        await session.execute(statements.READ_HEAD, (uuid4(),), timeout=0.05)


async def test_a_write_without_a_condition_goes_the_same_way(
    connection: Connection, ids: list[UUID]
) -> None:
    claim = await asyncio.to_thread(connection.session.prepare, statements.CLAIM_KEY.cql)
    read = await asyncio.to_thread(connection.session.prepare, statements.READ_CLAIM.cql)
    reads, counting = reads_of(connection)
    key = f"key {uuid4()}"
    for timestamp, party in ((2, ids[0]), (1, ids[1])):
        written = (key, party, 60, timestamp)
        assert await reads.read(claim, written, 10, as_it_is, as_it_is, Outcomes()) == []
    assert await reads.read(read, (key,), 10, as_it_is, as_it_is, Outcomes()) == [(ids[0],)]
    assert counting.ordinary == 0


async def test_a_write_that_fails_on_the_joint_path_is_sent_on_the_ordinary_one(
    connection: Connection, ids: list[UUID]
) -> None:
    claim = await asyncio.to_thread(connection.session.prepare, statements.CLAIM_KEY.cql)
    reads, counting = reads_of(connection)
    assert reads.joint is not None
    reads.joint._consistency = ConsistencyLevel.THREE  # of one node: Unavailable
    written = (f"key {uuid4()}", ids[0], 60, 1)
    assert await reads.read(claim, written, 10, as_it_is, as_it_is, Outcomes()) == []
    assert counting.ordinary == 1


async def test_the_quickest_read_tells_how_long_all_wait(
    connection: Connection, ids: list[UUID]
) -> None:
    statement = await prepared(connection)
    reads, _ = reads_of(connection)
    assert reads.quickest() == 0.0
    loop = asyncio.get_running_loop()
    began = loop.time()
    await rows_of(reads, statement, ids[0])
    took = loop.time() - began
    quickest = reads.quickest()
    assert 0.0 < quickest <= took
    assert reads.quickest() == 0.0, "nothing is under way any more"
    slow = rows_of(reads, statement, ids[1])
    await asyncio.sleep(0)
    assert reads.in_flight == 1
    reads._quickest = 0.7  # another was answered, after so long
    assert [reads.quickest(), reads.quickest()] == [0.7, 0.7], "it says so until one is quicker"
    await slow
    assert reads.quickest() < 0.7
