"""cassandra-driver under asyncio.

The driver answers where its connection is served: mostly in the event loop (`loop_connection.py`),
and an answer is delivered there and then. What comes on a thread of the driver, such as the news of
a connection that failed, is put in a queue, and the loop is woken once for the whole queue.
"""

from __future__ import annotations

import threading
from collections import deque
from typing import TYPE_CHECKING, Any, Protocol

if TYPE_CHECKING:
    import asyncio
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
        self.loop = loop
        self._thread_id = threading.get_ident()
        self._answers: deque[
            tuple[Callable[[Any, BaseException | None], None], Any, BaseException | None]
        ] = deque()
        self._is_waking = False

    def answer(self, sent: DriverFuture) -> asyncio.Future[Rows]:
        """The rows that answer a statement that was sent; its exception is as the driver's."""
        future: asyncio.Future[Rows] = self.loop.create_future()

        def receive(rows: Any, error: BaseException | None) -> None:
            settle(future, rows, error)

        self.connect(sent, receive)
        return future

    def connect(
        self, sent: DriverFuture, receive: Callable[[Any, BaseException | None], None]
    ) -> None:
        """Have the answer to a statement that was sent delivered in the loop."""
        sent.add_callbacks(
            lambda rows: self.hand_over(receive, rows, None),
            lambda error: self.hand_over(receive, None, error),
        )

    def hand_over(
        self,
        receive: Callable[[Any, BaseException | None], None],
        answer: Any,
        error: BaseException | None,
    ) -> None:
        """Have an answer delivered in the loop; at once where this is the loop's thread."""
        if threading.get_ident() == self._thread_id:
            receive(answer, error)
            return
        # Append first, then look: the loop clears the flag first and takes from the queue then, so
        # no answer is left behind between the two.
        self._answers.append((receive, answer, error))
        if not self._is_waking:
            self._is_waking = True
            try:
                self.loop.call_soon_threadsafe(self._deliver)
            except RuntimeError:  # the loop was closed: nobody waits any more
                self._answers.clear()

    def _deliver(self) -> None:
        self._is_waking = False
        while self._answers:
            receive, answer, error = self._answers.popleft()
            receive(answer, error)


def settle(future: asyncio.Future[Rows], rows: Rows | None, error: BaseException | None) -> None:
    """End a wait, unless it timed out or was cancelled."""
    if future.done():
        return
    if error is None:
        future.set_result(rows or [])
    else:
        future.set_exception(error)
