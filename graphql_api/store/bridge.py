"""cassandra-driver under asyncio.

The driver answers on a thread of its own. Its answers are put in a queue, and the event loop is
woken once for the whole queue, not once per answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    from collections.abc import Callable

Rows = list[tuple[Any, ...]]


class DriverFuture(Protocol):
    """What the bridge needs of the driver's ResponseFuture."""

    def add_callbacks(
        self, callback: Callable[[Any], None], errback: Callable[[BaseException], None]
    ) -> None:
        """Have one of the two called, on the driver's thread."""


class Bridge:
    """Hands answers from the driver's thread over to one event loop."""

    def __init__(self, loop: asyncio.AbstractEventLoop) -> None:
        self._loop = loop
        self._answers: deque[tuple[asyncio.Future[Rows], Rows, BaseException | None]] = deque()
        self._is_waking = False

    async def wait(self, sent: DriverFuture, timeout: float) -> Rows:
        """The rows that answer a statement that was sent.

        Raises:
            TimeoutError: no answer came within `timeout` seconds. What was sent may still run.
            BaseException: what the driver reports, as it reports it.
        """
        future: asyncio.Future[Rows] = self._loop.create_future()
        sent.add_callbacks(
            lambda rows: self._hand_over(future, rows, None),
            lambda error: self._hand_over(future, [], error),
        )
        async with asyncio.timeout(timeout):
            return await future

    def _hand_over(
        self, future: asyncio.Future[Rows], rows: Rows | None, error: BaseException | None
    ) -> None:
        # Runs on the driver's thread. Append first, then look: the loop clears the flag first and
        # takes from the queue then, so no answer is left behind between the two.
        self._answers.append((future, rows or [], error))
        if not self._is_waking:
            self._is_waking = True
            try:
                self._loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop was closed: nobody waits any more
                self._answers.clear()

    def _deliver(self) -> None:
        self._is_waking = False
        while self._answers:
            future, rows, error = self._answers.popleft()
            if future.done():  # timed out or cancelled
                continue
            if error is None:
                future.set_result(rows)
            else:
                future.set_exception(error)
