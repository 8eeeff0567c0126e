"""Conditional batches of one turn in one piece: the driver's answers, and nothing is sent twice."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any
from uuid import UUID, uuid4

import cassandra
import pytest
from cassandra import ConsistencyLevel
from cassandra.connection import ConnectionShutdown

from graphql_api.store import statements
from graphql_api.store.bridge import Bridge
from graphql_api.store.connection import Connection, connect
from graphql_api.store.proposals import Proposals
from tests.support.parties import post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from graphql_api.app import Parts
    from graphql_api.settings import Settings

CONDITIONAL = statements.Profile.CONDITIONAL.value


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


@pytest.fixture
async def connection(settings: Settings, parts: Parts) -> AsyncIterator[Connection]:
    del parts
    opened = await connect(settings)
    await asyncio.to_thread(opened.session.set_keyspace, settings.keyspace)
    yield opened
    await opened.close()


async def prepared(connection: Connection, statement: statements.Statement) -> Any:
    return await asyncio.to_thread(connection.session.prepare, statement.cql)


def proposals_of(connection: Connection, *, joins: bool = True) -> tuple[Proposals, Counting]:
    counting = Counting(connection.session)
    bridge = Bridge(asyncio.get_running_loop())
    made = Proposals(counting, bridge, CONDITIONAL, joins_pushes=joins)
    assert (made.joint is not None) == joins
    return made, counting


async def changes(connection: Connection, party_id: UUID, key: str, revision: int) -> list[Any]:
    """A batch that makes this revision of a party, with an operation under a key."""
    count = await prepared(connection, statements.COUNT_PEOPLE)
    operation = await prepared(connection, statements.INSERT_OPERATION)
    before = revision - 1
    return [
        (count, (revision, revision, cassandra.query.UNSET_VALUE, party_id, before)),
        (operation, (party_id, key, b"d", 1, revision, revision, None, 60)),
    ]


async def test_both_ways_answer_alike(connection: Connection, parts: Parts) -> None:
    party_id = (await post(parts)).party_id
    refused = []
    for joins, key, revision in ((True, "a", 2), (False, "b", 3)):
        proposals, counting = proposals_of(connection, joins=joins)
        applied = await proposals.send(await changes(connection, party_id, key, revision))
        assert applied == [{"[applied]": True}]
        assert counting.ordinary == (0 if joins else 1)
    for joins in (True, False):
        proposals, _ = proposals_of(connection, joins=joins)
        batches = [
            await changes(connection, party_id, "a", 4),
            await changes(connection, party_id, "c", 2),
            await changes(connection, uuid4(), "a", 2),
        ]
        refused.append([await proposals.send(batch) for batch in batches])
    assert refused[0] == refused[1]
    key_taken, outdated, nowhere = refused[0]
    assert [(row["[applied]"], row["kind"], row["key"]) for row in key_taken] == [
        (False, 0, ""),
        (False, 1, "a"),
    ]
    assert [(row["people"], row["rev"]) for row in outdated] == [(3, 3)]
    assert nowhere == [{"[applied]": False}]


async def test_proposals_of_one_turn_are_each_answered(
    connection: Connection, parts: Parts
) -> None:
    proposals, counting = proposals_of(connection)
    heads = await asyncio.gather(*(post(parts) for _ in range(12)))
    batches = [await changes(connection, head.party_id, "k", 2) for head in heads]
    rows = await asyncio.gather(*map(proposals.send, batches))
    assert rows == [[{"[applied]": True}]] * 12
    assert counting.ordinary == 0


@pytest.mark.parametrize("joins", [True, False])
async def test_what_cassandra_raises_is_told_as_the_driver_tells_it(
    connection: Connection, parts: Parts, *, joins: bool
) -> None:
    proposals, counting = proposals_of(connection, joins=joins)
    head = await post(parts)
    batch = await changes(connection, head.party_id, "k", 2)
    if proposals.joint is None:
        profile = connection.session.get_execution_profile(CONDITIONAL)
        profile.consistency_level = ConsistencyLevel.THREE  # of one node
    else:
        proposals.joint._consistency = ConsistencyLevel.THREE
    with pytest.raises(cassandra.WriteFailure):  # though the proposal was accepted
        await proposals.send(batch)
    assert counting.ordinary == (0 if joins else 1)


async def test_statements_that_cassandra_has_forgotten_are_prepared_anew(
    connection: Connection, parts: Parts
) -> None:
    proposals, counting = proposals_of(connection)
    head = await post(parts)
    batch = await changes(connection, head.party_id, "k", 2)
    assert proposals.joint is not None
    form = proposals.joint.form(batch[0][0])
    known, forgotten = batch[0][0].query_id, uuid4().bytes
    form._start_in_batch = form._start_in_batch.replace(known, forgotten)
    assert await proposals.send(batch) == [{"[applied]": True}]
    assert counting.ordinary == 1


async def test_a_lost_connection_is_told_and_nothing_is_sent_again(
    connection: Connection, parts: Parts
) -> None:
    proposals, counting = proposals_of(connection)
    head = await post(parts)
    sent = proposals.send(await changes(connection, head.party_id, "k", 2))
    await asyncio.sleep(0)
    (pool,) = connection.session._pools.values()
    pool._connection.close()
    with pytest.raises(ConnectionShutdown):
        await sent
    assert counting.ordinary == 0


async def test_who_gives_up_before_anything_was_sent_sends_nothing(
    connection: Connection, parts: Parts
) -> None:
    proposals, counting = proposals_of(connection)
    head = await post(parts)
    sent = proposals.send(await changes(connection, head.party_id, "k", 2))
    sent.cancel()
    await asyncio.sleep(0.1)
    assert (await parts.store.read_head(head.party_id)) == head
    assert counting.ordinary == 0
