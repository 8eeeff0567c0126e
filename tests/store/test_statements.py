"""Conditional statements at the driver: how they are sent, and on what they depend."""

from __future__ import annotations

import asyncio
import re
from typing import TYPE_CHECKING, Any

import cassandra
import pytest
from cassandra.cluster import EXEC_PROFILE_DEFAULT
from cassandra.policies import FallthroughRetryPolicy, RetryPolicy

from graphql_api.store import statements
from graphql_api.store.rows import Attendance, Decision, OperationRow, Standing
from graphql_api.store.statements import Profile, Statement
from tests.support.parties import a_head, post
from tests.support.recorder import recording

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.store.rows import PartyHead

TTL, TIMEOUT = 600, 10.0


def profiles(parts: Parts) -> Any:
    return parts.store._session._driver.cluster.profile_manager.profiles


@pytest.mark.parametrize("statement", statements.ALL, ids=lambda statement: statement.name)
def test_conditions_go_with_the_profile_that_never_retries(statement: Statement) -> None:
    is_conditional = re.search(r"\bIF\b", statement.cql) is not None
    assert is_conditional == (statement.profile is Profile.CONDITIONAL)


def test_statements_have_names_of_their_own() -> None:
    names = [statement.name for statement in statements.ALL]
    assert len(names) == len(set(names))


async def test_the_driver_never_sends_a_conditional_statement_again(parts: Parts) -> None:
    conditional = profiles(parts)[Profile.CONDITIONAL.value]
    assert type(conditional.retry_policy) is FallthroughRetryPolicy
    policy = conditional.retry_policy
    rethrow = (RetryPolicy.RETHROW, None)
    for retries in (0, 1):
        assert policy.on_write_timeout(None, 1, "CAS", 1, 0, retries) == rethrow
        assert policy.on_read_timeout(None, 8, 1, 1, None, retries) == rethrow
        assert policy.on_unavailable(None, 1, 1, 0, retries) == rethrow
        assert policy.on_request_error(None, 1, None, retries) == rethrow
    assert conditional.speculative_execution_policy.new_plan(None, None).next_execution(None) < 0


async def test_all_lightweight_transactions_share_one_serial_consistency(parts: Parts) -> None:
    serial = cassandra.ConsistencyLevel.SERIAL
    found = profiles(parts)
    assert found[Profile.SERIAL.value].consistency_level == serial
    for name in Profile:
        assert found[name.value].serial_consistency_level == serial
        assert found[name.value].request_timeout is None
    assert found[Profile.CONDITIONAL.value].consistency_level == (
        cassandra.ConsistencyLevel.LOCAL_QUORUM
    )


async def test_no_statement_goes_with_the_drivers_default_profile(parts: Parts) -> None:
    head = await post(parts)
    after = head._replace(people=1, revision=2)
    with recording(parts) as recorder:
        assert await parts.store.read_head(head.party_id) == head
        assert (await parts.store.propose(head, after, [an_operation("k", 2)], TIMEOUT)).applied
    assert recorder.profiles == ["plain", "conditional"]
    assert EXEC_PROFILE_DEFAULT not in recorder.profiles
    assert [bool(bound.is_idempotent) for bound in recorder.bound] == [False, False]


def an_operation(key: str, revision: int) -> tuple[OperationRow, int]:
    return OperationRow(key, b"digest", 1, 1, revision, None), TTL


def refused(head: PartyHead | None, *operations: OperationRow) -> Decision:
    """Nothing was applied: the head as it is, and the operations that stood in the way."""
    return Decision(applied=False, head=head, operations={each.key: each for each in operations})


async def test_a_proposal_depends_on_the_revision_and_not_on_the_count(parts: Parts) -> None:
    """The count has come back to what a late proposal was made on; the revision never does."""
    store = parts.store
    read = await post(parts, people=2)
    more = read._replace(people=3, revision=2)
    back = read._replace(people=2, revision=3)
    assert (await store.propose(read, more, [an_operation("one", 2)], TIMEOUT)).applied
    assert (await store.propose(more, back, [an_operation("two", 3)], TIMEOUT)).applied
    late = read._replace(people=3, revision=2)
    assert await store.propose(read, late, [an_operation("late", 2)], TIMEOUT) == refused(back)
    renamed = read._replace(name="Late", revision=2)
    assert await store.propose(read, renamed, [an_operation("late", 2)], TIMEOUT) == refused(back)
    assert await store.read_head(read.party_id) == back
    standing = await store.confirm_standing(read.party_id, ["late"], TIMEOUT)
    assert standing == Standing(back, {}, {})


async def test_a_proposal_depends_on_its_operation_being_new(parts: Parts) -> None:
    store = parts.store
    head = await post(parts)
    refusal = OperationRow("k", b"digest", 0, 0, 1, "full")
    assert (await store.propose(head, head, [(refusal, TTL)], TIMEOUT)).applied
    assert await store.read_head(head.party_id) == head
    after = head._replace(people=1, revision=2)
    several = [an_operation(key, 2) for key in ("j", "k", "l")]
    for operations in (several[1:2], several):
        assert await store.propose(head, after, operations, TIMEOUT) == refused(head, refusal)
    standing = await store.confirm_standing(head.party_id, ["j", "k", "l"], TIMEOUT)
    assert standing == Standing(head, {"k": refusal}, {})


async def test_a_closed_head_is_never_reopened(parts: Parts) -> None:
    store = parts.store
    head = await post(parts)
    closed = head._replace(closed=True, revision=2)
    assert (await store.propose(head, closed, [an_operation("close", 2)], TIMEOUT)).applied
    for after in (
        closed._replace(people=1, revision=3),
        closed._replace(name="Again", closed=False, revision=3),
    ):
        assert await store.propose(closed, after, [an_operation("k", 3)], TIMEOUT) == refused(
            closed
        )
    again = head._replace(revision=1)
    assert await store.propose(None, again, [an_operation("again", 1)], TIMEOUT) == refused(closed)
    assert await store.read_head(head.party_id) == closed


async def test_a_party_that_never_was_cannot_be_changed(parts: Parts) -> None:
    never = a_head()
    after = never._replace(people=1, revision=2)
    proposal = never, after, [an_operation("k", 2)], TIMEOUT
    assert await parts.store.propose(*proposal) == refused(None)
    assert await parts.store.read_head(never.party_id) is None


async def test_more_keys_are_confirmed_than_one_statement_may_read(parts: Parts) -> None:
    head = await post(parts)
    after = head._replace(people=60, revision=2)
    rows = [OperationRow(f"k{number}", b"", 1, number, 2, None) for number in range(60)]
    assert (await parts.store.propose(head, after, [(row, TTL) for row in rows], TIMEOUT)).applied
    keys = [row.key for row in rows] + ["unknown"]
    standing = await parts.store.confirm_standing(head.party_id, keys, TIMEOUT)
    assert standing == Standing(after, {row.key: row for row in rows}, {})


async def test_operations_expire_and_heads_do_not(parts: Parts) -> None:
    head = await post(parts, people=2)
    after = head._replace(people=3, revision=2)
    assert (await parts.store.propose(head, after, [an_operation("k", 2)], TIMEOUT)).applied
    driver = parts.store._session._driver
    rows = await asyncio.to_thread(
        driver.execute,
        "SELECT kind, key, ttl(digest), ttl(op_rev) FROM party WHERE party_id = %s",
        (head.party_id,),
        execution_profile="plain",
        timeout=20,
    )
    ttls = {(kind, key): (one, other) for kind, key, one, other in rows}
    assert ttls[0, ""] == (None, None)
    one, other = ttls[1, "k"]
    assert TTL - 60 < one <= TTL
    assert one == other


async def test_a_proposal_depends_on_who_has_joined(parts: Parts) -> None:
    store = parts.store
    head = await post(parts)
    party_id, one = head.party_id, head._replace(people=1, revision=2)
    ann, bob = Attendance("ann", joins=True, revision=2), Attendance("bob", joins=True, revision=3)
    assert (await store.propose(head, one, [an_operation("a", 2)], TIMEOUT, [ann])).applied
    assert await store.people.has_joined(party_id, "ann")
    both = one._replace(people=2, revision=3)
    again = await store.propose(one, both, [an_operation("b", 3)], TIMEOUT, [ann, bob])
    assert again == refused(one)._replace(attendees=frozenset({"ann"}))
    left = [Attendance(person, joins=False, revision=3) for person in ("ann", "bob")]
    none = await store.propose(one, both, [an_operation("b", 3)], TIMEOUT, left)
    assert none == refused(one)._replace(attendees=frozenset({"ann"}))
    assert not await store.people.has_joined(party_id, "bob")
    assert (await store.propose(one, both, [an_operation("b", 3)], TIMEOUT, [bob])).applied
    # A batch that is refused for another reason tells of everybody it spoke of.
    swap = [left[0], Attendance("cat", joins=True, revision=3)]
    late = await store.propose(one, one._replace(revision=3), [], TIMEOUT, swap)
    assert late == refused(both)._replace(attendees=frozenset({"ann"}))
    standing = await store.confirm_standing(party_id, ["b"], TIMEOUT, ["ann", "bob", "cat"])
    joined = {"ann": True, "bob": True, "cat": False}
    assert (standing.head, standing.attendees, set(standing.operations)) == (both, joined, {"b"})
    last = both._replace(people=1, revision=4)
    assert (await store.propose(both, last, [an_operation("c", 4)], TIMEOUT, left[:1])).applied
    assert not await store.people.has_joined(party_id, "ann")


async def test_more_people_are_looked_up_than_one_statement_may_read(parts: Parts) -> None:
    head = await post(parts)
    after = head._replace(people=60, revision=61)
    joining = [Attendance(f"p{number}", joins=True, revision=2 + number) for number in range(60)]
    assert (await parts.store.propose(head, after, [], TIMEOUT, joining)).applied
    asked = [f"p{number}" for number in range(70)]
    standing = await parts.store.confirm_standing(head.party_id, [], TIMEOUT, asked)
    assert standing.attendees == {person: person in asked[:60] for person in asked}
