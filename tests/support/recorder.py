"""Counts statements where they leave for Cassandra: at the driver."""

from __future__ import annotations

import asyncio
from collections import Counter
from contextlib import contextmanager
from typing import TYPE_CHECKING, Any

from cassandra.query import BatchStatement

if TYPE_CHECKING:
    from collections.abc import Iterator

    from graphql_api.app import Parts
    from graphql_api.store.session import Session


class Recorder:
    """What was sent, and how much of it was in flight together.

    Attributes:
        sent: the names of the statements, in order; of a batch, its parts' names joined by "+".
        bound: the parameters of each, as they were bound.
        profiles: the execution profile of each.
        most_in_flight: the most that were on their way at once.
    """

    def __init__(self, driver: Any, names: dict[Any, str]) -> None:
        self._driver = driver
        self._names = names
        self._loop = asyncio.get_running_loop()
        self._in_flight = 0
        self.sent: list[str] = []
        self.bound: list[Any] = []
        self.profiles: list[str] = []
        self.most_in_flight = 0

    @property
    def counts(self) -> Counter[str]:
        return Counter(self.sent)

    def get_pool_state(self) -> Any:
        """Of which nodes there is a connection to."""
        return self._driver.get_pool_state()

    def execute_async(self, bound: Any, **options: Any) -> Any:
        """Stand in for the driver's session."""
        self.sent.append(self._name(bound))
        self.bound.append(bound)
        self.profiles.append(options["execution_profile"])
        self._in_flight += 1
        self.most_in_flight = max(self.most_in_flight, self._in_flight)
        future = self._driver.execute_async(bound, **options)
        # Counted down on the loop, so after everything else that this turn of it still sends.
        future.add_callbacks(self._landed, self._landed)
        return future

    def _landed(self, _answer: Any) -> None:
        self._loop.call_soon_threadsafe(self._count_down)

    def _count_down(self) -> None:
        self._in_flight -= 1

    def _name(self, bound: Any) -> str:
        if isinstance(bound, BatchStatement):
            # A batch keeps ids alone; of its statements no two share their text, and so their id.
            by_id = {prepared.query_id: name for prepared, name in self._names.items()}
            return "+".join(by_id[part[1]] for part in bound._statements_and_parameters)
        return self._names[bound.prepared_statement]


@contextmanager
def recording(parts: Parts) -> Iterator[Recorder]:
    """Record what these parts send to Cassandra."""
    session: Session = parts.store._session
    names = {prepared: statement.name for statement, prepared in session._prepared.items()}
    driver = session._driver
    recorder = Recorder(driver, names)
    senders: tuple[Any, ...] = (session._reads, session._proposals)
    joint = [sender.joint for sender in senders]
    # Joint pushes do not pass through the driver's own execute_async: count on the ordinary path.
    session._driver = recorder
    for sender in senders:
        sender._session, sender.joint = recorder, None
    try:
        yield recorder
    finally:
        session._driver = driver
        for sender, before in zip(senders, joint, strict=True):
            sender._session, sender.joint = driver, before
