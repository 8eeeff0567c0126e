"""A session of the driver that loses answers, drops requests and delays them, as a test scripts it.

It stands between `store.Session` and the real driver, so what it raises is what the driver raises
and all of our code takes part, down to a real Cassandra. Only conditional batches meet the faults.
"""

from __future__ import annotations

import asyncio
import threading
from collections import deque
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import cassandra
from cassandra.cluster import NoHostAvailable
from cassandra.connection import ConnectionShutdown
from cassandra.protocol import ErrorMessage
from cassandra.query import BatchStatement

if TYPE_CHECKING:
    from cassandra.cluster import Session as DriverSession

Answered = Callable[[Any], None]
Failed = Callable[[BaseException], None]
Send = Callable[[], Any]  # sends the batch and returns the driver's future

AMBIGUOUS: dict[str, BaseException] = {
    "client time-out": cassandra.OperationTimedOut(),
    "write time-out": cassandra.WriteTimeout("lost", write_type=cassandra.WriteType.CAS),
    "write failure": cassandra.WriteFailure("lost", write_type=cassandra.WriteType.CAS),
    "unavailable": cassandra.Unavailable("lost", None, 2, 1),
    "no host": NoHostAvailable("lost", {}),
    "lost connection": ConnectionShutdown("lost"),
    "raw error 0x1700": ErrorMessage(0x1700, "CAS operation result is unknown", None),
}


@dataclass
class Fault:
    """What becomes of one batch: here nothing ever does, neither request nor answer arrives."""

    error: BaseException = field(default_factory=cassandra.OperationTimedOut)

    def befall(self, send: Send, answered: Answered, failed: Failed) -> None:  # noqa: ARG002
        """Never sent, and reported as ambiguous."""
        failed(self.error)


class NeverSent(Fault):
    """Fails before anything is sent."""


class LostAnswer(Fault):
    """Sent and decided; the answer is lost."""

    def befall(self, send: Send, answered: Answered, failed: Failed) -> None:  # noqa: ARG002
        """Report an error in place of whatever Cassandra answers."""
        send().add_callbacks(lambda _: failed(self.error), lambda _: failed(self.error))


@dataclass
class Late(Fault):
    """On its way until the test has it arrive, when its sender has long been told that it is lost.

    Args:
        reports_at_once: whether the sender is told so at once, or by `report`.
    """

    reports_at_once: bool = True
    is_reached: asyncio.Event = field(default_factory=asyncio.Event)
    _send: Send | None = None
    _failed: Failed | None = None

    def befall(self, send: Send, answered: Answered, failed: Failed) -> None:  # noqa: ARG002
        """Keep the request on its way."""
        self._send, self._failed = send, failed
        self.is_reached.set()
        if self.reports_at_once:
            self.report()

    def report(self) -> None:
        """Tell the sender that it is lost."""
        assert self._failed is not None, "the batch was never reached"
        self._failed(self.error)

    async def arrive(self) -> bool:
        """Have the request arrive now; whether Cassandra applies it."""
        assert self._send is not None, "the batch was never reached"
        rows = list(await asyncio.to_thread(self._send().result))
        return bool(rows[0]["[applied]"])


@dataclass
class Slow(Fault):
    """Sent at once; the answer comes, unharmed, when the test says so."""

    is_decided: threading.Event = field(default_factory=threading.Event)
    _deliver: Callable[[], None] | None = None

    def befall(self, send: Send, answered: Answered, failed: Failed) -> None:
        """Hold the answer back."""

        def keep(deliver: Callable[[], None]) -> None:
            self._deliver = deliver
            self.is_decided.set()

        send().add_callbacks(
            lambda rows: keep(lambda: answered(rows)), lambda error: keep(lambda: failed(error))
        )

    async def decided(self) -> None:
        """Wait until Cassandra has decided."""
        assert await asyncio.to_thread(self.is_decided.wait, 60)

    def deliver(self) -> None:
        """Let the answer arrive."""
        assert self._deliver is not None, "Cassandra has not answered yet"
        self._deliver()


class FaultyDriver:
    """In place of the driver's session. Each conditional batch meets the next fault, if any."""

    def __init__(self, driver: DriverSession) -> None:
        self.faults: deque[Fault | None] = deque()
        self.batches = 0
        self.batch_sizes: list[int] = []
        self.session = driver

    def prepare(self, cql: str) -> Any:
        """Prepare a statement."""
        return self.session.prepare(cql)

    def get_pool_state(self) -> Any:
        """Of which nodes there is a connection to."""
        return self.session.get_pool_state()

    def execute_async(self, bound: Any, **options: Any) -> Any:
        """Send, or have a fault befall it."""
        if not isinstance(bound, BatchStatement):
            return self.session.execute_async(bound, **options)
        self.batches += 1
        self.batch_sizes.append(len(bound))
        fault = self.faults.popleft() if self.faults else None
        if fault is None:
            return self.session.execute_async(bound, **options)
        return _Befallen(fault, lambda: self.session.execute_async(bound, **options))


@dataclass
class _Befallen:
    """In place of the driver's future."""

    fault: Fault
    send: Send

    def add_callbacks(self, callback: Answered, errback: Failed) -> None:
        """Have one of the two called, sooner or later, or never."""
        self.fault.befall(self.send, callback, errback)
