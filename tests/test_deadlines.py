"""One timer for many who wait: nobody expires early, and nobody who was answered does."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from graphql_api import deadlines as deadlines_module
from graphql_api.deadlines import Deadlines

if TYPE_CHECKING:
    import pytest


class Clock:
    """The part of a loop that tells the time and calls back at one."""

    def __init__(self) -> None:
        self.now = 100.0
        self.timers: list[tuple[float, Any, Any]] = []

    def time(self) -> float:
        return self.now

    def call_at(self, when: float, callback: Any, *given: Any) -> None:
        self.timers.append((when, callback, given))

    def turn_to(self, moment: float) -> None:
        self.now = moment
        due = [timer for timer in self.timers if timer[0] <= moment]
        self.timers = [timer for timer in self.timers if timer[0] > moment]
        for _, callback, given in due:
            callback(*given)


class Waiter:
    """Notes when it expired."""

    def __init__(self, clock: Clock) -> None:
        self.clock = clock
        self.expired: list[float] = []

    def expire(self) -> None:
        self.expired.append(self.clock.now)


def test_waits_expire_after_their_deadlines_on_few_timers(
    monkeypatch: pytest.MonkeyPatch,
) -> None:
    clock = Clock()
    monkeypatch.setattr(deadlines_module, "get_running_loop", lambda: clock)
    deadlines = Deadlines()
    waiters = []
    for number in range(1000):
        clock.now = 100 + number / 10_000
        waiters.append(Waiter(clock))
        deadlines.add(waiters[-1], 2.0)
    answered = deadlines.add(leaver := Waiter(clock), 2.0)
    answered.discard(leaver)
    assert len(clock.timers) <= 4
    clock.turn_to(101.99)
    assert not any(waiter.expired for waiter in waiters)
    for tick in range(20):
        clock.turn_to(102 + tick / 100)
    assert all(len(waiter.expired) == 1 for waiter in waiters)
    for number, waiter in enumerate(waiters):
        assert 102 + number / 10_000 <= waiter.expired[0] < 102.07 + number / 10_000
    assert leaver.expired == []
    assert clock.timers == []
