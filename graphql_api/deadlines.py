"""Deadlines of many who wait, at the cost of a few timers.

`asyncio.timeout` makes and cancels a timer for each, which takes longer than to read a row.
"""

from __future__ import annotations

from asyncio import get_running_loop
from typing import Protocol

PER_SECOND = 20


class Waiting(Protocol):
    """Somebody with a deadline; hashed by identity."""

    def expire(self) -> None:
        """Wait no longer."""


class Deadlines:
    """Lets waits of one event loop end, each at its deadline or a twentieth of a second later."""

    def __init__(self) -> None:
        self._due: dict[int, set[Waiting]] = {}

    def add(self, waiting: Waiting, timeout: float) -> set[Waiting]:
        """Have a wait expire in `timeout` seconds, unless it is taken from the set before."""
        loop = get_running_loop()
        tick = int((loop.time() + timeout) * PER_SECOND) + 1
        due = self._due.get(tick)
        if due is None:
            due = self._due[tick] = set()
            loop.call_at(tick / PER_SECOND, self._expire, tick)
        due.add(waiting)
        return due

    def _expire(self, tick: int) -> None:
        for waiting in tuple(self._due.pop(tick)):
            waiting.expire()
