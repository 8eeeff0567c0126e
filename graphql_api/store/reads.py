"""Reads that start in the same turn of the event loop go out together, and equal ones once.

A turn's reads leave at its end, so a shared read starts after everybody who shares it has asked:
nobody sees older data than alone. Nothing is kept beyond the answer.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any

from graphql_api.store.bridge import Bridge, Rows, settle
from graphql_api.store.joint_push import JointPush, Request, Unusual, supports

if TYPE_CHECKING:
    from cassandra.cluster import Session as DriverSession
    from cassandra.query import BoundStatement, PreparedStatement

Key = tuple["PreparedStatement", tuple[Any, ...]]


class _Read:
    """One query and everybody who waits for it."""

    __slots__ = ("bound", "is_in_flight", "waiting")

    def __init__(self, bound: BoundStatement) -> None:
        self.bound = bound
        self.waiting: list[asyncio.Future[Rows]] = []
        self.is_in_flight = False


class Reads:
    """Reads of one session under one execution profile.

    Args:
        most_in_flight: how many queries may be under way; further ones wait in order.
        joins_pushes: whether a turn's queries are handed to the driver in one piece, where it is
            built for that.
    """

    def __init__(
        self,
        session: DriverSession,
        bridge: Bridge,
        profile: str,
        most_in_flight: int,
        *,
        joins_pushes: bool = True,
    ) -> None:
        self._session = session
        self._bridge = bridge
        self._profile = profile
        self._most_in_flight = most_in_flight
        self._joint = (
            JointPush(session, bridge, profile) if joins_pushes and supports(session) else None
        )
        self._this_turn: dict[Key, _Read] = {}
        self._queue: deque[_Read] = deque()
        self._in_flight = 0

    async def read(
        self, prepared: PreparedStatement, parameters: tuple[Any, ...], timeout: float
    ) -> Rows:
        """The rows of a read that starts at the end of this turn of the loop.

        Raises:
            TimeoutError: they did not come within `timeout` seconds.
            BaseException: what the driver reports, as it reports it.
        """
        read = self._join((prepared, parameters))
        future: asyncio.Future[Rows] = self._bridge.loop.create_future()
        read.waiting.append(future)
        try:
            async with asyncio.timeout(timeout):
                return await future
        finally:
            if not future.done() or future.cancelled():
                self._leave(read, future)

    def _join(self, key: Key) -> _Read:
        read = self._this_turn.get(key)
        if read is None:
            bound = key[0].bind(key[1])
            if not self._this_turn:
                self._bridge.loop.call_soon(self._end_turn)
            read = self._this_turn[key] = _Read(bound)
        return read

    def _leave(self, read: _Read, future: asyncio.Future[Rows]) -> None:
        """Somebody's time is up: where nobody else waits, the place is free for the next."""
        if future in read.waiting:
            read.waiting.remove(future)
        if not read.waiting:
            self._release(read)

    def _release(self, read: _Read) -> None:
        if read.is_in_flight:
            read.is_in_flight = False
            self._in_flight -= 1
            if self._queue:
                self._send_queued()

    def _end_turn(self) -> None:
        self._queue.extend(self._this_turn.values())
        self._this_turn = {}
        self._send_queued()

    def _send_queued(self) -> None:
        reads = []
        while self._queue and self._in_flight < self._most_in_flight:
            read = self._queue.popleft()
            if read.waiting:
                read.is_in_flight = True
                self._in_flight += 1
                reads.append(read)
        requests = [self._request(read) for read in reads]
        if self._joint is not None:
            requests = self._joint.send(requests)
        for request in requests:
            self._send_ordinarily(request)

    def _request(self, read: _Read) -> Request:
        def receive(rows: Rows | None, error: BaseException | None) -> None:
            if isinstance(error, Unusual) and read.waiting:
                self._send_ordinarily(request)
                return
            self._release(read)
            for future in read.waiting:
                settle(future, rows, error)

        request = Request(read.bound, receive)
        return request

    def _send_ordinarily(self, request: Request) -> None:
        try:
            sent = self._session.execute_async(
                request.bound, timeout=None, execution_profile=self._profile
            )
        except Exception as error:  # noqa: BLE001  # the waiting ones are told
            request.receive(None, error)
        else:
            self._bridge.connect(sent, request.receive)
