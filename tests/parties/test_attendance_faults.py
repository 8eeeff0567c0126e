"""Faults one by one, on a real Cassandra: a change is made once, whatever befalls its batches."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from datetime import timedelta
from typing import TYPE_CHECKING

import pytest

from graphql_api.errors import DeadlineExceededError, OutcomeUnknownError
from graphql_api.parties.change import Applied, NotFound, Reason, Refused
from graphql_api.parties.commit import CommitLimits
from graphql_api.parties.hosting import Delete, Update
from graphql_api.parties.operation import IdempotencyKey
from tests.support.faulty_driver import AMBIGUOUS, Fault, Late, LostAnswer, NeverSent, Slow
from tests.support.rival import Rival
from tests.support.some_parties import a_creation, a_drawn_key, a_key, join, leave

if TYPE_CHECKING:
    from cassandra.cluster import Session as DriverSession

    from graphql_api.parties.change import Change, Outcome
    from graphql_api.parties.operation import IdempotencyKey as Key

SHORT = CommitLimits(timeout=0.5)
ATTEMPTS = 100


async def unknown(server: Rival, change: Change) -> OutcomeUnknownError:
    """The error of a change whose time runs out while it is in doubt.

    On a slow machine time may run out before anything is proposed: then it is sent again.
    """
    for _ in range(ATTEMPTS):
        try:
            outcome = await server.commit(change)
        except DeadlineExceededError:
            continue
        except OutcomeUnknownError as error:
            return error
        raise AssertionError(outcome)
    raise AssertionError("it was never proposed")


async def settled(server: Rival, change: Change) -> Outcome:
    """The outcome of a change that is sent again, as clients do, until it is definite."""
    for _ in range(ATTEMPTS):
        with suppress(OutcomeUnknownError, DeadlineExceededError):
            return await server.commit(change)
    raise AssertionError("no outcome is ever told")


@pytest.mark.parametrize("key", [a_key(), a_drawn_key()], ids=["client's key", "drawn key"])
@pytest.mark.parametrize("error", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_a_lost_answer_is_found(server: Rival, key: Key, error: BaseException) -> None:
    party = await server.post(people=3)
    server.driver.faults.append(LostAnswer(error))
    outcome = await server.commit(join(party.party_id, key))
    assert outcome == Applied(party._replace(people=4, revision=2))
    assert server.driver.batches == 3  # the creation, the lost one and the one that found it
    ledger = await server.ledger(party.party_id)
    assert ledger.people_at == {1: 3, 2: 4}


@pytest.mark.parametrize("error", AMBIGUOUS.values(), ids=AMBIGUOUS.keys())
async def test_what_was_never_sent_is_sent_again(server: Rival, error: BaseException) -> None:
    party = await server.post(people=3)
    server.driver.faults.append(NeverSent(error))
    outcome = await server.commit(join(party.party_id, a_drawn_key()))
    assert outcome == Applied(party._replace(people=4, revision=2))
    assert (await server.ledger(party.party_id)).people_at == {1: 3, 2: 4}


async def test_a_lost_answer_is_not_a_conflict_with_itself(server: Rival) -> None:
    party = await server.post(people=3)
    server.driver.faults.append(LostAnswer())
    outcome = await server.commit(join(party.party_id, a_drawn_key(), expected=3))
    assert outcome == Applied(party._replace(people=4, revision=2))
    assert (await server.ledger(party.party_id)).people_at == {1: 3, 2: 4}


async def test_a_key_that_is_sent_twice_at_once_is_counted_once(server: Rival) -> None:
    party = await server.post(people=3)
    change = join(party.party_id)
    first, second = await asyncio.gather(server.commit(change), server.commit(change))
    assert first == second == Applied(party._replace(people=4, revision=2))
    assert (await server.ledger(party.party_id)).people_at == {1: 3, 2: 4}
    assert server.driver.batch_sizes == [2, 2]  # each a head and one operation


async def test_a_lost_answer_of_a_refusal_is_found(server: Rival) -> None:
    party = await server.post(people=3)
    server.driver.faults.append(LostAnswer())
    outcome = await server.commit(join(party.party_id, expected=4))
    assert outcome == Refused(Reason.CONFLICT, party)
    operations = (await server.ledger(party.party_id)).operations
    assert sorted((row.delta, row.refusal or "") for row in operations.values()) == [
        (0, ""),
        (0, "conflict"),
    ]


async def test_a_party_is_posted_once(server: Rival) -> None:
    creation = a_creation(people=3)
    server.driver.faults.append(LostAnswer())
    outcome = await server.commit(creation)
    assert isinstance(outcome, Applied)
    assert (outcome.party.party_id, outcome.party.revision) == (creation.party_id, 1)
    assert await server.commit(creation) == outcome
    assert (await server.ledger(creation.party_id)).people_at == {1: 3}


async def test_a_request_that_arrives_after_its_answer_is_not_applied(server: Rival) -> None:
    party = await server.post(people=3)
    late = Late()
    server.driver.faults.append(late)
    outcome = await server.commit(join(party.party_id))
    assert outcome == Applied(party._replace(people=4, revision=2))
    assert not await late.arrive()
    assert (await server.ledger(party.party_id)).people_at == {1: 3, 2: 4}


async def test_a_request_that_arrives_on_the_same_count_but_not_the_same_party(
    driver: DriverSession, other: Rival
) -> None:
    """A count comes back to an old value, a revision never does."""
    server = await Rival.open(driver, SHORT)
    party = await other.post(people=3)
    late, change = Late(reports_at_once=False), join(party.party_id)
    server.driver.faults.append(late)
    await unknown(server, change)
    await other.commit(leave(party.party_id))
    await other.commit(join(party.party_id))
    assert not await late.arrive()
    assert (await other.ledger(party.party_id)).people_at == {1: 3, 2: 2, 3: 3}
    assert await other.commit(change) == Applied(party._replace(people=4, revision=4))


async def test_a_refused_change_that_was_in_flight_is_never_applied(
    driver: DriverSession, other: Rival
) -> None:
    """What one server proposed is refused by another, and the proposal arrives after that."""
    server = await Rival.open(driver, SHORT)
    party = await other.post(people=3)
    late, change = Late(reports_at_once=False), join(party.party_id, expected=3)
    server.driver.faults.append(late)
    await unknown(server, change)
    await other.commit(leave(party.party_id))
    refused = Refused(Reason.CONFLICT, party._replace(people=2, revision=2))
    assert await other.commit(change) == refused
    await other.commit(join(party.party_id))
    assert not await late.arrive()
    late.report()
    assert await settled(server, change) == refused
    assert (await other.ledger(party.party_id)).people_at == {1: 3, 2: 2, 3: 3}


async def test_a_key_refused_by_one_server_is_not_applied_by_another(
    server: Rival, other: Rival
) -> None:
    """Both have it in flight: one on a count at which it is right, one on a count at which not."""
    party = await other.post(people=3)
    change, lost = join(party.party_id, expected=3), Late(reports_at_once=False)
    server.driver.faults.append(lost)
    in_flight = asyncio.create_task(server.commit(change))
    await lost.is_reached.wait()
    await other.commit(leave(party.party_id))
    refused = await other.commit(change)
    await other.commit(join(party.party_id))  # and now it would be right again
    lost.report()
    assert refused == Refused(Reason.CONFLICT, party._replace(people=2, revision=2))
    assert await in_flight == refused
    assert (await other.ledger(party.party_id)).head.people == 3


async def test_a_key_applied_by_one_server_is_not_refused_by_another(
    server: Rival, other: Rival
) -> None:
    party = await other.post(people=3)
    change, slow = join(party.party_id, expected=3), Slow()
    server.driver.faults.append(slow)
    in_flight = asyncio.create_task(server.commit(change))
    await slow.decided()
    applied = Applied(party._replace(people=4, revision=2))
    assert await other.commit(change) == applied
    slow.deliver()
    assert await in_flight == applied
    assert (await other.ledger(party.party_id)).people_at == {1: 3, 2: 4}


async def test_a_refusal_under_a_drawn_key_in_doubt_is_recorded(server: Rival) -> None:
    """It was right behind its neighbour and is not alone, but both may be applied yet."""
    party = await server.post(people=3)
    neighbour, change = leave(party.party_id), join(party.party_id, a_drawn_key(), expected=2)
    late = Late(reports_at_once=False)
    server.driver.faults.append(late)
    leaving = asyncio.create_task(server.commit(neighbour))
    joining = asyncio.create_task(server.commit(change))
    await late.is_reached.wait()
    leaving.cancel()  # nobody waits for the neighbour any more, so it is not proposed again
    await asyncio.wait({leaving})
    late.report()
    assert await joining == Refused(Reason.CONFLICT, party)
    assert not await late.arrive()
    ledger = await server.ledger(party.party_id)
    assert ledger.people_at == {1: 3}
    assert ledger.operations[change.key.operation_key].refusal == "conflict"
    assert server.driver.batch_sizes == [2, 3, 2]


async def test_a_refusal_under_a_drawn_key_is_confirmed_without_a_trace(server: Rival) -> None:
    party = await server.post(people=3)
    outcome = await server.commit(join(party.party_id, a_drawn_key(), expected=2))
    assert outcome == Refused(Reason.CONFLICT, party)
    assert len((await server.ledger(party.party_id)).operations) == 1  # the creation
    assert server.driver.batches == 1


@pytest.mark.parametrize("key", [a_key(), a_drawn_key()], ids=["client's key", "drawn key"])
async def test_an_unknown_outcome_is_resolved_when_it_is_sent_again(
    driver: DriverSession, other: Rival, key: Key
) -> None:
    server = await Rival.open(driver, SHORT)
    party = await other.post(people=3)
    slow = Slow()
    server.driver.faults.append(slow)
    error = await unknown(server, join(party.party_id, key))
    sent_again = IdempotencyKey("", error.idempotency_key)
    applied = Applied(party._replace(people=4, revision=2))
    assert await other.commit(join(party.party_id, sent_again)) == applied
    slow.deliver()
    assert await settled(server, join(party.party_id, sent_again)) == applied
    assert (await other.ledger(party.party_id)).people_at == {1: 3, 2: 4}


async def test_what_was_never_sent_before_the_deadline_is_unknown_and_then_made(
    driver: DriverSession, other: Rival
) -> None:
    server = await Rival.open(driver, SHORT)
    party = await other.post(people=3)
    server.driver.faults.extend([NeverSent()] * 1000)
    change = join(party.party_id)
    await unknown(server, change)
    server.driver.faults.clear()
    assert await settled(server, change) == Applied(party._replace(people=4, revision=2))


async def test_a_change_whose_caller_gave_up_in_the_queue_is_never_applied(
    driver: DriverSession, other: Rival
) -> None:
    server = await Rival.open(driver, SHORT)
    party = await other.post(people=3)
    slow = Slow()
    server.driver.faults.append(slow)
    first = asyncio.create_task(unknown(server, join(party.party_id)))
    await slow.decided()
    with pytest.raises(DeadlineExceededError):
        await server.commit(join(party.party_id))
    await first
    slow.deliver()
    last = await settled(server, join(party.party_id))
    assert last == Applied(party._replace(people=5, revision=3))
    assert (await server.ledger(party.party_id)).people_at == {1: 3, 2: 4, 3: 5}


async def test_a_caller_who_goes_away_changes_nothing_for_others(server: Rival) -> None:
    party = await server.post(people=3)
    slow, change = Slow(), join(party.party_id)
    server.driver.faults.append(slow)
    gone = asyncio.create_task(server.commit(change))
    await slow.decided()
    gone.cancel()
    waiting = asyncio.create_task(server.commit(join(party.party_id)))
    again = asyncio.create_task(server.commit(change))
    await asyncio.sleep(0)
    slow.deliver()
    assert await waiting == Applied(party._replace(people=5, revision=3))
    assert await again == Applied(party._replace(people=4, revision=2))
    assert (await server.ledger(party.party_id)).people_at == {1: 3, 2: 4, 3: 5}


async def test_an_update_that_time_has_made_invalid_is_not_made_after_that_was_told(
    driver: DriverSession, other: Rival
) -> None:
    """It was proposed when its date was ahead, and is sent again when that has passed."""
    server = await Rival.open(driver, SHORT)
    party = await other.post(people=3)
    late, key = Late(reports_at_once=False), a_key()
    server.driver.faults.append(late)
    changes = {"date": party.date - timedelta(days=1)}
    await unknown(server, Update(party.party_id, key, changes))
    too_late = Update(party.party_id, key, changes, is_out_of_time=True)
    refused = Refused(Reason.OUT_OF_TIME, party)
    assert await other.commit(too_late) == refused
    assert not await late.arrive()
    assert await other.commit(too_late) == refused
    assert (await other.ledger(party.party_id)).head == party


@pytest.mark.parametrize("fault", [NeverSent, LostAnswer, Late])
async def test_a_join_in_doubt_of_a_party_that_is_deleted_meanwhile(
    server: Rival, other: Rival, fault: type[Fault]
) -> None:
    """It came before the deletion or does not come at all."""
    party = await other.post(people=3)
    befalls, waits = fault(), Late(reports_at_once=False)
    server.driver.faults.extend([befalls, waits])
    in_doubt = asyncio.create_task(server.commit(join(party.party_id)))
    await waits.is_reached.wait()
    deletion = await other.commit(Delete(party.party_id, a_key()))
    waits.report()
    outcome = await in_doubt
    if isinstance(befalls, Late):
        assert not await befalls.arrive()
    assert not await waits.arrive()
    ledger = await other.ledger(party.party_id)
    if fault is LostAnswer:
        assert isinstance(outcome, Applied)
        assert (outcome.party.people, outcome.party.revision) == (4, 2)
        assert ledger.people_at == {1: 3, 2: 4, 3: 4}
    else:
        assert outcome == NotFound()
        assert ledger.people_at == {1: 3, 2: 3}
    assert isinstance(deletion, Applied)
    assert ledger.head.closed
