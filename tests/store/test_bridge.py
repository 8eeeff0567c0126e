"""Answers from the driver's thread: all of them delivered, in bunches, late ones dropped."""

from __future__ import annotations

import asyncio
import threading
from functools import partial
from typing import TYPE_CHECKING, Any

import pytest

from graphql_api.store.bridge import Bridge

if TYPE_CHECKING:
    from collections.abc import Callable


class Sent:
    """A driver's future that the test answers."""

    def __init__(self) -> None:
        self.callback: Callable[[Any], None] = self.fail
        self.errback: Callable[[BaseException], None] = self.fail

    def fail(self, _: Any) -> None:
        raise AssertionError("nobody waits")

    def add_callbacks(
        self, callback: Callable[[Any], None], errback: Callable[[BaseException], None]
    ) -> None:
        self.callback, self.errback = callback, errback


class CountingLoop:
    """Counts how often a loop is woken from outside."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self.wakes = 0

    def create_future(self) -> asyncio.Future[Any]:
        return self._loop.create_future()

    def call_soon_threadsafe(self, callback: Any) -> None:
        self.wakes += 1
        self._loop.call_soon_threadsafe(callback)


def on_a_thread(*work: Callable[[], None]) -> None:
    def run() -> None:
        for each in work:
            each()

    thread = threading.Thread(target=run)
    thread.start()
    thread.join()


async def wait(bridge: Bridge, sent: Sent, timeout: float) -> list[Any]:
    async with asyncio.timeout(timeout):
        return await bridge.answer(sent)


async def waiting(bridge: Bridge, count: int) -> tuple[list[Sent], list[asyncio.Task[Any]]]:
    sent = [Sent() for _ in range(count)]
    tasks = [asyncio.create_task(wait(bridge, each, 60)) for each in sent]
    await asyncio.sleep(0)
    return sent, tasks


async def test_a_bunch_of_answers_wakes_the_loop_once() -> None:
    loop = CountingLoop(asyncio.get_running_loop())
    bridge = Bridge(loop)  # type: ignore[arg-type]  # all that it needs of a loop
    sent, tasks = await waiting(bridge, 50)
    answers = [partial(each.callback, [(number,)]) for number, each in enumerate(sent)]
    on_a_thread(*answers)
    assert await asyncio.gather(*tasks) == [[(number,)] for number in range(50)]
    assert loop.wakes == 1
    sent, tasks = await waiting(bridge, 1)
    on_a_thread(lambda: sent[0].callback(None))
    assert await tasks[0] == []
    assert loop.wakes == 2


async def test_an_error_reaches_its_own_waiter_only() -> None:
    bridge = Bridge(asyncio.get_running_loop())
    sent, tasks = await waiting(bridge, 3)

    def answer() -> None:
        sent[0].callback([(0,)])
        sent[1].errback(OSError("lost"))
        sent[2].callback([(2,)])

    on_a_thread(answer)
    one, lost, other = await asyncio.gather(*tasks, return_exceptions=True)
    assert (one, other) == ([(0,)], [(2,)])
    assert isinstance(lost, OSError)


async def test_an_answer_that_nobody_waits_for_any_more_hurts_nobody() -> None:
    bridge = Bridge(asyncio.get_running_loop())
    slow, cancelled = Sent(), Sent()
    with pytest.raises(TimeoutError):
        await wait(bridge, slow, 0)
    task = asyncio.create_task(wait(bridge, cancelled, 60))
    await asyncio.sleep(0)
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    sent, tasks = await waiting(bridge, 1)

    def answer() -> None:
        slow.callback([(1,)])
        cancelled.errback(OSError("late"))
        sent[0].callback([(3,)])

    on_a_thread(answer)
    assert await tasks[0] == [(3,)]


def test_an_answer_after_the_loop_was_closed_is_dropped() -> None:
    loop = asyncio.new_event_loop()
    bridge, sent = Bridge(loop), Sent()

    async def begin() -> None:
        task = asyncio.create_task(wait(bridge, sent, 60))
        await asyncio.sleep(0)
        task.cancel()

    loop.run_until_complete(begin())
    loop.run_until_complete(asyncio.sleep(0))
    loop.close()
    on_a_thread(lambda: sent.callback([(1,)]))
    assert not bridge._answers
