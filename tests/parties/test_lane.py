"""How changes of one party wait, go together and end; in a simulation, so without waiting."""

from __future__ import annotations

import asyncio
import gc
import weakref
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.deadlines import begin
from graphql_api.errors import (
    DatabaseUnavailableError,
    DeadlineExceededError,
    OutcomeUnknownError,
    OverloadedError,
)
from graphql_api.parties.change import Applied, KeyReused, NotFound, Reason, Refused
from graphql_api.parties.commit import CommitLimits
from graphql_api.parties.hosting import Delete, Update
from graphql_api.store.failures import AmbiguousError
from tests.support.simulated_server import Server
from tests.support.simulation import Faults, simulate
from tests.support.some_parties import a_creation, a_drawn_key, a_key, join, leave

if TYPE_CHECKING:
    from graphql_api.parties.change import Change, Outcome
    from graphql_api.store.rows import PartyHead


async def in_flight(server: Server, party: PartyHead) -> asyncio.Task[Outcome]:
    """A join whose batch is on its way."""
    proposals = len(server.store.proposals)
    task = asyncio.create_task(server.commit(join(party.party_id)))
    for _ in range(1000):
        await asyncio.sleep(0.001)
        if len(server.store.proposals) > proposals:
            return task
    raise AssertionError("nothing was proposed")


async def behind_a_proposal(server: Server, party: PartyHead, *changes: Change) -> list[Outcome]:
    """The outcomes of changes that all arrive while a join of the same party is in flight."""
    first = await in_flight(server, party)
    outcomes = await asyncio.gather(*(server.commit(change) for change in changes))
    await first
    return outcomes


def sizes(server: Server) -> list[int]:
    """How many operations went in each batch since the creation."""
    return [len(keys) for keys in server.store.proposals[1:]]


def test_what_arrives_during_a_proposal_goes_together_in_the_next() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post()
        copies = server.store.copies_written
        joins = [join(party.party_id) for _ in range(50)]
        outcomes = await behind_a_proposal(server, party, *joins)
        assert outcomes == [
            Applied(party._replace(people=2 + place, revision=3 + place)) for place in range(50)
        ]
        assert sizes(server) == [1, 50]
        assert server.store.copies_written == copies + 2  # one for each batch

    simulate(scenario())


def test_a_group_has_a_limit() -> None:
    async def scenario() -> None:
        server = Server(limits=CommitLimits(group_size=20))
        party = await server.post()
        await behind_a_proposal(server, party, *(join(party.party_id) for _ in range(50)))
        assert sizes(server) == [1, 20, 20, 10]

    simulate(scenario())


def test_a_key_that_is_sent_twice_at_once_is_one_change() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post()
        change = join(party.party_id)
        outcomes = await behind_a_proposal(server, party, change, change, join(party.party_id))
        once = Applied(party._replace(people=2, revision=3))
        assert outcomes == [once, once, Applied(party._replace(people=3, revision=4))]
        assert sizes(server) == [1, 2]

    simulate(scenario())


def test_a_key_that_is_sent_for_two_things_at_once_is_one_of_them() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post(people=5)
        key = a_key()
        joining, leaving = join(party.party_id, key), leave(party.party_id, key)
        outcomes = await behind_a_proposal(
            server, party, joining, leaving, joining, join(party.party_id)
        )
        assert outcomes == [
            Applied(party._replace(people=7, revision=3)),
            KeyReused(),
            Applied(party._replace(people=7, revision=3)),
            Applied(party._replace(people=8, revision=4)),
        ]

    simulate(scenario())


def test_neighbours_in_a_group_do_not_fail_each_other() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post(people=3, capacity=5)
        repeated = join(party.party_id)
        first = await server.commit(repeated)
        used = leave(party.party_id, repeated.key)
        outcomes = await behind_a_proposal(
            server,
            party,
            join(party.party_id),  # full: the one before was the fifth
            repeated,
            leave(party.party_id, a_drawn_key(), expected=3),  # a conflict
            leave(party.party_id),
            used,
            join(party.party_id, expected=4),
        )
        now = party._replace(people=5, revision=3)
        assert outcomes == [
            Refused(Reason.FULL, now),
            first,
            Refused(Reason.CONFLICT, now),
            Applied(party._replace(people=4, revision=4)),
            KeyReused(),
            Applied(party._replace(people=5, revision=5)),
        ]

    simulate(scenario())


def test_what_replaces_more_than_the_count_goes_alone() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post()
        of = party.party_id
        outcomes = await behind_a_proposal(
            server,
            party,
            join(of),
            join(of),
            Update(of, a_key(), {"name": "Another"}),
            join(of),
            Delete(of, a_key()),
            join(of),
            join(of),
        )
        assert sizes(server) == [1, 2, 1, 1, 1]
        assert [type(outcome) for outcome in outcomes] == [*[Applied] * 5, NotFound, NotFound]

    simulate(scenario())


def test_a_creation_that_is_sent_twice_at_once_posts_one_party() -> None:
    async def scenario() -> None:
        server = Server()
        creation = a_creation(people=2)
        first, second = await asyncio.gather(server.commit(creation), server.commit(creation))
        assert first == second
        assert len(server.store.tables.heads) == 1

    simulate(scenario())


def test_what_cannot_be_decided_before_its_deadline_is_refused_before_anything_is_sent() -> None:
    async def scenario() -> None:
        server = Server(limits=CommitLimits(group_size=1))
        party = await server.post()
        tasks = [await in_flight(server, party)]
        tasks += [asyncio.create_task(server.commit(join(party.party_id))) for _ in range(20)]
        await tasks[0]
        (lane,) = server.committer._lanes.values()
        assert lane.expected_wait > 0
        proposed = len(server.store.proposals)

        async def hurried() -> Outcome:
            begin(lane.expected_wait / 2)
            return await server.commit(join(party.party_id))

        with pytest.raises(OverloadedError):
            await asyncio.create_task(hurried())
        assert len(server.store.proposals) == proposed
        outcomes = await asyncio.gather(*tasks)
        assert all(isinstance(outcome, Applied) for outcome in outcomes)

    simulate(scenario())


def test_no_more_parties_are_changed_at_once_than_may() -> None:
    async def scenario() -> None:
        server = Server(limits=CommitLimits(changing_parties=1))
        party, other = await server.post(), await server.post()
        task = await in_flight(server, party)
        with pytest.raises(OverloadedError):
            await server.commit(join(other.party_id))
        assert isinstance(await task, Applied)

    simulate(scenario())


def test_a_full_queue_refuses_before_anything_is_sent() -> None:
    async def scenario() -> None:
        server = Server(limits=CommitLimits(queue_length=2))
        party = await server.post()
        tasks = [await in_flight(server, party)]
        tasks += [asyncio.create_task(server.commit(join(party.party_id))) for _ in range(2)]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        reads = server.store.reads
        with pytest.raises(OverloadedError):
            await server.commit(join(party.party_id))
        assert (sizes(server), server.store.reads) == ([1], reads)
        await asyncio.gather(*tasks)
        assert server.store.tables.heads[party.party_id].people == 3

    simulate(scenario())


def test_a_doubt_outlives_what_is_learnt_for_somebody_else(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """The head has moved by what is in doubt; that the next proposal fails says nothing of it."""

    async def scenario() -> None:
        server = Server()
        party = await server.post(people=3)
        propose, proposed = server.store.propose, asyncio.Event()

        async def applied_unheard_and_never_again(*arguments: Any) -> Any:
            if proposed.is_set():
                raise DatabaseUnavailableError
            proposed.set()
            await propose(*arguments)
            raise AmbiguousError

        monkeypatch.setattr(server.store, "propose", applied_unheard_and_never_again)
        ann = asyncio.create_task(server.commit(join(party.party_id, attendee="ann")))
        await proposed.wait()
        # Of bob it is looked up whether he has joined: that would be the better reason.
        bob = server.commit(leave(party.party_id, expected=99, attendee="bob"))
        outcomes = await asyncio.gather(ann, bob, return_exceptions=True)
        assert isinstance(outcomes[0], (Applied, OutcomeUnknownError))
        assert isinstance(outcomes[1], DatabaseUnavailableError)
        assert server.store.tables.heads[party.party_id].people == 4

    simulate(scenario())


def test_an_idle_party_leaves_nothing_behind() -> None:
    async def scenario() -> None:
        server = Server()
        parties = [await server.post() for _ in range(20)]
        tasks = [asyncio.create_task(server.commit(join(party.party_id))) for party in parties * 3]
        await asyncio.sleep(0)
        await asyncio.sleep(0)
        lanes = [weakref.ref(lane) for lane in server.committer._lanes.values()]
        assert len(lanes) == 20
        await asyncio.gather(*tasks)
        del tasks
        await asyncio.sleep(1)
        assert (server.committer._lanes, server.committer._running) == ({}, set())
        assert len(asyncio.all_tasks()) == 1
        gc.collect()
        assert [lane() for lane in lanes] == [None] * 20

    simulate(scenario())


def test_proposals_in_flight_are_bounded_for_the_whole_process() -> None:
    async def scenario() -> None:
        server = Server(limits=CommitLimits(proposals_in_flight=3))
        parties = [await server.post() for _ in range(12)]
        in_flight, most, propose = 0, 0, server.store.propose

        async def counted(*arguments: Any) -> Any:
            nonlocal in_flight, most
            in_flight += 1
            most = max(most, in_flight)
            try:
                return await propose(*arguments)
            finally:
                in_flight -= 1

        server.store.propose = counted  # type: ignore[method-assign, assignment]
        await asyncio.gather(*(server.commit(join(party.party_id)) for party in parties * 5))
        assert most == 3

    simulate(scenario())


def test_what_cannot_be_read_is_not_proposed() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post()
        server.store.faults = Faults(0, 0, 0, reads_fail=1.0)
        with pytest.raises(DatabaseUnavailableError):
            await server.commit(join(party.party_id))
        assert sizes(server) == []

    simulate(scenario())


def test_nothing_but_the_deadline_ends_a_doubt() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post()
        server.store.faults = Faults(lost_answers=0, never_sent=1.0, late=0, reads_fail=1.0)
        began = asyncio.get_running_loop().time()
        with pytest.raises(OutcomeUnknownError):
            await server.commit(a_creation())
        assert asyncio.get_running_loop().time() - began == pytest.approx(10.025, abs=0.026)
        with pytest.raises((DatabaseUnavailableError, DeadlineExceededError)):
            await server.commit(join(party.party_id))

    simulate(scenario())


def test_a_defect_ends_what_was_proposed_as_unknown() -> None:
    """Whether the batch was sent before something broke, nobody can say."""

    async def scenario() -> None:
        server = Server()
        party = await server.post()
        propose = server.store.propose

        async def broken(*arguments: Any) -> Any:
            await propose(*arguments)
            raise RuntimeError("a defect")

        server.store.propose = broken  # type: ignore[method-assign, assignment]
        change = join(party.party_id)
        with pytest.raises(OutcomeUnknownError):
            await server.commit(change)
        server.store.propose = propose  # type: ignore[method-assign]
        assert await server.commit(change) == Applied(party._replace(people=1, revision=2))

    simulate(scenario())


def test_a_defect_before_a_proposal_is_told_as_it_is() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post()

        async def broken(*_: Any) -> Any:
            raise RuntimeError("a defect")

        server.store.read_head = broken  # type: ignore[method-assign, assignment]
        with pytest.raises(RuntimeError, match="a defect"):
            await server.commit(join(party.party_id))

    simulate(scenario())


def test_what_is_decided_is_told_also_while_the_process_ends() -> None:
    async def scenario() -> None:
        server = Server()
        party = await server.post()
        writing = asyncio.Event()

        async def stuck(*_: Any) -> None:
            writing.set()
            await asyncio.sleep(3600)

        server.store.write_copy = stuck  # type: ignore[method-assign, assignment]
        joining = asyncio.create_task(server.committer.commit(join(party.party_id)))
        await writing.wait()
        await server.committer.close(0.1)
        await server.copies.close(0.1)
        async with asyncio.timeout(60):
            assert await joining == Applied(party._replace(people=1, revision=2))

    simulate(scenario())
