"""Equal queries of one turn are executed once; everything else by itself."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api import engine
from graphql_api.http.same_turn import SameTurn

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from tests.support.api import Api


class Work:
    """Counts its executions, which last until it is let go."""

    def __init__(self) -> None:
        self.begun = 0
        self.may_end = asyncio.Event()

    async def __call__(self) -> int:
        self.begun += 1
        number = self.begun
        await self.may_end.wait()
        return number


async def turns(count: int = 3) -> None:
    for _ in range(count):
        await asyncio.sleep(0)


def asking(shared: SameTurn[int], work: Callable[[], Awaitable[int]], key: Any) -> Any:
    return asyncio.create_task(shared.run(key, work))


async def test_who_asks_in_the_same_turn_shares_and_later_ones_do_not() -> None:
    shared: SameTurn[int] = SameTurn()
    work = Work()
    first = [asking(shared, work, "a") for _ in range(5)]
    other = asking(shared, work, "b")
    await turns()
    assert work.begun == 2
    later = asking(shared, work, "a")  # the first is still at it, and may have read already
    await turns()
    assert work.begun == 3
    work.may_end.set()
    assert set(await asyncio.gather(*first)) == {1}
    assert (await other, await later) == (2, 3)
    assert shared._this_turn == {}


@pytest.mark.parametrize("passed", [0, 1, 2, 3])
async def test_the_others_are_answered_when_the_first_one_leaves(passed: int) -> None:
    shared: SameTurn[int] = SameTurn()
    work = Work()
    first, *others = [asking(shared, work, "a") for _ in range(4)]
    await turns(passed)
    first.cancel()
    work.may_end.set()
    answers = await asyncio.gather(*others)
    assert first.cancelled()
    assert all(answers)
    assert shared._this_turn == {}


async def test_a_failure_is_each_ones_own() -> None:
    shared: SameTurn[int] = SameTurn()
    failed: list[Exception] = []

    async def fail() -> int:
        failed.append(ValueError())
        raise failed[-1]

    asked = [asking(shared, fail, "a") for _ in range(3)]
    answers = await asyncio.gather(*asked, return_exceptions=True)
    assert sorted(map(id, answers)) == sorted(map(id, failed))
    assert len(failed) == 3


async def test_equal_queries_are_executed_once_and_equal_mutations_each(api: Api) -> None:
    party = await api.create()
    asked = "query($id: ID!) { party(id: $id) { people } }"
    engine.reset_counters()
    answers = await asyncio.gather(*(api.send(asked, id=party["id"]) for _ in range(20)))
    assert {answer["data"]["party"]["people"] for answer in answers} == {party["people"]}
    assert engine.counters().compiled_runs < 20
    join = "mutation($id: ID!) { joinParty(input: {partyId: $id}) { __typename } }"
    engine.reset_counters()
    await asyncio.gather(*(api.send(join, id=party["id"]) for _ in range(20)))
    assert engine.counters().compiled_runs == 20
    (seen,) = {
        answer["data"]["party"]["people"]
        for answer in await asyncio.gather(*(api.send(asked, id=party["id"]) for _ in range(5)))
    }
    assert seen == party["people"] + 20
