"""Past parties leave in two runs, whatever stops either, and no page reads what they left."""

from __future__ import annotations

import asyncio
import re
from datetime import datetime, timedelta
from typing import TYPE_CHECKING, Any
from uuid import UUID

import pytest

from graphql_api import clock
from graphql_api.caller import ANYBODY
from graphql_api.errors import DatabaseUnavailableError
from graphql_api.parties import hosting, removal
from graphql_api.parties.change import Applied, NotFound
from graphql_api.parties.removal import Removal, Removed
from graphql_api.parties.repair import EARLIEST, LATEST, Progress, Repair
from graphql_api.store.rows import Agenda, Attendance, PartyHead, Role, Slice
from graphql_api.store.session import Session
from tests.support.blocking import blocking_session
from tests.support.parties import a_head, now

if TYPE_CHECKING:
    from graphql_api.app import Parts
    from graphql_api.settings import Settings

FAST = 1_000_000
NO_ID = UUID(int=0)
SOON = timedelta(minutes=1)
ANN, CAT = Agenda("ann", Role.ATTENDEE), Agenda("cat", Role.HOST)


async def a_past_party(parts: Parts, **wanted: Any) -> PartyHead:
    """One of 200 days ago that cat hosts and ann has joined, with its copies."""
    date = wanted.pop("date", now() - timedelta(days=200))
    head = a_head(date=date, created_at=date - timedelta(days=3), host="cat", **wanted)
    joined = head._replace(people=1, revision=2)
    assert (await parts.store.propose(None, head, (), 5)).applied
    joins = [Attendance("ann", joins=True, revision=2)]
    assert (await parts.store.propose(head, joined, (), 5, joins)).applied
    await parts.copies.write(joined)
    await parts.copies.agendas.write_attendances(joined, joins)
    return joined


def a_removal(parts: Parts, *, settled: timedelta = SOON, rehearses: bool = False) -> Removal:
    """A removal of what is 90 days old; `settled` ahead forgets what was closed just now."""
    before, settles = now() - timedelta(days=90), clock.now() + settled
    return Removal(parts.store, parts.copies, before, settles, FAST, rehearses=rehearses)


async def run(parts: Parts, **options: Any) -> Removed:
    done = Removed()
    async for step in a_removal(parts, **options).run():
        done = step
    return done


async def page(parts: Parts, head: PartyHead) -> list[UUID]:
    bounds = (EARLIEST, NO_ID), (LATEST, NO_ID)
    year = Slice(head.city_key, head.date.year, *bounds, limit=100, descending=False)
    return [row.party_id for row in await parts.store.read_slice(year)]


async def agenda(parts: Parts, whose: Agenda) -> list[UUID]:
    bounds = (EARLIEST, NO_ID), (LATEST, NO_ID)
    found = await parts.store.people.read_entries(whose, *bounds, 100, descending=False)
    return [entry.party_id for entry in found]


async def is_gone(parts: Parts, head: PartyHead) -> bool:
    """Whether no row of a party is left in any table."""
    return (
        await parts.store.read_head(head.party_id) is None
        and not await parts.store.people.has_joined(head.party_id, "ann")
        and head.party_id not in await page(parts, head)
        and head.party_id not in await agenda(parts, ANN)
        and head.party_id not in await agenda(parts, CAT)
    )


async def test_a_past_party_is_closed_by_one_run_and_forgotten_by_another(parts: Parts) -> None:
    past = await a_past_party(parts)
    recent = await a_past_party(parts, date=now() - timedelta(days=80))
    rehearsed = await run(parts, rehearses=True)
    assert (rehearsed.closed, rehearsed.forgotten, rehearsed.ranges) == (1, 0, 3)
    assert (rehearsed.oldest, rehearsed.newest) == (past.date, past.date)
    assert await parts.store.read_head(past.party_id) == past

    first = await run(parts)
    assert (first.closed, first.forgotten, first.ranges, first.fraction) == (1, 0, 3, 1.0)
    assert await parts.store.read_head(past.party_id) == past._replace(closed=True, revision=3)
    assert await page(parts, past) == []
    assert await agenda(parts, ANN) == await agenda(parts, CAT) == [recent.party_id]

    waits = await run(parts, settled=-timedelta(hours=25))
    assert (waits.closed, waits.waiting, waits.forgotten, waits.ranges) == (0, 1, 0, 0)
    second = await run(parts)
    assert (second.closed, second.waiting, second.forgotten) == (0, 0, 1)
    assert await is_gone(parts, past)
    assert await parts.store.read_head(recent.party_id) == recent
    assert await page(parts, recent) == [recent.party_id]
    assert (await run(parts)).forgotten == 0


async def test_a_party_imported_lately_stays_with_its_copies(parts: Parts) -> None:
    late = a_head(date=now() - timedelta(days=300), created_at=now(), city="Imported")
    assert (await parts.store.propose(None, late, (), 5)).applied
    await parts.copies.write(late)
    old = await a_past_party(parts, city="Imported", date=late.date - SOON)
    assert (await run(parts)).closed == 1
    assert await page(parts, late) == [late.party_id]
    await run(parts)
    assert await is_gone(parts, old)
    assert await parts.store.read_head(late.party_id) == late


@pytest.mark.parametrize("wins", ["move", "removal"])
async def test_of_a_move_ahead_and_a_removal_one_wins_whole(
    parts: Parts, monkeypatch: pytest.MonkeyPatch, wins: str
) -> None:
    head = await a_past_party(parts)
    ahead = now() + timedelta(days=5)
    move = hosting.update(
        head.party_id, ANYBODY, "move " + wins, {"date": ahead}, None, clock.now()
    )
    assert isinstance(move, hosting.Update)
    move = hosting.Update(head.party_id, move.key, move.changes, caller=_Moderator())  # type: ignore[arg-type]
    outcomes: list[Any] = []
    close = type(parts.store).close

    async def raced(store: Any, before: PartyHead, timeout: float) -> bool:
        """The removal has read the head and is about to close it."""
        if outcomes:
            return await close(store, before, timeout)
        outcomes.append(None)
        if wins == "removal":
            is_closed = await close(store, before, timeout)
            outcomes[0] = await parts.committer.commit(move)
            return is_closed
        outcomes[0] = await parts.committer.commit(move)
        return await close(store, before, timeout)

    monkeypatch.setattr(type(parts.store), "close", raced)
    done = await run(parts)
    standing = await parts.store.read_head(head.party_id)
    assert standing is not None
    moved = head._replace(date=ahead)
    if wins == "move":
        assert isinstance(outcomes[0], Applied)
        assert (done.closed, standing.closed, standing.date) == (0, False, ahead)
        assert await page(parts, moved) == [head.party_id]
        assert head.party_id in await agenda(parts, ANN)
    else:
        assert isinstance(outcomes[0], NotFound)
        assert (done.closed, standing.closed, standing.date) == (1, True, head.date)
        assert await page(parts, moved) == await page(parts, head) == []


class _Moderator:
    """Who may change anybody's party."""

    def may_host(self, _host: str | None) -> bool:
        return True


async def test_a_repair_that_read_a_party_before_brings_nothing_back(parts: Parts) -> None:
    head = await a_past_party(parts)
    await run(parts)
    await parts.copies.write(head)  # what the repair does with the head that it had read
    await parts.copies.agendas.write_attendees(head)
    assert await page(parts, head) == []
    assert head.party_id not in await agenda(parts, ANN) + await agenda(parts, CAT)
    await run(parts)
    await parts.copies.write(head)
    async for _ in Repair(parts.store, parts.copies, FAST).run(Progress()):
        pass
    assert await is_gone(parts, head)


async def test_two_removals_and_a_repair_at_once_come_to_the_same(parts: Parts) -> None:
    heads = [await a_past_party(parts) for _ in range(5)]

    async def repair() -> None:
        async for _ in Repair(parts.store, parts.copies, FAST).run(Progress()):
            pass

    for _ in range(2):
        await asyncio.gather(run(parts), repair(), run(parts))
    await run(parts)
    assert [await is_gone(parts, head) for head in heads] == [True] * 5


class _Killed(BaseException):
    """The process ends."""


async def test_killed_before_any_statement_it_is_finished_by_the_next_run(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    statements = 0
    last = 10**9

    def counted(method: Any) -> Any:
        def call(*arguments: Any, **options: Any) -> Any:
            nonlocal statements
            statements += 1
            if statements > last:
                raise _Killed
            return method(*arguments, **options)

        return call

    async def closes_and_forgets() -> None:
        await run(parts)
        await run(parts)

    for name in ("execute", "read", "apply"):
        monkeypatch.setattr(Session, name, counted(getattr(Session, name)))
    head = await a_past_party(parts)
    statements = 0
    await closes_and_forgets()
    needed = statements
    assert await is_gone(parts, head)
    for killed_at in range(needed):
        last = 10**9
        head = await a_past_party(parts)
        statements, last = 0, killed_at
        with pytest.raises(_Killed):
            await closes_and_forgets()
        await asyncio.sleep(0)
        last = 10**9
        await closes_and_forgets()
        assert await is_gone(parts, head), f"killed before statement {killed_at + 1}"


async def test_a_database_that_is_away_for_good_ends_the_run(
    parts: Parts, monkeypatch: pytest.MonkeyPatch
) -> None:
    head = await a_past_party(parts)

    async def away(*_: Any, **__: Any) -> Any:
        raise DatabaseUnavailableError

    monkeypatch.setattr(removal, "PAUSE", 0)
    with monkeypatch.context() as broken:
        broken.setattr(Session, "apply", away)
        with pytest.raises(DatabaseUnavailableError):
            await run(parts)
    await run(parts)
    await run(parts)
    assert await is_gone(parts, head)


async def test_an_upcoming_page_reads_no_tombstone_and_the_past_a_handful(
    parts: Parts, settings: Settings
) -> None:
    """2,000 parties of one city and year; the present of the test is the end of that year."""
    year = now().year - 1
    began = datetime(year, 1, 1)
    heads = [
        a_head(city="Stormy", date=began + timedelta(hours=2 * i), created_at=began)
        for i in range(2000)
    ]
    december = datetime(year, 12, 1)
    full = {"place": "The harbour", "capacity": 9}  # a null of a copy counts as a tombstone too
    heads += [
        a_head(city="Stormy", date=december + timedelta(days=i), created_at=began, **full)
        for i in range(20)
    ]
    for start in range(0, len(heads), 50):
        await parts.copies.load(heads[start : start + 50])
    before, done = datetime(year, 7, 1), Removed()
    async for step in Removal(parts.store, parts.copies, before, clock.now(), FAST).run():
        done = step
    assert done.closed == 2000
    with blocking_session(settings) as session:
        table = f"{settings.keyspace}.party_by_city"
        where = f"FROM {table} WHERE city_key = 'stormy' AND year = {year}"
        ahead = await asyncio.to_thread(
            _cells_read, session, f"SELECT * {where} AND date > '{year}-07-01' LIMIT 20"
        )
        past = await asyncio.to_thread(_cells_read, session, f"SELECT * {where}")
    assert ahead == [(20, 0)]
    assert [live for live, _ in past] == [20]
    assert past[0][1] <= 4


def _cells_read(session: Any, query: str) -> list[tuple[int, int]]:
    """Live rows and tombstones that a query read, as Cassandra's own trace tells."""
    trace = session.execute(query, trace=True).get_query_trace()
    pattern = re.compile(r"Read (\d+) live rows and (\d+) tombstone")
    told = (pattern.match(event.description) for event in trace.events)
    return [(int(found[1]), int(found[2])) for found in told if found]
