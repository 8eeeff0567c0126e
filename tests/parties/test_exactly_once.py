"""A change is applied once, or truthfully said to be unknown, whatever the network does to it."""

from __future__ import annotations

import asyncio
from itertools import product
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.caller import ANYBODY
from graphql_api.errors import (
    DatabaseUnavailableError,
    DeadlineExceededError,
    OutcomeUnknownError,
)
from graphql_api.parties import hosting
from graphql_api.parties.attendance import Attend
from graphql_api.parties.change import Applied, KeyReused, NotFound, Reason, Refused
from graphql_api.parties.operation import IdempotencyKey
from graphql_api.store import statements
from tests.support.faults import Held, a_committer, applies_unheard, lost
from tests.support.parties import post

if TYPE_CHECKING:
    from collections.abc import Callable

    from graphql_api.app import Parts
    from graphql_api.parties.change import Change
    from graphql_api.store.rows import PartyHead
    from tests.support.faults import Fault, Send

READ, CONFIRM = "read_head", "confirm_standing"
JOIN = "count_people+insert_operation"
REPLACE = "replace_head+insert_operation"


def join(head: PartyHead, key: str = "k", *, step: int = 1, **more: Any) -> Attend:
    return Attend(head.party_id, IdempotencyKey("", key), step, **more)


def drawn_join(head: PartyHead) -> Attend:
    return Attend(head.party_id, IdempotencyKey("", "drawn", is_drawn=True), 1)


def after(head: PartyHead, people: int, revision: int) -> PartyHead:
    return head._replace(people=people, revision=revision)


def applied(rows: Any) -> bool:
    """What Cassandra says of a conditional statement."""
    said: bool = rows[0]["[applied]"]
    return said


async def unavailable(_send: Send) -> Any:
    raise DatabaseUnavailableError


async def too_slow(_send: Send) -> Any:
    raise DeadlineExceededError


@pytest.mark.parametrize("make", [join, drawn_join])
async def test_an_answer_that_is_lost_is_found_where_it_stands_recorded(
    parts: Parts, make: Any
) -> None:
    head = await post(parts, people=2)
    committer, session = a_committer(parts, applies_unheard)
    assert await committer.commit(make(head)) == Applied(after(head, 3, 2))
    assert session.steps == [READ, JOIN, JOIN]
    assert await parts.store.read_head(head.party_id) == after(head, 3, 2)


@pytest.mark.parametrize("make", [join, drawn_join])
async def test_a_proposal_that_never_arrived_is_proposed_again(parts: Parts, make: Any) -> None:
    head = await post(parts, people=2)
    committer, session = a_committer(parts, lost, lost)
    assert await committer.commit(make(head)) == Applied(after(head, 3, 2))
    assert session.steps == [READ, JOIN, JOIN, JOIN]
    assert await parts.store.read_head(head.party_id) == after(head, 3, 2)


async def test_a_proposal_that_comes_late_does_not_apply_a_second_time(parts: Parts) -> None:
    head = await post(parts, people=2)
    late = Held(is_given_up=True)
    committer, _ = a_committer(parts, late)
    assert await committer.commit(join(head)) == Applied(after(head, 3, 2))
    assert not applied(await late.arrive())
    assert await parts.store.read_head(head.party_id) == after(head, 3, 2)


@pytest.mark.parametrize(("make", "last"), [(join, JOIN), (drawn_join, CONFIRM)])
async def test_a_proposal_that_comes_after_its_caller_was_refused_does_not_apply(
    parts: Parts, make: Any, last: str
) -> None:
    """Also where the count has come back to what it was proposed on."""
    head = await post(parts, people=2, capacity=3)
    late = Held(is_given_up=True)
    committer, session = a_committer(parts, late, overtaken(parts, join(head, "another")))
    assert await committer.commit(make(head)) == Refused(Reason.FULL, after(head, 3, 2))
    # A client's key has its refusal recorded; of a drawn one a SERIAL read is enough.
    assert session.steps == [READ, JOIN, JOIN, last]
    await parts.committer.commit(join(head, "a third", step=-1))
    assert not applied(await late.arrive())
    assert await parts.store.read_head(head.party_id) == after(head, 2, 3)


def overtaken(parts: Parts, change: Change) -> Fault:
    """Another server is quicker."""

    async def fault(send: Send) -> Any:
        await parts.committer.commit(change)
        return await send()

    return fault


async def test_a_change_proposed_on_an_older_head_is_judged_anew(parts: Parts) -> None:
    head = await post(parts, people=2)
    committer, session = a_committer(parts, overtaken(parts, join(head, "another")))
    assert await committer.commit(join(head)) == Applied(after(head, 4, 3))
    assert session.steps == [READ, JOIN, JOIN]
    stale = join(head, "expecting", expected_people=4)
    leaving = join(head, "leaving", step=-1)
    committer, session = a_committer(parts, overtaken(parts, leaving))
    assert await committer.commit(stale) == Refused(Reason.CONFLICT, after(head, 3, 4))
    assert session.steps == [READ, JOIN, JOIN]
    assert await parts.store.read_head(head.party_id) == after(head, 3, 4)


@pytest.mark.parametrize(("make", "second"), [(join, JOIN), (drawn_join, CONFIRM)])
async def test_a_refusal_is_given_on_a_serial_read_or_a_failed_condition_only(
    parts: Parts, make: Any, second: str
) -> None:
    """An ordinary read may be behind: the party that it shows full may not be."""
    head = await post(parts, people=3, capacity=3)
    rows = await parts.store._session.execute(statements.READ_HEAD, (head.party_id,))
    await parts.committer.commit(join(head, "leaving", step=-1))

    async def behind_the_times(_send: Send) -> Any:
        return rows

    committer, session = a_committer(parts, read_faults={READ: behind_the_times})
    assert await committer.commit(make(head)) == Applied(after(head, 3, 3))
    assert session.steps == [READ, second, JOIN]


async def test_a_party_is_missed_on_a_serial_read_only(parts: Parts) -> None:
    head = await post(parts, people=3)

    async def nothing_yet(_send: Send) -> Any:
        return []

    committer, session = a_committer(parts, read_faults={READ: nothing_yet})
    assert await committer.commit(join(head)) == Applied(after(head, 4, 2))
    assert session.steps == [READ, CONFIRM, JOIN]
    never = join(head._replace(party_id=IdempotencyKey("", "never").party_id))
    committer, session = a_committer(parts)
    assert await committer.commit(never) == NotFound()
    assert session.steps == [READ, CONFIRM]


async def test_a_refusal_of_a_clients_key_outlives_its_reason(parts: Parts) -> None:
    head = await post(parts, people=1, capacity=1)
    committer, session = a_committer(parts)
    refused = Refused(Reason.FULL, head)
    assert await committer.commit(join(head)) == refused
    assert session.steps == [READ, JOIN]
    await parts.committer.commit(join(head, "another", step=-1))
    elsewhere, session = a_committer(parts)
    assert await elsewhere.commit(join(head)) == refused
    assert session.steps == [READ, JOIN]
    assert await parts.store.read_head(head.party_id) == after(head, 0, 2)


@pytest.mark.parametrize("fault", [applies_unheard, lost])
async def test_a_refusal_whose_record_is_in_doubt_is_recorded_once(
    parts: Parts, fault: Fault
) -> None:
    head = await post(parts, people=1, capacity=1)
    committer, session = a_committer(parts, fault)
    assert await committer.commit(join(head)) == Refused(Reason.FULL, head)
    assert session.steps == [READ, JOIN, JOIN]
    assert await parts.store.read_head(head.party_id) == head
    await parts.committer.commit(join(head, "another", step=-1))
    assert await parts.committer.commit(join(head)) == Refused(Reason.FULL, head)


async def test_a_refusal_in_doubt_is_recorded_whoever_drew_the_key(parts: Parts) -> None:
    """A group in doubt loses a member: what then looks refused was not when it was proposed."""
    head = await post(parts, people=1, capacity=1)
    late = Held(is_given_up=True)

    async def first_gives_up(send: Send) -> Any:
        leaving.cancel()
        await asyncio.wait({leaving})
        return await late(send)

    committer, session = a_committer(parts, first_gives_up)
    leaving = asyncio.create_task(committer.commit(join(head, "leaving", step=-1)))
    joining = asyncio.create_task(committer.commit(drawn_join(head)))
    assert await joining == Refused(Reason.FULL, head)
    assert session.steps == [READ, f"{JOIN}+insert_operation", JOIN]
    assert not applied(await late.arrive())
    assert await parts.store.read_head(head.party_id) == head


async def test_the_same_key_refused_by_one_server_is_never_applied_by_another(
    parts: Parts,
) -> None:
    head = await post(parts, people=2, capacity=2)
    held = Held()
    applying, _ = a_committer(parts, held)
    refusing, _ = a_committer(parts)
    # One server is about to apply the change, on a head with room …
    await parts.committer.commit(join(head, "leaving", step=-1))

    on_its_way = asyncio.create_task(applying.commit(join(head)))
    await held.has_begun.wait()
    # … when the party fills up and another server refuses the same key.
    await parts.committer.commit(join(head, "filling"))
    full = after(head, 2, 3)
    assert await refusing.commit(join(head)) == Refused(Reason.FULL, full)
    await parts.committer.commit(join(head, "leaving again", step=-1))
    held.may_go.set()
    assert await on_its_way == Refused(Reason.FULL, full._replace(people=2, revision=3))
    assert await parts.store.read_head(head.party_id) == after(head, 1, 4)


async def test_the_same_key_applied_by_one_server_is_never_refused_by_another(
    parts: Parts,
) -> None:

    head = await post(parts, people=2, capacity=2)
    held = Held()
    refusing, session = a_committer(parts, held)
    on_its_way = asyncio.create_task(refusing.commit(join(head)))
    await held.has_begun.wait()
    assert session.steps == [READ, JOIN]
    await parts.committer.commit(join(head, "leaving", step=-1))
    applying, _ = a_committer(parts)
    applied = Applied(after(head, 2, 3))
    assert await applying.commit(join(head)) == applied
    held.may_go.set()
    assert await on_its_way == applied
    assert await parts.store.read_head(head.party_id) == after(head, 2, 3)


async def test_a_key_in_flight_twice_is_applied_once(parts: Parts) -> None:

    head = await post(parts, people=2)
    one, other = (a_committer(parts)[0] for _ in range(2))
    outcomes = await asyncio.gather(*(each.commit(join(head)) for each in (one, other, one)))
    assert outcomes == [Applied(after(head, 3, 2))] * 3
    assert await parts.store.read_head(head.party_id) == after(head, 3, 2)


async def test_a_key_in_flight_for_two_changes_is_applied_for_one(parts: Parts) -> None:

    head = await post(parts, people=2)
    one, other = (a_committer(parts)[0] for _ in range(2))
    outcomes = await asyncio.gather(
        one.commit(join(head)), other.commit(join(head, expected_people=2))
    )
    assert sorted(type(each).__name__ for each in outcomes) == ["Applied", "KeyReused"]
    assert await parts.store.read_head(head.party_id) == after(head, 3, 2)


async def test_at_the_deadline_the_outcome_is_unknown_and_its_key_resolves_it(
    parts: Parts,
) -> None:
    """Whether the proposal applied or not, and whoever drew the key."""

    async def shown(fault: Fault, make: Callable[[PartyHead], Attend]) -> None:
        head = await post(parts, people=2)
        change = make(head)
        silent = {CONFIRM: unavailable}
        committer, _ = a_committer(parts, fault, then=lost, read_faults=silent, timeout=2)
        with pytest.raises(OutcomeUnknownError) as unknown:
            await committer.commit(change)
        key = change.key.text
        assert unknown.value.extensions == {"code": "OUTCOME_UNKNOWN", "idempotencyKey": key}
        again = join(head, unknown.value.idempotency_key)
        assert await parts.committer.commit(again) == Applied(after(head, 3, 2))
        assert await parts.committer.commit(again) == Applied(after(head, 3, 2))
        assert await parts.store.read_head(head.party_id) == after(head, 3, 2)

    cases = product((applies_unheard, lost), (join, drawn_join))
    await asyncio.gather(*(shown(*case) for case in cases))


@pytest.mark.parametrize("fault", [unavailable, too_slow])
@pytest.mark.parametrize("name", [READ, CONFIRM])
async def test_what_was_never_sent_is_not_in_doubt(parts: Parts, fault: Fault, name: str) -> None:
    full = await post(parts, people=2, capacity=2)
    committer, session = a_committer(parts, read_faults={name: fault})
    with pytest.raises((DatabaseUnavailableError, DeadlineExceededError)):
        await committer.commit(drawn_join(full))
    assert session.steps == ([READ] if name == READ else [READ, CONFIRM])
    assert await parts.store.read_head(full.party_id) == full


async def test_a_creation_in_doubt_is_one_party(parts: Parts) -> None:
    for fault in (applies_unheard, lost):
        head = await post(parts)
        party = hosting.NewParty(head.city, "Once", head.date)
        change = hosting.create(ANYBODY, f"{fault.__name__}", party, head.created_at)
        assert isinstance(change, hosting.Create)
        committer, _ = a_committer(parts, fault)
        made = await committer.commit(change)
        assert isinstance(made, Applied)
        assert (made.party.revision, made.party.party_id) == (1, change.party_id)
        assert await parts.committer.commit(change) == made
        assert await parts.store.read_head(change.party_id) == made.party


async def test_a_deletion_in_doubt_closes_the_party_once(parts: Parts) -> None:
    head = await post(parts)
    committer, session = a_committer(parts, applies_unheard)
    change = hosting.Delete(head.party_id, IdempotencyKey("", "k"))
    closed = head._replace(closed=True, revision=2)
    assert await committer.commit(change) == Applied(closed)
    assert session.steps == [READ, REPLACE, REPLACE]
    assert await parts.committer.commit(change) == Applied(closed)
    assert await parts.committer.commit(join(head, "another")) == NotFound()


async def test_a_proposal_that_comes_after_the_deletion_reopens_nothing(parts: Parts) -> None:
    head = await post(parts)
    late = Held(is_given_up=True)

    deletion = hosting.Delete(head.party_id, IdempotencyKey("", "gone"))
    committer, _ = a_committer(parts, late, overtaken(parts, deletion))
    assert await committer.commit(join(head)) == NotFound()
    assert not applied(await late.arrive())
    assert await parts.store.read_head(head.party_id) == head._replace(closed=True, revision=2)


async def test_keys_belong_to_their_callers(parts: Parts) -> None:
    head = await post(parts)
    for number, caller in enumerate(["", "ann", "bob"], 1):
        change = Attend(head.party_id, IdempotencyKey(caller, "k"), 1)
        assert await parts.committer.commit(change) == Applied(after(head, number, number + 1))
    reused = Attend(head.party_id, IdempotencyKey("ann", "k"), -1)
    assert await parts.committer.commit(reused) == KeyReused()
    assert IdempotencyKey("a", "bc").operation_key != IdempotencyKey("ab", "c").operation_key
