"""A test of the tests: each mistake that the algorithm avoids, made on purpose, turns them red.

A mutant is applied to the program as it runs; the test that is there to notice it must then fail.
"""

from __future__ import annotations

import asyncio
from random import Random
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.errors import DeadlineExceededError
from graphql_api.parties.known import Known
from graphql_api.parties.lane import Lane
from graphql_api.parties.pending import Pending
from graphql_api.store import party_store, session, statements
from graphql_api.store.failures import AmbiguousError, translate
from graphql_api.store.party_store import PartyStore
from graphql_api.store.rows import Decision
from graphql_api.store.statements import Statement
from tests.parties import test_attendance_faults as checks
from tests.parties import test_attendees as attendee_checks
from tests.parties import test_lane as lane_checks
from tests.support.crowd import Crowd
from tests.support.faulty_driver import AMBIGUOUS
from tests.support.rival import Rival
from tests.support.simulation import Faults, SimulatedTables, simulate
from tests.support.some_parties import a_key

if TYPE_CHECKING:
    from cassandra.cluster import Session as DriverSession

    from graphql_api.store.rows import PartyHead
    from graphql_api.store.session import Bound

CROWDS = range(40)


async def test_the_condition_on_people_in_place_of_rev(
    monkeypatch: pytest.MonkeyPatch, driver: DriverSession
) -> None:
    """The count came back: a proposal on the old one applies, and a revision is given twice."""
    by_rev = statements.COUNT_PEOPLE
    by_people = Statement(by_rev.name, by_rev.cql.replace("IF rev", "IF people"), by_rev.profile)
    replacement = party_store._replacement

    def on_people(before: PartyHead | None, after: PartyHead) -> Bound:
        statement, parameters = replacement(before, after)
        if statement is not by_people or before is None:
            return statement, parameters
        return statement, (*parameters[:-1], before.people)

    everything = (*(each for each in statements.ALL if each is not by_rev), by_people)
    monkeypatch.setattr(statements, "COUNT_PEOPLE", by_people)
    monkeypatch.setattr(statements, "ALL", everything)
    monkeypatch.setattr(party_store, "_replacement", on_people)
    other = await Rival.open(driver)
    with pytest.raises(AssertionError):
        await checks.test_a_request_that_arrives_on_the_same_count_but_not_the_same_party(
            driver, other
        )


async def test_resolution_skipped_and_taken_for_failed(
    monkeypatch: pytest.MonkeyPatch, server: Rival
) -> None:
    """A time-out is told as an error that says that nothing was changed."""

    def never_ambiguous(statement: Statement, cause: BaseException, **_: bool) -> Exception:
        return translate(statement, cause, conditional=False)

    monkeypatch.setattr(session, "translate", never_ambiguous)
    with pytest.raises(DeadlineExceededError):
        await checks.test_a_lost_answer_is_found(server, a_key(), AMBIGUOUS["client time-out"])


async def test_resolution_skipped_and_taken_for_refused(
    monkeypatch: pytest.MonkeyPatch, server: Rival
) -> None:
    """After a time-out the head is read, but not the operation."""
    propose = PartyStore.propose

    async def never_ambiguous(
        store: PartyStore, before: PartyHead | None, after: PartyHead, *rest: Any
    ) -> Decision:
        try:
            return await propose(store, before, after, *rest)
        except AmbiguousError:
            head = await store.read_head(after.party_id)
            return Decision(applied=False, head=head, operations={})

    monkeypatch.setattr(PartyStore, "propose", never_ambiguous)
    with pytest.raises(AssertionError):
        await checks.test_a_lost_answer_is_not_a_conflict_with_itself(server)


async def test_refusals_not_recorded(
    monkeypatch: pytest.MonkeyPatch, server: Rival, other: Rival
) -> None:
    """One server refuses a key and another applies it."""
    monkeypatch.setattr(Pending, "records_refusal", False)
    with pytest.raises(AssertionError):
        await checks.test_a_key_refused_by_one_server_is_not_applied_by_another(server, other)


async def test_refusals_recorded_for_clients_keys_only(
    monkeypatch: pytest.MonkeyPatch, server: Rival
) -> None:
    """A refusal is told while a proposal of the change is still on its way."""
    recorded = property(lambda pending: not pending.change.key.is_drawn)
    monkeypatch.setattr(Pending, "records_refusal", recorded)
    with pytest.raises(AssertionError):
        await checks.test_a_refusal_under_a_drawn_key_in_doubt_is_recorded(server)


async def test_a_caller_who_gave_up_is_proposed(
    monkeypatch: pytest.MonkeyPatch, driver: DriverSession, other: Rival
) -> None:
    """It is told that nothing was changed, and then it is."""
    monkeypatch.setattr(Pending, "is_open", property(lambda pending: not pending.is_decided))
    with pytest.raises(AssertionError):
        await checks.test_a_change_whose_caller_gave_up_in_the_queue_is_never_applied(driver, other)


def _twice_in_one_group(monkeypatch: pytest.MonkeyPatch) -> None:
    def take(lane: Lane) -> list[Pending]:
        group = list(lane._queue)
        lane._queue.clear()
        return group

    def pending(lane: Lane, change: Any) -> Pending:
        made = Pending(change, lane._deadlines)
        lane._queue.append(made)
        return made

    monkeypatch.setattr(Lane, "_take", take)
    monkeypatch.setattr(Lane, "_pending", pending)


async def test_a_duplicate_key_in_one_group(monkeypatch: pytest.MonkeyPatch, server: Rival) -> None:
    """Cassandra applies the same insert-if-not-exists twice over in one batch."""
    _twice_in_one_group(monkeypatch)
    with pytest.raises(AssertionError):
        await checks.test_a_key_that_is_sent_twice_at_once_is_counted_once(server)


def test_a_duplicate_key_in_one_group_of_the_simulation(monkeypatch: pytest.MonkeyPatch) -> None:
    _twice_in_one_group(monkeypatch)
    with pytest.raises(AssertionError):
        lane_checks.test_a_key_that_is_sent_twice_at_once_is_one_change()


def _crowds_are_counted() -> None:
    faults = Faults(lost_answers=0.3, never_sent=0.1, late=0.3, reads_fail=0.1)
    for seed in CROWDS:
        try:
            simulate(Crowd(Random(seed), faults).live())
        except* AssertionError as failed:
            raise AssertionError(seed) from failed


def test_the_simulation_notices_refusals_that_are_not_recorded(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    monkeypatch.setattr(Pending, "records_refusal", False)
    with pytest.raises(AssertionError):
        _crowds_are_counted()


def test_the_simulation_notices_doubts_that_are_forgotten(monkeypatch: pytest.MonkeyPatch) -> None:
    propose = Lane._propose

    async def forgetful(lane: Lane, group: Any, *rest: Any) -> bool:
        try:
            return await propose(lane, group, *rest)
        finally:
            for pending in group:
                pending.in_doubt_at = None

    monkeypatch.setattr(Lane, "_propose", forgetful)
    with pytest.raises(AssertionError):
        _crowds_are_counted()


def test_the_simulation_notices_batches_without_a_condition(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """What is applied on any revision is applied late, too."""
    apply = SimulatedTables.apply

    def unconditional(tables: SimulatedTables, before: Any, after: Any, *rest: Any) -> Decision:
        return apply(tables, before and tables.heads[after.party_id], after, *rest)

    monkeypatch.setattr(SimulatedTables, "apply", unconditional)
    with pytest.raises(AssertionError):
        _crowds_are_counted()


def test_the_simulation_notices_people_who_are_twice_in_a_group(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Cassandra applies the same insert-if-not-exists twice over in one batch."""
    created = Pending.__init__

    def by_key_alone(pending: Pending, change: Any, deadlines: Any) -> None:
        created(pending, change, deadlines)
        pending.takes = frozenset({change.key.operation_key})

    monkeypatch.setattr(Pending, "__init__", by_key_alone)
    with pytest.raises(AssertionError):
        attendee_checks.test_who_presses_twice_at_once_joins_once(a_key)


def test_the_simulation_notices_attendees_that_are_not_in_the_batch(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    apply = SimulatedTables.apply

    def without(tables: SimulatedTables, before: Any, after: Any, *rest: Any) -> Decision:
        rows, _, now = rest
        return apply(tables, before, after, rows, (), now)

    monkeypatch.setattr(SimulatedTables, "apply", without)
    with pytest.raises(AssertionError):
        _crowds_are_counted()


def test_the_simulation_notices_what_is_known_of_people_kept_for_too_long(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    """Somebody left or joined through another server, and the head has moved."""

    def learn(known: Known, head: Any, joined: Any = None) -> None:
        known.joined.update(joined or {})
        known.head, known.is_read = head, True

    monkeypatch.setattr(Known, "learn", learn)
    with pytest.raises(AssertionError):
        _crowds_are_counted()


async def test_without_a_mutant_all_is_green(driver: DriverSession) -> None:
    """The checks that the mutants turn red, on the program as it is."""

    async def a_server() -> Rival:
        return await Rival.open(driver)

    await checks.test_a_request_that_arrives_on_the_same_count_but_not_the_same_party(
        driver, await a_server()
    )
    await asyncio.gather(
        checks.test_a_lost_answer_is_found(await a_server(), a_key(), AMBIGUOUS["client time-out"]),
        checks.test_a_lost_answer_is_not_a_conflict_with_itself(await a_server()),
        checks.test_a_key_refused_by_one_server_is_not_applied_by_another(
            await a_server(), await a_server()
        ),
        checks.test_a_refusal_under_a_drawn_key_in_doubt_is_recorded(await a_server()),
        checks.test_a_change_whose_caller_gave_up_in_the_queue_is_never_applied(
            driver, await a_server()
        ),
        checks.test_a_key_that_is_sent_twice_at_once_is_counted_once(await a_server()),
    )
