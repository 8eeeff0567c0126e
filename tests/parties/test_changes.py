"""Live changes: every newer state, no older one, for one look per interval."""

from __future__ import annotations

import asyncio
from contextlib import aclosing, asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any
from uuid import uuid4

import pytest

from graphql_api.errors import DatabaseUnavailableError, DeadlineExceededError, PartyfinderError
from graphql_api.parties import hosting
from graphql_api.parties.attendance import Attend
from graphql_api.parties.changes import Changes
from graphql_api.parties.operation import IdempotencyKey
from graphql_api.parties.watch import Pace, Watch
from tests.support.live import until
from tests.support.parties import a_head, post
from tests.support.recorder import recording

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from uuid import UUID

    from graphql_api.app import Parts
    from graphql_api.parties.snapshot import Snapshot
    from graphql_api.parties.watch import Event
    from graphql_api.store.rows import PartyHead

FAST = Pace(0.02, 0.005, 5, 5)
PATIENCE = 30


@dataclass
class Heads:
    """A store that answers what it is told to, in order; then the last for ever."""

    answers: list[PartyHead | PartyfinderError | None]
    reads: int = 0
    may_answer: asyncio.Event = field(default_factory=asyncio.Event)

    def __post_init__(self) -> None:
        self.may_answer.set()

    async def read_head(self, _party_id: Any) -> PartyHead | None:
        self.reads += 1
        await self.may_answer.wait()
        answer = self.answers.pop(0) if len(self.answers) > 1 else self.answers[0]
        if isinstance(answer, PartyfinderError):
            raise answer
        return answer


def a_join(party: PartyHead) -> Attend:
    return Attend(party.party_id, IdempotencyKey("", str(uuid4())), 1)


def deletion(party: PartyHead) -> hosting.Delete:
    return hosting.Delete(party.party_id, IdempotencyKey("", str(uuid4())))


HEAD = a_head()


def revision(number: int, **changes: Any) -> PartyHead:
    return HEAD._replace(revision=number, **changes)


async def seen(store: Heads, count: int, pace: Pace = FAST) -> list[int | None]:
    """The revisions of the first states that a follower is handed."""
    changes = Changes(store, pace)  # type: ignore[arg-type]  # it quacks like one
    states: list[int | None] = []
    async with asyncio.timeout(PATIENCE), aclosing(changes.party(HEAD.party_id)) as events:
        async for event in events:
            head = event.state.head
            states.append(None if head is None else head.revision)
            if len(states) == count:
                break
    assert changes.watched == 0
    return states


async def test_newer_revisions_only() -> None:
    answers = [revision(each) for each in (3, 3, 2, 4, 3, 1, 4, 7)]
    assert await seen(Heads([*answers]), 3) == [3, 4, 7]


async def test_deletion_is_the_end() -> None:
    gone = revision(5, closed=True)
    assert await seen(Heads([revision(4), gone, revision(4)]), 9) == [4, None]
    assert await seen(Heads([gone]), 9) == [None]
    assert await seen(Heads([None]), 9) == [None]


async def test_a_read_that_finds_nothing_does_not_undo_what_was_seen() -> None:
    assert await seen(Heads([revision(4), None, revision(5)]), 2) == [4, 5]


async def test_watching_goes_on_while_the_database_is_away() -> None:
    away = [DatabaseUnavailableError(), DeadlineExceededError()] * 3
    assert await seen(Heads([revision(1), *away, revision(2)]), 2) == [1, 2]
    assert await seen(Heads([*away, revision(1)]), 1) == [1]


@pytest.mark.parametrize("fault", [DatabaseUnavailableError(), DeadlineExceededError()])
async def test_who_gets_no_first_state_is_told_why(fault: PartyfinderError) -> None:
    with pytest.raises(type(fault)):
        await seen(Heads([fault]), 1, Pace(0.01, 0.005, 5, 0.05))


async def test_a_look_that_hangs_is_given_up() -> None:
    store = Heads([revision(1)])
    store.may_answer.clear()
    with pytest.raises(DeadlineExceededError):
        await seen(store, 1, Pace(0.01, 0.005, 0.01, 0.1))
    assert store.reads > 1


async def test_a_defect_is_logged_and_the_watch_goes_on(caplog: pytest.LogCaptureFixture) -> None:
    store = Heads([revision(1), revision(2)])
    reads = store.read_head
    faults = [ValueError("a defect")]

    async def broken(party_id: Any) -> PartyHead | None:
        if store.reads == 1 and faults:
            raise faults.pop()
        return await reads(party_id)

    store.read_head = broken  # type: ignore[method-assign,assignment]
    assert await seen(store, 2) == [1, 2]
    assert [record.levelname for record in caplog.records] == ["ERROR"]


@asynccontextmanager
async def following(changes: Changes, party: PartyHead) -> AsyncIterator[Callable[[], Any]]:
    async with aclosing(changes.party(party.party_id)) as events:

        async def following_state() -> PartyHead | None:
            async with asyncio.timeout(PATIENCE):
                return (await anext(events)).state.head

        yield following_state


async def test_a_slow_follower_skips_to_the_newest_and_misses_no_last_state() -> None:
    store = Heads([revision(1)])
    changes = Changes(store, FAST)  # type: ignore[arg-type]
    async with following(changes, HEAD) as slow, following(changes, HEAD) as fast:
        assert (await slow(), await fast()) == (revision(1), revision(1))
        for number in range(2, 50):
            store.answers = [revision(number)]
            changes.hint(HEAD)
            assert await fast() == revision(number)
        assert await slow() == revision(49)
    assert changes.watched == 0


async def test_what_is_handed_out_first_was_read_after_following_began() -> None:
    """A client that has just joined must not be shown the party as it was before."""
    store = Heads([revision(1)])
    changes = Changes(store, Pace(3600, 0, 5, 5))  # type: ignore[arg-type]
    async with following(changes, HEAD) as early:
        await early()
        store.may_answer.clear()
        changes.hint(HEAD)
        await until(lambda: store.reads == 2)  # on its way with what was before
        async with following(changes, HEAD) as late:
            asked = asyncio.create_task(late())
            await asyncio.sleep(0)
            store.may_answer.set()
            await until(lambda: store.reads == 3)
            store.answers = [revision(2)]
            assert await asked in (revision(1), revision(2))
            assert store.reads == 3


async def test_many_followers_cost_one_look(parts: Parts) -> None:
    head = await post(parts)
    changes = Changes(parts.store, Pace(3600, 0.001, 5, 5))
    with recording(parts) as recorder:
        followers = [changes.party(head.party_id) for _ in range(500)]
        states = await asyncio.gather(*(anext(each) for each in followers))
        assert {state.state for state in states} == {(head,)}
        assert recorder.counts == {"read_head": recorder.counts["read_head"]}
        assert recorder.counts["read_head"] <= 2  # the first, and one for those who came during it
        before = recorder.counts["read_head"]
        nexts = [asyncio.create_task(anext(each)) for each in followers]
        await parts.committer.commit(a_join(head))
        reads = recorder.counts["read_head"]
        changes.hint(head)
        events = await asyncio.gather(*nexts)
        assert len({id(event) for event in events}) == 1
        assert recorder.counts["read_head"] == reads + 1
        assert reads - before <= 1  # the commit's own
    for each in followers:
        await each.aclose()
    assert changes.watched == 0


async def test_every_watch_looks_once_per_interval(parts: Parts) -> None:
    """Counted at the driver, on a clock of the test's own."""
    heads = [await post(parts) for _ in range(10)]
    changes = Changes(parts.store, Pace(0.2, 0.2, 5, 5))
    followers = [changes.party(head.party_id) for head in heads for _ in range(20)]
    await asyncio.gather(*(anext(each) for each in followers))
    loop = asyncio.get_running_loop()
    with recording(parts) as recorder:
        began = loop.time()
        await asyncio.sleep(1)
        took = loop.time() - began
    per_party = recorder.counts["read_head"] / len(heads)
    print(f"{per_party:.1f} looks per party in {took:.2f} s at an interval of 0.2 s")  # noqa: T201
    assert recorder.counts == {"read_head": recorder.counts["read_head"]}
    assert 0 < per_party <= took / 0.2 + 1
    for each in followers:
        await each.aclose()


async def test_another_process_s_change_arrives(parts: Parts) -> None:
    head = await post(parts)
    changes = Changes(parts.store, FAST)
    async with following(changes, head) as state:
        assert await state() == head
        await parts.committer.commit(a_join(head))
        assert await state() == head._replace(people=1, revision=2)
        await parts.committer.commit(deletion(head))
        assert await state() is None


def names(event: Event[Snapshot]) -> list[tuple[UUID, int]]:
    return [(each.party_id, each.people) for each in event.state.parties]


async def test_a_city_s_changes(parts: Parts) -> None:
    first = await post(parts)
    changes = Changes(parts.store, FAST)
    async with aclosing(changes.city(first.city_key)) as events, asyncio.timeout(PATIENCE):
        assert names(await anext(events)) == [(first.party_id, 0)]
        await parts.committer.commit(a_join(first))
        assert names(await anext(events)) == [(first.party_id, 1)]
        second = await post(parts, city=first.city)
        known = sorted([(first.party_id, 1), (second.party_id, 0)])
        assert sorted(names(await anext(events))) == known
        await parts.committer.commit(deletion(first))
        assert names(await anext(events)) == [(second.party_id, 0)]
    assert changes.watched == 0


async def test_a_hint_is_heeded_at_once_and_many_are_few_looks() -> None:
    store = Heads([revision(1)])
    changes = Changes(store, Pace(3600, 0.05, 5, 5))  # type: ignore[arg-type]
    async with following(changes, HEAD) as state:
        await state()
        store.answers = [revision(2)]
        for _ in range(1000):
            changes.hint(HEAD)
        assert await state() == revision(2)
        assert store.reads <= 3
        changes.hint(a_head())  # of a party that nobody follows


async def test_closing_ends_every_look() -> None:
    store = Heads([revision(1)])
    changes = Changes(store, FAST)  # type: ignore[arg-type]
    async with following(changes, HEAD) as state:
        await state()
        await changes.close()
        reads = store.reads
        await asyncio.sleep(0.1)
        assert store.reads == reads


def test_a_watch_begins_without_followers() -> None:
    assert Watch(None, FAST).followers == 0  # type: ignore[arg-type]
