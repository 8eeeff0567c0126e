"""Deadlines: that of a request, and those of many who wait at the cost of a few timers.

`asyncio.timeout` makes and cancels a timer for each, which takes longer than to read a row.
"""

from __future__ import annotations

from asyncio import get_running_loop
from contextvars import Context, ContextVar, copy_context
from typing import Protocol

from graphql_api.journal import open_journal

PER_SECOND = 20


class Deadline:
    """When what is done for a request has to end, by the event loop's clock."""

    __slots__ = ("moment",)

    def __init__(self, moment: float) -> None:
        self.moment = moment

    def pass_now(self) -> None:
        """Begin nothing more: its client is gone. What has begun goes on to its end."""
        self.moment = 0.0


_deadline: ContextVar[Deadline | None] = ContextVar("deadline", default=None)


def begin(seconds: float) -> Deadline:
    """Let what this task does on its request's behalf, through every layer, end in so long."""
    deadline = Deadline(get_running_loop().time() + seconds)
    _deadline.set(deadline)
    return deadline


def remaining(seconds: float) -> float:
    """So many seconds, or as many as are left until the request's deadline; maybe none."""
    deadline = _deadline.get()
    if deadline is None:
        return seconds
    return min(seconds, deadline.moment - get_running_loop().time())


def of_nobody() -> Context:
    """A context for a task that outlives the request that starts it."""
    context = copy_context()
    context.run(_deadline.set, None)
    context.run(open_journal, None)
    return context


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
