"""Equal queries that arrive in the same turn of the event loop are executed once.

Whoever comes first lets the turn end before it begins, so the execution starts after everybody who
shares it has asked: as with the store's shared reads, nobody sees older data than alone, and
nothing is kept beyond the answer. A page that everybody looks at costs little more than its HTTP.
"""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Generic, TypeVar

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Hashable

Value = TypeVar("Value")


class SameTurn(Generic[Value]):
    """Shares work between those who ask for it in one turn."""

    def __init__(self) -> None:
        self._this_turn: dict[Hashable, list[asyncio.Future[Value | None]]] = {}

    async def run(self, key: Hashable, work: Callable[[], Awaitable[Value]]) -> Value:
        """What `work` comes to, done by this caller or by one who asked before in this turn.

        Args:
            key: equal for those whose work is the same.

        Raises:
            Exception: as `work` does.
        """
        followers = self._this_turn.get(key)
        if followers is None:
            return await self._lead(key, work)
        future: asyncio.Future[Value | None] = asyncio.get_running_loop().create_future()
        followers.append(future)
        value = await future
        return await work() if value is None else value

    async def _lead(self, key: Hashable, work: Callable[[], Awaitable[Value]]) -> Value:
        followers = self._this_turn[key] = []
        value: Value | None = None
        try:
            try:
                await asyncio.sleep(0)
            finally:
                del self._this_turn[key]
            value = await work()
        finally:
            # Where it failed, or its client has gone, the others do it themselves.
            for future in followers:
                if not future.done():
                    future.set_result(value)
        return value
