"""Reads that start in the same turn of the event loop go out together, and equal ones once.

A turn's reads leave at its end, so a shared read starts after everybody who shares it has asked:
nobody sees older data than alone. Nothing is kept beyond the answer. Writes without a condition go
the same way: they name their timestamps, so they may be sent twice.
"""

from __future__ import annotations

import asyncio
from collections import deque
from typing import TYPE_CHECKING, Any, TypeVar

from graphql_api.deadlines import Deadlines
from graphql_api.store.failures import is_overloaded, pauses
from graphql_api.store.joint_push import JointPush, Request, supports
from graphql_api.store.tally import ABANDONED
from graphql_api.store.wire import UnusualError

if TYPE_CHECKING:
    from collections.abc import Callable

    from cassandra.cluster import Session as DriverSession
    from cassandra.query import PreparedStatement

    from graphql_api.deadlines import Waiting
    from graphql_api.store.bridge import Bridge, Rows
    from graphql_api.store.tally import Outcomes

Value = TypeVar("Value")


def as_it_is(given: Any) -> Any:
    """Rows as the driver hands them over, and exceptions as it raises them."""
    return given


class Reads:
    """Reads of one session under one execution profile.

    Args:
        most_in_flight: how many queries may be under way; further ones wait in order.
        most_waiting: how many may wait; further ones are refused.
        joins_pushes: whether a turn's queries are handed to the driver in one piece, where it is
            built for that.
    """

    def __init__(
        self,
        session: DriverSession,
        bridge: Bridge,
        profile: str,
        most_in_flight: int,
        most_waiting: int = 10_000,
        *,
        joins_pushes: bool = True,
    ) -> None:
        self._session = session
        self.bridge = bridge
        self._profile = profile
        self._most_in_flight = most_in_flight
        self._most_waiting = most_waiting
        self.joint = JointPush(session, profile) if joins_pushes and supports(session) else None
        self._deadlines = Deadlines()
        self._this_turn: dict[Any, _Read] = {}
        self._queue: deque[_Read] = deque()
        self._in_flight = 0
        self._quickest: float | None = None
        self._quickest_before = 0.0

    def quickest(self) -> float:
        """How long the quickest read took of those that were answered since this was last asked.

        In seconds; as before where none was, and 0 where none is under way. Where even the quickest
        waited, all do (K. Nichols and V. Jacobson, "Controlling Queue Delay", 2012): more is asked
        for than Cassandra can do.
        """
        if self._quickest is not None:
            self._quickest_before = self._quickest
        elif not self._in_flight:
            self._quickest_before = 0.0
        self._quickest = None
        return self._quickest_before

    def read(
        self,
        prepared: PreparedStatement,
        parameters: tuple[Any, ...],
        timeout: float,
        decode: Callable[[Rows], Value],
        explain: Callable[[BaseException], BaseException],
        outcomes: Outcomes,
    ) -> asyncio.Future[Value]:
        """What `decode` makes of the rows of a read that starts at the end of this turn.

        Those who share a read share what was decoded; it is not theirs to change. The future's
        exception is what `explain` makes of the driver's, of TimeoutError where no answer came
        within `timeout` seconds, or of QueueFull where too many wait already.

        Raises:
            ValueError, TypeError, struct.error: the parameters are not the statement's.
        """
        if timeout <= 0:
            return self._refused(explain(TimeoutError()), outcomes)
        if len(self._queue) >= self._most_waiting:
            return self._refused(explain(asyncio.QueueFull()), outcomes)
        key = (prepared, parameters, decode)
        read = self._this_turn.get(key)
        if read is None:
            read = _Read(self, prepared, parameters, decode, outcomes)
            if not self._this_turn:
                self.bridge.loop.call_soon(self._end_turn)
            self._this_turn[key] = read
        else:
            outcomes.shared += 1
        answer = _Answer(self, read, explain)
        answer.due = self._deadlines.add(answer, timeout)
        read.answers.append(answer)
        return answer

    def _refused(self, error: BaseException, outcomes: Outcomes) -> asyncio.Future[Any]:
        outcomes.fail(error)
        future = self.bridge.loop.create_future()
        future.set_exception(error)
        future.exception()  # known: also where its request ends before it looks
        return future

    def leave(self, read: _Read, answer: _Answer) -> None:
        """Somebody waits no longer: where nobody else does, the place is free for the next."""
        if answer in read.answers:
            read.answers.remove(answer)
        if not read.answers:
            read.outcomes.others[ABANDONED] += 1
            self._release(read)

    def _release(self, read: _Read) -> None:
        if read.is_in_flight:
            read.is_in_flight = False
            self._in_flight -= 1
            if self._queue:
                self._send_queued()

    @property
    def in_flight(self) -> int:
        """How many queries have no answer yet."""
        return self._in_flight

    @property
    def waiting(self) -> int:
        """How many wait for one of those to end."""
        return len(self._queue)

    def _end_turn(self) -> None:
        self._queue.extend(self._this_turn.values())
        self._this_turn = {}
        self._send_queued()

    def _send_queued(self) -> None:
        reads = []
        while self._queue and self._in_flight < self._most_in_flight:
            read = self._queue.popleft()
            if read.answers:
                read.is_in_flight = True
                self._in_flight += 1
                reads.append(read)
        for read in reads if self.joint is None else self.joint.send(reads):
            self._send_ordinarily(read)

    def receive(self, read: _Read, rows: Rows | None, error: BaseException | None) -> None:
        """Take a read's answer, or send it again where that may help."""
        if error is not None and read.answers:
            if isinstance(error, UnusualError):
                self._send_ordinarily(read)
                return
            pause = next(read.pauses) if is_overloaded(error) else None
            if pause is not None:
                self.bridge.loop.call_later(pause, self._send_ordinarily, read)
                return
        took = self.bridge.loop.time() - read.began
        if self._quickest is None or took < self._quickest:
            self._quickest = took
        answers, read.answers = read.answers, []
        self._release(read)
        read.settle(answers, rows or [], error)

    def _send_ordinarily(self, read: _Read) -> None:
        try:
            bound = read.prepared.bind(read.parameters)
            sent = self._session.execute_async(bound, timeout=None, execution_profile=self._profile)
        except Exception as error:  # noqa: BLE001  # the waiting ones are told
            self.receive(read, None, error)
        else:
            self.bridge.connect(sent, read.receive)


class _Read(Request):
    """One query and everybody who waits for it."""

    __slots__ = (
        "_reads",
        "answers",
        "began",
        "decode",
        "is_in_flight",
        "outcomes",
        "pauses",
        "prepared",
    )

    def __init__(
        self,
        reads: Reads,
        prepared: PreparedStatement,
        parameters: tuple[Any, ...],
        decode: Callable[[Rows], Any],
        outcomes: Outcomes,
    ) -> None:
        form = None if reads.joint is None else reads.joint.form(prepared)
        body = b"" if form is None else form.body(parameters)
        super().__init__(form, parameters, body, reads.bridge)
        self._reads = reads
        self.began = reads.bridge.loop.time()
        self.prepared = prepared
        self.decode = decode
        self.outcomes = outcomes
        self.answers: list[_Answer] = []
        self.is_in_flight = False
        self.pauses = pauses()

    def rows_of(self, opcode: int, flags: int, body: bytes) -> Rows:
        """The rows of an answer."""
        assert self.form is not None  # noqa: S101  # or it was not sent this way
        return self.form.rows(opcode, flags, body)

    def receive(self, rows: Rows | None, error: BaseException | None) -> None:
        """Take the answer."""
        self._reads.receive(self, rows, error)

    def settle(self, answers: list[_Answer], rows: Rows, error: BaseException | None) -> None:
        """Tell everybody, each once."""
        value = None
        if error is None:
            try:
                value = self.decode(rows)
            except Exception as defect:  # noqa: BLE001  # the waiting ones are told
                error = defect
        if error is None:
            self.outcomes.answered += 1
        elif answers:
            self.outcomes.fail(answers[0].explain(error))
        for answer in answers:
            answer.settle(value, error)


class _Answer(asyncio.Future[Any]):
    """What one of them waits for. Cancelled, or out of time, it leaves the query to the others."""

    due: set[Waiting]

    def __init__(
        self, reads: Reads, read: _Read, explain: Callable[[BaseException], BaseException]
    ) -> None:
        super().__init__()
        self._reads = reads
        self._read = read
        self.explain = explain

    def cancel(self, msg: Any | None = None) -> bool:
        is_cancelled = super().cancel(msg)
        if is_cancelled:
            self.due.discard(self)
            self._reads.leave(self._read, self)
        return is_cancelled

    def expire(self) -> None:
        """Time is up."""
        self.settle(None, TimeoutError())
        self._reads.leave(self._read, self)

    def settle(self, value: Any, error: BaseException | None) -> None:
        """End the wait."""
        if self.done():
            return
        self.due.discard(self)
        if error is None:
            self.set_result(value)
        else:
            self.set_exception(self.explain(error))
