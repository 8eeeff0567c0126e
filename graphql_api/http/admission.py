"""Overload: when everything comes late, some requests are refused at once.

A process that takes in more than it can answer answers everything too late. So each tick looks how
late the event loop is, and how long the quickest read waited: the first tells that the process has
too much to do, the second that Cassandra has. Once either has been late for a while, which a burst
is not, only a few requests may be under way at once, until what there is has been done. From then
on that number follows the lateness: half as many with each tick that comes late, a few more with
each that does not (additive increase, multiplicative decrease).
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

from graphql_api.errors import ErrorCode
from graphql_api.http.request import BadRequestError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    from aiohttp import web

TICK = 0.05  # seconds
LATE = 0.25  # seconds; health, which takes a few turns of the loop, still answers within one
FEWEST = 16
RETRY_AFTER = "1"  # seconds


class Admission:
    """Counts the requests under way and says whether one more may be.

    Args:
        patience: seconds of lateness after which requests are refused; 0 for never.
        waits: how long, in seconds, what is read has waited at least since this was last asked.
    """

    def __init__(self, patience: float, waits: Callable[[], float] = float) -> None:
        self._patience = patience
        self._waits = waits
        self._late_since: float | None = None
        self.under_way = 0
        self.most: int | None = None

    def check(self) -> None:
        """Refuse one more than there may be.

        Raises:
            BadRequestError: the process has more than it can do.
        """
        if self.most is not None and self.under_way >= self.most:
            raise BadRequestError(
                "The server is busy. This request changed nothing; try again in a moment.",
                503,
                code=ErrorCode.OVERLOADED,
                headers={"Retry-After": RETRY_AFTER},
            )

    def tick(self, now: float, late: float) -> None:
        """Note how late everything is, in seconds, at a moment of the loop's clock."""
        if late < LATE:
            self._late_since = None
            if self.most is not None:
                self.most += 1
                if self.most > 2 * self.under_way + FEWEST:
                    self.most = None  # nobody has been refused for some time
            return
        if self._late_since is None:
            self._late_since = now
        if self.most is not None:
            self.most = max(FEWEST, self.most // 2)
        elif now - self._late_since >= self._patience:
            self.most = FEWEST

    async def watched(self, _application: web.Application) -> AsyncIterator[None]:
        """Tick while the application runs; a context of its own."""
        watching = asyncio.create_task(self._watch()) if self._patience else None
        yield
        if watching is not None:
            watching.cancel()

    async def _watch(self) -> None:
        loop = asyncio.get_running_loop()
        while True:
            due = loop.time() + TICK
            await asyncio.sleep(TICK)
            now = loop.time()
            self.tick(now, max(now - due, self._waits()))
