"""One watched thing: read again and again for as long as somebody follows it, however many do.

Followers are handed the newest state and skip what they were too slow for: nothing is queued.
"""

from __future__ import annotations

import asyncio
import logging
import math
from contextlib import suppress
from typing import TYPE_CHECKING, Any, Generic, NamedTuple, Protocol, TypeVar

from graphql_api.errors import DeadlineExceededError, PartyfinderError

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator

State = TypeVar("State")
MEETINGS = 8  # moments in an interval at which looks begin
logger = logging.getLogger(__name__)


class Pace(NamedTuple):
    """How often is looked, in seconds.

    Args:
        interval: from one look to the next.
        hinted: the same where a hint came, so that a stream of hints is no stream of reads.
        look: that a look may take before another is tried.
        first: that a follower waits for its first state.
    """

    interval: float = 0.5
    hinted: float = 0.05
    look: float = 4.0
    first: float = 10.0

    def next_look(self, began: float) -> float:
        """When to look again after a look that began at a moment of the loop's clock.

        Watches meet at common moments: reads of one turn of the loop cost less together.
        """
        step = self.interval / MEETINGS
        return math.floor((began + self.interval) / step) * step


class Event(Generic[State]):
    """A state, the same object for everybody who is handed it.

    Attributes:
        shared: what its followers load on account of it, so that they load it together.
    """

    __slots__ = ("shared", "state")

    def __init__(self, state: State) -> None:
        self.state = state
        self.shared: dict[str, Any] = {}


class Look(Protocol[State]):
    """What is watched."""

    async def read(self, before: State | None) -> State | None:
        """The present state; None where it is no news to those who have seen `before`."""

    def is_last(self, state: State) -> bool:
        """Whether nothing can come after this state."""


class Watch(Generic[State]):
    """Reads one thing while it has followers."""

    def __init__(self, look: Look[State], pace: Pace) -> None:
        self._look = look
        self._pace = pace
        self._event: Event[State] | None = None
        self._news = asyncio.Event()
        self._looked = asyncio.Event()
        self._hinted = asyncio.Event()
        self._begun = self._ended = 0  # looks: how many began, and the last one that had an answer
        self._fault: PartyfinderError | None = None
        self.followers = 0

    def hint(self) -> None:
        """Look sooner: something may have changed just now."""
        self._hinted.set()

    async def follow(self) -> AsyncGenerator[Event[State], None]:
        """The state now, then each newer one; the newest of them for who comes late.

        What is handed out first was read after the call, so that it is never older than what the
        caller has seen elsewhere.

        Raises:
            PartyfinderError: there was no first state to be had in time.
        """
        seen: Event[State] | None = await self._first()
        while seen is not None:
            yield seen
            if self._look.is_last(seen.state):
                return
            while self._event is seen:
                await self._news.wait()
            seen = self._event

    async def run(self) -> None:
        """Look until this task is cancelled or nothing can come any more."""
        while self._event is None or not self._look.is_last(self._event.state):
            began = _now()
            self._hinted.clear()
            await self._try()
            await self._pause(began)

    async def _first(self) -> Event[State] | None:
        needed = self._begun + 1
        if self._event is not None and self._look.is_last(self._event.state):
            return self._event
        self.hint()
        try:
            async with asyncio.timeout(self._pace.first):
                while self._ended < needed:
                    await self._looked.wait()
        except TimeoutError:
            raise self._fault or DeadlineExceededError from None
        return self._event

    async def _try(self) -> None:
        self._begun += 1
        before = None if self._event is None else self._event.state
        try:
            async with asyncio.timeout(self._pace.look):
                state = await self._look.read(before)
        except (PartyfinderError, TimeoutError) as error:
            self._fail(error if isinstance(error, PartyfinderError) else DeadlineExceededError())
        except Exception as error:
            logger.exception("a watch goes on after an unexpected error")
            self._fail(DeadlineExceededError(), error)
        else:
            self._fault = None
            self._ended = self._begun
            if state is not None:
                self._event = Event(state)
                _wake(self._news)
            _wake(self._looked)

    def _fail(self, fault: PartyfinderError, cause: Exception | None = None) -> None:
        fault.__cause__ = cause
        self._fault = fault

    async def _pause(self, began: float) -> None:
        with suppress(TimeoutError):
            async with asyncio.timeout_at(self._pace.next_look(began)):
                if self._fault is None:
                    await self._hinted.wait()
                    await asyncio.sleep(began + self._pace.hinted - _now())
                else:
                    await _for_ever()


def _now() -> float:
    return asyncio.get_running_loop().time()


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()


def _wake(waiting: asyncio.Event) -> None:
    """Wake everybody who waits now; who comes later waits for the next time."""
    waiting.set()
    waiting.clear()
